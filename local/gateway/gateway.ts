import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Principals } from '../iam/principals.js'
import { InTurn } from '../in-turn.js'
import type { Outcome } from '../lambda/execution-environment.js'
import { listen } from '../listen.js'
import type { ConnectionInfo, GatewayLimits, Push } from '../local-stack.js'
import { foreign } from '../own-requests.js'
import { type ApiSpec, selectRoute } from '../template/routes.js'
import {
  CLOSE_TOO_BIG,
  CONNECTION_LIFETIME_MS,
  IDLE_TIMEOUT_MS,
  INTEGRATION_TIMEOUT_MS,
  MESSAGE_BYTES_MAX,
  MESSAGE_FORBIDDEN,
  MESSAGE_INTERNAL_ERROR,
  MESSAGE_TIMED_OUT,
} from './aws-limits.js'
import { MESSAGE_THROTTLED } from './aws-quotas.js'
import { Connection, type ConnectionLimits } from './connection.js'
import { authenticate, connectRefusal, isWebSocket } from './handshake.js'
import { Integration, type Invoke } from './integration.js'
import {
  anonymous,
  connectEvent,
  disconnectEvent,
  type EventSource,
  type GatewayEvent,
  identityOf,
  messageEvent,
  randomId,
} from './lambda-events.js'
import { Management } from './management.js'
import { type GatewayQuotas, QuotaCounts, type Quotas } from './quotas.js'
import { badRequest, forbidden, forbiddenBecause, refuseUpgrade, tooManyRequests } from './refused-upgrade.js'
import type { GatewayWatch } from './watch.js'

export interface GatewayOptions {
  readonly api: ApiSpec
  readonly principals: Principals
  readonly invoke: Invoke
  readonly onManagementRequest: (from: string, method: string, outcome: string) => void
  /** Awaited before each push. */
  readonly beforePush?: (() => Promise<void>) | undefined
  readonly limits: GatewayLimits
  /** @default - none: nothing is throttled */
  readonly quotas?: Quotas | undefined
  readonly watch?: GatewayWatch | undefined
}

/** A client that does not answer a close frame is cut after this long. */
const CLOSE_TIMEOUT_MS = 2_000

