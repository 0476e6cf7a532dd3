import { LABEL_CHARS_MAX, NAMESPACE_CHARS_MAX } from './limits.js'

/**
 * A session as the store knows it: `<namespace>#<SHA-256 of the session id, base64url>`. The id itself, a bearer
 * secret, never leaves the client.
 */
export type SessionKey = string

export const NAMESPACE_PATTERN = new RegExp(`^[A-Za-z0-9_.-]{1,${NAMESPACE_CHARS_MAX}}$`)
export const SESSION_KEY_PATTERN = new RegExp(`^[A-Za-z0-9_.-]{1,${NAMESPACE_CHARS_MAX}}#[A-Za-z0-9_-]{43}$`)
/** Printable ASCII, so that a label fits into any log. */
export const LABEL_PATTERN = new RegExp(`^[\\x20-\\x7e]{0,${LABEL_CHARS_MAX}}$`)
/** 12 random bytes: drawn anew by every client at start and after every lost lease. */
export const PROCESS_ID_PATTERN = /^[A-Za-z0-9_-]{16}$/
/** 32 random bytes. */
export const SECRET_PATTERN = /^[A-Za-z0-9_-]{43}$/

export const lockKey = (session: SessionKey): string => `S#${session}`
export const processKey = (processId: string): string => `P#${processId}`
/** The one record of the table's incarnation. */
export const INCARNATION_KEY = 'incarnation'
export const connectionKey = (connectionId: string): string => `C#${connectionId}`
