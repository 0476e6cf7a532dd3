import { inspect } from 'node:util'
import type { MessagePort } from 'node:worker_threads'
import type { SessionKey } from '../protocol/keys.js'
import { isAlive, readSession } from '../protocol/state/record.js'
import { AccessSession } from './access/access-session.js'
import { enterMany } from './access/enter-many.js'
import { EnteredSession } from './access/entered-session.js'
import { rotate } from './access/rotation.js'
import { Accesses } from './access/run.js'
import type { Session } from './access/session.js'
import { LockOwner } from './attribute-locks/attribute-locks.js'
import { compileLockRequest, type LockSpec } from './attribute-locks/lock-request.js'
import { ClosedError, CorruptStateError, InvalidArgumentError, SessionMissingError } from './errors/index.js'
import { Events, type HoldfastEvents } from './events.js'
import { ACCESS_MANY_MAX } from './limits.js'
import {
  type AccessOptions,
  type CompiledAccessOptions,
  checkWithoutIfMissing,
  compileAccessOptions,
  type RotateOptions,
} from './options/access-options.js'
import { checkInit, checkSessionId } from './options/check.js'
import { compileDrainMs } from './options/client-options.js'
import type { Transport } from './ports.js'
import type { ClientContext } from './session/context.js'
import type { Hold } from './session/hold.js'
import { sessionKey } from './session/session-key.js'
import { Sessions } from './session/sessions.js'
import { Ticket } from './session/ticket.js'
import { AttributeCache } from './state/attribute-cache.js'
import { attempt, unreachable } from './state/dynamodb-retry.js'
import type { LockedState, NameOf } from './state/types.js'
import { WorkerHost } from './worker/host.js'

export interface Health {
  readonly state: 'idle' | 'connecting' | 'connected' | 'closed'
  /** How long the process may still believe in its locks without another renewal. */
  readonly leaseRemainingMs: number
  readonly heldSessions: number
  /** Sessions that accesses of this process wait for. */
  readonly waitingSessions: number
  /** Why there is no connection, where that is known. */
  readonly lastFailure: string | undefined
}

/** A session that stays open until it is disposed of. */
export interface OpenSession<State, S extends object> extends Session<State, S>, AsyncDisposable {}

/** A session as {@link Holdfast.peek} found it. */
export interface Peeked<S> {
  readonly state: Partial<S>
  readonly rev: number
  readonly createdAt: Date
  readonly aliveUntil: Date
}

/**
 * The client of a Holdfast store: typed sessions under real locks. Make one per process with `createHoldfast` and
 * close it at shutdown.
 */
export class Holdfast<S extends object> {
  private readonly events = new Events()
  private readonly accesses = new Accesses()
  private readonly accessDefaults: CompiledAccessOptions
  private readonly workers = new Set<WorkerHost>()
  private readonly sessions: Sessions
  private closing: Promise<void> | undefined

  /** Use `createHoldfast`. */
  constructor(
    private readonly context: ClientContext,
    transport: Transport,
    private readonly dispose: () => void,
  ) {
    this.accessDefaults = compileAccessOptions(undefined, context.options)
    this.sessions = new Sessions(context, transport, this.events)
    // Worker threads are told by what the hold says then: it is being asked for from now on.
    this.events.on('revoked', () => {
      for (const host of this.workers) host.revoked()
    })
  }

