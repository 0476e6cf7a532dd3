import { inspect } from 'node:util'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { SessionKey } from '../protocol/keys.js'
import { isAlive, readSession } from '../protocol/state/record.js'
import { AccessSession } from './access/access-session.js'
import { enterMany } from './access/enter-many.js'
import { EnteredSession } from './access/entered-session.js'
import { join } from './access/join.js'
import { rotate } from './access/rotation.js'
import { Accesses } from './access/run.js'
import type { Holdfast as Api, Health, HoldfastApi, Peeked } from './api.js'
import { LockOwner } from './attribute-locks/attribute-locks.js'
import { compileLockRequest, type LockSpec } from './attribute-locks/lock-request.js'
import { ClosedError, CorruptStateError, InvalidArgumentError, SessionMissingError } from './errors/index.js'
import { Events, type HoldfastEvents } from './events.js'
import { ACCESS_MANY_MAX, READ_TIMEOUT_MS } from './limits.js'
import {
  type AccessOptions,
  type CompiledAccessOptions,
  checkWithoutIfMissing,
  compileAccessOptions,
  type RotateOptions,
} from './options/access-options.js'
import { checkInit, checkSessionId, checkWork } from './options/check.js'
import { compileDrainMs } from './options/client-options.js'
import type { Transport } from './ports.js'
import type { ClientContext } from './session/context.js'
import type { Hold } from './session/hold.js'
import { sessionKey } from './session/session-key.js'
import { Sessions } from './session/sessions.js'
import { Ticket } from './session/ticket.js'
import { AttributeCache } from './state/attribute-cache.js'
import { attemptUntil, unreachable } from './state/dynamodb-retry.js'
import { WorkerHost } from './worker/host.js'
import type { Channel } from './worker/port.js'

/** The client itself. Its calls are documented, and typed for programs, in api.ts. */
class HoldfastClient implements Record<keyof Api<object>, unknown> {
  private readonly events: Events
  private readonly accesses: Accesses
  private readonly accessDefaults: CompiledAccessOptions
  private readonly workers = new Set<WorkerHost>()
  private readonly sessions: Sessions
  private closing: Promise<void> | undefined

  constructor(
    private readonly context: ClientContext,
    transport: Transport,
    private readonly dispose: () => void,
    private readonly openChannel: () => Channel = () => new MessageChannel(),
  ) {
    this.accesses = new Accesses(context.options.config)
    this.accessDefaults = compileAccessOptions(undefined, context.options)
    this.events = new Events(context.options.namespace)
    this.sessions = new Sessions(context, transport, this.events)
  }

  async access<T>(
    id: string,
    locks: LockSpec,
    work: (session: AccessSession) => T | Promise<T>,
    options?: AccessOptions,
  ): Promise<T> {
    const key = this.keyOf(id)
    const request = compileLockRequest(locks)
    checkWork(work)
    const joining = { request, options: this.compileOptions(options), durability: options?.durability }
    const joined = join(this.accesses.nesting, [key], joining, ([session]) => work(session as never))
    if (joined !== undefined) return joined
    const ticket = new Ticket(request, joining.options)
    // The `await` is needed even where the access may run at once: the work never runs before this call has returned.
    const hold = await (this.tryEnter(key, ticket) ?? this.enter(key, ticket))
    const running = new EnteredSession(key, hold, ticket, new AccessSession(hold, ticket))
    return this.accesses.run(Array.of(running), ([session]) => work(session as AccessSession))
  }

