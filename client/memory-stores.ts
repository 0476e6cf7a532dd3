import type { Store } from '../protocol/dynamodb.js'
import type { Clock, Randomness, Transport } from './ports.js'

/**
 * For tests only: the stores that `createMemoryStack` of `holdfast/testing` has made, by the `memory://` URLs in their
 * configurations. It is one for the process, or for the global object that a test runner gives each test file: all
 * copies of this package find it, ES modules and CommonJS, and whatever a test runner loads again.
 */

/** What a client of such a store works with, instead of the machine's clock, DynamoDB and a WebSocket. */
interface MemoryPorts {
  readonly store: Store
  readonly transport: Transport
  readonly clock: Clock
  readonly randomness: Randomness
}

/** A client as its store knows it, which closes it when it stops itself. */
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

/** Lets clients find a store under this URL until the result is called. */
export function addMemoryStore(url: string, entry: MemoryStoreEntry): () => void {
  registry().set(url, entry)
  return () => void registry().delete(url)
}
