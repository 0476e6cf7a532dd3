/** The endpoint of a process to which nothing can be pushed: its messages come over HTTPS. */
export const NOWHERE = ''

/** As process records name it. No id of the gateway has a colon: so nobody can name the connection of another process. */
export const httpsConnection = (id: string): string => `https:${id}`

export const isHttpsConnection = (connectionId: string): boolean => connectionId.startsWith(httpsConnection(''))
