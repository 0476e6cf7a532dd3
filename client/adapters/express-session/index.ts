/** Sessions of express-session, for Express, Nest and `node:http`. */
export type { FallbackStore, LockMode, ValueKind } from '../common/index.js'
export type { HoldfastSessionOptions } from './options.js'
export { type SessionMiddleware, session } from './session.js'
