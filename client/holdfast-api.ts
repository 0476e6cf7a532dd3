import type { MessagePort } from 'node:worker_threads'
import type { HoldfastApi, OpenSessionOf, Peeked, SessionOf } from './api.js'
import type { LockSpec } from './attribute-locks/lock-request.js'
import type { HoldfastEvents } from './events.js'
import type { AccessOptions, DestroyOptions } from './options/access-options.js'
import type { Locks, NameOf } from './state/types.js'

/**
 * One session of a client: the calls of the client, without the id. It keeps the hashed key and not the id, so the id,
 * which is a secret, may be forgotten. To make it costs one hash and nothing else: no network call, no lock, no memory
 * that is to be freed. It belongs to its id: after a rotation, make one of the new id.
 *
 * @example
 * const session = holdfast.session(idOfCookie)
 * const seen = await session.peek()
 * await session.access({ write: ['visits'] }, ({ state }) => {
 *   state.visits = (state.visits ?? 0) + 1
 * })
 */
export interface SessionHandle<S extends object> {
  /** The hashed key, by which the client's events name the session. It is not the id, and may be logged. */
  readonly key: string
  /** As {@link HoldfastApi.access}. */
  access<T, const L extends LockSpec<NameOf<S>>>(
    locks: Locks<S, L>,
    work: (session: SessionOf<S, L>) => T | Promise<T>,
    options?: AccessOptions,
  ): Promise<T>
  /** As {@link HoldfastApi.open}. */
  open<const L extends LockSpec<NameOf<S>>>(locks: Locks<S, L>, options?: AccessOptions): Promise<OpenSessionOf<S, L>>
  /** As {@link HoldfastApi.peek}. */
  peek(): Promise<Peeked<S> | undefined>
  /** As {@link HoldfastApi.destroy}. */
  destroy(options?: DestroyOptions): Promise<boolean>
}

/** The condition of a client, as {@link Holdfast.health} reports it. */
export interface Health {
  /** `idle`: no access has needed the store yet, or for some leases (about a minute); nothing is held or waited for. */
  readonly state: 'idle' | 'connecting' | 'connected' | 'closed'
  /** The rest of the lease in milliseconds: without another renewal the process loses its locks after this time. */
  readonly leaseRemainingMs: number
  readonly heldSessions: number
  /** The number of sessions that accesses of this process wait for. */
  readonly waitingSessions: number
  /** The reason why there is no connection, where it is known. */
  readonly lastFailure: string | undefined
}

/** The client of a store: typed sessions under real locks. Make one per process, and close it at shutdown. */
export interface Holdfast<S extends object> extends HoldfastApi<S> {
  /** The lifetime in milliseconds of sessions that were given none of their own: {@link HoldfastOptions.ttlMs}. */
  readonly ttlMs: number
  /**
   * A handle of one session, for a request that makes several calls to it: the id is hashed once, here.
   *
   * @throws {InvalidArgumentError} for a bad id.
   */
  session(id: string): SessionHandle<S>

  /**
   * Makes a port for one worker thread. Give it to the thread in `workerData` or in a message, and name it in the
   * transfer list. The thread makes accesses through it with `connectHoldfast` of `holdfast/worker`. The port keeps a
   * thread alive only while a call is under way there, or a session of `open` has not ended.
   *
   * @throws {ClosedError} after `close`.
   */
  workerPort(): MessagePort

  /** Gives back all sessions that no access uses or waits for. Resolves when the store confirms it, or never answers. */
  releaseUnused(): Promise<void>

  /** Reports the condition of the client, without a network call. */
  health(): Health

  /** The form of the client for logs: its namespace and its condition, and no credentials. */
  toJSON(): { readonly namespace: string } & Health

  /**
   * Calls `listener` with every such event from now on; {@link HoldfastEvents} describes them. The call comes shortly
   * after the event, outside of any access. An error that the listener throws is an uncaught exception. For the events
   * of all clients of the process, subscribe to the channels `holdfast:granted`, `holdfast:wanted`, `holdfast:released`,
   * `holdfast:lost`, `holdfast:retried` and `holdfast:connection` of `node:diagnostics_channel`.
   *
   * @throws {InvalidArgumentError} for an unknown event, or a listener that is no function.
   * @example
   * holdfast.on('granted', ({ waitedMs }) => metrics.histogram('wait', waitedMs))
   * holdfast.on('lost', ({ session, error, unwritten }) => metrics.count('lost', { code: error.code, unwritten }))
   */
  on<E extends keyof HoldfastEvents>(event: E, listener: (...args: HoldfastEvents[E]) => void): this

  /** Removes a listener that was added with {@link on}. */
  off<E extends keyof HoldfastEvents>(event: E, listener: (...args: HoldfastEvents[E]) => void): this

  /**
   * Waits until running accesses have ended, writes their changes, gives every session back and closes the connection.
   * Accesses that wait now, or begin later, fail with a {@link ClosedError}. An access that still runs after `drainMs`
   * milliseconds, by default 10,000, loses its session and fails with a ClosedError that says so. A second call returns
   * the promise of the first; its `drainMs` can only shorten the time. {@link HoldfastOptions.closeOnSignals} calls it.
   *
   * @throws {InvalidArgumentError} for a bad `drainMs`: 0 to a day.
   */
  close(options?: { readonly drainMs?: number }): Promise<void>
}
