import { inspect } from 'node:util'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { SessionKey } from '../protocol/keys.js'
import { AccessSession } from './access/access-session.js'
import { initialAttributes } from './access/creation.js'
import { destroy } from './access/destroying.js'
import { enterMany } from './access/enter-many.js'
import { Entrance } from './access/entrance.js'
import { join } from './access/join.js'
import { keysOfMany } from './access/many-keys.js'
import { inUse } from './access/new-id.js'
import { OpenedSession } from './access/opened-session.js'
import { peek } from './access/peek.js'
import { SessionHandle } from './access/session-handle.js'
import type { HoldfastApi, Peeked } from './api.js'
import { LockOwner } from './attribute-locks/attribute-locks.js'
import { compileLockRequest, type LockSpec } from './attribute-locks/lock-request.js'
import { ClosedError, InvalidArgumentError } from './errors/index.js'
import { Events, type HoldfastEvents } from './events.js'
import type { Holdfast as Api, Health } from './holdfast-api.js'
import {
  type AccessOptions,
  type CompiledAccessOptions,
  type CreateOptions,
  checkCallOptions,
  compileAccessOptions,
  type DestroyOptions,
  type RotateOptions,
} from './options/access-options.js'
import { checkWork } from './options/check.js'
import { compileDrainMs } from './options/drain.js'
import type { Transport } from './ports.js'
import { isInsideAccess, Task } from './scope.js'
import type { ClientContext, ClientParts } from './session/context.js'
import type { Hold } from './session/hold.js'
import { Sessions } from './session/sessions.js'
import { Ticket } from './session/ticket.js'
import { Reads } from './state/reads.js'
import { WorkerHost } from './worker/host.js'
import type { Channel } from './worker/port.js'

/** The client itself. Its calls are documented, and typed for programs, in api.ts. */
class HoldfastClient implements Record<keyof Api<object>, unknown> {
  private readonly events: Events
  private readonly accessDefaults: CompiledAccessOptions
  private readonly workers = new Set<WorkerHost>()
  private readonly sessions: Sessions
  private readonly entrance: Entrance
  private readonly context: ClientContext
  /** Ends what goes on without a ticket. */
  private readonly closed = new AbortController()
  private closing: Promise<void> | undefined

  constructor(
    parts: ClientParts,
    transport: Transport,
    private readonly dispose: () => void,
    private readonly openChannel: () => Channel = () => new MessageChannel(),
  ) {
    const context = { ...parts, reads: new Reads(parts.clock, parts.randomness) }
    this.context = context
    this.accessDefaults = compileAccessOptions(undefined, context.options)
    this.events = new Events(context.options.namespace)
    this.sessions = new Sessions(context, transport, this.events)
    this.entrance = new Entrance(context, this.sessions)
  }

  get ttlMs(): number {
    return this.context.options.ttlMs
  }

  session(id: string): SessionHandle {
    return new SessionHandle(this, this.entrance.keyOf(id))
  }

  async access<T>(
    of: string | SessionHandle,
    locks: LockSpec,
    work: (session: AccessSession) => T | Promise<T>,
    options?: AccessOptions,
  ): Promise<T> {
    const key = this.keyOf(of)
    const request = compileLockRequest(locks)
    checkWork(work)
    const joining = { request, options: this.compileOptions(options), durability: options?.durability }
    if (isInsideAccess()) {
      const joined = join(this.entrance.accesses.nesting, [key], joining, ([session]) => work(session as never))
      if (joined !== undefined) return joined
    }
    const ticket = new Ticket(request, joining.options)
    // The `await` is needed even where the access may run at once: the work never runs before this call has returned.
    const hold = await (this.entrance.tryEnter(key, ticket) ?? this.entrance.enter(key, ticket))
    return this.run(key, hold, ticket, work)
  }

  async accessMany<T>(
    ids: readonly string[],
    locks: LockSpec,
    work: (sessions: readonly AccessSession[]) => T | Promise<T>,
    options?: AccessOptions,
  ): Promise<T> {
    const keys = keysOfMany(ids, (id) => this.keyOf(id))
    const request = compileLockRequest(locks)
    checkWork(work)
    const joining = { request, options: this.compileOptions(options), durability: options?.durability }
    const joined = join(this.entrance.accesses.nesting, keys, joining, (sessions) => work(sessions as never))
    if (joined !== undefined) return joined

    const compiled = joining.options
    const sinceMs = this.context.clock.monotonicMs()
    const ticketOf = (owner?: LockOwner) => new Ticket(request, compiled, owner, 'access', sinceMs)
    if (compiled.ifMissing === 'fail') await this.entrance.findAll(keys, ticketOf)
    const owner = new LockOwner(compiled.label)
    const running = await enterMany(
      this.entrance,
      keys,
      () => ticketOf(owner),
      (key, ticket) => this.entrance.enterFound(key, ticket),
      (hold, ticket) => this.entrance.leave(hold, ticket),
    )
    return this.entrance.accesses.run(running, work)
  }

  /** @param isInside it is inside an access to this session, by a worker thread. */
  async open(of: string | SessionHandle, locks: LockSpec, options?: AccessOptions, isInside = false) {
    const key = this.keyOf(of)
    const ticket = new Ticket(compileLockRequest(locks), this.compileOptions(options))
    ticket.isInside = this.entrance.accesses.nesting.refuseOpen(key, ticket.request) || isInside
    const hold = await this.entrance.enter(key, ticket)
    return new OpenedSession(this.entrance, key, hold, ticket, () => this.entrance.accesses.end())
  }

