import type { Socket, SocketEvents, Transport } from '../../client/ports.js'
import { Dispatcher, GRANT_HANDLERS, RELEASE_HANDLERS } from '../../functions/dispatch.js'
import type { Address, Deps } from '../../functions/ports.js'
import type { Item, Store } from '../../protocol/dynamodb.js'
import { connectionKey, lockKey } from '../../protocol/keys.js'
import type { Seat } from '../../protocol/lock/record.js'
import type { ClientMessage, Granted, StoreMessage } from '../../protocol/messages.js'
import type { Timing } from '../../protocol/timing.js'
import type { Random } from '../support/random.js'
import type { SuspensionPoints } from './crashes.js'
import type { Database } from './database.js'
import type { FaultCounts, Faults } from './faults.js'
import { Machine } from './machine.js'
import type { Timeline } from './timeline.js'

const WARM_FUNCTIONS = 4
const CONNECTION_LIFETIME_MS = 2 * 3_600_000
const OTHER_VERSION: StoreMessage = {
  type: 'refused',
  code: 'UNSUPPORTED_VERSION',
  message: 'this store speaks another version',
  of: 'hello',
}
const PRINCIPAL = 'arn:aws:sts::1:assumed-role/app'

/** A message that was answered. */
export interface Exchange {
  readonly p: string
  readonly message: ClientMessage
  readonly answer: StoreMessage
  /** The lock record when the message arrived. */
  readonly before: Item | undefined
  /** Pushes about the session until the answer. */
  readonly pushes: number
}

interface Connection {
  readonly id: string
  readonly owner: Machine
  readonly events: SocketEvents
  /** As its `hello` says. */
  processId: string
  /** How many messages, and what they were: the type and the session. */
  sent: number
  readonly said: Set<string>
  isWelcome: boolean
  isOpen: boolean
  /** Nothing passes any more, and nobody is told. */
  isHalfOpen: boolean
}

/**
 * What still passes between a machine and the store: only what it receives, only what it sends, only answers that are
 * under way, or nothing.
 */
export type Direction = 'in' | 'out' | 'answers' | 'none'

/** API Gateway and the Lambda functions: connections, invocations, pushes, and what goes wrong with them. */
export class Cloud {
  incarnation = 1
  /** Told when a message about a session is answered. */
  onAnswered: (exchange: Exchange) => void = () => {}
  /** Told when a process says nothing to what it is told. */
  onSilence: (p: string, text: string) => void = () => {}
  /** Told before a machine hears something; what it returns is called after it has. */
  onHearing: (owner: Machine, p: string, text: string) => (() => void) | undefined = () => undefined
  /** Told when a machine has heard that a connection is welcome, and what it has said over it since. */
  onWelcome: (owner: Machine, said: ReadonlySet<string>) => void = () => {}
  /** Told when a function tells a process of its grant, and what time it is for that function. */
  onGranted: (grant: Granted, wallMs: number) => void = () => {}
  private readonly connections = new Map<string, Connection>()
  private readonly partitions = new Map<Machine, Direction>()
  private readonly deaf = new Set<Machine>()
  /** The newest request of each process for each session that it has taken back. */
  private readonly cancelled = new Map<string, number>()
  /** How many pushes there were about each session. */
  private readonly pushes = new Map<string, number>()
  private readonly functions: { machine: Machine; dispatcher: Dispatcher }[] = []

  constructor(
    private readonly timeline: Timeline,
    private readonly random: Random,
    private readonly timing: Timing,
    private readonly database: Database,
    private readonly faults: () => Faults,
    private readonly counts: FaultCounts,
    private readonly points: SuspensionPoints,
  ) {}

  transportOf(owner: Machine): Transport {
    return { open: (events) => this.open(owner, events) }
  }

  /** Cuts a connection; its client is told, its record may stay. */
  cut(): boolean {
    const victim = this.anyConnection()
    if (victim !== undefined) this.close(victim, true)
    return victim !== undefined
  }

