/**
 * Messages over HTTPS. Each is the body of a signed POST, and the response is its answer. There is no connection by which
 * the store could know the sender, so each request names its process and proves it, as `hello` does.
 */

export const PROCESS_HEADER = 'x-holdfast-process'
export const SECRET_HEADER = 'x-holdfast-secret'
/** A random name for what would be a connection: it tells a `hello` that arrives twice from that of a copied process. */
export const CONNECTION_HEADER = 'x-holdfast-connection'

/** 9 random bytes. */
export const HTTPS_CONNECTION_PATTERN = /^[A-Za-z0-9_-]{12}$/
