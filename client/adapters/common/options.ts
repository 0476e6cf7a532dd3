import type { Client } from './client.js'
import type { ValueKind } from './values.js'

/**
 * How a request uses its session.
 * - `write`: it holds the whole session from load to end.
 * - `read`: it shares it with other readers. A changed session fails at save with a NotLockedError.
 * - `none`: it sees the last commit. A change takes the lock at save, and fails with a SessionChangedError where another
 *   request has changed the session since.
 * - `merge`: the same, but only the attributes that it changed are locked and compared.
 */
export type LockMode = 'write' | 'read' | 'none' | 'merge'

/**
 * A store as express-session has them, as far as the sessions of an application are taken over from it.
 *
 * The hazard: without `destroy`, a session that is destroyed here stays there. A day later, when the tombstone here is
 * gone, its old cookie brings it back.
 */
export interface FallbackStore {
  get(id: string, callback: (error: unknown, session?: object | null) => void): void
  destroy?(id: string, callback?: (error?: unknown) => void): void
}

/** What all requests of one middleware share. */
export interface RequestSessionsOptions {
  readonly holdfast: Client
  /** The longest wait for a session, in milliseconds, and for an answer of the fallback. */
  readonly timeoutMs: number
  /** A request that holds its session for longer than this, in milliseconds, has it taken away. */
  readonly maxHoldMs: number
  /** How many requests of this process may wait for one session; those under 'merge' do not count. */
  readonly waitingMax: number
  readonly values: ValueKind
  /** Names that are dropped at load and at save, besides those of Object.prototype. */
  readonly isReserved?: (name: string) => boolean
  /** Asked for a session that is not here, unless that was ended on purpose. What is destroyed is destroyed there first. */
  readonly fallback?: FallbackStore | undefined
  /** Whether a session is destroyed in the fallback as soon as it is taken over. */
  readonly fallbackDestroy?: boolean | undefined
  /** Told once of each request that had its session taken away because of `maxHoldMs`. It must not throw. */
  readonly onOverstay: (label: string) => void
}

/** What one request asks for. */
export interface RequestOptions {
  readonly lock: LockMode
  /** Ends the waits of the request. */
  readonly signal: AbortSignal
  /** Names the request to others that wait for it, such as 'POST /cart/:id'. Never an id, nor a path that has one. */
  readonly label?: string
}

/** A session as a request finds it. */
export interface LoadedSession {
  /** The request's own copy. */
  readonly values: Record<string, unknown>
  readonly ttlMs: number
  readonly aliveUntil: Date
}
