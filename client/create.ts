import type { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { watched } from '../store/connecting.js'
import { DynamoDbStore } from '../store/dynamodb.js'
import { Requests } from '../store/requests.js'
import { closingSignals } from './close-on-signals.js'
import { ClosedError } from './errors/index.js'
import { Holdfast } from './holdfast.js'
import { STATE_REQUEST_TIMEOUT_MS } from './limits.js'
import { machineClock, machineRandomness } from './machine.js'
import { findMemoryStore, type MemoryStoreEntry } from './memory-stores.js'
import { nodeHttp } from './node-http.js'
import { type CompiledOptions, compileOptions, type HoldfastOptions } from './options/client-options.js'
import { credentialsProblem } from './options/credentials.js'
import type { Door, Transport } from './ports.js'
import { Credentials, type CredentialsProvider } from './process/credentials.js'
import { DoorTransport } from './process/door-transport.js'
import { SignedHttps } from './process/signed-https.js'
import { SignedWebSocketTransport } from './process/websocket.js'
import type { StorableAttributes } from './state/types.js'

/**
 * Makes a client. It connects with the first access, so this never fails for network reasons.
 *
 * @typeParam S the attributes of a session and their types: plain data (see {@link Storable}), for which functions,
 * symbols and instances of most classes do not compile.
 * @throws {InvalidArgumentError} for an unknown or a wrong option.
 * @example
 * interface ShopSession { cart: { items: string[] }; profile: { name: string } }
 * const holdfast = createHoldfast<ShopSession>({ namespace: 'shop' })
 */
export function createHoldfast<S extends StorableAttributes<S> = Record<string, unknown>>(
  options: HoldfastOptions<S>,
): Holdfast<S> {
  const compiled = compileOptions(options, process.env)
  const memory = findMemoryStore(compiled.config.url)
  return memory === undefined ? onAws<S>(compiled) : inMemory<S>(compiled, memory)
}

function onAws<S extends object>(options: CompiledOptions): Holdfast<S> {
  const { config, requestsMax } = options
  const credentials = new Credentials(() => providerOf(options), credentialsProblem, machineClock)
  const agents = options.agent === undefined ? createAgents(requestsMax) : { http: options.agent, https: options.agent }
  const aws = new DynamoDBClient({
    region: config.region,
    ...(config.dynamoDbEndpoint === undefined ? {} : { endpoint: config.dynamoDbEndpoint }),
    // `memoized` keeps the AWS SDK from remembering them, too: it would not ask again for credentials that were refused.
    credentials: Object.assign(() => credentials.get(), { memoized: true }),
    // The client repeats requests itself: only then does it know whether an earlier try may have landed.
    maxAttempts: 1,
    requestHandler: { httpAgent: watched(agents.http), httpsAgent: watched(agents.https) },
  })
  aws.middlewareStack.add(
    (next) => (args) =>
      next(args).catch((error: unknown) => {
        credentials.failed(error)
        throw error
      }),
    { step: 'initialize', name: 'noteRefusedCredentials' },
  )
  const requests = new Requests({ timeoutMs: STATE_REQUEST_TIMEOUT_MS, requestsMax })
  const store = new DynamoDbStore(aws, { sessions: config.sessionsTable }, requests)
  const refused = (error: { readonly name: string | undefined }) => credentials.failed(error)
  const transport = transportOf(
    options,
    () => new SignedWebSocketTransport(config.url, config.region, aws, agents, refused),
    (url) => new SignedHttps(url, config.region, aws, refused),
  )
  const context = { store, clock: machineClock, randomness: machineRandomness, options }
  const client = new Holdfast<S>(context, transport, () => {
    stopListening()
    requests.close(new ClosedError())
    // The application's own agent may serve others.
    if (options.agent === undefined) for (const agent of Object.values(agents)) agent.destroy()
  })
  const stopListening = closingSignals.add(client, options.closingSignals)
  return client
}

function transportOf(
  { config: { httpsUrl }, transport }: CompiledOptions,
  socket: () => Transport,
  https: (url: string) => Door,
): Transport {
  if (transport === 'socket' || httpsUrl === undefined) return socket()
  const door = https(httpsUrl)
  if (transport === 'https') return new DoorTransport(door, machineRandomness)
  const sockets = socket()
  return { open: (events) => sockets.open(events), door }
}

function providerOf({ config, credentials }: CompiledOptions): CredentialsProvider {
  if (typeof credentials === 'function') return credentials
  if (credentials !== undefined) return async () => credentials
  // A client that sends nothing: it is the AWS SDK's way to its default chain.
  return new DynamoDBClient({ region: config.region }).config.credentials
}

/** Node.js 24.5 and newer go through the proxy that HTTPS_PROXY names. Older ones ignore `proxyEnv`. */
function createAgents(maxSockets: number): { readonly http: HttpAgent; readonly https: HttpAgent } {
  const options = { keepAlive: true, maxSockets }
  const throughProxy = { ...options, proxyEnv: process.env }
  return { http: new nodeHttp.Agent(options), https: new HttpsAgent(throughProxy) }
}

/** Makes a client of a memory stack, for tests: the stack's ports replace AWS and the machine's clock. */
function inMemory<S extends object>(options: CompiledOptions, memory: MemoryStoreEntry): Holdfast<S> {
  const { store, transport, clock, randomness } = memory.connect()
  const context = { store, clock, randomness, options }
  const client: Holdfast<S> = new Holdfast<S>(context, transport, () => {
    stopListening()
    memory.closed(client)
  })
  const stopListening = closingSignals.add(client, options.closingSignals)
  memory.opened(client)
  return client
}
