import { randomUUID } from 'node:crypto'
import { InvalidArgumentError } from '../../client/errors/index.js'
import { machineRandomness } from '../../client/machine.js'
import { addMemoryStore, type Closable } from '../../client/memory-stores.js'
import { soon } from '../../client/microtask.js'
import { invalid } from '../../client/options/check.js'
import type { StoreMessage } from '../../protocol/messages.js'
import { RequestCounts } from '../dynamodb/request-counts.js'
import { throttleTables } from '../dynamodb/table-quotas.js'
import { MESSAGE_INTERNAL_ERROR } from '../gateway/aws-limits.js'
import { MESSAGE_THROTTLED, PUSH_THROTTLED } from '../gateway/aws-quotas.js'
import { QuotaCounts, type Throttles } from '../gateway/quotas.js'
import type { Push } from '../local-stack.js'
import { Connections } from './connections.js'
import { type FunctionName, Functions, typeOf } from './functions.js'
import type { MemoryConfig, MemoryStack } from './memory-stack.js'
import { type CompiledOptions, compileOptions, type MemoryStackOptions } from './options.js'
import { realClock } from './real-clock.js'
import { TABLE_NAMES, Tables } from './tables.js'
import { realSetImmediate, realSetTimeout, turn } from './turn.js'
import { VirtualClock } from './virtual-clock.js'

const REGION = 'us-east-1'
/** As the construct sets it by default. */
const THROTTLES: Throttles = { stage: { perSecond: 2_000, burst: 1_000 }, routes: {} }
const CREDENTIALS = { accessKeyId: 'MEMORY', secretAccessKey: 'memory' }
/** The longest that `stop` waits for clients to close. */
const STOP_MAX_MS = 5_000

/**
 * Makes a store in the memory of this process, for unit tests. The handlers, the protocol and the client are real. The
 * tables, the connections and, with `clock: 'virtual'`, the clock are simulated. It needs no Java and no network, and
 * is ready at once. An application reaches it by its configuration, like a deployed store: `createHoldfast({ namespace:
 * 'shop', config: stack.config })`.
 *
 * The hazard: it has no IAM, none of the limits of API Gateway and Lambda but those of `quotas`, and no table that another
 * process could read. Use {@link startLocalStack} for these. Stop the stack when you are done. A stack that is not stopped keeps no
 * process alive.
 *
 * @throws {InvalidArgumentError} for an unknown or a wrong option.
 * @example
 * const stack = createMemoryStack({ clock: 'virtual' })
 * const holdfast = createHoldfast<Shop>({ namespace: 'shop', config: stack.config, ttlMs: 60_000 })
 * const id = await holdfast.create({ cart: { items: [] } })
 * await stack.advance(60_000)
 * expect(await holdfast.peek(id)).toBeUndefined()
 * await stack.stop()
 */
export function createMemoryStack(options: MemoryStackOptions = {}): MemoryStack {
  return new Stack(compileOptions(options)).view()
}

class Stack {
  private readonly counts = new RequestCounts()
  private readonly virtual: VirtualClock | undefined
  private readonly tables: Tables
  private readonly connections: Connections
  private readonly functions: Functions
  private readonly quotas: QuotaCounts
  private readonly later: (run: () => void) => void
  private readonly lossRules = new Set<(push: Push) => boolean>()
  private readonly clients = new Set<Closable>()
  private readonly config: MemoryConfig
  private readonly leave: () => void
  private stopping: Promise<void> | undefined

  constructor({ isVirtual, timing, quotas, onLog }: CompiledOptions) {
    this.virtual = isVirtual ? new VirtualClock(realClock.wallMs()) : undefined
    const clock = this.virtual ?? realClock
    const nowMs = () => clock.wallMs()
    // In real time a message takes a turn of the event loop, like one from a network. Otherwise messages could keep the
    // loop from the application's timers.
    const later = isVirtual ? soon : realSetImmediate
    this.later = later
    const monotonicMs = () => clock.monotonicMs()
    this.quotas = new QuotaCounts(quotas, THROTTLES, monotonicMs)
    this.tables = new Tables(this.counts, isVirtual ? async () => {} : turn)
    if (quotas !== undefined) this.tables.inject(throttleTables(quotas, monotonicMs))
    this.connections = new Connections({
      nowMs,
      later,
      opening: ({ connectionId }) => this.functions.connected(connectionId),
      refusal: () => (this.quotas.connect() ? undefined : { message: MESSAGE_THROTTLED, kind: 'throttled' }),
      received: ({ connectionId }, text) => later(() => void this.received(connectionId, text)),
      // If the function fails, TTL removes the connection's item later.
      ended: ({ connectionId }) => void this.functions.disconnected(connectionId).catch(() => {}),
    })
    this.functions = new Functions({
      storeOf: (caller) => this.tables.as(caller),
      push: (from, { connectionId }, message) => this.push(from, connectionId, message),
      nowMs,
      timing,
      // A listener that throws is an uncaught exception: it must not keep the handler from answering.
      log: (functionId, entry) => soon(() => onLog({ functionId, stream: 'stdout', text: JSON.stringify(entry) })),
    })
    this.config = { url: `memory://${randomUUID()}`, region: REGION, sessionsTable: TABLE_NAMES.sessions }
    this.leave = addMemoryStore(this.config.url, {
      connect: () => ({
        store: this.tables.as('application'),
        transport: this.connections.transport(),
        clock,
        randomness: machineRandomness,
      }),
      opened: (client) => this.clients.add(client),
      closed: (client) => this.clients.delete(client),
    })
  }

