import type { IncomingMessage } from 'node:http'
import { may, type Principal, type Principals } from '../iam/principals.js'
import { verifySignature } from '../iam/sigv4.js'
import { REGION } from '../template/resources.js'
import { type ApiSpec, apiArn } from '../template/routes.js'
import { MESSAGE_FORBIDDEN, MESSAGE_INTERNAL_ERROR, MESSAGE_TIMED_OUT } from './aws-limits.js'
import type { Answer } from './integration.js'
import { notAuthorized, type Refusal, unsigned } from './refused-upgrade.js'

const KEY = /^[+/\dA-Za-z]{22}==$/
const VERSION = /^(?:8|13)$/

/** Whether the request asks for a WebSocket, and not for another protocol. */
export const isWebSocket = ({ method, headers }: IncomingMessage): boolean =>
  method === 'GET' &&
  headers.upgrade?.toLowerCase() === 'websocket' &&
  KEY.test(headers['sec-websocket-key'] ?? '') &&
  VERSION.test(String(headers['sec-websocket-version']))

/** The principal that opens this connection, if it signed the request and IAM lets it connect. */
export function authenticate(request: IncomingMessage, api: ApiSpec, principals: Principals): Principal | Refusal {
  const { method = '', url = '', headers } = request
  try {
    const signed = { method, url, headers, body: new Uint8Array() }
    const principal = verifySignature(signed, principals, 'execute-api', REGION, Date.now())
    const [action, resource] = ['execute-api:Invoke', apiArn(api.id, `${api.stage}/$connect`)]
    return may(principal, action, resource) ? principal : notAuthorized(principal.arn, action, resource)
  } catch (error) {
    return unsigned(error)
  }
}

/** The refusal of a handshake after this answer of `$connect`, or undefined where the handshake succeeds. */
export function connectRefusal(answer: Answer): Refusal | undefined {
  // Not 500: API Gateway calls a function that fails here a bad gateway.
  if (answer === 'failed') return { status: 502, type: 'BadGatewayException', message: MESSAGE_INTERNAL_ERROR }
  if (answer === 'late') return { status: 504, type: 'GatewayTimeoutException', message: MESSAGE_TIMED_OUT }
  const { statusCode, body } = answer
  if (statusCode < 300) return undefined
  const message = statusCode < 500 ? MESSAGE_FORBIDDEN : MESSAGE_INTERNAL_ERROR
  return { status: statusCode, type: 'IntegrationRefusal', message: body || message }
}
