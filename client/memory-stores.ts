import type { Store } from '../protocol/dynamodb.js'
import type { Clock, Randomness, Transport } from './ports.js'

/**
 * For tests only: the stores that `createMemoryStack` of `holdfast/testing` has made, by the `memory://` URLs in their
 * configurations. There is one registry for each global object: one for the process, or one for each test file where a
 * test runner makes a global object for each. All copies of this package use the same registry: ES modules, CommonJS,
 * and copies that a test runner loads again.
 */

/** The ports of a client of such a store. They replace DynamoDB, the WebSocket and the machine's clock. */
interface MemoryPorts {
  readonly store: Store
  readonly transport: Transport
  readonly clock: Clock
  readonly randomness: Randomness
}

/** A client, for its store: the store closes its clients when it stops. */
export interface Closable {
  close(options?: { readonly drainMs?: number }): Promise<void>
}

export interface MemoryStoreEntry {
  connect(): MemoryPorts
  opened(client: Closable): void
  closed(client: Closable): void
}

const REGISTRY = Symbol.for('holdfast.memoryStores')

type Registry = Map<string, MemoryStoreEntry>

function registry(): Registry {
  const holder = globalThis as { [REGISTRY]?: Registry }
  holder[REGISTRY] ??= new Map()
  return holder[REGISTRY]
}

export const findMemoryStore = (url: string): MemoryStoreEntry | undefined => registry().get(url)

/** Lets clients find a store under this URL. The returned function removes it. */
export function addMemoryStore(url: string, entry: MemoryStoreEntry): () => void {
  registry().set(url, entry)
  return () => void registry().delete(url)
}
