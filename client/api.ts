import type { Session } from './access/session.js'
import type { LockSpec } from './attribute-locks/lock-request.js'
import type { AccessOptions, CreateOptions, DestroyOptions, RotateOptions } from './options/access-options.js'
import type { Locks, NameOf, SomeIds, StateOf, WritesOf } from './state/types.js'

/** The session of an access with the lock request L, as in `SessionOf<Shop, { write: ['cart'] }>`. */
export type SessionOf<S extends object, L> = Session<StateOf<S, L>, S, WritesOf<S, L>>

/** The session that `open` gives for the lock request L. */
export type OpenSessionOf<S extends object, L> = OpenSession<StateOf<S, L>, S, WritesOf<S, L>>

/** A session that stays open until it is closed, destroyed or disposed of. */
export interface OpenSession<State, S extends object, W extends string = NameOf<S>>
  extends Session<State, S, W>,
    AsyncDisposable {
  /**
   * Commits the changes and ends the use of this object. The locks are free at once, and changes of sessions that are
   * closed meanwhile are committed together. Resolves when everything that was seen or changed here is in DynamoDB; with
   * `durability: 'release'` at once. A second call returns the same promise.
   *
   * @throws {InvalidValueError} {@link TooLargeError} {@link SchemaError} when nothing was written: the session is still
   * open.
   * @throws {SessionLostError} when the session was lost, {@link CommitUnknownError} when it is unknown whether the
   * commit landed, {@link AccessEndedError} after it was disposed of. After `destroy()` nothing is left to commit: it
   * resolves or fails as that call does.
   */
  close(): Promise<void>
}

/** The result of {@link HoldfastApi.peek}. */
export interface Peeked<S extends object> {
  /**
   * All attributes, read-only, as in an access that locks all of them for reading. Each is decoded, and passes through
   * its schema, when it is read. To clone it, spread it first.
   *
   * @throws {SchemaError} on reading an attribute that does not match its schema, {@link CorruptStateError} on reading
   * one that was not written by this version of the package. The others can be read all the same.
   */
  readonly state: StateOf<S, { readonly all: 'read' }>
  /** See {@link Session.rev}. */
  readonly rev: number
  readonly createdAt: Date
  /** See {@link Session.ttlMs}. */
  readonly ttlMs: number
  /** The end of the session's life, unless an access extends it. */
  readonly aliveUntil: Date
  /** Whether enough of its life has passed (`touchShare`) for an access that changes nothing to extend it. */
  readonly isTouchDue: boolean
}

