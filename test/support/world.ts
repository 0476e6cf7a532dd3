import { randomBytes } from 'node:crypto'
import { Holdfast } from '../../client/holdfast.js'
import { compileOptions, type HoldfastOptions } from '../../client/options/client-options.js'
import type { Clock, ConnectFailure, Door, Randomness, Transport } from '../../client/ports.js'
import { DoorTransport } from '../../client/process/door-transport.js'
import type { Address, Deps } from '../../functions/ports.js'
import { Connections, type Wire } from '../../local/memory/connections.js'
import { Functions } from '../../local/memory/functions.js'
import { turn } from '../../local/memory/turn.js'
import { VirtualClock } from '../../local/memory/virtual-clock.js'
import { startNextIncarnation } from '../../operator/start-next-incarnation.js'
import type { Item, Store, TableName, TransactOutcome, Update, UpdateOutcome } from '../../protocol/dynamodb.js'
import { type ClientMessage, correlate, type RefusalCode, type StoreMessage } from '../../protocol/messages.js'
import { NOWHERE } from '../../protocol/process/nowhere.js'
import { compileTiming, type Timing } from '../../protocol/timing.js'
import { MemoryStore } from '../../store/memory/memory-store.js'
import { Gate } from './counting.js'
import { HttpsFunction } from './https-function.js'

/** More than what was sent through ports within this thread takes to arrive and be answered. */
export const PORT_TURNS_MAX = 50

/** Lets every promise that can settle do so. Nothing here waits for real time. */
export const settle = turn

export { VirtualClock }

/** Tokens are random, since they must be unique; jitter is fixed, since tests must not depend on it. */
const randomness: Randomness = {
  token: (bytes) => randomBytes(bytes).toString('base64url'),
  fraction: () => 0.5,
}