  /** From now on, until it is ended, a machine does not reach the store, or is not reached by it, or neither. */
  partition(machine: Machine, direction: Direction | undefined): void {
    if (direction === undefined) this.partitions.delete(machine)
    else this.partitions.set(machine, direction)
  }

  /** From now on a machine never hears that others wait for what it holds, as a client with a fault of its own. */
  deafen(machine: Machine): void {
    this.deaf.add(machine)
  }

  /** Whether a process has taken this request back, or a newer one. */
  hasCancelled(lock: string, { p, r }: Seat): boolean {
    return (this.cancelled.get(`${lock} ${p}`) ?? 0) >= r
  }

  heal(): void {
    this.partitions.clear()
  }

  halfOpen(): boolean {
    const victim = this.anyConnection()
    if (victim !== undefined) victim.isHalfOpen = true
    return victim !== undefined
  }

  /** A machine is gone: the gateway may notice. */
  forget(owner: Machine): void {
    for (const connection of this.connections.values()) {
      if (connection.owner === owner) this.close(connection, false)
    }
  }

  /** Of machines that live: the others' connections nobody can close. */
  get openConnections(): number {
    return [...this.connections.values()].filter(({ owner }) => !owner.isDead).length
  }

  isConnected(connectionId: string): boolean {
    return this.connections.has(connectionId)
  }

  private anyConnection(): Connection | undefined {
    const all = [...this.connections.values()]
    return all.length === 0 ? undefined : this.random.pick(all)
  }

  private open(owner: Machine, events: SocketEvents): Socket {
    const id = this.random.token(9)
    const connection: Connection = {
      id,
      owner,
      events,
      processId: '',
      sent: 0,
      said: new Set(),
      isWelcome: false,
      isOpen: false,
      isHalfOpen: false,
    }
    let isClosed = false
    this.timeline.after(this.delayMs() * 2, () =>
      owner.run(() => {
        if (isClosed) return
        if (this.partitions.has(owner)) {
          isClosed = true
          return events.closed({ message: 'cannot reach the store', permanent: false })
        }
        connection.isOpen = true
        if ([...this.connections.values()].some((other) => other.owner === owner)) this.counts.hit('rollover')
        this.connections.set(connection.id, connection)
        // API Gateway keeps no connection longer.
        this.timeline.after(CONNECTION_LIFETIME_MS, () => this.close(connection, true))
        events.opened()
      }),
    )
    return {
      send: (text) => {
        if (!connection.isOpen) return
        connection.sent += 1
        this.points.pass(owner, `client sends ${typeOf(text)}`, () => this.send(connection, text))
      },
      close: () => {
        if (isClosed) return
        isClosed = true
        if (connection.isOpen) this.close(connection, false)
        this.timeline.after(1, () => owner.run(() => events.closed(undefined)))
      },
    }
  }

  private close(connection: Connection, tellsClient: boolean): void {
    if (!connection.isOpen) return
    connection.isOpen = false
    this.connections.delete(connection.id)
    if (tellsClient) {
      this.timeline.after(this.delayMs(), () => connection.owner.run(() => connection.events.closed(undefined)))
    }
    if (this.random.chance(this.faults().disconnectLost) && this.counts.hit('disconnectLost')) return
    const isLate = this.random.chance(this.faults().disconnectLate) && this.counts.hit('disconnectLate')
    this.timeline.after(isLate ? this.random.between(10_000, 120_000) : this.random.between(1, 3_000), () => {
      this.database.memory.removeNow('locks', connectionKey(connection.id))
    })
  }

