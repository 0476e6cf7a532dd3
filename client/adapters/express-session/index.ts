/**
 * Sessions of express-session, for Express, Nest and `node:http`.
 *
 * @module holdfast/express-session
 */

export type { FallbackStore, LockMode, ValueKind } from '../common/index.js'
export type { HoldfastSessionOptions, OnBusy } from './options.js'
export { type SessionMiddleware, session } from './session.js'
