import type { ConnectFailure, Socket, SocketEvents, Transport } from '../../client/ports.js'
import type { Address } from '../../functions/ports.js'
import { lockKey } from '../../protocol/keys.js'
import type { ClientMessage, Granted, StoreMessage } from '../../protocol/messages.js'
import { NOWHERE } from '../../protocol/process/nowhere.js'
import { CancelledRequests } from './cancelled-requests.js'
import type { CloudWorld } from './cloud-world.js'
import { type Connection, closeUnused, type Sent } from './connection.js'
import { Exchanges } from './exchanges.js'
import { Functions } from './functions.js'
import { Gate } from './gate.js'
import { HttpsRequests } from './https-requests.js'
import { invocations } from './invocation.js'
import type { Machine } from './machine.js'
import { Network } from './network.js'
import { Throttle } from './throttle.js'

const CONNECTION_LIFETIME_MS = 2 * 3_600_000
const OTHER_VERSION: StoreMessage = {
  type: 'refused',
  code: 'UNSUPPORTED_VERSION',
  message: 'this store speaks another version',
  of: 'hello',
}

/** API Gateway and the Lambda functions: connections, invocations, pushes, and their faults. */
export class Cloud {
  /** Told when a process does not answer a message. */
  onSilence: (p: string, message: StoreMessage) => void = () => {}
  /** Told before a machine hears something. The function that it returns is called afterwards. */
  onHearing: (owner: Machine, p: string, message: StoreMessage) => (() => void) | undefined = () => undefined
  /** Told when a machine has heard that a connection is welcome, with the messages that it sent over it since. */
  onWelcome: (owner: Machine, said: ReadonlySet<string>) => void = () => {}
  /** Told when a process sends a message over a connection. */
  onSent: (p: string, message: ClientMessage, connection?: Connection) => void = () => {}
  /** Told when the gateway brings a message to no function, because there are too many. */
  onTurnedAway: (connection: Connection, message: ClientMessage) => void = () => {}
  /** Told when a function tells a process of its grant, with that function's time. */
  onGranted: (grant: Granted, wallMs: number) => void = () => {}
  private readonly connections = new Map<string, Connection>()
  /** Messages that all clients have sent: one answers over its newest connection, whichever it was asked on. */
  private sentCount = 0
  readonly cancelled = new CancelledRequests()
  readonly exchanges: Exchanges
  readonly network: Network
  readonly functions: Functions
  readonly gate: Gate
  readonly throttle: Throttle
  readonly https: HttpsRequests

  constructor(private readonly world: CloudWorld) {
    this.exchanges = new Exchanges(world)
    this.network = new Network(world)
    this.functions = new Functions(world, (machine, to, message) => this.push(machine, to, message))
    this.gate = new Gate(world, this.functions)
    this.throttle = new Throttle(world)
    this.https = new HttpsRequests(world, this)
  }

  transportOf(owner: Machine): Transport {
    return this.https.transportOf(owner, { open: (events) => this.open(owner, events) })
  }

  /** Cuts a connection; its client is told, its record may stay. */
  cut(): boolean {
    const victim = this.anyConnection()
    if (victim !== undefined) this.close(victim, true)
    return victim !== undefined
  }

  /** Cuts the connections of a machine that lives. */
  cutAllOf(owner: Machine): void {
    for (const connection of this.connections.values()) if (connection.owner === owner) this.close(connection, true)
  }

  halfOpen(): boolean {
    const victim = this.anyConnection()
    if (victim !== undefined) victim.isHalfOpen = true
    return victim !== undefined
  }

  /** A machine is gone: the gateway may notice. */
  forget(owner: Machine): void {
    for (const connection of this.connections.values()) if (connection.owner === owner) this.close(connection, false)
  }

  /** Of machines that live: the others' connections nobody can close. */
  get openConnections(): number {
    return [...this.connections.values()].filter(({ owner }) => !owner.isDead).length
  }

  isConnected(connectionId: string): boolean {
    return this.connections.has(connectionId) || this.gate.isOpening(connectionId)
  }

  private anyConnection(): Connection | undefined {
    const all = [...this.connections.values()]
    return all.length === 0 ? undefined : this.world.random.pick(all)
  }