  private send(connection: Connection, text: string): void {
    const message = JSON.parse(text) as ClientMessage
    if ('session' in message) connection.said.add(`${message.type} ${message.session}`)
    if (message.type === 'hello') connection.processId = message.processId
    if (message.type === 'cancel') {
      const key = `${lockKey(message.session)} ${connection.processId}`
      this.cancelled.set(key, Math.max(message.r, this.cancelled.get(key) ?? 0))
    }
    if (connection.isHalfOpen || this.isMute(connection.owner)) return
    const faults = this.faults()
    if (this.random.chance(faults.sendLost) && this.counts.hit('sendLost')) return
    this.invokeLater(connection, text, this.delayMs())
    if (this.random.chance(faults.functionRunsTwice) && this.counts.hit('functionRunsTwice')) {
      this.invokeLater(connection, text, this.delayMs() + this.random.between(0, 500))
    }
    if (!this.random.chance(faults.sendRepeated)) return
    this.counts.hit('sendRepeated')
    for (let copies = this.random.integer(1, 4); copies > 0; copies -= 1) {
      this.invokeLater(connection, text, this.delayMs() + this.random.between(0, 20_000))
    }
  }

  private invokeLater(connection: Connection, text: string, ms: number): void {
    this.timeline.after(ms, () => void this.invoke(connection, text))
  }

  private async invoke(connection: Connection, text: string): Promise<void> {
    const { random, counts } = this
    const faults = this.faults()
    if (random.chance(faults.internalError) && counts.hit('internalError')) {
      return this.deliver(connection, JSON.stringify({ message: 'Internal server error', connectionId: connection.id }))
    }
    if (typeOf(text) === 'hello' && random.chance(faults.otherVersion) && counts.hit('otherVersion')) {
      return this.deliver(connection, JSON.stringify(OTHER_VERSION))
    }
    const dies = random.chance(faults.functionDies) && counts.hit('functionDies')
    const { dispatcher, machine } = dies ? this.createFunction(random.integer(1, 6)) : this.warmFunction()
    const caller = { connectionId: connection.id, endpoint: 'https://cloud.invalid', principal: PRINCIPAL }
    const message = JSON.parse(text) as ClientMessage
    const session = 'session' in message ? message.session : ''
    const before = session === '' ? undefined : this.database.memory.getNow('locks', lockKey(session))
    const pushesBefore = this.pushes.get(session) ?? 0
    const answer = await dispatcher.answer(caller, text)
    const pushes = (this.pushes.get(session) ?? 0) - pushesBefore
    this.onAnswered({ p: connection.processId, message, answer, before, pushes })
    this.points.pass(machine, `function answers ${answer.type}`, () => {})
    if (answer.type === 'refused' && answer.code === 'QUEUE_FULL') counts.hit('queueFull')
    // A function that dies is gone, and another takes the next message.
    if (machine.isDead) return

    if (random.chance(faults.answerLost) && counts.hit('answerLost')) return
    const isLate = random.chance(faults.answerLate) && counts.hit('answerLate')
    this.deliver(connection, JSON.stringify(answer), isLate ? random.between(500, 4_000) : 0, true)
  }

  private deliver(connection: Connection, text: string, extraMs = 0, isAnswer = false): void {
    this.timeline.after(this.delayMs() + extraMs, () => {
      if (!connection.isOpen || connection.isHalfOpen) return
      const passes = this.partitions.get(connection.owner)
      if (passes !== undefined && passes !== 'in' && !(isAnswer && passes === 'answers')) return
      const heard = this.deaf.has(connection.owner) ? withoutAsks(text) : text
      if (heard === undefined) return
      connection.owner.run(() => {
        if (!connection.isOpen) return
        const { sent } = connection
        const afterwards = this.onHearing(connection.owner, connection.processId, heard)
        connection.events.received(heard)
        afterwards?.()
        // One that has died of it has closed its connection.
        if (connection.isOpen && connection.sent === sent) this.onSilence(connection.processId, heard)
        if (connection.isOpen && !connection.isWelcome && typeOf(heard) === 'welcome') {
          connection.isWelcome = true
          this.onWelcome(connection.owner, connection.said)
        }
      })
    })
  }

  private warmFunction() {
    const index = this.random.integer(0, WARM_FUNCTIONS - 1)
    // Environments come and go, and with them their clocks.
    if (this.functions[index]?.machine.isDead !== false || this.random.chance(0.02))
      this.functions[index] = this.createFunction(undefined)
    return this.functions[index] as { machine: Machine; dispatcher: Dispatcher }
  }