/** The WebSocket API on a port of this machine, with its management endpoint. */
export class Gateway {
  private readonly connections = new Map<string, Connection>()
  private readonly webSockets = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
    clientTracking: false,
    closeTimeout: CLOSE_TIMEOUT_MS,
  } as ConstructorParameters<typeof WebSocketServer>[0])
  private readonly management: Management
  private readonly integration: Integration
  private readonly quotas: QuotaCounts
  private readonly lossRules = new Set<(push: Push) => boolean>()
  private readonly streams = new Set<Duplex>()
  private readonly turns = new InTurn()
  private server: Server | undefined
  private boundPort: number | undefined

  constructor(private readonly options: GatewayOptions) {
    const { integrationTimeoutMs = INTEGRATION_TIMEOUT_MS } = options.limits
    this.quotas = new QuotaCounts(options.quotas, options.api.throttles, () => performance.now())
    this.integration = new Integration((functionId, event) => this.invoke(functionId, event), integrationTimeoutMs)
    this.management = new Management({
      api: options.api,
      principals: options.principals,
      find: (connectionId) => this.connections.get(connectionId),
      isLost: (push) => [...this.lossRules].some((isLost) => isLost(push)),
      admits: () => this.quotas.push(),
      onRequest: options.onManagementRequest,
      beforePush: options.beforePush,
      onPush: (push, delivery) => options.watch?.pushed(push, delivery),
    })
  }

  /** The same through every restart. */
  get port(): number {
    if (this.boundPort === undefined) throw new Error('the gateway has not been started yet')
    return this.boundPort
  }

  /** Listens on `port`, or again on the port it had. 0 takes a free one. */
  start(port?: number): Promise<void> {
    return this.turns.run(() => this.listen(port ?? this.boundPort ?? 0))
  }

  /** Cuts everything at once, like a gateway that dies: it sends no close frames and invokes no `$disconnect`. */
  stop(): Promise<void> {
    return this.turns.run(() => this.end())
  }

  private async listen(port: number): Promise<void> {
    if (this.server !== undefined) return
    const server = createServer((request, response) => {
      this.management.handle(request, response).catch(() => response.destroy())
    })
    // A frozen function must find its connections alive when it thaws.
    server.keepAliveTimeout = 0
    server.on('upgrade', (request, stream, head) => {
      this.upgrade(request, stream, head).catch(() => stream.destroy())
    })
    await listen(server, port, 'the gateway')
    this.server = server
    this.boundPort = (server.address() as { readonly port: number }).port
  }

  private async end(): Promise<void> {
    const server = this.server
    if (server === undefined) return
    this.server = undefined
    const connections = [...this.connections.values()]
    this.connections.clear()
    for (const connection of connections) connection.drop()
    for (const stream of this.streams) stream.destroy()
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }

  list(): ConnectionInfo[] {
    return [...this.connections.values()].map(({ source }) => ({
      connectionId: source.connectionId,
      connectedAtMs: source.connectedAtMs,
      userArn: source.identity.userArn,
    }))
  }

  /** Cuts a connection without a close frame. Returns false where there is none with this id. */
  drop(connectionId: string): boolean {
    const connection = this.connections.get(connectionId)
    connection?.drop()
    return connection !== undefined
  }

  dropAll(): void {
    for (const connection of this.connections.values()) connection.drop()
  }

  /** Loses the pushes for which `isLost` returns true; their senders get success. The returned function ends this. */
  losePushes(isLost: (push: Push) => boolean): () => void {
    this.lossRules.add(isLost)
    return () => this.lossRules.delete(isLost)
  }

  /** Throttles by these quotas, too. The returned function ends this. */
  throttle(quotas: GatewayQuotas): () => void {
    return this.quotas.throttle(quotas)
  }

  /** The handshake stays pending until `$connect` has returned, and fails with it. */
  private async upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): Promise<void> {
    this.streams.add(stream)
    stream.once('close', () => this.streams.delete(stream))
    stream.on('error', () => stream.destroy())
    const refused = foreign(request.headers)
    if (refused !== undefined) return refuseUpgrade(stream, forbiddenBecause(refused))
    // Later it would be refused, too, but only after the function has taken it for a connection.
    if (!isWebSocket(request)) return refuseUpgrade(stream, badRequest)
    const { api, principals } = this.options
    const route = api.routes.get('$connect')
    const [path] = (request.url ?? '').split('?')
    if (path !== `/${api.stage}`) return refuseUpgrade(stream, forbidden)
    const connectionId = randomId()
    const principal = route?.isSigned === true ? authenticate(request, api, principals) : undefined
    if (principal !== undefined && 'status' in principal) return refuseUpgrade(stream, principal, connectionId)
    if (!this.quotas.connect()) return refuseUpgrade(stream, tooManyRequests, connectionId)
    const identity = identityOf(request, principal)
    const source: EventSource = {
      connectionId,
      connectedAtMs: Date.now(),
      identity,
      laterIdentity: this.options.limits.repeatsIdentity === true ? identity : anonymous(identity),
      apiId: api.id,
      stage: api.stage,
      domainName: `127.0.0.1:${this.port}`,
    }
    if (route !== undefined) {
      const refusal = connectRefusal(await this.integration.call(route, connectEvent(source, request)))
      if (stream.destroyed) return
      if (refusal !== undefined) return refuseUpgrade(stream, refusal, connectionId)
    }
    this.open(source, request, stream, head)
  }

  private open(source: EventSource, request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const { idleTimeoutMs = IDLE_TIMEOUT_MS, connectionLifetimeMs = CONNECTION_LIFETIME_MS } = this.options.limits
    const limits: ConnectionLimits = { idleTimeoutMs, lifetimeMs: connectionLifetimeMs }
    const events = {
      received: (connection: Connection, text: string) => void this.dispatch(connection, text),
      ended: (connection: Connection, code: number, reason: string) => this.ended(connection, code, reason),
    }
    Connection.meter(stream, () => this.connections.get(source.connectionId)?.close(CLOSE_TOO_BIG, 'Frame too long'))
    this.webSockets.handleUpgrade(request, stream, head, (socket: WebSocket) => {
      this.connections.set(source.connectionId, new Connection(source, socket, events, limits))
      this.options.watch?.opened(source.connectionId)
    })
  }

  /** Each message runs on its own: nothing waits for the one before it. */
  private async dispatch(connection: Connection, text: string): Promise<void> {
    const requestId = randomId()
    const { watch } = this.options
    const route = selectRoute(this.options.api, text)
    if (route !== undefined && !this.quotas.message(route.key)) {
      watch?.throttled(connection.id, text)
      return sendError(connection, MESSAGE_THROTTLED, requestId)
    }
    watch?.received(connection.id, text)
    if (route === undefined) return sendError(connection, MESSAGE_FORBIDDEN, requestId)
    const answer = await this.integration.call(route, messageEvent(connection.source, route.key, requestId, text))
    if (answer === 'failed') return sendError(connection, MESSAGE_INTERNAL_ERROR, requestId)
    if (answer === 'late') return sendError(connection, MESSAGE_TIMED_OUT, requestId)
    if (!route.answers || answer.body === '') return
    watch?.answered(connection.id, answer.body)
    connection.send(answer.body)
  }

  private async invoke(functionId: string, event: GatewayEvent): Promise<Outcome> {
    const outcome = await this.quotas.run(() => this.options.invoke(functionId, event))
    return outcome ?? { type: 'failed', error: 'Lambda throttles it: too many functions run' }
  }

  private ended(connection: Connection, code: number, reason: string): void {
    this.options.watch?.closed(connection.id, code)
    // A gateway that is stopping has no connections in its list any more.
    if (!this.connections.delete(connection.id)) return
    const route = this.options.api.routes.get('$disconnect')
    if (route !== undefined) void this.integration.call(route, disconnectEvent(connection.source, code, reason))
  }
}

function sendError(connection: Connection, message: string, requestId: string): void {
  connection.send(JSON.stringify({ message, connectionId: connection.id, requestId }))
}
