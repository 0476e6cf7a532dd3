import { inspect } from 'node:util'
import { compileLockRequest, type LockRequest, type LockSpec, merge } from '../attribute-locks/lock-request.js'
import { AccessEndedError, type HoldfastError, WaitTimeoutError } from '../errors/index.js'
import { compileTimeoutMs, type LockOptions } from '../options/access-options.js'
import type { Hold } from '../session/hold.js'
import { Ticket } from '../session/ticket.js'
import type { Changes } from '../state/attribute-cache.js'
import { AccessState } from '../state/state-view.js'
import type { LockedState, NameOf } from '../state/types.js'

/**
 * A session inside an access. It is usable only until the access ends, and only for the attributes that it locked.
 */
export interface Session<State = Record<string, unknown>, S extends object = Record<string, unknown>> {
  /**
   * The attributes that this access locked. Those locked for writing are the access's own copies: change them in
   * place or assign new values. Those locked for reading are read-only, all the way down: plain objects and arrays are
   * frozen, so that changing them throws a TypeError; calling what changes a Map, Set or Date throws a NotLockedError.
   * The exception: a Uint8Array or Buffer cannot be made read-only, so it is a copy, and changes to it are not kept.
   * An attribute that does not exist is undefined; touching one that is not locked throws a NotLockedError.
   */
  readonly state: State
  /**
   * Aborted when the session, or another one of the same accessMany, is lost under this access; its `reason` is the
   * typed error. Pass it on to slow calls.
   */
  readonly signal: AbortSignal
  /** The fencing token: rises with every grant of this session. Give it to other systems that can compare it. */
  readonly epoch: number
  /** True when this access, or one before it that changed nothing, created the session. */
  readonly isNew: boolean
  readonly createdAt: Date
  /** When the access before this one ended; by another process, precise to `touchShare` of the session's lifetime. */
  readonly lastAccessAt: Date
  /** How often the session was committed: for people and logs. It never restarts. */
  readonly rev: number
  /** Another process waits for this session: a long access should come to an end. */
  readonly wanted: boolean
  /** Commits what has changed so far and goes on. Resolves when it is in DynamoDB, whatever the `durability`. */
  commit(): Promise<void>
  /** Deletes an attribute, which must be locked for writing. */
  delete(name: NameOf<S>): void
  /**
   * Locks more attributes, or upgrades from reading to writing. Waits until they are free. Resolves to this same
   * session, typed with what it may touch now.
   *
   * @throws {DeadlockError} at once, when the wait could never end. The access keeps what it has.
   * @throws {WaitTimeoutError} after `timeoutMs`, by default that of the access. The access keeps what it has.
   * @throws {AbortedError} by the access's `signal`, where it would have to wait. The access keeps what it has.
   * @throws {SessionLostError} when the session was lost meanwhile.
   * @example
   * const wider = await session.lock({ write: ['cart'] })
   * wider.state.cart = { items: [] }
   */
  lock<const W extends NameOf<S> = never, const R extends NameOf<S> = never>(
    more: { readonly write?: readonly W[]; readonly read?: readonly R[]; readonly all?: never },
    options?: LockOptions,
  ): Promise<Session<Omit<State, W> & LockedState<S, W, R>, S>>
  lock(more: 'all' | { readonly all: 'write' }, options?: LockOptions): Promise<Session<Partial<S>, S>>
  lock<const W extends NameOf<S> = never>(
    more: { readonly all: 'read'; readonly write?: readonly W[] },
    options?: LockOptions,
  ): Promise<Session<Omit<State, W> & LockedState<S, W, NameOf<S>>, S>>
  /**
   * Locks more attributes at once, or none of them: returns this same session, typed with what it may touch now, or
   * undefined where another access holds one of them or was first in line. It never waits.
   *
   * @example
   * const wider = session.tryLock({ write: ['cart'] })
   * if (wider === undefined) return 'busy'
   */
  tryLock<const W extends NameOf<S> = never, const R extends NameOf<S> = never>(more: {
    readonly write?: readonly W[]
    readonly read?: readonly R[]
    readonly all?: never
  }): Session<Omit<State, W> & LockedState<S, W, R>, S> | undefined
  tryLock(more: 'all' | { readonly all: 'write' }): Session<Partial<S>, S> | undefined
  tryLock<const W extends NameOf<S> = never>(more: {
    readonly all: 'read'
    readonly write?: readonly W[]
  }): Session<Omit<State, W> & LockedState<S, W, NameOf<S>>, S> | undefined
}

