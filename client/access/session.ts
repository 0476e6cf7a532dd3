import type { LockOptions } from '../options/access-options.js'
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
