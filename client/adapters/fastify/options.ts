import type { FastifySessionOptions } from '@fastify/session'
import type { FastifyReply, FastifyRequest, RegisterOptions } from 'fastify'
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
import { isReservedName } from './session-objects.js'

/**
 * Options of the plugin. All those of @fastify/session are as in its documentation, but for `store`, which does not exist
 * here.
 *
 * @typeParam S the attributes of the client's sessions: `Omit<Session, 'cookie'>`, with the `Session` of fastify.
 */
export interface HoldfastSessionOptions<S extends object = never> extends Omit<FastifySessionOptions, 'store'> {
  /** The client. The application closes it at shutdown, after its server. */
  readonly holdfast: Holdfast<S>
  /**
   * How requests use their sessions, or a function that says it for each request.
   * - `write`: the request has the whole session for itself, from before its handler to the end of its response.
   * - `read`: it shares the session with other readers. If it changes the session, it fails.
   * - `none`: it sees the last commit, and does not wait. A change takes the lock at save, and fails with 409 where
   *   another request has changed the session since.
   * - `merge`: the same, but only the top-level attributes that it changed are locked and compared.
   *
   * The hazard of 'none' and 'merge': under load many requests fail that would have waited with 'write'.
   * @default 'write'
   */
  readonly lock?: LockMode | ((request: FastifyRequest) => LockMode)
  /**
   * How long a request waits for its session, in milliseconds: 1 to 86,400,000 (a day).
   * @default 10_000
   */
  readonly timeoutMs?: number
  /**
   * A request that has held its session for this long, in milliseconds, loses it. What it has not saved is dropped, its
   * response fails, and a warning in the server's log names its method and route, once for each route. Keep it below the
   * store's `maxBusyMs`, which is 30,000 by default.
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
   * A store of @fastify/session or express-session that is asked once for each session that is not here: the one that the
   * application used before. What it has is taken over under the same id. It is not asked for sessions that were
   * destroyed here. What a request destroys or regenerates is first destroyed there, if the store has `destroy`. Where
   * that fails, or takes longer than `timeoutMs`, it fails with an UnreachableError, the session lives on, and a repeat
   * works.
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
   * dropped. With 'exact' they keep Holdfast's types, such as Date, Map and Set, and others are refused.
   * @default 'json'
   */
  readonly values?: ValueKind
  /**
   * Answers a request whose session could not be had in time, or not be reached, in place of 503 with `Retry-After: 1`.
   * It must send the reply.
   */
  readonly onBusy?: (request: FastifyRequest, reply: FastifyReply, error: KnownError) => unknown
}

/** The options, checked and complete. */
export interface CompiledOptions {
  /** What @fastify/session gets. */
  readonly fastifySession: FastifySessionOptions
  readonly sessions: RequestSessions
  readonly graceMs: number
  readonly lockOf: (request: FastifyRequest) => LockMode
  readonly onBusy: HoldfastSessionOptions['onBusy'] | undefined
}

const THEIR_KEYS: Keys<Omit<FastifySessionOptions, 'store'>> = {
  secret: true,
  algorithm: true,
  cookieName: true,
  cookie: true,
  saveUninitialized: true,
  rolling: true,
  idGenerator: true,
  cookiePrefix: true,
}
/** Fastify's own, of `register`. */
const REGISTER_KEYS: Keys<RegisterOptions> & { readonly encapsulate: true } = {
  prefix: true,
  logLevel: true,
  logSerializers: true,
  encapsulate: true,
}
const OWN_KEYS: Keys<Omit<HoldfastSessionOptions, keyof FastifySessionOptions>> = {
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
const LOCKS: { readonly [M in LockMode]: true } = { write: true, read: true, none: true, merge: true }

/**
 * Checks the options before anything happens, and completes them with the defaults.
 *
 * @param onOverstay is told the method and route of a request that has lost its session because of `maxHoldMs`.
 */
export function compileOptions(options: HoldfastSessionOptions, onOverstay: (route: string) => void): CompiledOptions {
  checkKeys(options, { ...OWN_KEYS, ...THEIR_KEYS, ...REGISTER_KEYS }, 'holdfast/fastify')
  const { holdfast, lock = 'write', fallback, fallbackDestroy, values = 'json', onBusy, cookie } = options
  checkMethod('holdfast', holdfast, 'open', 'a client, made by createHoldfast')
  if (fallback !== undefined) checkMethod('fallback', fallback, 'get', "a session store, with 'get'")
  if (fallbackDestroy === true)
    checkMethod('fallback', fallback, 'destroy', 'a store with destroy, for fallbackDestroy')
  if (fallbackDestroy !== undefined && typeof fallbackDestroy !== 'boolean') {
    throw invalid('fallbackDestroy', 'a boolean', fallbackDestroy)
  }
  if (values !== 'json' && values !== 'exact') throw invalid('values', "'json' or 'exact'", values)
  if (onBusy !== undefined && typeof onBusy !== 'function') throw invalid('onBusy', 'a function', onBusy)
  const theirs = Object.entries(options).filter(([name]) => Object.hasOwn(THEIR_KEYS, name))
  const fixed = typeof lock === 'function' ? undefined : checkLock(lock)
  return {
    // It completes the cookie's options in place.
    fastifySession: { ...(Object.fromEntries(theirs) as FastifySessionOptions), cookie: { ...cookie } },
    graceMs: ms('graceMs', options.graceMs ?? GRACE_DEFAULT_MS),
    lockOf: (request) => fixed ?? checkLock(typeof lock === 'function' ? lock(request) : lock),
    onBusy,
    sessions: new RequestSessions({
      holdfast: untyped(holdfast),
      timeoutMs: ms('timeoutMs', options.timeoutMs ?? REQUEST_TIMEOUT_DEFAULT_MS),
      maxHoldMs: ms('maxHoldMs', options.maxHoldMs ?? MAX_HOLD_DEFAULT_MS),
      waitingMax: integer('waitingMax', options.waitingMax ?? WAITING_DEFAULT, 1, WAITING_MAX),
      values,
      isReserved: isReservedName,
      fallback,
      fallbackDestroy,
      onOverstay,
    }),
  }
}

const ms = (name: string, value: number): number => integer(name, value, 1, OPTION_MS_MAX)

function checkMethod(name: string, value: unknown, method: string, expected: string): void {
  const has = typeof value === 'object' && value !== null && typeof Reflect.get(value, method) === 'function'
  if (!has) throw invalid(name, expected, value)
}

function checkLock(lock: unknown): LockMode {
  if (typeof lock === 'string' && Object.hasOwn(LOCKS, lock)) return lock as LockMode
  throw invalid('lock', "'write', 'read', 'none', 'merge', or a function that returns one of them", lock)
}