  async accessMany<T>(
    ids: readonly string[],
    locks: LockSpec,
    work: (sessions: readonly AccessSession[]) => T | Promise<T>,
    options?: AccessOptions,
  ): Promise<T> {
    if (!Array.isArray(ids) || ids.length === 0 || ids.length > ACCESS_MANY_MAX) {
      throw new InvalidArgumentError(`accessMany takes 1 to ${ACCESS_MANY_MAX} ids`)
    }
    const keys = [...ids].map((id) => this.keyOf(id))
    if (new Set(keys).size !== keys.length) throw new InvalidArgumentError('accessMany takes each id once')
    const request = compileLockRequest(locks)
    checkWork(work)
    const joining = { request, options: this.compileOptions(options), durability: options?.durability }
    const joined = join(this.accesses.nesting, keys, joining, (sessions) => work(sessions as never))
    if (joined !== undefined) return joined
    const owner = new LockOwner(joining.options.label)
    const running = await enterMany(
      keys,
      () => new Ticket(request, joining.options, owner),
      (key, ticket) => this.enter(key, ticket),
      (hold, ticket) => this.leave(hold, ticket),
    )
    return this.accesses.run(running, work)
  }

  async open(id: string, locks: LockSpec, options?: AccessOptions): Promise<AccessSession & AsyncDisposable> {
    const key = this.keyOf(id)
    const ticket = new Ticket(compileLockRequest(locks), this.compileOptions(options))
    const hold = await this.enter(key, ticket)
    const session = new AccessSession(hold, ticket)
    const dispose = async () => {
      if (session.isOver) return
      session.end()
      hold.touchIfDue()
      this.leave(hold, ticket)
    }
    return Object.defineProperty(session, Symbol.asyncDispose, { value: dispose }) as AccessSession & AsyncDisposable
  }

  async peek(id: string): Promise<Peeked<Record<string, unknown>> | undefined> {
    const key = this.keyOf(id)
    this.checkOpen()
    const { store, clock, randomness } = this.context
    const tried = await attemptUntil(
      clock.monotonicMs() + READ_TIMEOUT_MS,
      (signal) => store.get('sessions', key, signal),
      clock,
      randomness,
      () => true,
    )
    if (!tried.ok) throw unreachable('cannot read the session', tried.error)
    const record = CorruptStateError.guard(() => readSession(tried.value))
    if (!isAlive(record, clock.wallMs())) return undefined
    const attributes = new AttributeCache(record.attrs ?? {}, this.context.options)
    const state = Object.fromEntries([...attributes.names()].map((name) => [name, attributes.read(name)]))
    return {
      state,
      rev: record.rev,
      createdAt: new Date(record.createdAt),
      aliveUntil: new Date(record.aliveUntil),
    }
  }

  async create(init: object = {}, options?: Omit<AccessOptions, 'ifMissing'>): Promise<string> {
    checkInit(init)
    checkWithoutIfMissing(options, 'create')
    const id = this.context.randomness.token(32)
    await this.access(id, 'all', (session) => void Object.assign(session.state, init), options)
    return id
  }

  async destroy(id: string, options?: Omit<AccessOptions, 'ifMissing'>): Promise<boolean> {
    const key = this.keyOf(id)
    checkWithoutIfMissing(options, 'destroy')
    const compiled = compileAccessOptions({ ...options, ifMissing: 'fail' }, this.context.options)
    const request = compileLockRequest('all')
    this.accesses.nesting.refuse('destroyed', key, 'inAny')
    const ticket = new Ticket(request, compiled)
    const hold = await this.enter(key, ticket).catch((error: unknown) => {
      if (error instanceof SessionMissingError) return undefined
      throw error
    })
    try {
      await hold?.destroy(ticket)
    } finally {
      if (hold !== undefined) this.accesses.end()
    }
    return hold !== undefined
  }

  async rotate(
    id: string,
    work: (session: AccessSession) => void | Promise<void> = () => {},
    options: RotateOptions = {},
  ): Promise<string> {
    const from = this.keyOf(id)
    checkWork(work)
    const { to: newId = this.context.randomness.token(32), ...rest } = options
    const to = this.keyOf(newId)
    if (to === from) throw new InvalidArgumentError("'to' must be another id than the session has")
    const compiled = compileAccessOptions({ ...rest, ifMissing: 'fail', durability: 'access' }, this.context.options)
    const request = compileLockRequest('all')
    this.accesses.nesting.refuse('rotated', from, 'inAny')
    const ticket = new Ticket(request, compiled)
    const next = new Ticket(request, { ...compiled, ifMissing: 'create' }, ticket.owner, 'target')
    const hold = await this.enter(from, ticket)
    const session = new AccessSession(hold, ticket)
    await this.accesses.run(
      [new EnteredSession(from, hold, ticket, session)],
      () => work(session),
      // A client that closes lets running accesses end. So the new id is entered although the client may be closing.
      ([running]) => rotate(running as EnteredSession, next, (newcomer) => this.sessions.enter(to, newcomer)),
    )
    return newId
  }

