import { isDeepStrictEqual } from 'node:util'
import expressSession, { type SessionData } from 'express-session'
import type { LoadedSession } from '../common/index.js'
import { MAX_AGE_DRIFT_MS } from '../limits.js'

/** The attribute of a session that express-session keeps its cookie in. */
export const COOKIE = 'cookie'

type CookieData = Record<string, unknown>

/**
 * A session's cookie as it is stored: without the time of its expiry, which moves with every request. `aliveUntil` has
 * that. Where the cookie is the same as the stored one, this is the stored one, which another store may have written.
 */
export function cookieOf(session: SessionData, stored: unknown): unknown {
  const record = recordOf(session)
  if (!isObject(stored)) return record
  if (hasDrifted(record.originalMaxAge, stored.originalMaxAge)) record.originalMaxAge = stored.originalMaxAge
  return isDeepStrictEqual(withoutExpiry(stored), record) ? stored : record
}

/** The session's lifetime, as its {@link cookieOf} says. Undefined for a cookie that lives as long as the browser. */
export function ttlOf(cookie: unknown): number | undefined {
  const originalMaxAge = isObject(cookie) ? cookie.originalMaxAge : undefined
  return typeof originalMaxAge === 'number' && Number.isFinite(originalMaxAge) ? originalMaxAge : undefined
}

/** Whether the cookie of a stored session says that it ended at once. Such a session is stored for a second still. */
export function hasEnded({ values }: LoadedSession): boolean {
  const ttlMs = ttlOf(values[COOKIE])
  return ttlMs !== undefined && ttlMs <= 0
}

/** The header that takes a stored cookie away from the browser. */
export function expiredCookie(name: string, stored: unknown): string {
  const cookie = new Cookie(isObject(stored) ? { ...stored } : {})
  cookie.expires = new Date(0)
  return cookie.serialize(name, '')
}

/** A stored session as express-session takes it. */
export function sessionDataOf({ values, aliveUntil }: LoadedSession): SessionData {
  const stored = values[COOKIE]
  const cookie: CookieData = isObject(stored) ? { ...stored } : {}
  const { originalMaxAge = null } = cookie
  const expires = typeof originalMaxAge === 'number' ? aliveUntil : originalMaxAge
  return { ...values, [COOKIE]: { ...cookie, originalMaxAge, expires } } as unknown as SessionData
}

/**
 * express-session reads the clock twice where it renews `maxAge`, and keeps what is left between: at times the lifetime
 * is a millisecond shorter, which nobody has asked for and which would cost a write.
 */
function hasDrifted(maxAgeMs: unknown, storedMs: unknown): boolean {
  if (typeof maxAgeMs !== 'number' || typeof storedMs !== 'number' || storedMs <= 0) return false
  return maxAgeMs < storedMs && storedMs - maxAgeMs <= MAX_AGE_DRIFT_MS
}

function recordOf(session: SessionData): CookieData {
  const { cookie } = session as unknown as { cookie: { toJSON?(): CookieData } & CookieData }
  return withoutExpiry(typeof cookie.toJSON === 'function' ? cookie.toJSON() : cookie)
}

const withoutExpiry = (cookie: CookieData): CookieData =>
  Object.fromEntries(Object.entries(cookie).filter(([name, value]) => !EXPIRY.has(name) && value !== undefined))

/** Its types leave out what its documentation has. */
const Cookie = expressSession.Cookie as unknown as new (
  attributes: object,
) => { expires: Date; serialize(name: string, value: string): string }

const EXPIRY = new Set(['expires', '_expires'])

const isObject = (value: unknown): value is CookieData => typeof value === 'object' && value !== null
