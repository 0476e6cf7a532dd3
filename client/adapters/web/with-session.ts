import { InvalidArgumentError, isHoldfastError } from '../../errors/index.js'
import type { Holdfast } from '../../holdfast-api.js'
import { checkWork, kindOf } from '../../options/check.js'
import type { Client } from '../common/client.js'
import { tellOverstay } from '../common/overstay.js'
import { problemOf } from '../common/problem.js'
import { type NewCookie, toHeader } from './cookie.js'
import { findSession } from './find-session.js'
import { type CompiledWebOptions, compileWebOptions, type WebLock, type WebOptions } from './options.js'
import type { RequestContext, RequestSession } from './request-session.js'
import type { StateUnder, WebSession } from './web-session.js'

/** The client has closed the request, by the convention of nginx. Nobody reads it. */
const CLIENT_GONE = 499

/**
 * Makes a handler of fetch-style requests that runs with the session of its request: for Hono, route handlers of Next.js,
 * and Lambda through `hono/aws-lambda`. Further arguments, such as a context, are passed on to `handle`.
 *
 * The session is found by a signed cookie. While the handler runs no other request has the session (see `lock`). The
 * response is returned when the changes are in DynamoDB and the session is free again, so a redirect may be followed at
 * once, on any server. Where the commit fails nothing of the response is used, and no cookie is set: see `onError`.
 *
 * - A request without a valid cookie asks nothing of the store. Its session is made when the handler has set an attribute.
 * - An id is looked up only if this application has signed it; an unknown one is as none, and keeps its cookie.
 * - The session ends when the handler returns, also before a streamed body or an event stream is sent.
 * - Where the handler throws, the changes are dropped and its error is thrown. A response with an error status commits.
 *
 * The hazard: a handler that makes a request to its own application for the same user, and awaits it, waits for itself
 * until `timeoutMs`. Call `session.release()` first. A handler inside another one for the same session is refused at once
 * with a NestedAccessError.
 *
 * @returns the handler. It throws what `handle` throws, and the errors of the session that nothing answers.
 * @throws {InvalidArgumentError} for unknown or wrong options.
 * @example
 * export const POST = withSession(holdfast, { secrets: [secret] }, (request, session) => {
 *   session.state.visits = (session.state.visits ?? 0) + 1
 *   return Response.json({ visits: session.state.visits })
 * })
 * @example
 * // All of an application on Hono. Its own answer to an error would commit: throw the error on.
 * const app = new Hono<{ Bindings: { session: WebSession<Shop> } }>()
 * app.get('/cart', (c) => c.json(c.env.session.state.cart ?? []))
 * app.onError((error) => {
 *   if (error instanceof HTTPException) return error.getResponse()
 *   throw error
 * })
 * const fetch = withSession(holdfast, { secrets: [secret] }, (request, session) => app.fetch(request, { session }))
 */
export function withSession<
  S extends object,
  const L extends WebLock = 'write',
  R extends Request = Request,
  Rest extends readonly unknown[] = [],
>(
  holdfast: Holdfast<S>,
  options: WebOptions<L>,
  handle: (request: R, session: WebSession<S, StateUnder<S, L>>, ...rest: Rest) => Response | Promise<Response>,
): (request: R, ...rest: Rest) => Promise<Response> {
  const compiled = compileWebOptions(options)
  checkWork(handle)
  const client: Client = holdfast

  return async (request, ...rest) => {
    let cookie: NewCookie | undefined
    const context: RequestContext = {
      holdfast: client,
      options: compiled,
      lock: compiled.lockOf(request),
      client: request.signal,
      overstayed: () => tellOverstay(client, `a ${request.method} request '${compiled.label}'`, compiled.maxHoldMs),
      setCookie: (given) => {
        cookie = given
      },
    }
    const failed = (error: unknown) => answerFor(error, request, compiled)
    let session: RequestSession
    try {
      session = await findSession(context, compiled.cookie.idIn(request.headers.get('cookie')))
    } catch (error) {
      return failed(error)
    }
    let response: Response
    try {
      response = checkResponse(await session.run(() => handle(request, session as never, ...rest)))
    } catch (error) {
      await session[Symbol.asyncDispose]()
      throw error
    }
    try {
      await session.close()
    } catch (error) {
      await response.body?.cancel().catch(() => {})
      return failed(error)
    }
    return withCookie(response, cookie)
  }
}

function checkResponse(response: Response): Response {
  // Its class may be one of the framework. Response.error() has status 0, and no server can send it.
  if (typeof response?.headers?.append === 'function' && response.status !== 0) return response
  if (response?.status === 0)
    throw new InvalidArgumentError('a handler must return a Response with a status: throw an error')
  throw new InvalidArgumentError(`a handler must return a Response, received ${kindOf(response)}`)
}

function withCookie(response: Response, cookie: NewCookie | undefined): Response {
  if (cookie === undefined) return response
  // A handler may return one response to many users: none of them may get the cookie of another. The headers of a
  // redirect, and of a response of `fetch`, cannot be changed at all.
  const copy = new Response(response.body, response)
  copy.headers.append('set-cookie', toHeader(cookie))
  return copy
}

async function answerFor(error: unknown, request: Request, options: CompiledWebOptions): Promise<Response> {
  if (request.signal.aborted && isHoldfastError(error) && error.code === 'ABORTED') {
    return new Response(null, { status: CLIENT_GONE })
  }
  const answer = await options.onError?.(error, request)
  if (answer !== undefined) return answer
  const problem = problemOf(error)
  if (problem === undefined) throw error
  return new Response(problem.body, { status: problem.status, headers: problem.headers })
}
