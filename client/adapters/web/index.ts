/**
 * Sessions of requests and responses as the web has them: Hono, route handlers and server actions of Next.js.
 *
 * @module holdfast/web
 */

export type { CookieAttributes, CookieOptions } from './cookie.js'
export type { CookieSessionOptions, WebLock, WebOptions } from './options.js'
export { type CookieStore, sessionOf } from './session-of.js'
export type { CookieSession, StateUnder, WebSession } from './web-session.js'
export { withSession } from './with-session.js'