/** As the store says it, told by the message that it refuses. */
function refusal(code: RefusalCode, text: string): StoreMessage {
  const message = JSON.parse(text) as ClientMessage
  return { type: 'refused', code, message: `the test refuses: ${code}`, ...correlate(message.type, { ...message }) }
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
  /** Returns a code to have a message of a client refused. */
  refusalOf: (text: string) => RefusalCode | undefined = () => undefined
  /** Returns what the gateway itself says to a message of a client, which then reaches no handler. */
  gatewaySays: (text: string) => string | undefined = () => undefined
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
  private readonly clients: Holdfast<never>[] = []
  private readonly wires = new Map<object, Wire>()
  private readonly arns = new Map<Wire, string>()
  private readonly connections: Connections
  private readonly functions: Functions
  /** The messages over HTTPS. It may be replaced, to lose or delay some. */
  door: Door

  constructor(timing: Partial<Timing> = {}) {
    this.timing = compileTiming(timing)
    const nowMs = () => this.clock.wallMs()
    this.connections = new Connections({
      nowMs,
      later: queueMicrotask,
      opening: ({ connectionId, wire }) => this.functions.connected(connectionId, this.arns.get(wire)),
      received: ({ connectionId }, text) => this.received(connectionId, text),
      ended: ({ connectionId }) => void this.functions.disconnected(connectionId),
    })
    this.functions = new Functions({
      storeOf: () => this.memory,
      push: (_from, to, message) => this.pushTo(to, message),
      nowMs,
      timing: this.timing,
      log: (_from, entry) => this.logs.push(entry),
    })
    const push: Deps['push'] = async (to, message) => this.pushTo(to, message)
    const log = (entry: object) => void this.logs.push(entry)
    const { memory: store } = this
    this.door = new HttpsFunction(
      { store, push, nowMs, timing: this.timing, log },
      'arn:aws:iam::000000000000:user/application',
    )
  }

  /** One application server that sends its messages over HTTPS: all, or only those without a connection. */
  httpsClient<S extends object = Record<string, unknown>>(
    way: 'https' | 'socketAndHttps' = 'https',
    options: Partial<HoldfastOptions> = {},
    clock: Clock = this.clock,
  ): Holdfast<S> {
    const door: Door = {
      post: (speaker, text) => {
        this.traffic.sent.push(text)
        return this.door.post(speaker, text)
      },
    }
    return this.client(options, clock, (sockets) =>
      way === 'https' ? new DoorTransport(door, randomness) : { ...sockets, door },
    )
  }

  /** One application server. `clock` lets it be frozen on its own. */
  client<S extends object = Record<string, unknown>>(
    options: Partial<HoldfastOptions> = {},
    clock: Clock = this.clock,
    transportOf: (sockets: Transport) => Transport = (sockets) => sockets,
  ): Holdfast<S> {
    const config = { url: 'wss://world.invalid/live', region: 'eu-west-1', sessionsTable: 'Sessions' }
    const compiled = compileOptions({ config, namespace: 'test', ...options }, {})
    const context = {
      store: this.countingStore(),
      clock,
      randomness,
      options: compiled,
    }
    const wire: Wire = { isCut: false }
    const client = new Holdfast<S>(context, transportOf(this.transport(wire)), () => {})
    this.wires.set(client, wire)
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
    // Messages through a port take turns of their own.
    for (let turns = 0; !end.isReached && turns < PORT_TURNS_MAX; turns += 1) await settle()
    if (!end.isReached) throw new Error(`still unsettled after ${withinMs} ms of virtual time`)
    return watched
  }

  /** Cuts every connection, as a gateway restart does. */
  cutConnections(): void {
    this.connections.dropAll()
  }

  /** From now on every connection is refused, and those that are open are cut. */
  refuseConnections(kind: ConnectFailure['kind'] = 'passing'): void {
    this.connections.refuse('the test refuses the connection', kind)
  }

  acceptConnections(): void {
    this.connections.accept()
  }

  /** From now on, or no longer, nothing passes between this client and the store, and neither is told. */
  partition(client: object, isCut = true): void {
    const wire = this.wires.get(client)
    if (wire !== undefined) wire.isCut = isCut
  }

  /** Present connections pass nothing any more, and nobody is told. Connections opened from now on work. */
  halfOpen(): void {
    for (const line of this.connections.all()) line.wire = { isCut: true }
  }

  /** Writes to the primary state wait until the returned function is called. */
  stallStateWrites(): () => void {
    const landing = new Gate()
    this.onStateWrite = async (_update, write) => {
      await landing.passed
      return write()
    }
    return () => {
      this.onStateWrite = (_update, write) => write()
      landing.open()
    }
  }

  /** An operator declares all locks void. */
  raiseIncarnation(): Promise<number> {
    return startNextIncarnation(this.memory, this.clock.wallMs())
  }

  /** The role of a client that has not connected yet. All others have one. */
  giveRole(client: object, role: string): void {
    const wire = this.wires.get(client)
    if (wire !== undefined) this.arns.set(wire, `arn:aws:sts::1:assumed-role/${role}/server`)
  }

  /** The store sends this to a client: a message that is late, or that follows from a record which was changed. */
  say(client: object, message: StoreMessage): void {
    const wire = this.wires.get(client)
    for (const line of this.connections.all()) {
      if (line.wire === wire) this.deliver(line.connectionId, JSON.stringify(message))
    }
  }

  /** Closes all clients. To be called at the end of every test. */
  async close(): Promise<void> {
    const closing = this.clients.map((client) => client.close({ drainMs: 0 }))
    await this.clock.advance(60_000)
    await Promise.all(closing)
  }

  /** The number of open connections. */
  get connected(): number {
    return this.connections.all().length
  }

  /** Called when a client begins to open a connection. */
  opening(): void {}

  /** Notes what a client sends, whether or not it arrives. */
  private transport(wire: Wire): Transport {
    const { open } = this.connections.transport(wire)
    return {
      open: (events) => {
        this.opening()
        const socket = open(events)
        const send = (text: string) => {
          this.traffic.sent.push(text)
          socket.send(text)
        }
        return { ...socket, send }
      },
    }
  }

  private received(connectionId: string, text: string): void {
    if (!this.onSend(text)) return
    const message = this.gatewaySays(text)
    if (message !== undefined)
      return this.deliver(connectionId, JSON.stringify({ message, connectionId, requestId: 'r' }))
    const code = this.refusalOf(text)
    if (code !== undefined) return this.deliver(connectionId, JSON.stringify(refusal(code, text)))
    this.onRequest(
      () => void this.functions.answer(connectionId, text).then((answer) => this.deliver(connectionId, answer)),
    )
  }

  private pushTo({ endpoint, connectionId }: Address, message: StoreMessage): boolean {
    return endpoint === NOWHERE || this.push(connectionId, message)
  }

  private push(connectionId: string, message: StoreMessage): boolean {
    this.traffic.pushed.push(message)
    const copies = this.onPush(message) ? this.pushCopies : 0
    for (let copy = 0; copy < copies; copy += 1) this.deliver(connectionId, JSON.stringify(message))
    return this.connections.has(connectionId)
  }

  private deliver(connectionId: string, text: string): void {
    this.onDeliver(() => this.connections.deliver(connectionId, text))
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
