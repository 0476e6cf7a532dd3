import { HASH_CHARS } from '../limits.js'

/** The first characters of the hash of a session id, as the client makes it. The id is hashed here, and goes nowhere. */
export async function shownHash(id: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(id))
  const base64 = btoa(String.fromCharCode(...new Uint8Array(digest)))
  return base64.replaceAll('+', '-').replaceAll('/', '_').slice(0, HASH_CHARS)
}

/** Whether a session is meant by a text: by its shown name, by its holder, or by its id, whose hash this is. */
export function isFound(session: string, holder: string, text: string, hash: string | undefined): boolean {
  if (text === '') return true
  const lower = text.toLowerCase()
  if (session.toLowerCase().includes(lower) || holder.toLowerCase().includes(lower)) return true
  return hash !== undefined && session.slice(session.indexOf('#') + 1) === hash
}
