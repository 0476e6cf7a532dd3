import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Principal } from '../iam/principals.js'
import { ACCOUNT_ID } from '../template/resources.js'

/** The client of a connection, as API Gateway describes it to functions. */
export interface Identity {
  readonly sourceIp: string
  readonly userAgent?: string
  readonly accountId?: string
  readonly caller?: string
  readonly user?: string
  readonly userArn?: string
  readonly accessKey?: string
}

/** The fields that all events of one connection share. */
export interface EventSource {
  readonly connectionId: string
  readonly connectedAtMs: number
  /** As the event of `$connect` names the client. */
  readonly identity: Identity
  /** As all later events do. */
  readonly laterIdentity: Identity
  readonly apiId: string
  readonly stage: string
  readonly domainName: string
}

/** An event as a Lambda proxy integration of a WebSocket API receives it. */
export interface GatewayEvent {
  readonly requestContext: RequestContext
  readonly isBase64Encoded: false
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>
  readonly queryStringParameters?: Readonly<Record<string, string>>
  readonly multiValueQueryStringParameters?: Readonly<Record<string, readonly string[]>>
}

export interface RequestContext {
  readonly routeKey: string
  readonly eventType: 'CONNECT' | 'MESSAGE' | 'DISCONNECT'
  readonly messageDirection: 'IN'
  readonly connectionId: string
  readonly connectedAt: number
  readonly requestId: string
  readonly extendedRequestId: string
  readonly requestTime: string
  readonly requestTimeEpoch: number
  readonly messageId?: string
  readonly disconnectStatusCode?: number
  readonly disconnectReason?: string
  readonly identity: Identity
  readonly apiId: string
  readonly stage: string
  readonly domainName: string
}

/** Ids of connections and requests: eleven random bytes. */
export const randomId = (): string => `${randomBytes(11).toString('base64url')}=`

export function identityOf(request: IncomingMessage, principal: Principal | undefined): Identity {
  const { 'user-agent': userAgent } = request.headers
  return {
    sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(principal === undefined
      ? {}
      : {
          accountId: principal.arn.split(':')[4] ?? ACCOUNT_ID,
          caller: principal.callerId,
          user: principal.callerId,
          userArn: principal.arn,
          accessKey: principal.credentials.accessKeyId,
        }),
  }
}

/** The client without its IAM identity. */
export const anonymous = ({ sourceIp, userAgent }: Identity): Identity => ({
  sourceIp,
  ...(userAgent === undefined ? {} : { userAgent }),
})

/** What an event tells of the request that opens a connection. */
interface Opening extends Partial<Pick<IncomingMessage, 'url'>>, Pick<IncomingMessage, 'rawHeaders'> {
  readonly socket: Partial<Pick<IncomingMessage['socket'], 'remoteAddress' | 'localPort'>>
}

export function connectEvent(source: EventSource, request: Opening): GatewayEvent {
  const headers = headersOf(request)
  const query = new URL(request.url ?? '/', 'http://localhost').searchParams
  const names = [...new Set(query.keys())]
  return {
    headers: Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, values.at(-1) ?? ''])),
    multiValueHeaders: headers,
    ...(names.length === 0
      ? {}
      : {
          queryStringParameters: Object.fromEntries(names.map((name) => [name, query.getAll(name).at(-1) ?? ''])),
          multiValueQueryStringParameters: Object.fromEntries(names.map((name) => [name, query.getAll(name)])),
        }),
    requestContext: contextOf(source, '$connect', 'CONNECT', randomId(), {}),
    isBase64Encoded: false,
  }
}

export const messageEvent = (source: EventSource, routeKey: string, requestId: string, body: string): GatewayEvent => ({
  requestContext: contextOf(source, routeKey, 'MESSAGE', requestId, { messageId: randomId() }),
  body,
  isBase64Encoded: false,
})

export function disconnectEvent(source: EventSource, code: number, reason: string): GatewayEvent {
  // API Gateway keeps the host and empties these headers, even if the client has sent others.
  const headers = { Host: source.domainName, 'x-api-key': '', 'X-Forwarded-For': '', 'x-restapi': '' }
  return {
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    requestContext: contextOf(source, '$disconnect', 'DISCONNECT', randomId(), {
      disconnectStatusCode: code,
      disconnectReason: reason,
    }),
    isBase64Encoded: false,
  }
}

function contextOf(
  { connectedAtMs, identity, laterIdentity, ...source }: EventSource,
  routeKey: string,
  eventType: RequestContext['eventType'],
  requestId: string,
  more: Partial<RequestContext>,
): RequestContext {
  const nowMs = Date.now()
  return {
    ...source,
    ...more,
    identity: eventType === 'CONNECT' ? identity : laterIdentity,
    routeKey,
    eventType,
    messageDirection: 'IN',
    connectedAt: connectedAtMs,
    requestId,
    extendedRequestId: requestId,
    requestTime: requestTime(nowMs),
    requestTimeEpoch: nowMs,
  }
}

/** The client's headers, without the headers that the gateway removes, and with the headers that it adds. */
function headersOf({ rawHeaders, socket }: Opening): Record<string, string[]> {
  const headers: Record<string, string[]> = {}
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name = '', value = ''] = rawHeaders.slice(i, i + 2)
    if (CONSUMED.has(name.toLowerCase())) continue
    headers[name] = [...(headers[name] ?? []), value]
  }
  return {
    ...headers,
    'X-Forwarded-For': [socket.remoteAddress ?? '127.0.0.1'],
    'X-Forwarded-Port': [String(socket.localPort ?? '')],
    'X-Forwarded-Proto': ['http'],
  }
}

/** Headers that end at the gateway. A function must not see the signature: it could then depend on it. */
const CONSUMED = new Set(['connection', 'upgrade', 'authorization', 'x-amz-security-token', 'x-amz-content-sha256'])

/** As in `09/Feb/2024:18:23:28 +0000`. */
export function requestTime(nowMs: number): string {
  const [, day, month, year, time] = new Date(nowMs).toUTCString().split(' ')
  return `${day}/${month}/${year}:${time} +0000`
}
