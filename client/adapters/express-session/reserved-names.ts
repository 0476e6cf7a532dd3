import expressSession from 'express-session'

/** Members of a session object: what is stored under such a name does not come back. */
const OWN = new Set(['id', 'req', 'release'])

export const isReservedName = (name: string): boolean => OWN.has(name) || name in expressSession.Session.prototype
