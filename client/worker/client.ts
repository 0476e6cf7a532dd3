import type { SessionKey } from '../../protocol/keys.js'
import { initialAttributes } from '../access/creation.js'
import { type Joinable, join } from '../access/join.js'
import { keysOfMany } from '../access/many-keys.js'
import { Nesting } from '../access/nesting.js'
import { readOnlyState } from '../access/peek.js'
import type { HoldfastApi, Peeked } from '../api.js'
import { compileLockRequest, type LockSpec } from '../attribute-locks/lock-request.js'
import {
  type CompiledAccessOptions,
  checkCallOptions,
  compileAccessOptions,
  type Durability,
} from '../options/access-options.js'
import { checkSessionId, checkWork } from '../options/check.js'
import { Task } from '../scope.js'
import { sessionKey } from '../session/session-key.js'
import type { AttributeRules } from '../state/attribute-cache.js'
import { rulesWith, WorkerAttributes } from './attributes.js'
import { Calls } from './calls.js'
import type { Greeting, Opened, WirePeeked } from './messages.js'
import { OpenedWorkerSession } from './opened-session.js'
import type { Port } from './port.js'
import { type WorkerContext, WorkerSession } from './session.js'

/** Stands for the key of a session that is to be made under an id that nobody has. */
const NEW_KEY = ''

/** The client of a worker thread: the same accesses, on the sessions that the process holds. */
export interface WorkerHoldfast<S extends object> extends HoldfastApi<S> {
  /** Ends the client of this thread: its locks are freed, and uncommitted changes are discarded. */
  close(): void
}

type Work = (sessions: readonly WorkerSession[]) => unknown
type Options = { readonly signal?: AbortSignal; readonly [option: string]: unknown } | undefined

/** The calls of the API, as messages to the main thread. */
export class WorkerClient implements Record<keyof WorkerHoldfast<object>, unknown>, WorkerContext {
  readonly nesting: Nesting<Joinable>
  readonly rules: AttributeRules
  private readonly calls: Calls

  constructor(
    port: Port,
    private readonly greeting: Greeting,
  ) {
    this.nesting = new Nesting(greeting.store)
    this.rules = rulesWith(greeting.undefinedValues)
    this.calls = new Calls(port)
  }

  async access(
    id: string,
    locks: LockSpec,
    work: (session: WorkerSession) => unknown,
    options?: Options,
  ): Promise<unknown> {
    const keys = [this.keyOf(id)]
    return this.join('access', [id], keys, locks, work, ([session]) => work(session as WorkerSession), options)
  }

  async accessMany(ids: readonly string[], locks: LockSpec, work: Work, options?: Options): Promise<unknown> {
    const keys = keysOfMany(ids, (id) => this.keyOf(id))
    return this.join('accessMany', ids, keys, locks, work, work, options)
  }

  async rotate(
    id: string,
    work: (session: WorkerSession) => unknown = () => {},
    options: Options & { readonly to?: string } = {},
  ): Promise<string> {
    const key = this.keyOf(id)
    checkWork(work)
    checkCallOptions(options, 'rotate')
    const { to, ...rest } = options
    if (to !== undefined) this.keyOf(to)
    const sent = { ...this.split(rest).rest, ...(to === undefined ? {} : { to }) }
    this.nesting.refuse('rotated', key, 'inAny')
    const inside: Work = ([session]) => work(session as WorkerSession)
    return (await this.run('rotate', [id], [key], 'all', inside, sent, options.signal)) as string
  }

  async open(id: string, locks: LockSpec, options?: Options): Promise<OpenedWorkerSession> {
    const key = this.keyOf(id)
    const request = compileLockRequest(locks)
    const { signal, rest } = this.split(options)
    const isInside = this.nesting.refuseOpen(key, request)
    let end = () => {}
    const left = new Promise<never>((_resolve, reject) => {
      end = () => reject(new Error('the scope was left'))
    })
    const n = this.calls.nextNumber()
    return new Promise((resolve, reject) => {
      const message = { op: 'open', n, ids: [id], locks, options: rest, isInside } as const
      const ended = this.calls.make(n, message, signal, ([opened]) => {
        const leave = async () => {
          end()
          await ended.catch(() => {})
        }
        const link = this.calls.linkOf(n, 0)
        const session = new OpenedWorkerSession(this, key, opened as Opened, request, link, leave)
        resolve(session)
        return { sessions: [session], work: () => left }
      })
      ended.catch(reject)
    })
  }