  async release(id: string): Promise<void> {
    const key = this.keyOf(id)
    this.accesses.nesting.refuse('released', key, 'inThis')
    await this.sessions.release(key)
  }

  workerPort(): MessagePort {
    this.checkOpen()
    const api = this as unknown as HoldfastApi<Record<string, unknown>>
    const host = new WorkerHost(api, (closed) => void this.workers.delete(closed), this.openChannel)
    this.workers.add(host)
    return host.port as MessagePort
  }

  health(): Health {
    const { membership, heldCount, waitingCount } = this.sessions
    const connected = membership?.isConnected === true ? 'connected' : 'connecting'
    return {
      state: this.closing !== undefined ? 'closed' : membership === undefined ? 'idle' : connected,
      leaseRemainingMs: membership?.lease.isRunning ? Math.round(membership.lease.remainingMs) : 0,
      heldSessions: heldCount,
      waitingSessions: waitingCount,
      lastFailure: membership?.lastFailure?.message,
    }
  }

  toJSON(): { readonly namespace: string } & Health {
    return { namespace: this.context.options.namespace, ...this.health() }
  }

  /** @internal */
  [inspect.custom](): object {
    return { Holdfast: this.toJSON() }
  }

  on<E extends keyof HoldfastEvents>(event: E, listener: (...args: HoldfastEvents[E]) => void): this {
    this.events.on(event, listener)
    return this
  }

  off<E extends keyof HoldfastEvents>(event: E, listener: (...args: HoldfastEvents[E]) => void): this {
    this.events.off(event, listener)
    return this
  }

  close(options: { readonly drainMs?: number } = {}): Promise<void> {
    const drainMs = compileDrainMs(options)
    if (this.closing !== undefined) this.accesses.hurry(this.context.clock, drainMs)
    this.closing ??= this.shutDown(drainMs)
    return this.closing
  }

  private async shutDown(drainMs: number): Promise<void> {
    this.sessions.refuse(new ClosedError())
    await this.accesses.quiet(this.context.clock, drainMs)
    await this.sessions.close(new ClosedError())
    this.dispose()
  }

  /** Enters the access if it may run at once. */
  private tryEnter(key: SessionKey, ticket: Ticket): Hold | undefined {
    const hold = this.closing === undefined ? this.sessions.tryEnter(key, ticket) : undefined
    if (hold !== undefined) this.accesses.begin()
    return hold
  }

  private async enter(key: SessionKey, ticket: Ticket): Promise<Hold> {
    this.checkOpen()
    this.accesses.begin()
    try {
      return await this.sessions.enter(key, ticket)
    } catch (error) {
      this.accesses.end()
      throw error
    }
  }

  private leave(hold: Hold, ticket: Ticket): void {
    hold.leave(ticket)
    this.accesses.end()
  }

  private compileOptions(options: AccessOptions | undefined): CompiledAccessOptions {
    return options === undefined ? this.accessDefaults : compileAccessOptions(options, this.context.options)
  }

  private keyOf(id: string): SessionKey {
    checkSessionId(id)
    return sessionKey(this.context.options.namespace, id)
  }

  private checkOpen(): void {
    if (this.closing !== undefined) throw new ClosedError()
  }
}

/** The type of the client for programs. */
export type Holdfast<S extends object> = Api<S>

/** The client's class, for `createHoldfast` and for tests that have ports of their own. */
export const Holdfast = HoldfastClient as unknown as new <S extends object>(
  context: ClientContext,
  transport: Transport,
  dispose: () => void,
  openChannel?: () => Channel,
) => Holdfast<S>
