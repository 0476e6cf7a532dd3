import { randomBytes } from 'node:crypto'
import { type Joinable, join } from '../access/join.js'
import { Nesting } from '../access/nesting.js'
import { inUse } from '../access/new-id.js'
import type { HoldfastApi, Peeked } from '../api.js'
import { compileLockRequest, type LockSpec } from '../attribute-locks/lock-request.js'
import { decodeValue } from '../codec/index.js'
import { InvalidArgumentError } from '../errors/index.js'
import { type CompiledAccessOptions, checkCallOptions, compileAccessOptions } from '../options/access-options.js'
import { checkInit, checkSessionId, checkWork, kindOf } from '../options/check.js'
import { Calls } from './calls.js'
import type { Entries, Opened } from './messages.js'
import type { Port } from './port.js'
import { WorkerSession } from './session.js'

/** The client of a worker thread: the same accesses, on the sessions that the process holds. */
export interface WorkerHoldfast<S extends object> extends HoldfastApi<S> {
  /** Ends the client of this thread: its locks are freed, and uncommitted changes are discarded. */
  close(): void
}

type Work = (sessions: readonly WorkerSession[]) => unknown
type Options = { readonly signal?: AbortSignal; readonly [option: string]: unknown } | undefined

// The main thread has the defaults. Options are only checked here, but for those of a nested access: by default it is
// not written by itself.
const SOME_DEFAULTS = { timeoutMs: 1, ifMissing: 'create', durability: 'release' } as const

/** The calls of the API, as messages to the main thread. */
export class WorkerClient implements Record<keyof WorkerHoldfast<object>, unknown> {
  private readonly nesting = new Nesting<Joinable>(undefined)
  private readonly calls: Calls

  constructor(port: Port) {
    if (typeof port?.postMessage !== 'function') {
      throw new InvalidArgumentError(`connectHoldfast takes the port of workerPort(), received ${kindOf(port)}`)
    }
    this.calls = new Calls(port)
  }

  access(id: string, locks: LockSpec, work: (session: WorkerSession) => unknown, options?: Options): Promise<unknown> {
    return this.run('access', [id], locks, ([session]) => work(session as WorkerSession), options, work)
  }

  accessMany(ids: readonly string[], locks: LockSpec, work: Work, options?: Options): Promise<unknown> {
    return this.run('accessMany', ids, locks, work, options, work)
  }

  async rotate(
    id: string,
    work: (session: WorkerSession) => unknown = () => {},
    options: Options & { readonly to?: string } = {},
  ): Promise<string> {
    const to = options.to ?? randomBytes(32).toString('base64url')
    await this.run('rotate', [id], 'all', ([session]) => work(session as WorkerSession), { ...options, to }, work)
    return to
  }

  async open(id: string, locks: LockSpec, options?: Options): Promise<WorkerSession & AsyncDisposable> {
    checkSessionId(id)
    const request = compileLockRequest(locks)
    let leave = () => {}
    const left = new Promise<never>((_resolve, reject) => {
      leave = () => reject(new Error('the scope was left'))
    })
    const n = this.calls.nextNumber()
    const { signal, rest } = split(options)
    return new Promise((resolve, reject) => {
      const ended = this.calls.make(n, { op: 'access', n, ids: [id], locks, options: rest }, signal, (opened) => {
        const session = new WorkerSession(opened[0] as Opened, request, this.calls.linkOf(n, 0))
        const dispose = async () => {
          leave()
          await ended.catch(() => {})
        }
        resolve(
          Object.defineProperty(session, Symbol.asyncDispose, { value: dispose }) as WorkerSession & AsyncDisposable,
        )
        return { sessions: [session], work: () => left }
      })
      ended.catch(reject)
    })
  }

  async peek(id: string): Promise<Peeked<Record<string, unknown>> | undefined> {
    const found = (await this.ask('peek', id)) as { readonly state: Entries } | undefined
    if (found === undefined) return undefined
    const state = found.state.map(([name, value]) => [name, value === undefined ? undefined : decodeValue(value)])
    return { ...found, state: Object.fromEntries(state) } as Peeked<Record<string, unknown>>
  }

