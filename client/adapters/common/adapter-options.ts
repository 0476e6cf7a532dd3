import type { Holdfast } from '../../holdfast-api.js'
import { checkMethod, invalid, type Keys } from '../../options/check.js'
import { type Bounds, compileBounds } from './bounds.js'
import { chosenLock } from './chosen-lock.js'
import type { Client } from './client.js'
import type { FallbackStore, LockMode } from './options.js'
import { tellOverstay } from './overstay.js'
import { RequestSessions } from './request-sessions.js'
import type { ValueKind } from './values.js'

/**
 * Options that the adapters of session middlewares have in common.
 *
 * @typeParam S the attributes of the client's sessions.
 * @typeParam Request a request, as the framework has it.
 */
export interface AdapterOptions<S extends object, Request> {
  /** The client. The application closes it at shutdown, after its server. */
  readonly holdfast: Holdfast<S>
  /**
   * How requests use their sessions, or a function that says it for each request.
   * - `write`: the request has the whole session for itself, from before its handler to the end of its response.
   * - `read`: it shares the session with other readers. If it changes the session, it fails with a NotLockedError.
   * - `none`: it sees the last commit, and does not wait. A change takes the lock at save, and fails with 409 where
   *   another request has changed the session since.
   * - `merge`: the same, but only the top-level attributes that it changed are locked and compared.
   *
   * The hazard of 'none' and 'merge': under load many requests fail that would have waited with 'write'.
   * @default 'write'
   */
  readonly lock?: LockMode | ((request: Request) => LockMode)
  /**
   * How long a request waits for its session, in milliseconds: 1 to 86,400,000 (a day).
   * @default 10_000
   */
  readonly timeoutMs?: number
  /**
   * A request that has held its session for this long, in milliseconds, loses it. What it has not saved is dropped, its
   * response fails with a SessionReleasedError, and a warning names its method and route, once for each route: Fastify
   * logs it, express-session emits it with the code HOLDFAST_OVERSTAY. Keep it below the store's `maxBusyMs`, which is
   * 30,000 by default.
   * @default 25_000
   */
  readonly maxHoldMs?: number
  /**
   * The same, counted from when the client has gone away: the handler may still end its work.
   * @default 5_000
   */
  readonly graceMs?: number
  /**
   * Requests of this process that may wait for one session at once. One more is answered with 503 at once. Those under
   * 'merge' are not counted: they wait at most while others save, or for `timeoutMs` where others hold the session.
   * @default 50
   */
  readonly waitingMax?: number
  /**
   * A store of express-session or @fastify/session that is asked once for each session that is not here: the one that the
   * application used before. What it has is taken over under the same id. It is not asked for sessions that were
   * destroyed here. What a request destroys or regenerates is first destroyed there, if the store has `destroy`. Where
   * that fails, or takes longer than `timeoutMs`, it fails with an UnreachableError, the session lives on, and a repeat
   * works.
   *
   * What it has and cannot be stored here fails each request of that session with a MigrationError, which says why.
   *
   * The hazards: a server that still writes to the old store goes on with its own copy. Where the old store has no
   * `destroy`, or after `holdfast.destroy()` outside of requests, a session that was destroyed here comes back from it
   * after a day, by its old cookie.
   * @default - none
   */
  readonly fallback?: FallbackStore
  /**
   * Whether a session is destroyed in the fallback as soon as it is taken over.
   * @default false: the way back stays open
   */
  readonly fallbackDestroy?: boolean
  /**
   * How values are stored. With 'json' as other stores do it: a Date becomes a string, and what JSON does not have is
   * dropped. With 'exact' they keep Holdfast's types, such as Date, Map and Set, and others are refused. With
   * express-session a bigint then needs a `BigInt.prototype.toJSON` of the application: it compares sessions as JSON.
   * @default 'json'
   */
  readonly values?: ValueKind
}

/** The options, checked and complete. */
export interface CompiledAdapterOptions<Request> extends Pick<Bounds, 'graceMs'> {
  readonly sessions: RequestSessions
  readonly values: ValueKind
  readonly lockOf: (request: Request) => LockMode
}

export const ADAPTER_KEYS: Keys<AdapterOptions<object, never>> = {
  holdfast: true,
  lock: true,
  timeoutMs: true,
  maxHoldMs: true,
  graceMs: true,
  waitingMax: true,
  fallback: true,
  fallbackDestroy: true,
  values: true,
}

/** What differs between the adapters. */
interface Adapter {
  /** Names that the framework's session objects need for themselves. */
  readonly isReserved: (name: string) => boolean
  /** Tells of a request that has lost its session, where that is no warning of the process. */
  readonly tell?: (message: string) => void
}

/**
 * Checks the options before anything happens, and completes them with the defaults.
 *
 * @throws {InvalidArgumentError}
 */
export function compileAdapterOptions<S extends object, Request>(
  options: AdapterOptions<S, Request>,
  { isReserved, tell }: Adapter,
): CompiledAdapterOptions<Request> {
  const { lock = 'write', fallback, fallbackDestroy, values = 'json' } = options
  checkMethod('holdfast', options.holdfast, 'open', 'a client, made by createHoldfast')
  checkFallback(fallback, fallbackDestroy)
  if (values !== 'json' && values !== 'exact') throw invalid('values', "'json' or 'exact'", values)
  if (typeof lock !== 'function') checkLock(lock)
  const { graceMs, ...bounds } = compileBounds(options)
  const holdfast: Client = options.holdfast
  const onOverstay = (label: string) => tellOverstay(holdfast, `a request of ${label}`, bounds.maxHoldMs, tell)
  return {
    values,
    graceMs,
    lockOf: typeof lock === 'function' ? (request) => checkLock(chosenLock(lock, request)) : () => lock,
    sessions: new RequestSessions({ holdfast, ...bounds, values, isReserved, fallback, fallbackDestroy, onOverstay }),
  }
}

function checkFallback(fallback: unknown, fallbackDestroy: unknown): void {
  if (fallback !== undefined) checkMethod('fallback', fallback, 'get', "a store of sessions, with 'get'")
  if (fallbackDestroy !== undefined && typeof fallbackDestroy !== 'boolean') {
    throw invalid('fallbackDestroy', 'a boolean', fallbackDestroy)
  }
  if (fallbackDestroy === true)
    checkMethod('fallback', fallback, 'destroy', 'a store with destroy, for fallbackDestroy')
}

const LOCKS: { readonly [M in LockMode]: true } = { write: true, read: true, none: true, merge: true }

function checkLock(lock: unknown): LockMode {
  if (typeof lock === 'string' && Object.hasOwn(LOCKS, lock)) return lock as LockMode
  throw invalid('lock', "'write', 'read', 'none', 'merge', or a function that returns one of them", lock)
}
