import type { IncomingMessage, ServerResponse } from 'node:http'
import expressSession, { type SessionOptions } from 'express-session'
import { compileOptions, type ExpressRequest, type ExpressResponse, type HoldfastSessionOptions } from './options.js'
import { SessionRequest } from './session-request.js'

declare module 'express-session' {
  interface Session {
    /**
     * Saves the session and gives it back before the response ends: other requests can then have it. What this request
     * changes in it afterwards fails at save with a SessionReleasedError. An event stream does it by itself.
     *
     * @throws as `save` reports it. The session is still held then.
     * @example
     * await req.session.release()
     * await sendLargeFile(res)
     */
    release(): Promise<void>
  }
}

/** A middleware for Express, and for everything that has its `(req, res, next)`. */
export type SessionMiddleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void

/**
 * Makes a middleware in place of `session` of express-session, on sessions of Holdfast. What express-session documents
 * holds here, too: it does the cookies, ids and secrets. But a request has its session under a lock, and its response
 * is held back until the session is saved, so that the next request finds it on any server.
 *
 * An error of the save becomes an error of the request: nothing of the response is sent, and Express's error handler is
 * called. A session that was changed or replaced meanwhile is answered with 409, one that is busy with 503. Where part of
 * the response has been sent already, the connection is cut.
 *
 * The hazard: a request has its session until its response ends. Other requests with the same cookie wait for it, on
 * whatever server. Event streams give it back at their headers; for other long responses call `req.session.release()`.
 *
 * @throws {InvalidArgumentError} for an unknown or a wrong option, such as `store`.
 * @example
 * const holdfast = createHoldfast<Omit<SessionData, 'cookie'>>({ namespace: 'shop' })
 * app.use(session({ holdfast, secret, cookie: { secure: true, sameSite: 'lax' } }))
 */
export function session<S extends object>(options: HoldfastSessionOptions<S>): SessionMiddleware {
  const compiled = compileOptions(options)
  checkWithoutRequest(compiled.express)
  return (req, res, next) => {
    // Another session middleware was first.
    if ((req as { session?: unknown }).session) return next()
    let request: SessionRequest
    try {
      request = new SessionRequest(compiled, req as ExpressRequest, res as ExpressResponse, next)
    } catch (error) {
      return next(error)
    }
    request.start()
  }
}

/** express-session refuses its options when a middleware is made. Those of requests are made later. */
function checkWithoutRequest(options: SessionOptions): void {
  const Unused = expressSession.Store as unknown as new () => expressSession.Store
  expressSession({ ...options, store: new Unused() })
}
