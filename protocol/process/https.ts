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

/** The endpoint of a process to which nothing can be pushed. */
export const NOWHERE = ''

/** As process records name it. No id of the gateway has a colon: so nobody can name the connection of another process. */
export const httpsConnection = (id: string): string => `https:${id}`

export const isHttpsConnection = (connectionId: string): boolean => connectionId.startsWith(httpsConnection(''))
