import type { LockSpec } from '../attribute-locks/lock-request.js'
import type { LockOptions } from '../options/access-options.js'
import type { Locks, NameOf, StateOf, WritesOf } from '../state/types.js'

/** A session with the locks that it has and those of the request L. */
type Widened<State, S extends object, W extends string, L> = Session<
  Omit<State, WritesOf<S, L>> & StateOf<S, L>,
  S,
  W | WritesOf<S, L>
>

/**
 * A session inside an access. It is usable only until the access ends, and only for the attributes that it locked.
 *
 * @typeParam State the attributes that are locked.
 * @typeParam S all attributes of the session.
 * @typeParam W the names of the attributes that are locked for writing.
 */
export interface Session<
  State = Record<string, unknown>,
  S extends object = Record<string, unknown>,
  W extends string = NameOf<S>,
> {
  /**
   * The attributes that this access locked. Those locked for writing are the access's own copies: change them in
   * place or assign new values. Those locked for reading are read-only, all the way down: plain objects and arrays are
   * frozen, so that changing them throws a TypeError; calling what changes a Map, Set or Date throws a NotLockedError.
   * The exception: a Uint8Array or Buffer cannot be made read-only, so it is a copy, and changes to it are not kept.
   * An attribute that does not exist is undefined; touching one that is not locked throws a NotLockedError.
   *
   * To logs and assertions it is a plain object of the locked attributes: console.log shows their values. It cannot be
   * cloned as it is: `structuredClone({ ...session.state })`.
   */
  readonly state: State
  /**
   * Aborted when the session, or another one of the same accessMany, is lost under this access; its `reason` is the
   * typed error. Pass it on to slow calls.
   */
  readonly signal: AbortSignal
  /** The fencing token: rises with every grant of this session. Give it to other systems that can compare it. */
  readonly epoch: number
  /**
   * True while the session is new: this process created it, and no access has committed to it since. The next process
   * that gets the session finds false.
   */
  readonly isNew: boolean
  readonly createdAt: Date
  /** When the access before this one ended; by another process, precise to `touchShare` of the session's lifetime. */
  readonly lastAccessAt: Date
  /** How often the session was committed: for people and logs. A session that has ended and is made anew starts again. */
  readonly rev: number
  /** Another process waits for this session: a long access should come to an end. */
  readonly wanted: boolean
  /**
   * Commits the changes so far and goes on. Resolves when they are in DynamoDB, whatever the `durability`; they stay
   * there if the access fails later.
   *
   * @throws {InvalidValueError} {@link TooLargeError} {@link SchemaError} when nothing was written; the access goes on.
   * @throws {SessionLostError} when the session was lost, {@link CommitUnknownError} when nobody can tell whether the
   * commit landed.
   */
  commit(): Promise<void>
  /**
   * Deletes an attribute. Does nothing where it does not exist.
   *
   * @throws {NotLockedError} when it is not locked for writing.
   */
  delete(name: W): void
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
  lock<const L extends LockSpec<NameOf<S>>>(more: Locks<S, L>, options?: LockOptions): Promise<Widened<State, S, W, L>>

  /**
   * Locks more attributes at once, or none of them: returns this same session, typed with what it may touch now, or
   * undefined where another access holds one of them or was first in line. It never waits. In a worker thread it blocks
   * the thread until the main thread has answered, for 10 s at most.
   *
   * @example
   * const wider = session.tryLock({ write: ['cart'] })
   * if (wider === undefined) return 'busy'
   */
  tryLock<const L extends LockSpec<NameOf<S>>>(more: Locks<S, L>): Widened<State, S, W, L> | undefined
}
