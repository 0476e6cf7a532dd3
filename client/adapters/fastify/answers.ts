import type { FastifyReply } from 'fastify'
import type { Problem } from '../common/index.js'

/** Headers that say something of a response that is not sent. Those of a policy, as for CORS, stay. */
const OF_RESPONSE =
  /^(content-.*|set-cookie|location|refresh|etag|last-modified|expires|cache-control|accept-ranges|age|link|trailer|transfer-encoding)$/
const OF_POLICY = /^content-security-policy/

/** Forgets what a handler wanted to send: its session could not be saved. */
export function dropHeaders(reply: FastifyReply): void {
  for (const holder of [reply, reply.raw]) {
    for (const name of Object.keys(holder.getHeaders())) {
      if (OF_RESPONSE.test(name.toLowerCase()) && !OF_POLICY.test(name.toLowerCase())) holder.removeHeader(name)
    }
  }
}

/** A stream that nobody reads would keep its file or connection open. */
export function dropBody(payload: unknown): void {
  if (typeof payload !== 'object' || payload === null) return
  const { destroy, cancel } = payload as { destroy?: unknown; cancel?: unknown }
  if (typeof destroy === 'function') destroy.call(payload)
  else if (typeof cancel === 'function') Promise.resolve(cancel.call(payload)).catch(() => {})
}

/** Gives the reply the status and the headers of a problem, and returns its body. */
export function answerWith(reply: FastifyReply, { status, headers, body }: Problem): string {
  reply.code(status).headers(headers)
  return body
}