/** The calls that a client has both in the main thread and in worker threads. */
export interface HoldfastApi<S extends object> {
  /**
   * Runs `work` on a session under attribute locks. When the promise resolves, the changes of `work` are in DynamoDB.
   * With `durability: 'release'` they are written later. When the promise rejects, the changes are discarded, unless
   * the error's `effect` is 'unknown'. Changes that `session.commit()` has written stay in any case.
   *
   * While the work runs, no other process holds the session, and no other access of this process has an attribute that
   * is locked for writing. Afterwards the process keeps the session until another process asks for it, so the next
   * access needs no network call to get it.
   *
   * The hazard: the session can be lost while `work` runs, because the process was frozen beyond its lease, or because
   * it was asked to release the session and took longer than `maxBusyMs`. The promise then rejects at once, but
   * JavaScript cannot stop `work`. Its session object throws from then on, and `session.signal` is aborted. Pass that
   * signal to slow calls, and give `session.epoch` to other systems that can compare it.
   *
   * **Inside another access** of this client to the same session, through any asynchronous calls, an access joins the
   * outer one where that has its locks. `work` runs at once, on the values as the outer work has changed them so far:
   * under write locks it gets the same objects, under read locks a read-only copy. Its changes become a part of the
   * outer access and are committed with it.
   * - Where it rejects, its changes are undone, and the outer work may go on. Changes that a `session.commit()` has
   *   written stay. It must be possible to store the values that it uses under write locks: else it gets an
   *   InvalidValueError. Objects that the outer work had before get their content back in place. Those that a nested
   *   commit has written, or that cannot be changed back because they are frozen, are replaced: read `session.state`
   *   again then. If the outer work goes on to change an old one, its commit fails with a NestedAccessError.
   * - Nested accesses at once do not exclude each other, nor the outer work. What those have changed in the same
   *   objects meanwhile is undone too where one of them fails. If another nested access used such an attribute under a
   *   write lock, or the outer work assigned it, the outer access fails with a NestedAccessError.
   *   Nor does any of them commit such an attribute before the others end: its commit fails with a NestedAccessError.
   * - One that still runs when the outer work ends is undone, and rejects with an AccessEndedError: await it.
   * - `durability: 'access'`, given to it, commits the attributes that it used under write locks before it resolves,
   *   with all that the outer work has changed in these. They stay if the outer access fails. Without it, or with
   *   'release', the outer access commits. `ifMissing: 'fail'` fails as long as nothing is committed of a new session.
   *   `signal`, `timeoutMs` and `label` are for the waits of its `session.lock()`, which locks for the outer access too.
   *   Where `signal` is aborted already, `work` does not run.
   *
   * An AsyncLocalStorage of Node.js recognises them. From Node.js 24 on, it costs other code of the process nothing. On
   * Node.js 20 and 22 the first access makes Node.js follow every promise of the process: an `await` elsewhere then takes
   * about three times as long (0.1 µs more).
   *
   * @param id the session's id: a secret. Only its hash leaves this process.
   * @param locks `{ write: [...], read: [...] }`, `'all'` (everything, for writing), or `{ all: 'read', write: [...] }`.
   * @returns the result of `work`.
   * @throws {InvalidArgumentError} for a bad id, lock or option. Nothing has happened.
   * @throws {InvalidValueError} when a value cannot be stored exactly, {@link TooLargeError} when an attribute or the
   * session is too large, {@link SchemaError} when an attribute does not match its schema.
   * @throws {WaitTimeoutError} when the locks were not granted within `timeoutMs`; {@link AbortedError} when `signal`
   * ended the wait.
   * @throws {SessionLostError} when the session was lost before the commit; retry the access.
   * @throws {CommitUnknownError} when it is unknown whether the commit landed.
   * @throws {SessionMissingError} with `ifMissing: 'fail'`, and for an id that {@link rotate} has replaced.
   * @throws {NestedAccessError} inside an access of this client that does not hold these locks, or of another client
   * that holds this session; also where changes of nested accesses would be lost, as above.
   * @throws {UnreachableError} when the store or DynamoDB cannot be reached; {@link RefusedError} when too many wait.
   * @throws {CorruptStateError} when the stored session was not written by this version of the package.
   * @throws {ClosedError} after `close`.
   * @example
   * const count = await holdfast.access(id, { write: ['cart'] }, (session) => {
   *   session.state.cart = { items: [...(session.state.cart?.items ?? []), item] }
   *   return session.state.cart.items.length
   * })
   */
  access<T, const L extends LockSpec<NameOf<S>>>(
    id: string,
    locks: Locks<S, L>,
    work: (session: SessionOf<S, L>) => T | Promise<T>,
    options?: AccessOptions,
  ): Promise<T>

  /**
   * Runs `work` on several sessions at once. They are locked in one global order, so that two such accesses cannot wait
   * for each other for ever. `work` gets the sessions in the order of `ids`. Each session commits on its own: a failure
   * can leave some sessions committed and others not. When one session is lost before the commits, the whole access
   * fails, and none of its sessions can be used any more. One `timeoutMs` bounds the waits for all of them together.
   *
   * Inside another access it joins that one, as {@link access} does, or several that lie around each other.
   *
   * @throws as {@link access}; also {@link PartialCommitError} when some sessions are committed and others are not, and
   * {@link InvalidArgumentError} for the same id twice or more than 25 ids.
   * @example
   * await holdfast.accessMany([from, to], { write: ['balance'] }, ([payer, payee]) => {
   *   payer.state.balance = (payer.state.balance ?? 0) - amount
   *   payee.state.balance = (payee.state.balance ?? 0) + amount
   * })
   */
  accessMany<T, const Ids extends readonly string[], const L extends LockSpec<NameOf<S>>>(
    ids: SomeIds<Ids>,
    locks: Locks<S, L>,
    work: (sessions: { readonly [I in keyof Ids]: SessionOf<S, L> }) => T | Promise<T>,
    options?: AccessOptions,
  ): Promise<T>

