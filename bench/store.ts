import { deserialize, serialize } from 'node:v8'
import { Holdfast } from '../client/holdfast.js'
import { machineClock, machineRandomness } from '../client/machine.js'
import { compileOptions, type HoldfastOptions } from '../client/options/client-options.js'
import { attributeBytes } from '../client/state/attribute-cache.js'
import { Connections } from '../local/memory/connections.js'
import { Functions } from '../local/memory/functions.js'
import type { Store } from '../protocol/dynamodb.js'
import { DEFAULT_TIMING } from '../protocol/timing.js'
import { MemoryStore } from '../store/memory/memory-store.js'

/** Options with which nothing is released while it is measured. */
export const KEPT = { idleReleaseMs: 3_600_000, cachedBytesMax: Number.MAX_SAFE_INTEGER }

/** Sessions that are asked for at once, before the event loop gets its turn: the lease must be renewed meanwhile. */
const ASKED_AT_ONCE = 500

/** The store and its functions without a network, fast enough to grant a hundred thousand sessions. */
export class BenchStore {
  private readonly memory = new MemoryStore()
  private readonly connections = new Connections({
    nowMs: () => Date.now(),
    later: queueMicrotask,
    opening: ({ connectionId }) => this.functions.connected(connectionId),
    received: ({ connectionId }, text) =>
      void this.answer(connectionId, text).then((answer) => this.deliver(connectionId, answer)),
    ended: ({ connectionId }) => void this.functions.disconnected(connectionId),
  })
  private readonly functions = new Functions({
    storeOf: () => this.memory,
    push: (_from, { connectionId }, message) => {
      this.deliver(connectionId, JSON.stringify(message))
      return this.connections.has(connectionId)
    },
    nowMs: () => Date.now(),
    timing: DEFAULT_TIMING,
    log: (_from, entry) => (entry.level === 'info' ? undefined : console.error(entry)),
  })

  /** @param answered told how long each message took its function. */
  constructor(private readonly answered: (ms: number) => void = () => {}) {}

  /** @param answerMs how long each request to DynamoDB takes. */
  client<S extends object>(options: Partial<HoldfastOptions>, answerMs = 0): Holdfast<S> {
    const config = { url: 'wss://bench.invalid/live', region: 'eu-west-1', sessionsTable: 'Sessions' }
    const compiled = compileOptions({ config, namespace: 'bench', ...options }, {})
    const context = {
      store: answerMs === 0 ? throughWire(this.memory) : slowed(throughWire(this.memory), answerMs),
      clock: machineClock,
      randomness: machineRandomness,
      options: compiled,
    }
    return new Holdfast<S>(context, this.connections.transport(), () => {})
  }

  /** Of the attributes of all sessions, as DynamoDB counts. */
  stateBytes(): number {
    let bytes = 0
    for (const { attrs } of this.memory.snapshot().sessions.values()) {
      for (const [name, value] of Object.entries(attrs !== undefined && 'M' in attrs ? attrs.M : {})) {
        bytes += attributeBytes(name, value)
      }
    }
    return bytes
  }

  private async answer(connectionId: string, text: string): Promise<string> {
    const startedAt = performance.now()
    const answer = await this.functions.answer(connectionId, text)
    this.answered(performance.now() - startedAt)
    return answer
  }

  private deliver(connectionId: string, text: string): void {
    queueMicrotask(() => this.connections.deliver(connectionId, text))
  }
}

/** Copies everything, as a network does: client and store share no memory. */
function throughWire(store: Store): Store {
  const copy = <T>(value: T): T => deserialize(serialize(value)) as T
  return {
    update: async (update) => copy(await store.update(copy(update))),
    transact: async (updates) => copy(await store.transact(copy(updates))),
    get: async (table, key) => copy(await store.get(table, key)),
    remove: (table, key) => store.remove(table, key),
  }
}

function slowed(store: Store, answerMs: number): Store {
  const later = async <T>(answer: Promise<T>): Promise<T> => {
    const value = await answer
    await new Promise((resolve) => setTimeout(resolve, answerMs))
    return value
  }
  return {
    update: (update) => later(store.update(update)),
    transact: (updates) => later(store.transact(updates)),
    get: (table, key) => later(store.get(table, key)),
    remove: (table, key) => later(store.remove(table, key)),
  }
}

/** Makes the client hold these sessions, each with these attributes. */
export async function hold<S extends object>(
  client: Holdfast<S>,
  ids: readonly string[],
  attributes: (index: number) => Partial<S>,
): Promise<void> {
  for (let from = 0; from < ids.length; from += ASKED_AT_ONCE) {
    const some = ids.slice(from, from + ASKED_AT_ONCE)
    await Promise.all(
      some.map((id, index) =>
        client.access(id, 'all', ({ state }) => void Object.assign(state, attributes(from + index))),
      ),
    )
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heldSessions } = client.health()
  if (heldSessions !== ids.length) throw new Error(`${ids.length} sessions should be held, ${heldSessions} are`)
}