  async peek(of: string | SessionHandle): Promise<Peeked<Record<string, unknown>> | undefined> {
    const key = this.keyOf(of)
    this.entrance.checkOpen()
    return peek(this.context, key, this.closed.signal)
  }

  async create(init: object = {}, options: CreateOptions = {}): Promise<string> {
    const attributes = initialAttributes(init, this.context.options)
    checkCallOptions(options, 'create')
    const { id: given, ...rest } = options
    const { id, key } = this.entrance.newId(given)
    const request = compileLockRequest('all')
    const ticket = new Ticket(request, this.compileOptions({ ...rest, ifMissing: 'create' }))
    ticket.expectsNone = true
    this.entrance.accesses.nesting.refuse('created', key, 'inAny')
    const checkGiven = given === undefined ? undefined : () => this.entrance.checkUnused(key, ticket, 'id')
    const hold = await this.entrance.enter(key, ticket, checkGiven)
    await this.run(key, hold, ticket, (session) => {
      // Another one has made it since it was looked for.
      if (!session.isNew) throw inUse('id')
      session.content.adopt(attributes)
    })
    return id
  }

  async destroy(of: string | SessionHandle, options?: DestroyOptions): Promise<boolean> {
    const key = this.keyOf(of)
    checkCallOptions(options, 'destroy')
    const compiled = compileAccessOptions({ ...options, ifMissing: 'fail' }, this.context.options)
    const request = compileLockRequest('all')
    this.entrance.accesses.nesting.refuse('destroyed', key, 'inAny')
    return destroy(this.entrance, key, new Ticket(request, compiled))
  }

  async rotate(
    id: string,
    work: (session: AccessSession) => void | Promise<void> = () => {},
    options: RotateOptions = {},
  ): Promise<string> {
    const key = this.keyOf(id)
    checkWork(work)
    checkCallOptions(options, 'rotate')
    const { to, ...rest } = options
    const next = this.entrance.newId(to)
    if (next.key === key) throw new InvalidArgumentError("'to' must be another id than the session has")
    const compiled = compileAccessOptions({ ...rest, ifMissing: 'fail', durability: 'access' }, this.context.options)
    this.entrance.accesses.nesting.refuse('rotated', key, 'inAny')
    const ticket = new Ticket(compileLockRequest('all'), compiled)
    const checkGiven = to === undefined ? undefined : () => this.entrance.checkUnused(next.key, ticket, 'to')
    const hold = await this.entrance.enter(key, ticket, checkGiven)
    const session = new AccessSession(this.entrance, key, hold, ticket)
    let newId = next.id
    await this.entrance.accesses.run(
      [session],
      () => work(session),
      async () => {
        newId = await session.moveTo(next.id)
        // The rotation has landed, whatever becomes of the session now.
        session.end()
        session.hold.leave(session.ticket)
      },
    )
    return newId
  }

  async release(id: string): Promise<void> {
    const key = this.keyOf(id)
    this.entrance.accesses.nesting.refuse('released', key, 'inThis')
    await this.sessions.release(key)
  }

  releaseUnused(): Promise<void> {
    return this.sessions.releaseUnused()
  }

  /** For adapters: a request, around which the sessions that it opens lie. */
  task(): Task {
    return new Task()
  }

  workerPort(): MessagePort {
    this.entrance.checkOpen()
    const api = this as unknown as HoldfastApi<Record<string, unknown>>
    const { namespace, idKey, undefinedValues, timeoutMs, ifMissing, durability } = this.context.options
    const { store } = this.entrance.nesting
    const given = { namespace, idKey, undefinedValues, timeoutMs, ifMissing, durability }
    const greeting = { kind: 'greeting' as const, store, ...given }
    const host = new WorkerHost(api, greeting, (closed) => void this.workers.delete(closed), this.openChannel)
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
    if (this.closing !== undefined) this.entrance.accesses.hurry(this.context.clock, drainMs)
    this.closing ??= this.shutDown(drainMs)
    return this.closing
  }

  private async shutDown(drainMs: number): Promise<void> {
    await this.entrance.shut(drainMs)
    const error = new ClosedError()
    await this.sessions.close(error)
    this.closed.abort(error)
    for (const worker of this.workers) worker.shut()
    this.dispose()
  }

  private run<T>(key: SessionKey, hold: Hold, ticket: Ticket, work: (session: AccessSession) => T | Promise<T>) {
    const session = new AccessSession(this.entrance, key, hold, ticket)
    return this.entrance.accesses.run(Array.of(session), () => work(session))
  }

  private compileOptions(options: AccessOptions | undefined): CompiledAccessOptions {
    return options === undefined ? this.accessDefaults : compileAccessOptions(options, this.context.options)
  }

  private keyOf(session: string | SessionHandle): SessionKey {
    if (session instanceof SessionHandle && session.isOf(this)) return session.key
    // Anything but an id is refused here.
    return this.entrance.keyOf(session as string)
  }
}

/** The type of the client for programs. */
export type Holdfast<S extends object> = Api<S>

/** The client's class, for `createHoldfast` and for tests that have ports of their own. */
export const Holdfast = HoldfastClient as unknown as new <S extends object>(
  parts: ClientParts,
  transport: Transport,
  dispose: () => void,
  openChannel?: () => Channel,
) => Holdfast<S>
