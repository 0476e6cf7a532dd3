import { InvalidArgumentError } from '../../errors/index.js'
import { checkKeys, invalid, type Keys, kindOf } from '../../options/check.js'
import { type Bounds, compileBounds } from '../common/bounds.js'
import { chosenLock } from '../common/chosen-lock.js'
import { SECRET_BYTES_MIN } from '../limits.js'
import { type CookieOptions, SessionCookie } from './cookie.js'

/**
 * How a request locks its session.
 * - `write`: all of it, for this request alone, from before the handler until its response is returned.
 * - `read`: shared with other readers. `session.state` is read-only.
 * - `none`: the last committed state, read without a lock. `session.state` is read-only.
 */
export type WebLock = 'write' | 'read' | 'none'

/** Options of {@link withSession}. */
export interface WebOptions<L extends WebLock = WebLock> {
  /**
   * The secrets that sign the cookie's value, of at least 32 bytes each: `openssl rand -base64 32` makes one. The first
   * one signs. All of them are accepted, so put a new one in front and remove the old one later.
   *
   * The hazard: a person who knows one of them can look up ids of sessions. Keep them in a secret store.
   */
  readonly secrets: readonly string[]
  /**
   * The cookie that has the session's id.
   * @default - `__Host-session`, HttpOnly, Secure, SameSite=Lax, Path=/, until the browser is closed
   */
  readonly cookie?: CookieOptions
  /**
   * Whether each response sets the cookie of its session again. A cookie with `persistent` then moves with each
   * request. This writes nothing to the store.
   *
   * The hazard: the response of a request from before a login may reach the browser after that of the login. It then
   * brings the old cookie back, and the user is logged out. Without this only a login, or a change of `ttlMs`, sets one.
   * @default false
   */
  readonly rolling?: boolean
  /**
   * How requests lock their sessions, or a function that says it for each. The type of `session.state` is then that of
   * 'write'; under the others a change throws a NotLockedError.
   * @default 'write'
   */
  readonly lock?: L | ((request: Request) => WebLock)
  /**
   * How long a request waits for its session, in milliseconds: 1 to 86,400,000 (a day).
   * @default 10_000
   */
  readonly timeoutMs?: number
  /**
   * A request that has held its session for this long, in milliseconds, loses it: others may use it, `session.signal`
   * is aborted, its changes are dropped, and its response fails with a SessionReleasedError. Keep it below the store's
   * `maxBusyMs`, which is 30,000. To work for longer, call `session.release()` first.
   * @default 25_000
   */
  readonly maxHoldMs?: number
  /**
   * The same, counted from when the client has gone away (`request.signal`): the handler may still end its work.
   * @default 5_000
   */
  readonly graceMs?: number
  /**
   * Requests of this process that may wait for one session at once. One more is answered with 503 at once.
   * @default 50
   */
  readonly waitingMax?: number
  /**
   * Names requests in the WaitTimeoutError of others that wait for them. Not a secret: never an id.
   * @default 'request'
   */
  readonly label?: string
  /**
   * Answers a request whose session could not be had, or not be committed, in place of the default. Where it returns
   * undefined, the default stands: an `application/problem+json` with 503 for a busy or unreachable store, with 409 for
   * a session that was replaced meanwhile; every other error is thrown. Errors of the handler do not come here.
   */
  readonly onError?: (error: unknown, request: Request) => Response | undefined | Promise<Response | undefined>
}

/** Options of {@link sessionOf}: those of {@link withSession}, without the parts that are about a request. */
export interface CookieSessionOptions<L extends WebLock = WebLock>
  extends Omit<WebOptions, 'lock' | 'onError' | 'graceMs'> {
  /**
   * How the session is locked.
   * @default 'write'
   */
  readonly lock?: L
}

/** The options, checked and complete. */
export interface CompiledWebOptions extends Bounds {
  readonly cookie: SessionCookie
  readonly isRolling: boolean
  readonly lockOf: (request: Request) => WebLock
  readonly label: string
  readonly onError: WebOptions['onError']
}

const SESSION_KEYS: Keys<CookieSessionOptions> = {
  secrets: true,
  cookie: true,
  rolling: true,
  lock: true,
  timeoutMs: true,
  maxHoldMs: true,
  waitingMax: true,
  label: true,
}
const WEB_KEYS: Keys<WebOptions> = { ...SESSION_KEYS, graceMs: true, onError: true }

/** Checks the options of `withSession` before anything happens, and completes them with the defaults. */
export function compileWebOptions(options: WebOptions): CompiledWebOptions {
  checkKeys(options, WEB_KEYS, 'withSession')
  return compiled(options)
}

/** The same for `sessionOf`. */
export function compileCookieSessionOptions(options: CookieSessionOptions): CompiledWebOptions {
  checkKeys(options, SESSION_KEYS, 'sessionOf')
  if (typeof options.lock === 'function') throw invalid('lock', EXPECTED_LOCK, options.lock)
  return compiled(options)
}

function compiled(options: WebOptions): CompiledWebOptions {
  const { secrets, cookie = {}, rolling = false, lock = 'write', label = 'request', onError } = options
  if (typeof lock !== 'function') checkLock(lock)
  if (typeof rolling !== 'boolean') throw invalid('rolling', 'a boolean', rolling)
  if (typeof label !== 'string') throw invalid('label', 'a string', label)
  if (onError !== undefined && typeof onError !== 'function') throw invalid('onError', 'a function', onError)
  return {
    cookie: new SessionCookie(checkSecrets(secrets), cookie),
    isRolling: rolling,
    lockOf: typeof lock === 'function' ? (request) => checkLock(chosenLock(lock, request)) : () => lock,
    ...compileBounds(options),
    label,
    onError,
  }
}

const EXPECTED_LOCK = "'write', 'read' or 'none'"

function checkLock(lock: unknown): WebLock {
  if (lock === 'write' || lock === 'read' || lock === 'none') return lock
  throw invalid('lock', EXPECTED_LOCK, lock)
}

function checkSecrets(secrets: unknown): readonly [string, ...string[]] {
  if (!Array.isArray(secrets) || secrets.length === 0) {
    throw new InvalidArgumentError(
      `'secrets' must be a list of at least one string, received ${secrets === undefined ? 'undefined' : kindOf(secrets)}`,
    )
  }
  for (const secret of secrets) {
    const bytes = typeof secret === 'string' ? Buffer.byteLength(secret) : undefined
    if (bytes !== undefined && bytes >= SECRET_BYTES_MIN) continue
    const received = bytes === undefined ? kindOf(secret) : `one of ${bytes}`
    throw new InvalidArgumentError(
      `'secrets' must be strings of at least ${SECRET_BYTES_MIN} bytes, received ${received}: \`openssl rand -base64 32\` makes one`,
    )
  }
  return [...secrets] as [string, ...string[]]
}
