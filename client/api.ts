import type { MessagePort } from 'node:worker_threads'
import type { Session } from './access/session.js'
import type { LockSpec } from './attribute-locks/lock-request.js'
import type { HoldfastEvents } from './events.js'
import type { AccessOptions, RotateOptions } from './options/access-options.js'
import type { Locks, NameOf, StateOf, WritesOf } from './state/types.js'

/** The session of an access that made the lock request L. */
export type SessionOf<S extends object, L> = Session<StateOf<S, L>, S, WritesOf<S, L>>

/** A session that stays open until it is disposed of. */
export interface OpenSession<State, S extends object, W extends string = NameOf<S>>
  extends Session<State, S, W>,
    AsyncDisposable {}

/** A session as {@link HoldfastApi.peek} found it. */
export interface Peeked<S> {
  readonly state: Partial<S>
  /** See {@link Session.rev}. */
  readonly rev: number
  readonly createdAt: Date
  /** The end of the session's life, unless an access extends it. */
  readonly aliveUntil: Date
}

/** The calls that the client has in the main thread and in worker threads alike. */
export interface HoldfastApi<S extends object> {
  /**
   * Runs `work` on a session under attribute locks. When the promise resolves, the changes of `work` are in DynamoDB;
   * with `durability: 'release'` they are written later. When it rejects, nothing of them is kept, unless the error's
   * `effect` is 'unknown'. The exception: what `session.commit()` has written stays.
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
   * @returns the result of `work`.
   * @throws {InvalidArgumentError} for a bad id, lock or option. Nothing has happened.
   * @throws {InvalidValueError} when a value cannot be stored exactly, {@link TooLargeError} when there is too much,
   * {@link SchemaError} when one does not match its schema.
   * @throws {WaitTimeoutError} when the locks were not granted within `timeoutMs`; {@link AbortedError} by `signal`.
   * @throws {SessionLostError} when the session was lost before the commit; retry it.
   * @throws {CommitUnknownError} when nobody can tell whether the commit landed.
   * @throws {SessionMissingError} with `ifMissing: 'fail'`, and for an id that {@link rotate} has replaced.
   * @throws {NestedAccessError} inside an access that does not hold these locks.
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
   * Runs `work` on several sessions at once, locked in one global order, so that two such accesses never wait for
   * each other for ever. The sessions are passed in the order of `ids`. Each session commits on its own: a failure can
   * leave some committed and others not. When one session is lost before that, the access fails as a whole: none of its
   * sessions can be used any more.
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
    ids: Ids,
    locks: Locks<S, L>,
    work: (sessions: { readonly [I in keyof Ids]: SessionOf<S, L> }) => T | Promise<T>,
    options?: AccessOptions,
  ): Promise<T>

  /**
   * Opens a session for a scope instead of a function. Changes are kept by `commit()`, and discarded when the scope
   * ends without it. Unlike in {@link access}, a nested access is not recognised: it waits, until its timeout, for
   * locks that are held here.
   *
   * The hazard: a session that is never disposed of keeps its locks. Other accesses of this process wait in vain, and
   * another process that asks for the session gets it only after `maxBusyMs`, by taking it away.
   *
   * @throws as {@link access}.
   * @example
   * await using session = await holdfast.open(id, { write: ['cart'] })
   * session.state.cart = { items: [] }
   * await session.commit()
   */
  open<const L extends LockSpec<NameOf<S>>>(
    id: string,
    locks: Locks<S, L>,
    options?: AccessOptions,
  ): Promise<OpenSession<StateOf<S, L>, S, WritesOf<S, L>>>

  /**
   * Reads a session from DynamoDB without a lock: the last commit, which another access may be about to replace.
   * Changes that `durability: 'release'` has not written yet are not in it. It extends no session's life.
   *
   * @returns undefined where there is no such session.
   * @throws {UnreachableError} when DynamoDB cannot be read.
   * @throws {SchemaError} when an attribute does not match its schema; {@link CorruptStateError} when the session was
   * not written by this version of the package; {@link ClosedError} after `close`.
   */
  peek(id: string): Promise<Peeked<S> | undefined>

