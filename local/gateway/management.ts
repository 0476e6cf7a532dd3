import type { IncomingMessage, ServerResponse } from 'node:http'
import { may, type Principal, type Principals } from '../iam/principals.js'
import { verifySignature } from '../iam/sigv4.js'
import type { Push } from '../local-stack.js'
import { foreign } from '../own-requests.js'
import { REGION } from '../template/resources.js'
import { type ApiSpec, apiArn } from '../template/routes.js'
import { CLOSE_NORMAL, CONNECTION_ID, MESSAGE_BYTES_MAX, REQUEST_BYTES_MAX } from './aws-limits.js'
import { MESSAGE_THROTTLED, PUSH_THROTTLED } from './aws-quotas.js'
import type { Connection } from './connection.js'
import { readBody } from './read-body.js'
import { forbidden, forbiddenBecause, notAuthorized, type Refusal, refuse, unsigned } from './refused-upgrade.js'
import type { GatewayWatch } from './watch.js'

export interface ManagementOptions {
  readonly api: ApiSpec
  readonly principals: Principals
  readonly find: (connectionId: string) => Connection | undefined
  /** Whether this push gets lost: answered as if it had been delivered. */
  readonly isLost: (push: Push) => boolean
  /** Counts a request of a permitted caller against the quotas. Returns false where it is beyond them. */
  readonly admits: () => boolean
  /** Called for every signed request with the sender's name, the method, and `ok` or the error's type. */
  readonly onRequest: (from: string, method: string, outcome: string) => void
  /** Awaited before each push. */
  readonly beforePush?: (() => Promise<void>) | undefined
  readonly onPush?: GatewayWatch['pushed']
}

const METHODS = ['POST', 'GET', 'DELETE']

/** The endpoint `/{stage}/@connections/{connectionId}`, through which backends reach clients. */
export class Management {
  constructor(private readonly options: ManagementOptions) {}

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request
    const refused = foreign(request.headers)
    if (refused !== undefined) return refuse(response, forbiddenBecause(refused))
    const connectionId = this.connectionIdIn(url)
    if (connectionId === undefined || !METHODS.includes(method)) return refuse(response, forbidden)
    const body = await readBody(request, REQUEST_BYTES_MAX)
    if (body === undefined) return refuse(response, tooLarge, connectionId)
    const principal = this.authenticate(request, body)
    if (!('credentials' in principal)) return refuse(response, principal)
    const refusal = this.refusalOf(principal, method, connectionId, body)
    this.options.onRequest(principal.name, method, refusal?.type ?? 'ok')
    const connection = this.options.find(connectionId)
    if (refusal === gone && method === 'POST')
      this.options.onPush?.({ from: principal.name, connectionId, text: body.toString() }, 'gone')
    if (refusal !== undefined) return refuse(response, refusal, connectionId)
    if (method === 'POST') return this.post(response, principal, connectionId, body.toString())
    if (method === 'GET') return answerJson(response, describe(connection))
    connection?.close(CLOSE_NORMAL, 'Connection Closed Normally')
    response.writeHead(204).end()
  }

  private authenticate(request: IncomingMessage, body: Uint8Array): Principal | Refusal {
    const { method = '', url = '', headers } = request
    try {
      const signed = { method, url, headers, body }
      return verifySignature(signed, this.options.principals, 'execute-api', REGION, Date.now())
    } catch (error) {
      return unsigned(error)
    }
  }

  private refusalOf(principal: Principal, method: string, connectionId: string, body: Uint8Array): Refusal | undefined {
    const { api, find } = this.options
    const resource = apiArn(api.id, `${api.stage}/${method}/@connections/${connectionId}`)
    const action = 'execute-api:ManageConnections'
    if (!may(principal, action, resource)) return notAuthorized(principal.arn, action, resource)
    if (!this.options.admits()) return throttled
    if (!CONNECTION_ID.test(connectionId)) {
      return { status: 400, type: 'BadRequestException', message: `Invalid connectionId: ${connectionId}` }
    }
    if (body.length > MESSAGE_BYTES_MAX) return tooLarge
    // A connection whose $connect still runs does not exist yet for callers. API Gateway answers the same.
    if (find(connectionId) === undefined) return gone
    return undefined
  }

  private async post(response: ServerResponse, { name }: Principal, connectionId: string, text: string): Promise<void> {
    await this.options.beforePush?.()
    const push: Push = { from: name, connectionId, text }
    const isLost = this.options.isLost(push)
    const sent = isLost ? 'sent' : (this.options.find(connectionId)?.send(text) ?? 'gone')
    this.options.onPush?.(push, isLost ? 'lost' : sent)
    if (sent === 'gone') return refuse(response, gone, connectionId)
    if (sent === 'full') return refuse(response, full, connectionId)
    answerJson(response, {})
  }

  private connectionIdIn(url: string): string | undefined {
    const [path = ''] = url.split('?')
    try {
      const [, stage, resource, connectionId, ...rest] = path.split('/').map(decodeURIComponent)
      const isOurs = stage === this.options.api.stage && resource === '@connections' && rest.length === 0
      return isOurs ? connectionId : undefined
    } catch {
      return undefined
    }
  }
}

const tooLarge: Refusal = { status: 413, type: 'PayloadTooLargeException', message: 'Payload too large' }
const gone: Refusal = { status: 410, type: 'GoneException', message: 'Gone' }
const throttled: Refusal = { status: 429, type: PUSH_THROTTLED, message: MESSAGE_THROTTLED }
const full: Refusal = { status: 429, type: PUSH_THROTTLED, message: 'The client reads too slowly' }

function describe(connection: Connection | undefined): unknown {
  if (connection === undefined) return {}
  const { connectedAtMs, identity } = connection.source
  return {
    connectedAt: new Date(connectedAtMs).toISOString(),
    identity: { sourceIp: identity.sourceIp, ...(identity.userAgent ? { userAgent: identity.userAgent } : {}) },
    lastActiveAt: new Date(connection.lastActiveAtMs).toISOString(),
  }
}

function answerJson(response: ServerResponse, value: unknown): void {
  const body = JSON.stringify(value)
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }).end(body)
}