  private open(owner: Machine, events: SocketEvents): Socket {
    const id = this.world.random.token(9)
    const connection: Connection = {
      id,
      owner,
      events,
      processId: '',
      sent: 0,
      said: new Set(),
      isWelcome: false,
      openedAtMs: 0,
      usedAtMs: 0,
      isOpen: false,
      isHalfOpen: false,
    }
    let isClosed = false
    let kind: ConnectFailure['kind'] = 'passing'
    const settle = (isIn: boolean) => {
      if (isClosed) return isIn ? this.tell(connection) : undefined
      if (isIn && !this.network.isPartitioned(owner) && !this.https.isBarred(owner)) return this.opened(connection)
      isClosed = true
      events.closed({ message: 'cannot reach the store', kind })
    }
    const connect = async () => {
      if (this.network.isPartitioned(owner)) return false
      if (!this.throttle.admits()) kind = 'throttled'
      return kind === 'passing' && (await this.gate.connect(id, owner))
    }
    this.world.timeline.after(this.network.delayMs(), () => {
      const answered = (isIn: boolean) =>
        this.world.timeline.after(this.network.delayMs(), () => owner.run(() => settle(isIn)))
      void connect().then(answered)
    })
    return {
      send: (text) => {
        if (!connection.isOpen) return
        connection.sent += 1
        this.sentCount += 1
        const sent = { text, message: JSON.parse(text) as ClientMessage }
        this.world.points.pass(owner, `client sends ${sent.message.type}`, () => this.send(connection, sent))
      },
      close: () => {
        if (isClosed) return
        isClosed = true
        if (connection.isOpen) this.close(connection, false)
        this.world.timeline.after(1, () => owner.run(() => events.closed(undefined)))
      },
    }
  }

  private opened(connection: Connection): void {
    const { counts, timeline } = this.world
    const { owner } = connection
    connection.isOpen = true
    connection.openedAtMs = timeline.nowMs
    connection.usedAtMs = timeline.nowMs
    if ([...this.connections.values()].some((other) => other.owner === owner)) counts.hit('rollover')
    this.connections.set(connection.id, connection)
    // API Gateway keeps no connection longer.
    timeline.after(CONNECTION_LIFETIME_MS, () => this.close(connection, true))
    closeUnused(timeline, connection, () => this.close(connection, true))
    connection.events.opened()
  }

  private close(connection: Connection, tellsClient: boolean): void {
    const { timeline, random, faults, counts } = this.world
    if (!connection.isOpen) return
    connection.isOpen = false
    this.connections.delete(connection.id)
    if (tellsClient) {
      timeline.after(this.network.delayMs(), () => connection.owner.run(() => connection.events.closed(undefined)))
    }
    if (random.chance(faults().disconnectLost) && counts.hit('disconnectLost')) return
    const isLate = random.chance(faults().disconnectLate) && counts.hit('disconnectLate')
    timeline.after(isLate ? random.between(10_000, 120_000) : random.between(1, 3_000), () => this.tell(connection))
    // The gateway promises to try, and no more: it may tell a second function.
    if (random.chance(faults().functionRunsTwice) && counts.hit('functionRunsTwice'))
      timeline.after(random.between(1, 3_000), () => this.tell(connection))
  }

  /** $disconnect: the function that has the connections hears of it. */
  private tell({ id, isWelcome }: Connection): void {
    this.world.executed.hit(isWelcome ? '$disconnect' : '$disconnect before hello is done')
    const { answer } = this.functions.invoke({ eventType: 'DISCONNECT', connectionId: id, type: '$disconnect' })
    // A request that fails stays so: the record is of no use, and TTL removes it.
    void answer.catch(() => {})
  }

  private send(connection: Connection, sent: Sent): void {
    const { random, counts } = this.world
    const { message } = sent
    if ('session' in message) connection.said.add(`${message.type} ${message.session}`)
    if (message.type === 'retire') connection.said.add('retire')
    if (message.type === 'hello') connection.processId = message.processId
    connection.usedAtMs = this.world.timeline.nowMs
    this.said(connection.processId, message, connection)
    if (connection.isHalfOpen || !this.network.carriesFrom(connection.owner)) return
    const faults = this.world.faults()
    if (random.chance(faults.sendLost) && counts.hit('sendLost')) return
    this.invokeLater(connection, sent, this.network.delayMs())
    if (random.chance(faults.functionRunsTwice) && counts.hit('functionRunsTwice')) {
      this.invokeLater(connection, sent, this.network.delayMs() + random.between(0, 500))
    }
    if (!random.chance(faults.sendRepeated)) return
    counts.hit('sendRepeated')
    for (let copies = random.integer(1, 4); copies > 0; copies -= 1) {
      this.invokeLater(connection, sent, this.network.delayMs() + random.between(0, 20_000))
    }
  }