  /**
   * Makes a session under a new random id of 256 bits, which it returns, with these attributes.
   *
   * @throws as {@link access}; also {@link InvalidArgumentError} where `init` is no plain object or has an attribute
   * that is undefined.
   */
  create(init?: Partial<S>, options?: Omit<AccessOptions, 'ifMissing'>): Promise<string>

  /**
   * Ends a session's life: its attributes are deleted, and an access that follows makes a new, empty one. It waits for
   * the accesses that run, as an access under `'all'` does.
   *
   * @returns false where there was no such session.
   * @throws as {@link access}; also {@link NestedAccessError} inside an access of this client.
   */
  destroy(id: string, options?: Omit<AccessOptions, 'ifMissing'>): Promise<boolean>

  /**
   * Moves a session under a new id, which it returns: the defence against session fixation, to be used at login. The
   * state is the same, `createdAt` too. The old id is dead from that moment: accesses to it fail with a
   * SessionMissingError for at least a day. Both happen in one transaction.
   *
   * The hazard: requests under way that still use the old id are shut out. After a CommitUnknownError one of the two
   * ids is alive; give `to`, so as to know both.
   *
   * @param work may change the session, under locks on all of it; its changes become lasting with the new id or not at
   * all. Inside, `session.commit()` still commits under the old id.
   * @throws as {@link access}; also {@link SessionMissingError} where there is no such session,
   * {@link InvalidArgumentError} where `to` is in use, and {@link NestedAccessError} inside an access of this client.
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
   * Gives a held session back to the store when its accesses have ended and its changes are written, so that the next
   * process need not ask for it. Does nothing where it is not held. Resolves when it is given back.
   *
   * @throws {NestedAccessError} inside an access to this session.
   */
  release(id: string): Promise<void>
}

/** How a client stands. */
export interface Health {
  readonly state: 'idle' | 'connecting' | 'connected' | 'closed'
  /** How long the process may still believe in its locks without another renewal, in milliseconds. */
  readonly leaseRemainingMs: number
  readonly heldSessions: number
  /** Sessions that accesses of this process wait for. */
  readonly waitingSessions: number
  /** Why there is no connection, where that is known. */
  readonly lastFailure: string | undefined
}

/**
 * The client of a Holdfast store: typed sessions under real locks. Make one per process with `createHoldfast` and
 * close it at shutdown.
 */
export interface Holdfast<S extends object> extends HoldfastApi<S> {
  /**
   * A port through which one worker thread makes accesses, with `connectHoldfast` of `holdfast/worker`: to be given to
   * it in `workerData` or a message, and in the transfer list. It keeps no thread alive.
   *
   * @throws {ClosedError} after `close`.
   */
  workerPort(): MessagePort

  /** How the client stands, without a network call. */
  health(): Health

  /** What a log may show of the client: how it stands, and no credentials. */
  toJSON(): { readonly namespace: string } & Health

  /**
   * Calls `listener` with every such event from now on. It is called shortly after, outside of any access; what it
   * throws is an uncaught exception.
   *
   * @throws {InvalidArgumentError} for an unknown event, or a listener that is no function.
   * @example
   * holdfast.on('lost', ({ session, error, unwritten }) => metrics.count('lost', { code: error.code, unwritten }))
   */
  on<E extends keyof HoldfastEvents>(event: E, listener: (...args: HoldfastEvents[E]) => void): this

  /** Takes out a listener that {@link on} was given. */
  off<E extends keyof HoldfastEvents>(event: E, listener: (...args: HoldfastEvents[E]) => void): this

  /**
   * Lets running accesses end, writes their changes, gives every session back and closes the connection. Accesses that
   * wait or begin from now on are refused with a {@link ClosedError}. An access that still runs after `drainMs`
   * milliseconds, by default 10,000, loses its session. A second call returns the promise of the first.
   *
   * @throws {InvalidArgumentError} for a bad `drainMs`: 0 to a day.
   */
  close(options?: { readonly drainMs?: number }): Promise<void>
}
