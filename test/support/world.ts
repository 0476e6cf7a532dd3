import { randomBytes } from 'node:crypto'
import { Holdfast } from '../../client/holdfast.js'
import { compileOptions, type HoldfastOptions } from '../../client/options/client-options.js'
import type { Clock, Randomness, Socket, SocketEvents, Transport } from '../../client/ports.js'
import { Dispatcher, GRANT_HANDLERS, RELEASE_HANDLERS } from '../../functions/dispatch.js'
import type { Address, Deps } from '../../functions/ports.js'
import { turn } from '../../local/memory/turn.js'
import { VirtualClock } from '../../local/memory/virtual-clock.js'
import type { Item, Store, TableName, TransactOutcome, Update, UpdateOutcome } from '../../protocol/dynamodb.js'
import { type ClientMessage, correlate, type StoreMessage } from '../../protocol/messages.js'
import { compileTiming, type Timing } from '../../protocol/timing.js'
import { MemoryStore } from '../../store/memory/memory-store.js'

/** Lets every promise that can settle do so. Nothing here waits for real time. */
export const settle = turn

export { VirtualClock }

/** Tokens are random, since they must be unique; jitter is fixed, since tests must not depend on it. */
const randomness: Randomness = {
  token: (bytes) => randomBytes(bytes).toString('base64url'),
  fraction: () => 0.5,
}

/** As the store says it, told by the message that it refuses. */
function tooMany(text: string): StoreMessage {
  const message = JSON.parse(text) as ClientMessage
  return { type: 'refused', code: 'TOO_MANY_MESSAGES', message: 'too many', ...correlate(message.type, { ...message }) }
}

interface Line {
  readonly events: SocketEvents
  network: Network
  isOpen: boolean
}

/** One client's way to the store. While it is cut, nothing passes and nobody is told. */
interface Network {
  isCut: boolean
}

/** The messages between the parts, for tests that count. */
export interface Traffic {
  readonly sent: string[]
  readonly pushed: StoreMessage[]
  readonly updates: Update[]
  readonly gets: string[]
}

/**
 * The real client, handlers and protocol on a virtual clock and the memory store, all in this process. Faults are put
 * in by the hooks.
 */
export class World {
  readonly clock = new VirtualClock()
  readonly memory = new MemoryStore()
  readonly timing: Timing
  readonly traffic: Traffic = { sent: [], pushed: [], updates: [], gets: [] }
  readonly logs: object[] = []
  /** Returns false to lose a push. */
  onPush: (message: StoreMessage) => boolean = () => true
  /** Returns false to lose a message of a client. */
  onSend: (text: string) => boolean = () => true
  /** Returns true to have a message of a client refused as one too many. */
  isTooMany: (text: string) => boolean = () => false
  /** Brings a client's message to its handler. */
  onRequest: (arrive: () => void) => void = (arrive) => arrive()
  /** Brings an answer or a push to its client. */
  onDeliver: (arrive: () => void) => void = (arrive) => queueMicrotask(arrive)
  /** May throw instead of writing, or after: called around every write to the primary state. */
  onStateWrite: (update: Update, write: () => Promise<UpdateOutcome>) => Promise<UpdateOutcome> = (_update, write) =>
    write()
  /** The same around every transaction on the primary state. */
  onStateTransact: (updates: readonly Update[], write: () => Promise<TransactOutcome>) => Promise<TransactOutcome> = (
    _updates,
    write,
  ) => write()
  /** How often each push that is not lost arrives. */
  pushCopies = 1
  incarnation = '1'
  private readonly lines = new Map<string, Line>()
  private readonly clients: Holdfast<never>[] = []
  private readonly networks = new Map<object, Network>()

  constructor(timing: Partial<Timing> = {}) {
    this.timing = compileTiming(timing)
  }

  /** One application server. `clock` lets it be frozen on its own. */
  client<S extends object = Record<string, unknown>>(
    options: Partial<HoldfastOptions> = {},
    clock: Clock = this.clock,
  ): Holdfast<S> {
    const config = { url: 'ws://world.invalid/live', region: 'eu-west-1', sessionsTable: 'Sessions' }
    const compiled = compileOptions({ config, namespace: 'test', ...options }, {})
    const context = {
      store: this.countingStore(),
      clock,
      randomness,
      options: compiled,
    }
    const network: Network = { isCut: false }
    const client = new Holdfast<S>(context, this.transport(network), () => {})
    this.networks.set(client, network)
    this.clients.push(client as unknown as Holdfast<never>)
    return client
  }