  async create(init: object = {}, options: Options & { readonly id?: string } = {}): Promise<string> {
    checkInit(init)
    checkCallOptions(options, 'create')
    const { id = randomBytes(32).toString('base64url'), ...rest } = options
    const create = (session: WorkerSession) => {
      if (!session.isNew) throw inUse('id')
      Object.assign(session.state, init)
    }
    await this.access(id, 'all', create, { ...rest, ifMissing: 'create' })
    return id
  }

  async destroy(id: string, options?: Options): Promise<boolean> {
    checkSessionId(id)
    checkCallOptions(options, 'destroy')
    this.nesting.refuse('destroyed', id, 'inAny')
    return (await this.ask('destroy', id, options)) as boolean
  }

  async release(id: string): Promise<void> {
    this.nesting.refuse('released', id, 'inThis')
    await this.ask('release', id)
  }

  close(): void {
    this.calls.close()
  }

  private async run(
    op: 'access' | 'accessMany' | 'rotate',
    ids: readonly string[],
    locks: LockSpec,
    work: Work,
    options: Options,
    given: unknown,
  ): Promise<unknown> {
    if (!Array.isArray(ids)) {
      throw new InvalidArgumentError(`'ids' must be an array of session ids, received ${kindOf(ids)}`)
    }
    for (const id of ids) checkSessionId(id)
    const request = compileLockRequest(locks)
    checkWork(given)
    const { signal, rest, compiled } = split(options)
    if (op === 'rotate') this.nesting.refuse('rotated', ids[0] as string, 'inAny')
    const joining = { request, options: compiled, durability: compiled.durability }
    const joined = join(this.nesting, ids, joining, (sessions) => work(sessions as never))
    if (joined !== undefined) return joined
    const n = this.calls.nextNumber()
    return this.calls.make(n, { op, n, ids, locks, options: rest }, signal, (opened) => {
      const sessions = opened.map((one, index) => new WorkerSession(one, request, this.calls.linkOf(n, index)))
      const running = sessions.map((session, index) => ({ key: ids[index] as string, ticket: session.ticket, session }))
      return { sessions, work: () => this.perform(running, () => work(sessions)) }
    })
  }

  private async perform(running: readonly Joinable[], work: () => unknown): Promise<unknown> {
    const scope = this.nesting.open(running)
    try {
      return await this.nesting.run(scope, work)
    } finally {
      scope.isEnded = true
    }
  }

  private async ask(op: 'peek' | 'destroy' | 'release', id: string, options?: Options): Promise<unknown> {
    checkSessionId(id)
    const n = this.calls.nextNumber()
    const { signal, rest } = split(options)
    // The main thread does this alone: no work runs in this thread.
    return this.calls.make(n, { op, n, id, options: rest }, signal, () => ({ sessions: [], work: async () => {} }))
  }
}

interface SplitOptions {
  readonly signal: AbortSignal | undefined
  readonly rest: { readonly [option: string]: unknown } | undefined
  readonly compiled: CompiledAccessOptions
}

/** Takes the signal out of the options, because a signal cannot cross a port: a message is sent when it fires. */
function split(options: Options): SplitOptions {
  if (options === undefined) {
    return { signal: undefined, rest: undefined, compiled: compileAccessOptions(undefined, SOME_DEFAULTS) }
  }
  // It is not shown where it is no object: it may be an id.
  if (typeof options !== 'object' || options === null) {
    throw new InvalidArgumentError(`the options must be an object, received ${kindOf(options)}`)
  }
  // `to`, the new id of a rotation, is not an option of an access. The main thread checks it.
  const { to: _, ...checked } = options
  const compiled = compileAccessOptions(checked, SOME_DEFAULTS)
  const { signal, ...rest } = options
  return { signal, rest, compiled }
}