  /**
   * Runs `work` on a session under attribute locks. When the promise resolves, what `work` changed is in DynamoDB;
   * when it rejects, nothing of it is, unless the error's `effect` is 'unknown'.
   *
   * While the work runs, no other process has the session, and no other access of this process has an attribute
   * that is locked for writing. Afterwards the process keeps the session until another asks for it, so the next
   * access costs no network call to get it.
   *
   * The hazard: when the session is lost (the process was frozen beyond its lease, or was asked to release and took
   * longer than `maxBusyMs`), the promise rejects at once, but JavaScript cannot stop `work`. Its session object then
   * throws, and `session.signal` is aborted: pass that signal to slow calls, and give `session.epoch` to other systems.
   *
   * @param id the session's id: a secret. Only its SHA-256 leaves this process.
   * @param locks `{ write: [...], read: [...] }`, `'all'` (everything, for writing), or `{ all: 'read', write: [...] }`.
   * @throws {InvalidArgumentError} for a bad id, lock or option. Nothing has happened.
   * @throws {InvalidValueError} when a value cannot be stored exactly, {@link TooLargeError} when there is too much.
   * @throws {WaitTimeoutError} when the locks were not granted within `timeoutMs`; {@link AbortedError} by `signal`.
   * @throws {SessionLostError} when the session was lost before the commit; retry it.
   * @throws {CommitUnknownError} when nobody can tell whether the commit landed.
   * @throws {SessionMissingError} with `ifMissing: 'fail'`.
   * @throws {NestedAccessError} inside an access that does not hold these locks.
   * @throws {UnreachableError} when the store or DynamoDB cannot be reached.
   * @example
   * const count = await holdfast.access(id, { write: ['cart'] }, (session) => {
   *   session.state.cart = { items: [...(session.state.cart?.items ?? []), item] }
   *   return session.state.cart.items.length
   * })
   */
  access<T, const W extends NameOf<S> = never, const R extends NameOf<S> = never>(
    id: string,
    locks: { readonly write?: readonly W[]; readonly read?: readonly R[]; readonly all?: never },
    work: (session: Session<LockedState<S, W, R>, S>) => T | Promise<T>,
    options?: AccessOptions,
  ): Promise<T>
  access<T>(
    id: string,
    locks: 'all' | { readonly all: 'write' },
    work: (session: Session<Partial<S>, S>) => T | Promise<T>,
    options?: AccessOptions,
  ): Promise<T>
  access<T, const W extends NameOf<S> = never>(
    id: string,
    locks: { readonly all: 'read'; readonly write?: readonly W[] },
    work: (session: Session<LockedState<S, W, NameOf<S>>, S>) => T | Promise<T>,
    options?: AccessOptions,
  ): Promise<T>
  async access<T>(
    id: string,
    locks: LockSpec<string>,
    // biome-ignore lint/suspicious/noExplicitAny: the overloads above say what the work is given.
    work: (session: any) => T | Promise<T>,
    options?: AccessOptions,
  ): Promise<T> {
    const key = this.keyOf(id)
    const request = compileLockRequest(locks)
    checkWork(work)
    const ticket = new Ticket(request, this.compileOptions(options))
    const outer = this.accesses.nesting.outer([key], request)
    if (outer !== undefined) return work(outer[0]?.session)
    // The work never runs before this call has returned, whether or not there is anything to wait for.
    const hold = await (this.tryEnter(key, ticket) ?? this.enter(key, ticket))
    const running = new EnteredSession(key, hold, ticket, new AccessSession(hold, ticket))
    return this.accesses.run(Array.of(running), ([session]) => work(session))
  }

  /**
   * Runs `work` on several sessions at once, locked in one global order, so that two such accesses never wait for
   * each other for ever. The sessions are passed in the order of `ids`. Each session commits on its own: a failure
   * can leave some committed and others not, which a PartialCommitError then says. Where one session is lost before, the
   * access fails as a whole: none of its sessions can be used any more.
   *
   * @throws as {@link access}; also InvalidArgumentError for the same id twice or more than 25 ids.
   */
  accessMany<T, const W extends NameOf<S> = never, const R extends NameOf<S> = never>(
    ids: readonly string[],
    locks: { readonly write?: readonly W[]; readonly read?: readonly R[]; readonly all?: never },
    work: (sessions: readonly Session<LockedState<S, W, R>, S>[]) => T | Promise<T>,
    options?: AccessOptions,
  ): Promise<T>
  accessMany<T>(
    ids: readonly string[],
    locks: 'all' | { readonly all: 'write' },
    work: (sessions: readonly Session<Partial<S>, S>[]) => T | Promise<T>,
    options?: AccessOptions,
  ): Promise<T>
  accessMany<T, const W extends NameOf<S> = never>(
    ids: readonly string[],
    locks: { readonly all: 'read'; readonly write?: readonly W[] },
    work: (sessions: readonly Session<LockedState<S, W, NameOf<S>>, S>[]) => T | Promise<T>,
    options?: AccessOptions,
  ): Promise<T>
  async accessMany<T>(
    ids: readonly string[],
    locks: LockSpec<string>,
    // biome-ignore lint/suspicious/noExplicitAny: the overloads above say what the work is given.
    work: (sessions: any) => T | Promise<T>,
    options?: AccessOptions,
  ): Promise<T> {
    if (!Array.isArray(ids) || ids.length === 0 || ids.length > ACCESS_MANY_MAX) {
      throw new InvalidArgumentError(`accessMany takes 1 to ${ACCESS_MANY_MAX} ids`)
    }
    const keys = ids.map((id) => this.keyOf(id))
    if (new Set(keys).size !== keys.length) throw new InvalidArgumentError('accessMany takes each id once')
    const request = compileLockRequest(locks)
    checkWork(work)
    const compiled = this.compileOptions(options)
    const outer = this.accesses.nesting.outer(keys, request)
    if (outer !== undefined) return work(outer.map(({ session }) => session))

    const owner = new LockOwner(compiled.label)
    const running = await enterMany(
      keys,
      () => new Ticket(request, compiled, owner),
      (key, ticket) => this.enter(key, ticket),
      (hold, ticket) => this.leave(hold, ticket),
    )
    return this.accesses.run(running, work)
  }