  /**
   * Opens a session for a scope instead of a function. `close()` commits the changes and frees the locks, like the end
   * of an access. Changes without a `close()` or `commit()` are discarded when the scope ends. Unlike {@link access}, it
   * does not recognise nested accesses by itself: an access inside the scope that needs the same locks waits for them
   * until its timeout. `session.run(work)` recognises them. It never joins: inside an access, or a `session.run`, it
   * waits for another session until its timeout.
   *
   * The hazard: a session that is neither closed nor disposed of keeps its locks. Other accesses of this process wait
   * until their timeouts. Another process that asks for the session gets it only after `maxBusyMs`; this process then
   * loses it.
   *
   * @throws as {@link access}; but {@link NestedAccessError} only inside an access or a `session.run` to this same
   * session: where it would wait for the locks of that, or, with other locks, where another access or process waits
   * ahead of it, which may wait for them.
   * @example
   * await using session = await holdfast.open(id, { write: ['cart'] })
   * session.state.cart = { items: [] }
   * await session.close()
   */
  open<const L extends LockSpec<NameOf<S>>>(
    id: string,
    locks: Locks<S, L>,
    options?: AccessOptions,
  ): Promise<OpenSessionOf<S, L>>

  /**
   * Reads the last commit of a session from DynamoDB, without a lock: one request, from any server, also while another
   * holds the session. Another access may replace it at any time. Changes that `durability: 'release'` has not written
   * yet are not in it. It does not extend the session's life.
   *
   * @returns undefined where there is no such session.
   * @throws {UnreachableError} when DynamoDB cannot be read; {@link CorruptStateError} when the session was not written
   * by this version of the package; {@link ClosedError} after `close`.
   * @example
   * const seen = await holdfast.peek(id)
   * const items = seen?.state.cart?.items ?? []
   */
  peek(id: string): Promise<Peeked<S> | undefined>

  /**
   * Makes a session with these attributes, by default under a new random id of 256 bits, and returns the id. The
   * attributes are checked before anything happens.
   *
   * With `id`, it fails where there is a session with this id already. Of several calls for one id, exactly one makes the
   * session. It costs one read more.
   *
   * @throws as {@link access}; also {@link InvalidArgumentError} where `init` is no plain object, and where `id` is in use
   * or was that of a session that was rotated; {@link NestedAccessError} inside an access of this client.
   * @example
   * const id = await holdfast.create({ user: { name: 'Ada' } })
   */
  create(init?: Partial<S>, options?: CreateOptions): Promise<string>

  /**
   * Ends a session's life: deletes its attributes. It waits for running accesses, like an access under `'all'`. Accesses
   * of this process that wait behind it fail with a SessionMissingError; one that begins when it has ended makes a new,
   * empty session. Where there is no session, it costs one read.
   *
   * @returns true, or false where there was no such session. It is false too where the call waited behind a rotation: the
   * session lives on under its new id.
   * @throws as {@link access}; also {@link NestedAccessError} inside an access of this client, or of another client to
   * this session.
   */
  destroy(id: string, options?: DestroyOptions): Promise<boolean>

  /**
   * Moves a session to a new id, and returns the new id. Use it at login, as a defence against session fixation. The
   * state and `createdAt` stay the same. From then on, for at least a day, accesses to the old id fail with a
   * SessionMissingError. One transaction makes the new id and ends the old one.
   *
   * The hazard: requests under way that still use the old id fail. After a CommitUnknownError exactly one of the two
   * ids is alive. Give `to` if you need to know both ids in that case.
   *
   * @param work may change the session, under locks on all of it. Its changes are written together with the new id, or
   * not at all. But a `session.commit()` inside it commits under the old id.
   * @throws as {@link access}; also {@link SessionMissingError} where there is no such session,
   * {@link InvalidArgumentError} where `to` is in use (at once: it does not wait for the lock of that id), and
   * {@link NestedAccessError} inside an access of this client, or of another client to this session.
   * @example
   * const newId = await holdfast.rotate(id, ({ state }) => {
   *   state.user = { name: 'Ada' }
   * })
   * setCookie(newId)
   */
  rotate(
    id: string,
    work?: (session: SessionOf<S, 'all'>) => void | Promise<void>,
    options?: RotateOptions,
  ): Promise<string>

  /**
   * Gives a held session back to the store when its accesses have ended and its changes are written. The next process
   * then need not ask this one for it. Does nothing where this process does not hold it. Resolves when it is given
   * back.
   *
   * @throws {NestedAccessError} inside an access to this session.
   */
  release(id: string): Promise<void>
}