  async peek(id: string): Promise<Peeked<Record<string, unknown>> | undefined> {
    this.keyOf(id)
    const n = this.calls.nextNumber()
    const found = (await this.calls.make(n, { op: 'peek', n, id, options: undefined }, undefined)) as
      | WirePeeked
      | undefined
    if (found === undefined) return undefined
    const { attributes, rev, createdAtMs, ttlMs, aliveUntilMs, isTouchDue } = found
    const received = new WorkerAttributes({}, this.rules)
    received.receive(attributes)
    const state = readOnlyState(received) as Peeked<Record<string, unknown>>['state']
    return { state, rev, createdAt: new Date(createdAtMs), ttlMs, aliveUntil: new Date(aliveUntilMs), isTouchDue }
  }

  async create(init: object = {}, options: Options & { readonly id?: string } = {}): Promise<string> {
    const attributes = [...initialAttributes(init, this.rules)]
    checkCallOptions(options, 'create')
    const { id, ...rest } = options
    const key = id === undefined ? NEW_KEY : this.keyOf(id)
    const sent = { ...this.split(rest).rest, ...(id === undefined ? {} : { id }) }
    this.nesting.refuse('created', key, 'inAny')
    const n = this.calls.nextNumber()
    return (await this.calls.make(n, { op: 'create', n, attributes, options: sent }, options.signal)) as string
  }

  async destroy(id: string, options?: Options): Promise<boolean> {
    const key = this.keyOf(id)
    checkCallOptions(options, 'destroy')
    const { signal, rest } = this.split(options)
    this.nesting.refuse('destroyed', key, 'inAny')
    const n = this.calls.nextNumber()
    return (await this.calls.make(n, { op: 'destroy', n, id, options: rest }, signal)) as boolean
  }

  async release(id: string): Promise<void> {
    this.nesting.refuse('released', this.keyOf(id), 'inThis')
    const n = this.calls.nextNumber()
    await this.calls.make(n, { op: 'release', n, id, options: undefined }, undefined)
  }

  /** For adapters: a request, around which the sessions that it opens lie. */
  task(): Task {
    return new Task()
  }

  close(): void {
    this.calls.close()
  }

  keyOf(id: string): SessionKey {
    checkSessionId(id)
    return sessionKey(this.greeting.namespace, id, this.greeting.idKey)
  }

  /** An access joins the one around it, or is made by the main thread. */
  private async join(
    op: 'access' | 'accessMany',
    ids: readonly string[],
    keys: readonly SessionKey[],
    locks: LockSpec,
    given: unknown,
    work: Work,
    options: Options,
  ): Promise<unknown> {
    const request = compileLockRequest(locks)
    checkWork(given)
    const { signal, rest, compiled } = this.split(options)
    const joining = { request, options: compiled, durability: rest.durability as Durability | undefined }
    const joined = join(this.nesting, keys, joining, (sessions) => work(sessions as never))
    return joined ?? this.run(op, ids, keys, locks, work, rest, signal)
  }

  private run(
    op: 'access' | 'accessMany' | 'rotate',
    ids: readonly string[],
    keys: readonly SessionKey[],
    locks: LockSpec,
    work: Work,
    options: SplitOptions['rest'],
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    const n = this.calls.nextNumber()
    const request = compileLockRequest(locks)
    return this.calls.make(n, { op, n, ids, locks, options }, signal, (opened) => {
      const sessions = opened.map((one, index) => {
        return new WorkerSession(this, keys[index] as SessionKey, one, request, this.calls.linkOf(n, index))
      })
      return { sessions, work: () => this.perform(sessions, () => work(sessions)) }
    })
  }

  private async perform(running: readonly WorkerSession[], work: () => unknown): Promise<unknown> {
    const scope = this.nesting.open(running)
    try {
      return await this.nesting.run(scope, work)
    } finally {
      scope.close()
    }
  }

  /** Takes the signal out of the options, because a signal cannot cross a port: a message is sent when it fires. */
  private split(options: Options): SplitOptions {
    const compiled = compileAccessOptions(options, this.greeting)
    const { signal, ...rest } = options ?? {}
    return { signal, rest, compiled }
  }
}

interface SplitOptions {
  readonly signal: AbortSignal | undefined
  readonly rest: { readonly [option: string]: unknown }
  readonly compiled: CompiledAccessOptions
}
