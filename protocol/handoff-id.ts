import type { SessionKey } from './keys.js'

const HASH_CHARS = 8

/**
 * The name of one handoff in logs: the first 8 characters of the session's hash, and the epoch of the grant that ends.
 * The next holder's grant has that epoch plus 1, unless that holder was passed over.
 */
export const handoffId = (session: SessionKey, epoch: number): string => {
  const hash = session.slice(session.indexOf('#') + 1)
  return `${hash.slice(0, HASH_CHARS)}-${epoch}`
}