/** What several commits are reported as: the failure that leaves the most open, if there is any. */
export function worstOf(outcomes: readonly PromiseSettledResult<unknown>[]): HoldfastError | undefined {
  const failures = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as HoldfastError] : [],
  )
  return failures.find(({ effect }) => effect === 'unknown') ?? failures[0]
}

async function both(before: Promise<void> | undefined, last: Promise<void>): Promise<void> {
  const failure = worstOf(await Promise.allSettled([before, last]))
  if (failure !== undefined) throw failure
}

/** The session object of one access. */
export class AccessSession {
  /** All calls of {@link commit} so far, of which some may be under way. */
  committing: Promise<void> | undefined
  private made: AccessState | undefined
  private isEnded = false

  constructor(
    private readonly hold: Hold,
    private readonly ticket: Ticket,
  ) {}

  /** Made only when somebody looks. */
  get content(): AccessState {
    const { hold, ticket } = this
    this.made ??= new AccessState(
      hold.attributes,
      () => ticket.request,
      () => this.checkUsable(),
      (name, value) => hold.checkValue(name, value),
    )
    return this.made
  }

  get state(): Record<string, unknown> {
    return this.content.proxy
  }

  /** What differs from the cached state, in encoded form; undefined where nothing does. Throws on bad values. */
  changes(): Changes | undefined {
    return this.made?.changes()
  }

  get signal(): AbortSignal {
    return this.ticket.signal
  }

  get epoch(): number {
    return this.hold.epoch
  }

  get isNew(): boolean {
    return this.hold.isNew
  }

  get createdAt(): Date {
    return new Date(this.hold.createdAt)
  }

  get lastAccessAt(): Date {
    return new Date(this.hold.accessedAt)
  }

  get rev(): number {
    return this.hold.rev
  }

  get wanted(): boolean {
    return this.hold.isWanted
  }

  async commit(): Promise<void> {
    this.checkUsable()
    const changes = this.changes()
    if (changes === undefined) return this.hold.writeSeen(this.ticket.request)?.done
    this.hold.checkSize(changes)
    const { done } = this.hold.stage(changes, 'now')
    this.committing = both(this.committing, done)
    // Whoever called is told by `done`.
    this.committing.catch(() => {})
    return done
  }

  delete(name: string): void {
    this.content.delete(name)
  }

  async lock(more: LockSpec<string>, options: LockOptions = {}): Promise<this> {
    this.checkUsable()
    const request = compileLockRequest(more)
    const { ticket, hold } = this
    const timeoutMs = compileTimeoutMs(options, 'session.lock', ticket.options.timeoutMs)
    if (!hold.tryExtend(ticket, request)) {
      ticket.checkSignal()
      const extension = new Ticket(request, { ...ticket.options, timeoutMs }, ticket.owner, 'extension')
      hold.extend(extension)
      if (!extension.isGranted) {
        await extension.waitForHold(
          hold.context.clock,
          (waitedMs) => new WaitTimeoutError({ waitedMs, behind: undefined, holder: undefined }),
          () => hold.cancel(extension),
        )
      }
    }
    return this.widened(request)
  }

  tryLock(more: LockSpec<string>): this | undefined {
    this.checkUsable()
    const request = compileLockRequest(more)
    return this.hold.tryExtend(this.ticket, request) ? this.widened(request) : undefined
  }

  get isOver(): boolean {
    return this.isEnded
  }

  /** What a log may show of a session: nothing of its values. */
  toJSON(): { readonly epoch: number; readonly isEnded: boolean } {
    return { epoch: this.epoch, isEnded: this.isEnded }
  }

  [inspect.custom](): object {
    return { Session: this.toJSON() }
  }

  /** Ends the use of this object. */
  end(): void {
    this.isEnded = true
  }

  private widened(request: LockRequest): this {
    this.ticket.request = merge(this.ticket.request, request)
    // What is locked now is seen for the first time: the session must still be this process's, and alive.
    if (this.hold.verify()) this.hold.verifyAlive()
    this.checkUsable()
    return this
  }

  private checkUsable(): void {
    if (this.ticket.loss !== undefined) throw this.ticket.loss
    if (this.isEnded) throw new AccessEndedError()
  }
}