  /** Runs until this promise settles, in virtual time. */
  async finish<T>(promise: Promise<T>, withinMs = 1_000): Promise<T> {
    const end = { isReached: false }
    const watched = promise.finally(() => {
      end.isReached = true
    })
    watched.catch(() => {})
    for (let passedMs = 0; !end.isReached && passedMs <= withinMs; passedMs += 50) await this.clock.advance(50)
    if (!end.isReached) throw new Error(`still unsettled after ${withinMs} ms of virtual time`)
    return watched
  }

  /** Cuts every connection, as a gateway restart does. */
  cutConnections(): void {
    for (const [id, line] of this.lines) {
      this.lines.delete(id)
      line.isOpen = false
      line.events.closed(undefined)
    }
  }

  /** From now on, or no longer, nothing passes between this client and the store, and neither is told. */
  partition(client: object, isCut = true): void {
    const network = this.networks.get(client)
    if (network !== undefined) network.isCut = isCut
  }

  /** Present connections pass nothing any more, and nobody is told. Connections opened from now on work. */
  halfOpen(): void {
    for (const line of this.lines.values()) line.network = { isCut: true }
  }

  /** Closes all clients. To be called at the end of every test. */
  async close(): Promise<void> {
    const closing = this.clients.map((client) => client.close({ drainMs: 0 }))
    await this.clock.advance(60_000)
    await Promise.all(closing)
  }

  private transport(network: Network): Transport {
    const world = this
    const deps: Deps = {
      store: this.memory,
      push: async (to: Address, message: StoreMessage) => {
        this.traffic.pushed.push(message)
        if (!this.onPush(message)) return
        for (let copy = 0; copy < this.pushCopies; copy += 1) this.deliver(to.connectionId, JSON.stringify(message))
      },
      nowMs: () => this.clock.wallMs(),
      timing: this.timing,
      get incarnation() {
        return world.incarnation
      },
      log: (entry) => this.logs.push(entry),
    }
    const dispatcher = new Dispatcher(deps, { ...GRANT_HANDLERS, ...RELEASE_HANDLERS })
    return {
      open: (events): Socket => {
        const connectionId = randomBytes(9).toString('base64url')
        const line: Line = { events, network, isOpen: true }
        this.lines.set(connectionId, line)
        queueMicrotask(() => line.isOpen && !network.isCut && events.opened())
        return {
          send: (text) => {
            this.traffic.sent.push(text)
            if (!line.isOpen || network.isCut || !this.onSend(text)) return
            if (this.isTooMany(text)) return this.deliver(connectionId, JSON.stringify(tooMany(text)))
            const caller = { connectionId, endpoint: 'https://world.invalid', principal: 'test' }
            this.onRequest(
              () =>
                void dispatcher
                  .answer(caller, text)
                  .then((answer) => this.deliver(connectionId, JSON.stringify(answer))),
            )
          },
          close: () => {
            if (!line.isOpen) return
            line.isOpen = false
            this.lines.delete(connectionId)
            queueMicrotask(() => events.closed(undefined))
          },
        }
      },
    }
  }

  private deliver(connectionId: string, text: string): void {
    const line = this.lines.get(connectionId)
    this.onDeliver(() => line?.isOpen && !line.network.isCut && line.events.received(text))
  }

  private countingStore(): Store {
    return {
      update: (update) => {
        this.traffic.updates.push(update)
        return this.onStateWrite(update, () => this.memory.update(update))
      },
      transact: (updates) => {
        this.traffic.updates.push(...updates)
        return this.onStateTransact(updates, () => this.memory.transact(updates))
      },
      get: (table: TableName, key: string): Promise<Item | undefined> => {
        this.traffic.gets.push(key)
        return this.memory.get(table, key)
      },
      remove: (table, key) => this.memory.remove(table, key),
    }
  }
}
