/**
 * Sessions of @fastify/session, as a plugin.
 *
 * @module holdfast/fastify
 */

import fastifySession from '@fastify/session'
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify'
import plugin from 'fastify-plugin'
import { InvalidArgumentError } from '../../errors/index.js'
import { compileOptions, type HoldfastSessionOptions } from './options.js'
import { StoreCalls } from './request-store.js'
import { SessionObjects } from './session-objects.js'
import { SessionRequest, type Shared } from './session-request.js'

export type { FallbackStore, LockMode, ValueKind } from '../common/index.js'
export type { HoldfastSessionOptions } from './options.js'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Saves what was changed in the session, and frees its lock before the end of the response: before slow work that
     * does not need the session. A change after that fails when it is saved, with a SessionReleasedError.
     *
     * @throws as `request.session.save()`.
     */
    releaseSession(): Promise<void>
  }
}

async function register(fastify: FastifyInstance, options: HoldfastSessionOptions): Promise<void> {
  const calls = new StoreCalls()
  const compiled = compileOptions(options, (message) => fastify.log.warn(message))
  const shared: Shared = { options: compiled, calls, objects: new SessionObjects(calls) }
  const requests = new WeakMap<FastifyRequest, SessionRequest>()
  fastify.decorateRequest('releaseSession', function releaseSession(this: FastifyRequest) {
    return of(requests, this).release()
  })
  // The hooks of @fastify/session run between each two of ours.
  fastify.addHook('onRequest', (request, reply, done) => {
    const made = new SessionRequest(shared, request, reply)
    requests.set(request, made)
    made.find(done)
  })
  fastify.addHook('onSend', (request, _reply, payload, done) => {
    const found = requests.get(request)
    if (found === undefined) done()
    else found.save(payload, done)
  })
  await fastify.register(fastifySession, { ...compiled.fastifySession, store: calls })
  fastify.addHook('onRequest', (request, _reply, done) => of(requests, request).found(done))
  fastify.addHook('onSend', async (request, _reply, payload) => {
    const found = requests.get(request)
    return found === undefined ? payload : found.saved(payload)
  })
  fastify.addHook('onResponse', (request, _reply, done) => {
    requests.get(request)?.end()
    done()
  })
}

function of(requests: WeakMap<FastifyRequest, SessionRequest>, request: FastifyRequest): SessionRequest {
  const found = requests.get(request)
  if (found === undefined)
    throw new InvalidArgumentError('this request has no session: it did not pass the onRequest hook')
  return found
}

/**
 * Sessions of Fastify 5 in Holdfast: @fastify/session, with each session locked for the request that uses it. Register
 * @fastify/cookie before it.
 *
 * No response is sent before its session is saved. Where that fails, the response has neither the session's cookie nor
 * what the handler wanted to send: 409 where the session was replaced or changed meanwhile, 503 where it is busy, else
 * the error goes to the error handler with status 500. The lock is freed when the session is saved, of a streamed body
 * at its end; when the client has gone away, at the headers of `text/event-stream`, by `reply.hijack()` and by
 * `request.releaseSession()`. `regenerate()` ends the old session. The response after `destroy()` takes the cookie away.
 * Accesses of the handler to its own session join it.
 *
 * The hazard: `reply.hijack()` saves, but the application sends the headers itself, perhaps earlier. Call
 * `await request.releaseSession()` before it. Where the save fails later, the connection is cut.
 *
 * @throws {InvalidArgumentError} from `ready()`, for an unknown or a wrong option.
 * @example
 * await fastify.register(cookie)
 * await fastify.register(holdfastSession, { holdfast, secret })
 * fastify.post('/login', async (request) => {
 *   await request.session.regenerate()
 *   request.session.user = await check(request.body)
 * })
 */
export const holdfastSession: FastifyPluginAsync<HoldfastSessionOptions> = plugin(register, {
  fastify: '5.x',
  name: 'holdfast',
  dependencies: ['@fastify/cookie'],
})
