import type { LockSpec } from '../attribute-locks/lock-request.js'
import type { LockOptions } from '../options/access-options.js'
import type { Locks, NameOf, StateOf, WritesOf } from '../state/types.js'

/** A session with the locks that it has and the locks of the request L. */
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
   * The attributes that this access locked. Attributes locked for writing are the access's own copies: change them in
   * place or assign new values. Attributes locked for reading are read-only, with all their parts. Plain objects and
   * arrays are frozen: a change to one throws a TypeError in strict mode. A method that changes a Map, Set or Date
   * throws a NotLockedError. The exception: a Uint8Array or Buffer cannot be made read-only. It is a copy, and changes
   * to it are not kept. An attribute that does not exist is undefined. A use of an attribute that is not locked throws
   * a NotLockedError.
   *
   * To logs and assertions it is a plain object of the locked attributes: console.log shows their values. It cannot be
   * cloned directly: use `structuredClone({ ...session.state })`.
   */
  readonly state: State
  /**
   * Aborted when this access loses the session, or another session of the same accessMany. Its `reason` is the typed
   * error. Pass it on to slow calls.
   */
  readonly signal: AbortSignal
  /** The fencing token: it rises with every grant of this session. Give it to other systems that can compare it. */
  readonly epoch: number
  /**
   * True while there is no session yet: the first access to it that succeeds creates it, with or without changes. Where
   * one fails, the next finds true again.
   */
  readonly isNew: boolean
  readonly createdAt: Date
  /**
   * The time when the access before this one ended. Where that access was in another process, the time is precise only
   * to `touchShare` of the session's lifetime.
   */
  readonly lastAccessAt: Date
  /** The number of commits of the session, for people and logs. It starts again where an ended session is made anew. */
  readonly rev: number
  /**
   * The session's lifetime in milliseconds, which is stored with it: 1,000 (a second) to 34,560,000,000 (400 days). A
   * session that was given none has the `ttlMs` of the client that uses it. To set it is a change, under any lock: it is
   * committed with the access, and a value that is stored already writes nothing. With `expiry: 'fixed'` it counts from
   * the session's creation: one that is shorter than the session's present age ends the session with the commit.
   *
   * @throws {InvalidArgumentError} on setting another value; {@link AccessEndedError} after the access.
   * @example
   * if (rememberMe) session.ttlMs = 30 * 86_400_000
   */
  ttlMs: number
  /** The end of the session's life as it is now, with the changes of this access. A later use may extend it. */
  readonly aliveUntil: Date
  /** True when another process waits for this session: a long access should then end soon. */
  readonly wanted: boolean
  /**
   * Aborted when another process asks for this session while the access runs, and from the start where one waits
   * already. A long access ends by it instead of asking for `wanted`. One that still runs `maxBusyMs` later (30 s by
   * default) loses the session: then {@link signal} is aborted, too. Listeners run outside of the access. After the
   * access has ended it is aborted no more.
   *
   * The hazard: it tells nothing of accesses of this process, which wait for the locks until this access has ended. A
   * stream should read its values in a short access, and send them outside of it.
   *
   * @example
   * await holdfast.access(id, { write: ['report'] }, async ({ state, signal, wantedSignal }) => {
   *   const either = AbortSignal.any([signal, wantedSignal])
   *   for (const part of parts) {
   *     if (either.aborted) break // another access goes on with the rest
   *     state.report = [...(state.report ?? []), await compute(part, signal)]
   *   }
   * })
   */
  readonly wantedSignal: AbortSignal
  /**
   * Commits the changes so far, but not those of nested accesses that still run, nor what was changed in place meanwhile
   * in the attributes that those use under write locks; the access goes on. In a nested access it commits the attributes
   * that this one used under write locks, with what the outer work changed in them. Resolves when they are in DynamoDB,
   * with either `durability`. They stay there if the access fails later.
   *
   * @throws {NestedAccessError} when an attribute that a nested access uses under write locks, and that still runs, was
   * assigned or changed by another as well: nothing was written, await the nested access first.
   * @throws {InvalidValueError} {@link TooLargeError} {@link SchemaError} when nothing was written; the access goes on.
   * @throws {SessionLostError} when the session was lost, {@link CommitUnknownError} when it is unknown whether the
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
   * session, with the type of all the attributes that it has locked now.
   *
   * @throws {DeadlockError} at once, when the wait could never end. The access keeps what it has.
   * @throws {WaitTimeoutError} after `timeoutMs`, by default that of the access. The access keeps what it has.
   * @throws {AbortedError} when the access's `signal` is aborted and it would have to wait. The access keeps what it
   * has.
   * @throws {SessionLostError} when the session was lost meanwhile.
   * @example
   * const wider = await session.lock({ write: ['cart'] })
   * wider.state.cart = { items: [] }
   */
  lock<const L extends LockSpec<NameOf<S>>>(more: Locks<S, L>, options?: LockOptions): Promise<Widened<State, S, W, L>>

  /**
   * Locks all of these attributes at once, or none of them. Returns this same session, with the type of all the
   * attributes that it has locked now. Returns undefined where another access holds one of them, or waits for one in an
   * earlier `session.lock()`. It never waits. But in a worker thread it blocks the thread until the main thread has
   * answered, for 10 s at most.
   *
   * @example
   * const wider = session.tryLock({ write: ['cart'] })
   * if (wider === undefined) return 'busy'
   */
  tryLock<const L extends LockSpec<NameOf<S>>>(more: Locks<S, L>): Widened<State, S, W, L> | undefined
  /**
   * Ends the session's life now: deletes its attributes, and drops the changes of this access that are not committed.
   * Resolves when that is in DynamoDB. Nobody gets in between: accesses of this process that wait for the session fail
   * with a SessionMissingError at once, whatever their `ifMissing`. A later access, after this access has ended, makes
   * a new, empty session. This object cannot be used any more.
   *
   * @throws {NotLockedError} where the access has not locked everything for writing, {@link NestedAccessError} in an
   * access nested in another. Nothing has happened then.
   * @throws {SessionLostError} when the session was lost, {@link CommitUnknownError} when it is unknown whether it is
   * destroyed.
   * @example
   * await holdfast.access(id, 'all', async (session) => {
   *   await audit.log('logout', session.state.user)
   *   await session.destroy()
   * })
   */
  destroy(): Promise<void>
  /**
   * Moves the session with the changes so far to a new id, in one transaction, and returns the new id. The access goes
   * on under the new id with the same locks, and commits there. The old id is dead, as after {@link HoldfastApi.rotate}:
   * accesses of this process that wait for it fail with a SessionMissingError at once. `signal` stays the same, `epoch`
   * is that of the new id. Where it throws an InvalidArgumentError or InvalidValueError, the access goes on as before.
   * A rotation that has landed stands, like a commit, if the access fails later or meanwhile. An access that fails while
   * the transaction is under way rejects, and frees its locks, when that has ended; before that nothing moves.
   *
   * @param options `to` is the new id, by default a random one of 256 bits. It must not be in use.
   * @throws {NotLockedError} where the access has not locked everything for writing, {@link NestedAccessError} in an
   * access nested in another, {@link InvalidArgumentError} where `to` is in use or the id of another session of this
   * access, {@link AccessEndedError} when the access failed before the transaction. Nothing has happened then.
   * @throws {WaitTimeoutError} when the new id was not granted within the access's `timeoutMs`; {@link AbortedError} when
   * the access's `signal` is aborted before that.
   * @throws {SessionLostError} when the session was lost, {@link CommitUnknownError} when it is unknown which of the two
   * ids is alive.
   * @example
   * await holdfast.access(id, 'all', async (session) => {
   *   setCookie(await session.rotate())
   *   session.state.user = { name: 'Ada' }
   * })
   */
  rotate(options?: { readonly to?: string }): Promise<string>
  /**
   * Runs `work` with this session around it, and returns its result. Accesses to this session inside `work` join it, as
   * nested accesses do: what they change is a change of this session. An `open` of it there that would wait for
   * its locks is refused at once with a NestedAccessError. For a session of `open` accesses to other sessions
   * are allowed, and wait until their timeout. The hazard: two requests that each hold one session and wait for the
   * other's wait until then. Inside an access they are refused as everywhere in it.
   *
   * @example
   * const session = await holdfast.open(id, 'all')
   * await session.run(() => handle(request)) // handle() may call holdfast.access(id, …)
   * await session.close()
   */
  run<T>(work: () => T | Promise<T>): Promise<T>
}