  /** A process has sent a message, over a connection or over HTTPS. */
  said(p: string, message: ClientMessage, connection?: Connection): void {
    this.onSent(p, message, connection)
    if (message.type === 'cancel') this.cancelled.add(lockKey(message.session), { p, r: message.r })
  }

  private invokeLater(connection: Connection, sent: Sent, ms: number): void {
    this.world.timeline.after(ms, () => void this.invoke(connection, sent))
  }

  private async invoke(connection: Connection, sent: Sent): Promise<void> {
    const { random, counts } = this.world
    const { text, message } = sent
    const faults = this.world.faults()
    if (sent.isAdmitted === false) return
    sent.isAdmitted ??= this.throttle.admits()
    if (!sent.isAdmitted) {
      this.onTurnedAway(connection, message)
      return this.deliver(connection, JSON.stringify({ message: 'Too Many Requests', connectionId: connection.id }))
    }
    if (random.chance(faults.internalError) && counts.hit('internalError')) {
      return this.deliver(connection, JSON.stringify({ message: 'Internal server error', connectionId: connection.id }))
    }
    if (message.type === 'hello' && random.chance(faults.otherVersion) && counts.hit('otherVersion')) {
      return this.deliver(connection, JSON.stringify(OTHER_VERSION))
    }
    const { id: connectionId, processId: p } = connection
    const event = { eventType: 'MESSAGE', connectionId, type: message.type, body: text } as const
    const { machine, answer } = await this.exchanges.carryOut(p, message, () => this.functions.invoke(event))
    // A function that dies is gone, and another takes the next message.
    if (machine.isDead) return
    if (random.chance(faults.answerLost) && counts.hit('answerLost')) return
    const isLate = random.chance(faults.answerLate) && counts.hit('answerLate')
    this.deliver(connection, JSON.stringify(answer), isLate ? random.between(500, 4_000) : 0, true)
  }

  private deliver(connection: Connection, text: string, extraMs = 0, isAnswer = false): void {
    this.world.timeline.after(this.network.delayMs() + extraMs, () => {
      if (!connection.isOpen || connection.isHalfOpen) return
      if (!this.network.carriesTo(connection.owner, isAnswer)) return
      connection.usedAtMs = this.world.timeline.nowMs
      const heard = this.network.heardBy(connection.owner, text)
      if (heard === undefined) return
      connection.owner.run(() => {
        if (!connection.isOpen) return
        const { sentCount } = this
        const message = JSON.parse(heard) as StoreMessage
        const afterwards = this.onHearing(connection.owner, connection.processId, message)
        connection.events.received(heard)
        afterwards?.()
        // A process that has died of it has closed its connection, and one that retires gives back all that it has.
        const isSilent = this.sentCount === sentCount && !connection.said.has('retire')
        if (connection.isOpen && isSilent) this.onSilence(connection.processId, message)
        if (connection.isOpen && !connection.isWelcome && message.type === 'welcome') {
          connection.isWelcome = true
          this.onWelcome(connection.owner, connection.said)
        }
      })
    })
  }

  /** False where the connection is gone. */
  private push(machine: Machine, to: Address, message: StoreMessage): Promise<boolean> {
    const { random, counts } = this.world
    const faults = this.world.faults()
    this.exchanges.pushed(message)
    if (message.type === 'granted') this.onGranted(message, machine.wallMs())
    const connection = this.connections.get(to.connectionId)
    const invocation = invocations.getStore()
    if (to.endpoint === NOWHERE) {
      invocation?.pushed.push({ p: undefined, message })
      return Promise.resolve(true)
    }
    if (invocation !== undefined) invocation.gone = connection === undefined ? to.connectionId : undefined
    invocation?.pushed.push({ p: connection?.processId, message })
    return new Promise((resolve) => {
      this.world.timeline.after(random.between(2, 12), () => machine.run(() => resolve(connection !== undefined)))
      if (connection === undefined) return this.world.executed.hit('push to a connection that is gone')
      if (!this.throttle.admits()) return
      if (random.chance(faults.pushLost) && counts.hit('pushLost')) return
      const text = JSON.stringify(message)
      const isLate = random.chance(faults.pushLate) && counts.hit('pushLate')
      this.deliver(connection, text, isLate ? random.between(500, 120_000) : 0)
      if (random.chance(faults.pushDoubled) && counts.hit('pushDoubled')) {
        this.deliver(connection, text, random.between(0, 10_000))
      }
    })
  }
}