  /** @param diesAfter the step, a request or a push, before or after which it is gone for good. */
  private createFunction(diesAfter: number | undefined) {
    const { random, timing } = this
    const hasError = this.faults().clockError > 0 && this.counts.hit('clockError')
    const errorMs = hasError
      ? random.pick([-timing.clockErrorMs, timing.clockErrorMs, random.between(-1, 1) * timing.clockErrorMs])
      : 0
    const machine = new Machine(this.timeline, errorMs, 0)
    let stepsLeft = diesAfter ?? Number.POSITIVE_INFINITY
    const step = async <T>(run: () => Promise<T>): Promise<T> => {
      stepsLeft -= 1
      if (stepsLeft < 0) machine.kill()
      if (machine.isDead) return new Promise<T>(() => {})
      // It dies with the request under way: applied, and nobody knows.
      if (stepsLeft === 0 && random.chance(0.5)) {
        machine.kill()
        void run().catch(() => {})
        return new Promise<T>(() => {})
      }
      return run()
    }
    const store = this.database.storeFor(machine, 'function')
    const point = <T>(label: string, run: () => Promise<T>): Promise<T> =>
      this.points.pass(machine, label, () => step(run)) ?? new Promise<T>(() => {})
    const stepped: Store = {
      update: (update) => point(`function writes ${update.key.slice(0, 1)}`, () => store.update(update)),
      transact: (updates) => point('function writes several', () => store.transact(updates)),
      get: (table, key) => point(`function reads ${key.slice(0, 1)}`, () => store.get(table, key)),
      remove: (table, key) => point('function removes', () => store.remove(table, key)),
    }
    const cloud = this
    const deps: Deps = {
      store: stepped,
      push: (to, message) => point(`function pushes ${message.type}`, () => this.push(machine, to, message)),
      nowMs: () => machine.wallMs(),
      timing,
      get incarnation() {
        return String(cloud.incarnation)
      },
      log: () => {},
    }
    return { machine, dispatcher: new Dispatcher(deps, { ...GRANT_HANDLERS, ...RELEASE_HANDLERS }) }
  }

  private push(machine: Machine, to: Address, message: StoreMessage): Promise<void> {
    const { random, counts } = this
    const faults = this.faults()
    if ('session' in message && message.session !== undefined)
      this.pushes.set(message.session, 1 + (this.pushes.get(message.session) ?? 0))
    if (message.type === 'granted') this.onGranted(message, machine.wallMs())
    return new Promise((resolve) => {
      this.timeline.after(random.between(2, 12), () => machine.run(resolve))
      const connection = this.connections.get(to.connectionId)
      if (connection === undefined) return
      if (random.chance(faults.pushLost) && counts.hit('pushLost')) return
      const text = JSON.stringify(message)
      const isLate = random.chance(faults.pushLate) && counts.hit('pushLate')
      this.deliver(connection, text, isLate ? random.between(500, 120_000) : 0)
      if (random.chance(faults.pushDoubled) && counts.hit('pushDoubled')) {
        this.deliver(connection, text, random.between(0, 10_000))
      }
    })
  }

  private isMute(machine: Machine): boolean {
    const passes = this.partitions.get(machine)
    return passes !== undefined && passes !== 'out'
  }

  private delayMs(): number {
    const isSlow = this.random.chance(this.faults().slowNetwork) && this.counts.hit('slowNetwork')
    return isSlow ? this.random.between(50, 1_000) : this.random.between(1, 15)
  }
}

const typeOf = (text: string): string => (JSON.parse(text) as { readonly type: string }).type

/** What is left of a message for one who is deaf to asks. */
function withoutAsks(text: string): string | undefined {
  const message = JSON.parse(text) as { readonly type?: string }
  if (message.type === 'revoke') return undefined
  if (message.type === 'renewed') return JSON.stringify({ ...message, asks: [] })
  return message.type === 'granted' ? JSON.stringify({ ...message, contended: false }) : text
}