  /**
   * Opens a session for a scope instead of a function. Changes are kept by `commit()`, and discarded when the scope
   * ends without it. Unlike in {@link access}, a nested access is not recognised: it waits, until its timeout, for
   * locks that are held here.
   *
   * @throws as {@link access}.
   * @example
   * await using session = await holdfast.open(id, { write: ['cart'] })
   * session.state.cart = { items: [] }
   * await session.commit()
   */
  open<const W extends NameOf<S> = never, const R extends NameOf<S> = never>(
    id: string,
    locks: { readonly write?: readonly W[]; readonly read?: readonly R[]; readonly all?: never },
    options?: AccessOptions,
  ): Promise<OpenSession<LockedState<S, W, R>, S>>
  open(
    id: string,
    locks: 'all' | { readonly all: 'write' },
    options?: AccessOptions,
  ): Promise<OpenSession<Partial<S>, S>>
  open<const W extends NameOf<S> = never>(
    id: string,
    locks: { readonly all: 'read'; readonly write?: readonly W[] },
    options?: AccessOptions,
  ): Promise<OpenSession<LockedState<S, W, NameOf<S>>, S>>
  // biome-ignore lint/suspicious/noExplicitAny: the overloads above say what is returned.
  async open(id: string, locks: LockSpec<string>, options?: AccessOptions): Promise<any> {
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
    return Object.defineProperty(session, Symbol.asyncDispose, { value: dispose })
  }

  /**
   * Reads a session without a lock: what was last committed, perhaps by another process, perhaps already being
   * changed. Undefined where there is no such session.
   *
   * @throws {UnreachableError} when DynamoDB cannot be read.
   */
  async peek(id: string): Promise<Peeked<S> | undefined> {
    const key = this.keyOf(id)
    this.checkOpen()
    const { store, clock, randomness } = this.context
    const tried = await attempt(
      () => store.get('sessions', key),
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
      state: state as Partial<S>,
      rev: record.rev,
      createdAt: new Date(record.createdAt),
      aliveUntil: new Date(record.aliveUntil),
    }
  }

  /**
   * Makes a session under a new random id of 256 bits, which it returns, with these attributes.
   *
   * @throws as {@link access}; also InvalidArgumentError where `init` is no plain object, before anything happens.
   */
  async create(init: Partial<S> = {}, options?: Omit<AccessOptions, 'ifMissing'>): Promise<string> {
    checkInit(init)
    checkWithoutIfMissing(options, 'create')
    const id = this.context.randomness.token(32)
    await this.access(id, 'all', (session) => void Object.assign(session.state, init), options)
    return id
  }