  view(): MemoryStack {
    const { config, connections, counts, tables } = this
    const stop = () => {
      this.stopping ??= this.end()
      return this.stopping
    }
    return {
      config,
      credentials: CREDENTIALS,
      env: { HOLDFAST_CONFIG: JSON.stringify(config) },
      requests: { snapshot: () => counts.snapshot(), since: (snapshot) => counts.since(snapshot) },
      gateway: {
        connections: () =>
          connections.all().map(({ connectionId, openedAtMs }) => ({
            connectionId,
            connectedAtMs: openedAtMs,
            userArn: undefined,
          })),
        drop: (connectionId) => connections.drop(connectionId),
        dropAll: () => connections.dropAll(),
        losePushes: (isLost) => {
          this.lossRules.add(isLost)
          return () => void this.lossRules.delete(isLost)
        },
        throttle: (quotas) => this.quotas.throttle(quotas),
        stop: async () => connections.refuse('the gateway of the memory stack is stopped', 'passing'),
        start: async () => this.restart(() => connections.accept()),
      },
      dynamodb: {
        stop: async () => tables.stop(),
        start: async () => this.restart(() => tables.start()),
        inject: (faults) => tables.inject(faults),
      },
      advance: (ms) => this.advance(ms),
      stop,
      [Symbol.asyncDispose]: stop,
    }
  }

  private async advance(ms: number): Promise<void> {
    if (this.virtual === undefined) {
      throw new InvalidArgumentError("time passes by itself here: use createMemoryStack({ clock: 'virtual' })")
    }
    if (!Number.isFinite(ms) || ms < 0) throw invalid('ms', 'milliseconds, 0 or more', ms)
    await this.virtual.advance(ms)
  }

  private async received(connectionId: string, text: string): Promise<void> {
    const say = (answer: string) => this.later(() => this.connections.deliver(connectionId, answer))
    const sayItself = (message: string) => say(JSON.stringify({ message, connectionId, requestId: randomUUID() }))
    if (!this.quotas.message(typeOf(text))) return sayItself(MESSAGE_THROTTLED)
    const answer = await this.quotas.run(() => this.functions.answer(connectionId, text))
    if (answer === undefined) return sayItself(MESSAGE_INTERNAL_ERROR)
    say(answer)
  }

  private push(from: FunctionName, connectionId: string, message: StoreMessage): boolean {
    const text = JSON.stringify(message)
    const isKnown = this.connections.has(connectionId)
    const isThrottled = !this.quotas.push()
    const count = { caller: from, target: '@connections', operation: 'POST' }
    const failure = isThrottled ? PUSH_THROTTLED : 'GoneException'
    this.counts.add({ ...count, outcome: isKnown && !isThrottled ? 'ok' : failure })
    if (isThrottled) return true
    if (!isKnown) return false
    const isLost = [...this.lossRules].some((loses) => loses({ from, connectionId, text }))
    if (!isLost) this.later(() => this.connections.deliver(connectionId, text))
    return true
  }

  private restart(start: () => void): void {
    if (this.stopping !== undefined) {
      throw new InvalidArgumentError('this memory stack has been stopped: create a new one')
    }
    start()
  }

  /** Ends all faults and closes the clients, for at most 5 s. Then ends the connections that are left. */
  private async end(): Promise<void> {
    this.leave()
    this.tables.heal()
    this.lossRules.clear()
    this.connections.accept()
    const closing = Promise.allSettled([...this.clients].map((client) => client.close({ drainMs: 0 })))
    const { virtual } = this
    if (virtual === undefined) await Promise.race([closing, forAwhile()])
    else await Promise.race([closing, virtual.advance(STOP_MAX_MS)])
    this.connections.refuse('the memory stack has been stopped', 'final')
  }
}

const forAwhile = (): Promise<void> =>
  new Promise((resolve) => {
    realSetTimeout(resolve, STOP_MAX_MS).unref()
  })
