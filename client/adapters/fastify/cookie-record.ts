import type { Session } from 'fastify'
import type { LoadedSession } from '../common/index.js'

/** The attribute of a session that @fastify/session keeps its cookie in. */
const COOKIE = 'cookie'

type CookieData = Record<string, unknown>

/**
 * The values of a session as they are stored. The cookie is stored without an expiry that moves with every request: the
 * session's own life has it.
 */
export function valuesOf(session: Session): Record<string, unknown> {
  return { ...Object.fromEntries(Object.entries(session)), [COOKIE]: recordOf(session) }
}

/** The session's lifetime, as its cookie says. Undefined for a cookie that lives as long as the browser. */
export function ttlOf(session: Session, loaded: LoadedSession | undefined): number | undefined {
  const { originalMaxAge, expires } = dataOf(session)
  if (typeof originalMaxAge === 'number') return originalMaxAge
  if (!(expires instanceof Date)) return undefined
  // A fixed end that is stored already: it must not be written with every request.
  const isStored = new Date(Object(loaded?.values[COOKIE]).expires).getTime() === expires.getTime()
  return isStored ? loaded?.ttlMs : expires.getTime() - Date.now()
}

/** A stored session as @fastify/session takes it. */
export function sessionOf({ values }: LoadedSession): Session {
  const cookie = values[COOKIE]
  return { ...values, ...(typeof cookie === 'object' && cookie !== null ? {} : { cookie: {} }) } as unknown as Session
}

function recordOf(session: Session): CookieData {
  const data = dataOf(session)
  const moves = typeof data.originalMaxAge === 'number'
  const isStored = (name: string) => name !== 'originalExpires' && (name !== 'expires' || !moves)
  return Object.fromEntries(Object.entries(data).filter(([name, value]) => isStored(name) && value !== undefined))
}

export function dataOf(session: Session): CookieData {
  const { cookie } = session as unknown as { cookie: { toJSON(): CookieData } }
  return cookie.toJSON()
}