  /**
   * Ends a session's life: its attributes are deleted, and an access that follows finds a new, empty one. Returns
   * false where there was none.
   *
   * @throws as {@link access}.
   */
  async destroy(id: string, options?: Omit<AccessOptions, 'ifMissing'>): Promise<boolean> {
    const key = this.keyOf(id)
    checkWithoutIfMissing(options, 'destroy')
    const compiled = compileAccessOptions({ ...options, ifMissing: 'fail' }, this.context.options)
    const request = compileLockRequest('all')
    this.accesses.nesting.refuse('destroyed')
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

  /**
   * Moves a session under a new id, which it returns: the defence against session fixation, to be used at login. The
   * state is the same, `createdAt` too. The old id is dead from that moment: accesses to it fail with a
   * SessionMissingError for at least a day. Both happen in one transaction.
   *
   * The hazard: whoever still uses the old id, such as requests under way, is shut out. After a CommitUnknownError one
   * of the two ids is alive; give `to`, so as to know both.
   *
   * @param work may change the session, under locks on all of it; its changes become lasting with the new id or not at
   * all. Inside, `session.commit()` still commits under the old id.
   * @throws as {@link access}; also SessionMissingError where there is no such session, and InvalidArgumentError where
   * `to` is in use.
   * @example
   * const newId = await holdfast.rotate(id, ({ state }) => {
   *   state.user = { name: 'Ada' }
   * })
   * setCookie(newId)
   */
  async rotate(
    id: string,
    work: (session: Session<Partial<S>, S>) => void | Promise<void> = () => {},
    options: RotateOptions = {},
  ): Promise<string> {
    const from = this.keyOf(id)
    checkWork(work)
    const { to: newId = this.context.randomness.token(32), ...rest } = options
    const to = this.keyOf(newId)
    if (to === from) throw new InvalidArgumentError("'to' must be another id than the session has")
    const compiled = compileAccessOptions({ ...rest, ifMissing: 'fail', durability: 'access' }, this.context.options)
    const request = compileLockRequest('all')
    this.accesses.nesting.refuse('rotated')
    const ticket = new Ticket(request, compiled)
    const next = new Ticket(request, { ...compiled, ifMissing: 'create' }, ticket.owner, 'target')
    const hold = await this.enter(from, ticket)
    const session = new AccessSession(hold, ticket)
    await this.accesses.run(
      [new EnteredSession(from, hold, ticket, session)],
      () => work(session as unknown as Session<Partial<S>, S>),
      // A client that closes lets what runs come to its end, so the new id is entered without asking.
      ([running]) => rotate(running as EnteredSession, next, (newcomer) => this.sessions.enter(to, newcomer)),
    )
    return newId
  }

  /** Gives a held session back to the store when its accesses have ended. Does nothing where it is not held. */
  async release(id: string): Promise<void> {
    const key = this.keyOf(id)
    this.accesses.nesting.refuse('released', key)
    await this.sessions.release(key)
  }

  /**
   * A port through which one worker thread makes accesses, with `connectHoldfast` of `holdfast/worker`: to be given to
   * it in `workerData` or a message, and in the transfer list. It keeps no thread alive.
   *
   * @throws {ClosedError} after `close`.
   */
  workerPort(): MessagePort {
    this.checkOpen()
    const host = new WorkerHost(this as unknown as Holdfast<Record<string, unknown>>, (closed) => {
      this.workers.delete(closed)
    })
    this.workers.add(host)
    return host.port
  }

  /** How the client stands, without a network call. */
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

  /** What a log may show of the client: how it stands, and no credentials. */
  toJSON(): { readonly namespace: string } & Health {
    return { namespace: this.context.options.namespace, ...this.health() }
  }

  /** @internal */
  [inspect.custom](): object {
    return { Holdfast: this.toJSON() }
  }

  /**
   * Calls `listener` with every such event from now on. It is called shortly after, outside of any access; what it
   * throws is an uncaught exception.
   *
   * @throws {InvalidArgumentError} for an event that there is not, or a listener that is no function.
   * @example
   * holdfast.on('lost', ({ session, error, unwritten }) => metrics.count('lost', { code: error.code, unwritten }))
   */
  on<E extends keyof HoldfastEvents>(event: E, listener: (...args: HoldfastEvents[E]) => void): this {
    this.events.on(event, listener)
    return this
  }

  /** Takes out a listener that {@link on} was given. */
  off<E extends keyof HoldfastEvents>(event: E, listener: (...args: HoldfastEvents[E]) => void): this {
    this.events.off(event, listener)
    return this
  }

  /**
   * Lets running accesses end within `drainMs`, commits, gives every session back and closes the connection. New
   * accesses, and those that wait, are refused with a ClosedError. Accesses that run longer lose their session.
   */
  close(options: { readonly drainMs?: number } = {}): Promise<void> {
    const drainMs = compileDrainMs(options)
    this.closing ??= this.shutDown(drainMs)
    return this.closing
  }

  private async shutDown(drainMs: number): Promise<void> {
    this.sessions.refuse(new ClosedError())
    await this.accesses.quiet(this.context.clock, drainMs)
    await this.sessions.close(new ClosedError())
    this.dispose()
  }

  /** Lets the access in where it may run at once. */
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

function checkWork(work: unknown): void {
  if (typeof work !== 'function') throw new InvalidArgumentError(`the work must be a function, received ${typeof work}`)
}
