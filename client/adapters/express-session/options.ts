import type expressSession from 'express-session'
import type { SessionOptions } from 'express-session'
import type { Holdfast } from '../../api.js'
import type { KnownError } from '../../errors/index.js'
import { OPTION_MS_MAX } from '../../limits.js'
import { checkKeys, integer, invalid, type Keys } from '../../options/check.js'
import { type FallbackStore, type LockMode, RequestSessions, untyped, type ValueKind } from '../common/index.js'
import {
  GRACE_DEFAULT_MS,
  MAX_HOLD_DEFAULT_MS,
  REQUEST_TIMEOUT_DEFAULT_MS,
  WAITING_DEFAULT,
  WAITING_MAX,
} from '../limits.js'
import { checkExpressOptions, EXPRESS_KEYS } from './express-options.js'
import { warnOfOverstay } from './overstay.js'
import { isReservedName } from './reserved-names.js'

type Handler = ReturnType<typeof expressSession>
/** Express's own types, as express-session has them. */
export type ExpressRequest = Parameters<Handler>[0]
export type ExpressResponse = Parameters<Handler>[1]
export type ExpressNext = Parameters<Handler>[2]

/** Answers a request whose session is busy. It may be async. What it throws goes to `next`. */
export type OnBusy = (req: ExpressRequest, res: ExpressResponse, error: KnownError, next: ExpressNext) => unknown

/**
 * Options of {@link session}. All those of express-session are as in its documentation, but for `store`, which does not
 * exist here, and the defaults of `resave` and `saveUninitialized`, which are false: express-session wants them to be
 * given, and nothing here needs them.
 *
 * @typeParam S the attributes of the client's sessions: `Omit<SessionData, 'cookie'>`.
 */
export interface HoldfastSessionOptions<S extends object> extends Omit<SessionOptions, 'store'> {
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
  readonly lock?: LockMode | ((req: ExpressRequest) => LockMode)
  /**
   * How long a request waits for its session, in milliseconds: 1 to 86,400,000 (a day).
   * @default 10_000
   */
  readonly timeoutMs?: number
  /**
   * A request that has held its session for this long, in milliseconds, loses it. What it has not saved is dropped, its
   * response fails with a SessionReleasedError, and a warning names its method and route, once for each route. Keep it
   * below the store's `maxBusyMs`, which is 30,000 by default.
   * @default 25_000
   */
  readonly maxHoldMs?: number
  /**
   * The same, counted from when the client has gone away: the handler may still end its work.
   * @default 5_000
   */
  readonly graceMs?: number
  /**
   * Requests of this process that may wait for one session at once. One more is answered with 503 at once.
   * @default 50
   */
  readonly waitingMax?: number
  /**
   * A store of express-session that is asked once for each session that is not here: the one that the application used
   * before. What it has is taken over under the same id. It is not asked for sessions that were destroyed here. What a
   * request destroys or regenerates is first destroyed there, if the store has `destroy`. Where that fails, or takes longer than `timeoutMs`, it fails with an UnreachableError, the session lives on, and a repeat works.
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
   * dropped. With 'exact' they keep Holdfast's types, such as Date, Map and Set, and others are refused. A bigint then
   * needs a `BigInt.prototype.toJSON` of the application: express-session itself compares sessions as JSON.
   * @default 'json'
   */
  readonly values?: ValueKind
  /**
   * Answers a request whose session could not be had in time, or not be reached, in place of 503 with `Retry-After: 1`.
   */
  readonly onBusy?: OnBusy
}

/** The options, checked and complete. */
export interface CompiledOptions {
  /** What express-session gets. */
  readonly express: SessionOptions
  readonly sessions: RequestSessions
  readonly values: ValueKind
  readonly graceMs: number
  readonly lockOf: (req: ExpressRequest) => LockMode
  readonly onBusy: OnBusy | undefined
}

type OwnOptions = Omit<HoldfastSessionOptions<object>, keyof SessionOptions>

