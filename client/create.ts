import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDbStore } from '../store/dynamodb.js'
import { Holdfast } from './holdfast.js'
import { STATE_REQUEST_TIMEOUT_MS } from './limits.js'
import { machineClock, machineRandomness } from './machine.js'
import { findMemoryStore, type MemoryStoreEntry } from './memory-stores.js'
import { type CompiledOptions, compileOptions, type HoldfastOptions } from './options/client-options.js'
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
  const { config, credentials } = options
  const aws = new DynamoDBClient({
    region: config.region,
    ...(config.dynamoDbEndpoint === undefined ? {} : { endpoint: config.dynamoDbEndpoint }),
    ...(credentials === undefined ? {} : { credentials }),
    // The client repeats requests itself: only then does it know whether an earlier try may have landed.
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: STATE_REQUEST_TIMEOUT_MS,
      requestTimeout: STATE_REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  })
  const store = new DynamoDbStore(aws, { sessions: config.sessionsTable })
  const transport = new SignedWebSocketTransport(config.url, config.region, aws)
  const context = { store, clock: machineClock, randomness: machineRandomness, options }
  return new Holdfast<S>(context, transport, () => aws.destroy())
}

/** Makes a client of a memory stack, for tests: the stack's ports replace AWS and the machine's clock. */
function inMemory<S extends object>(options: CompiledOptions, memory: MemoryStoreEntry): Holdfast<S> {
  const { store, transport, clock, randomness } = memory.connect()
  const context = { store, clock, randomness, options }
  const client: Holdfast<S> = new Holdfast<S>(context, transport, () => memory.closed(client))
  memory.opened(client)
  return client
}
