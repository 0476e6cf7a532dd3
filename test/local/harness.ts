import { createHash, createHmac } from 'node:crypto'
import { once } from 'node:events'
import { SignatureV4 } from '@smithy/signature-v4'
import WebSocket, { type ClientOptions } from 'ws'
import { RequestCounts } from '../../local/dynamodb/request-counts.js'
import { FRAME_BYTES_MAX } from '../../local/gateway/aws-limits.js'
import { FrameMeter } from '../../local/gateway/frame-meter.js'
import { Gateway } from '../../local/gateway/gateway.js'
import type { GatewayEvent } from '../../local/gateway/lambda-events.js'
import type { Quotas } from '../../local/gateway/quotas.js'
import { type Credentials, Principals } from '../../local/iam/principals.js'
import { environmentVariables } from '../../local/lambda/environment-variables.js'
import type { FunctionLogLine } from '../../local/lambda/execution-environment.js'
import { FunctionRuntime } from '../../local/lambda/runtime.js'
import type { GatewayLimits } from '../../local/local-stack.js'
import { localize, readDeployment } from '../../local/template/deployment.js'
import { type FixtureTemplate, writeAssembly } from './assembly.js'

/** The SHA-256 that the SDK's signer wants, keyed or not. */
class Sha256 {
  private readonly hash: ReturnType<typeof createHash | typeof createHmac>
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as Buffer)
  }
  update(data: Uint8Array | string): void {
    this.hash.update(data)
  }
  async digest(): Promise<Uint8Array> {
    return this.hash.digest()
  }
  reset(): void {}
}

export const signerOf = (credentials: Credentials, service = 'execute-api') =>
  new SignatureV4({ service, region: 'us-east-1', credentials, sha256: Sha256 })

/** Headers that sign a WebSocket handshake. `host` is the name under which it asks. */
export async function signedHeaders(
  url: string,
  credentials: Credentials,
  signingDate = new Date(),
  host = new URL(url).host,
) {
  const { hostname, port, pathname, searchParams } = new URL(url)
  const request = {
    method: 'GET',
    protocol: 'http:',
    hostname,
    port: Number(port),
    path: pathname,
    query: Object.fromEntries([...searchParams.keys()].map((name) => [name, searchParams.getAll(name)])),
    headers: { host },
  }
  return (await signerOf(credentials).sign(request, { signingDate })).headers
}

/** A WebSocket whose messages can be waited for one by one, also those that came before. */
export class Client {
  private readonly received: string[] = []
  private readonly waiting: ((text: string) => void)[] = []
  readonly closed: Promise<{ code: number; reason: string }>
  /** Frames of more than 32 KB that the gateway sent. */
  framesTooLarge = 0

  constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => {
      const text = data.toString()
      const next = this.waiting.shift()
      if (next === undefined) this.received.push(text)
      else next(text)
    })
    socket.on('error', () => {})
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }))
    })
    const meter = new FrameMeter(FRAME_BYTES_MAX, () => {
      this.framesTooLarge += 1
    })
    socket.on('upgrade', (response) => response.socket.on('data', (chunk: Buffer) => meter.push(chunk)))
  }

  async next(): Promise<unknown> {
    const text = this.received.shift() ?? (await new Promise<string>((resolve) => this.waiting.push(resolve)))
    return JSON.parse(text)
  }

  /** Sends a message and gives the next one that comes. */
  ask(message: unknown): Promise<unknown> {
    this.send(message)
    return this.next()
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }
}

export async function open(url: string, credentials: Credentials, options: ClientOptions = {}): Promise<Client> {
  const headers = { ...(await signedHeaders(url, credentials)), ...options.headers }
  const client = new Client(new WebSocket(url, { perMessageDeflate: false, ...options, headers }))
  await once(client.socket, 'open')
  return client
}

/** What the gateway answers to a handshake that it refuses. */
export async function refusal(url: string, headers: Record<string, string>) {
  const socket = new WebSocket(url, { headers })
  socket.on('error', () => {})
  const [request, response] = await once(socket, 'unexpected-response')
  let text = ''
  for await (const chunk of response) text += String(chunk)
  request.destroy()
  return { status: response.statusCode as number, type: response.headers['x-amzn-errortype'], body: JSON.parse(text) }
}

/** Lines that a function wrote, to be waited for. */
export class Log {
  private readonly lines: FunctionLogLine[] = []
  private readonly waiting = new Set<() => void>()

  readonly add = (line: FunctionLogLine): void => {
    this.lines.push(line)
    for (const look of this.waiting) look()
  }

  async find(text: string): Promise<string> {
    for (;;) {
      const found = this.lines.find((line) => line.text.includes(text))
      if (found !== undefined) return found.text
      await new Promise<void>((resolve) => {
        const look = () => {
          this.waiting.delete(look)
          resolve()
        }
        this.waiting.add(look)
      })
    }
  }

  has(text: string): boolean {
    return this.lines.some((line) => line.text.includes(text))
  }
}

export type GatewayHarness = Awaited<ReturnType<typeof startGateway>>

/** The gateway over the fixture's functions, without DynamoDB. */
export async function startGateway(
  limits: GatewayLimits = {},
  change?: (template: FixtureTemplate) => void,
  quotas?: Quotas,
) {
  const folder = writeAssembly(change)
  const deployment = readDeployment(folder)
  const principals = new Principals()
  const counts = new RequestCounts()
  const log = new Log()
  const runtimes = new Map<string, FunctionRuntime>()
  const seen: (readonly [how: string, text: string])[] = []
  const gateway = new Gateway({
    api: deployment.api,
    principals,
    limits,
    quotas,
    invoke: (id: string, event: GatewayEvent) =>
      runtimes.get(id)?.invoke(event) ?? Promise.resolve({ type: 'failed', error: 'unknown function' }),
    onManagementRequest: (caller, operation, outcome) =>
      counts.add({ caller, target: '@connections', operation, outcome }),
    watch: {
      opened: () => {},
      closed: () => {},
      received: (_, text) => seen.push(['received', text]),
      throttled: (_, text) => seen.push(['throttled', text]),
      answered: () => {},
      pushed: () => {},
    },
  })
  await gateway.start()
  for (const spec of deployment.functions) {
    const { credentials } = principals.addFunction(spec)
    const variables = Object.entries(environmentVariables(spec, credentials, 'http://127.0.0.1:1'))
    const local = variables.map(([name, value]) => [name, localize(value, deployment.api.id, gateway.port)])
    runtimes.set(spec.logicalId, new FunctionRuntime({ spec, variables: Object.fromEntries(local), onLog: log.add }))
  }
  const application = principals.addUser('application', deployment.applicationStatements)
  const url = `ws://127.0.0.1:${gateway.port}/live`
  return {
    gateway,
    /** The messages of clients, and whether they were throttled. */
    seen,
    counts,
    log,
    url,
    application,
    role: principals.addApplication(
      'arn:aws:sts::000000000000:assumed-role/server/task-1',
      deployment.applicationStatements,
    ),
    admin: principals.addUser('admin', 'everything'),
    stranger: principals.addUser('stranger', []),
    addUser: principals.addUser.bind(principals),
    endpoint: url.replace('ws:', 'http:'),
    open: (path = '') => open(`${url}${path}`, application.credentials),
    async stop() {
      await gateway.stop()
      await Promise.all([...runtimes.values()].map((runtime) => runtime.stop()))
    },
  }
}
