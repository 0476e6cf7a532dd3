import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { requestTime } from '../gateway/lambda-events.js'
import type { Principal } from '../iam/principals.js'
import type { FunctionUrlSpec } from '../template/function-urls.js'
import { ACCOUNT_ID } from '../template/resources.js'

/** Headers that end at Lambda. A function must not see the signature: it could then depend on it. */
const CONSUMED: ReadonlySet<string> = new Set([
  'connection',
  'authorization',
  'x-amz-security-token',
  'x-amz-content-sha256',
])

/** What a function gets of a request to its URL: the payload of version 2.0, as Lambda documents it. */
export function functionUrlEvent(
  { id, host }: FunctionUrlSpec,
  principal: Principal,
  request: IncomingMessage,
  body: string,
): object {
  const { pathname, search } = new URL(request.url ?? '/', 'http://localhost')
  const headers = Object.entries(request.headers).filter(([name]) => !CONSUMED.has(name))
  const nowMs = Date.now()
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: pathname,
    rawQueryString: search.slice(1),
    headers: Object.fromEntries(headers.map(([name, value]) => [name, String(value)])),
    requestContext: {
      accountId: ACCOUNT_ID,
      apiId: id,
      authorizer: {
        iam: {
          accessKey: principal.credentials.accessKeyId,
          accountId: principal.arn.split(':')[4] ?? ACCOUNT_ID,
          callerId: principal.callerId,
          cognitoIdentity: null,
          principalOrgId: null,
          userArn: principal.arn,
          userId: principal.callerId,
        },
      },
      domainName: host,
      domainPrefix: id,
      http: {
        method: request.method,
        path: pathname,
        protocol: 'HTTP/1.1',
        sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
        userAgent: request.headers['user-agent'] ?? '',
      },
      requestId: randomUUID(),
      routeKey: '$default',
      stage: '$default',
      time: requestTime(nowMs),
      timeEpoch: nowMs,
    },
    body,
    isBase64Encoded: false,
  }
}
