import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { SignatureError } from '../iam/sigv4.js'
import { MESSAGE_FORBIDDEN } from './aws-limits.js'
import { MESSAGE_THROTTLED } from './aws-quotas.js'
import { randomId } from './lambda-events.js'

/** An answer of API Gateway other than success, in the form that AWS SDKs read. */
export interface Refusal {
  readonly status: number
  /** The name of the SDK's exception, in the header `x-amzn-ErrorType`. */
  readonly type: string
  readonly message: string
}

export const forbiddenBecause = (message: string): Refusal => ({ status: 403, type: 'ForbiddenException', message })

export const forbidden = forbiddenBecause(MESSAGE_FORBIDDEN)

/** The request asks for another protocol, or for WebSocket in a wrong way. */
export const badRequest: Refusal = { status: 400, type: 'BadRequestException', message: 'Bad Request' }

export const tooManyRequests: Refusal = { status: 429, type: 'TooManyRequestsException', message: MESSAGE_THROTTLED }

export const notAuthorized = (who: string, action: string, resource: string): Refusal => ({
  status: 403,
  type: 'AccessDeniedException',
  message: `User: ${who} is not authorized to perform: ${action} on resource: ${resource}`,
})

export function unsigned(error: unknown): Refusal {
  if (!(error instanceof SignatureError)) throw error
  return { status: 403, type: error.type, message: error.message }
}

/** Answers an HTTP request. */
export function refuse(response: ServerResponse, refusal: Refusal, connectionId?: string): void {
  const { headers, body } = format(refusal, connectionId)
  response.writeHead(refusal.status, headers).end(body)
}

/** Answers a request to upgrade, which has no response object, and ends its connection. */
export function refuseUpgrade(socket: Duplex, refusal: Refusal, connectionId?: string): void {
  const { headers, body } = format(refusal, connectionId)
  const lines = Object.entries({ Date: new Date().toUTCString(), ...headers, Connection: 'close' }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  )
  socket.end(`HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ''}\r\n${lines.join('')}\r\n${body}`)
}

function format({ type, message }: Refusal, connectionId: string | undefined) {
  const requestId = randomId()
  const body = JSON.stringify({ message, ...(connectionId === undefined ? {} : { connectionId, requestId }) })
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(body)),
    'x-amzn-RequestId': requestId,
    'x-amzn-ErrorType': type,
  }
  return { headers, body }
}