const OWN_KEYS: Keys<OwnOptions> = {
  holdfast: true,
  lock: true,
  timeoutMs: true,
  maxHoldMs: true,
  graceMs: true,
  waitingMax: true,
  fallback: true,
  fallbackDestroy: true,
  values: true,
  onBusy: true,
}

/** Checks the options before anything happens, and completes them with the defaults. */
export function compileOptions<S extends object>(options: HoldfastSessionOptions<S>): CompiledOptions {
  checkKeys(options, { ...OWN_KEYS, ...EXPRESS_KEYS }, 'session')
  const { holdfast, lock = 'write', waitingMax = WAITING_DEFAULT, fallback, fallbackDestroy, onBusy } = options
  const { timeoutMs, maxHoldMs, graceMs, values = 'json', ...rest } = options
  const ms = (name: 'timeoutMs' | 'maxHoldMs' | 'graceMs', value: number) => integer(name, value, 1, OPTION_MS_MAX)
  checkHoldfast(holdfast)
  checkFallback(fallback)
  if (fallbackDestroy !== undefined && typeof fallbackDestroy !== 'boolean') {
    throw invalid('fallbackDestroy', 'a boolean', fallbackDestroy)
  }
  if (fallbackDestroy === true && typeof fallback?.destroy !== 'function') {
    throw invalid('fallback', 'a store with destroy, for fallbackDestroy', fallback)
  }
  if (values !== 'json' && values !== 'exact') throw invalid('values', "'json' or 'exact'", values)
  if (onBusy !== undefined && typeof onBusy !== 'function') throw invalid('onBusy', 'a function', onBusy)
  const holdMs = ms('maxHoldMs', maxHoldMs ?? MAX_HOLD_DEFAULT_MS)
  return {
    express: expressOptions(rest),
    values,
    graceMs: ms('graceMs', graceMs ?? GRACE_DEFAULT_MS),
    lockOf: typeof lock === 'function' ? (req) => checkLock(lock(req)) : constant(checkLock(lock)),
    onBusy,
    sessions: new RequestSessions({
      holdfast: untyped(holdfast),
      timeoutMs: ms('timeoutMs', timeoutMs ?? REQUEST_TIMEOUT_DEFAULT_MS),
      maxHoldMs: holdMs,
      waitingMax: integer('waitingMax', waitingMax, 1, WAITING_MAX),
      values,
      isReserved: isReservedName,
      fallback,
      fallbackDestroy,
      onOverstay: warnOfOverstay(holdMs),
    }),
  }
}

/** Only what express-session knows. It writes a notice where the two defaults are not given. */
function expressOptions(options: SessionOptions): SessionOptions {
  checkExpressOptions(options)
  const known = Object.entries(options).filter(([name]) => Object.hasOwn(EXPRESS_KEYS, name))
  return {
    resave: false,
    saveUninitialized: false,
    ...Object.fromEntries(known.filter(([, value]) => value !== undefined)),
  } as SessionOptions
}

function checkHoldfast(holdfast: unknown): void {
  const isClient =
    typeof holdfast === 'object' && holdfast !== null && 'open' in holdfast && typeof holdfast.open === 'function'
  if (!isClient) throw invalid('holdfast', 'a client, made by createHoldfast', holdfast)
}

function checkFallback(fallback: unknown): void {
  if (fallback === undefined) return
  const isStore =
    typeof fallback === 'object' && fallback !== null && 'get' in fallback && typeof fallback.get === 'function'
  if (!isStore) throw invalid('fallback', "a store of express-session, with 'get'", fallback)
}

const LOCKS: { readonly [M in LockMode]: true } = { write: true, read: true, none: true, merge: true }

function checkLock(lock: unknown): LockMode {
  if (typeof lock === 'string' && Object.hasOwn(LOCKS, lock)) return lock as LockMode
  throw invalid('lock', "'write', 'read', 'none', 'merge', or a function that returns one of them", lock)
}

const constant =
  <T>(value: T) =>
  (): T =>
    value
