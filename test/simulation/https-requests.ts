import { HTTPS_TIMEOUT_MS } from '../../client/limits.js'
import type { Door, Reply, Socket, SocketEvents, Speaker, Transport } from '../../client/ports.js'
import { DoorTransport } from '../../client/process/door-transport.js'
import type { ClientMessage, StoreMessage } from '../../protocol/messages.js'
import type { CloudWorld } from './cloud-world.js'
import type { Exchanges } from './exchanges.js'
import type { Functions } from './functions.js'
import { arnOf, OTHER_ARN } from './gate.js'
import type { HttpsRequest } from './gateway-events.js'
import { type Machine, randomnessOf } from './machine.js'
import type { Network } from './network.js'
import { TIMING } from './workload.js'

/** How a server reaches the functions: over connections, over HTTPS, or so while it has no connection. */
export type Way = 'socket' | 'https' | 'socketAndHttps'

const SILENCE: Reply = { failure: { message: 'no answer over HTTPS', kind: 'passing' } }

/** The parts of the cloud that both ways share. */
interface Shared {
  readonly network: Network
  readonly exchanges: Exchanges
  readonly functions: Functions
  readonly onHearing: (owner: Machine, p: string, message: StoreMessage) => (() => void) | undefined
  said(p: string, message: ClientMessage): void
  cutAllOf(owner: Machine): void
}

/** Far longer than a lease lasts without a renewal. */
const BARRED_MAX_MS = 3 * TIMING.leaseMs
const BARRED_EVERY_MS = TIMING.leaseMs

/** The requests of all servers over HTTPS, and their faults. An answer may overtake that of an earlier request. */
export class HttpsRequests {
  /** How servers reach the functions, unless only over connections. */
  readonly ways = new Map<Machine, Way>()

  /** Servers that get no connection now, and keep none. */
  private readonly barred = new Set<Machine>()
  private isBarring = false

  constructor(
    private readonly world: CloudWorld,
    private readonly cloud: Shared,
  ) {}

  isBarred(owner: Machine): boolean {
    return this.barred.has(owner)
  }

  /** From now on the gateway is out of reach now and then, for servers that have another way. */
  barNowAndThen(): void {
    const { timeline, random, counts } = this.world
    this.isBarring = true
    timeline.after(random.between(0.2, 1.8) * BARRED_EVERY_MS, () => {
      if (!this.isBarring) return
      const able = [...this.ways].filter(([{ isDead }, way]) => way === 'socketAndHttps' && !isDead)
      const [owner] = able.length === 0 ? [] : random.pick(able)
      if (owner !== undefined) {
        counts.hit('gatewayBarred')
        this.barred.add(owner)
        this.cloud.cutAllOf(owner)
        timeline.after(random.between(0, BARRED_MAX_MS), () => this.barred.delete(owner))
      }
      this.barNowAndThen()
    })
  }

  endBars(): void {
    this.isBarring = false
    this.barred.clear()
  }

  chooseWay(machine: Machine): void {
    this.ways.set(machine, this.world.random.pick<Way>(['socket', 'https', 'https', 'socketAndHttps']))
  }

  transportOf(owner: Machine, sockets: Transport): Transport {
    const way = this.ways.get(owner) ?? 'socket'
    if (way === 'socket') return sockets
    if (way === 'https') return { open: (events) => this.open(owner, events) }
    return { ...sockets, door: this.doorOf(owner, () => true) }
  }

  private open(owner: Machine, events: SocketEvents): Socket {
    let isOpen = true
    const door = this.doorOf(owner, () => isOpen)
    const socket = new DoorTransport(door, randomnessOf(this.world.random)).open({
      ...events,
      closed: (failure) => {
        isOpen = false
        events.closed(failure)
      },
    })
    return {
      send: (text) => socket.send(text),
      close: () => {
        isOpen = false
        socket.close()
      },
    }
  }

  /** @param isHeard whether the client still listens to what it is told. */
  private doorOf(owner: Machine, isHeard: () => boolean): Door {
    return {
      post: (speaker, text) =>
        new Promise((resolve) => {
          const { timeline, points } = this.world
          let isOver = false
          const giveUp = () => {
            isOver = true
            resolve(SILENCE)
          }
          const silence = timeline.after(HTTPS_TIMEOUT_MS, () => owner.run(giveUp))
          const message = JSON.parse(text) as ClientMessage
          const reply = (heard: StoreMessage) => {
            if (isOver) return
            silence.cancel()
            const afterwards = isHeard() ? this.cloud.onHearing(owner, speaker.processId, heard) : undefined
            resolve({ text: JSON.stringify(heard) })
            // The client hears of it in the step before this one.
            if (afterwards !== undefined) queueMicrotask(afterwards)
          }
          points.pass(owner, `client posts ${message.type}`, () => this.send(owner, { speaker, text, message }, reply))
        }),
    }
  }

  /** Somebody knows the name of a process and not its secret; or has both, under another role. */
  async impersonate([processId = '', secret = '']: readonly string[]): Promise<StoreMessage> {
    const { random } = this.world
    const isSecretKnown = random.chance(0.5)
    const text = JSON.stringify(random.pick([{ type: 'renew', n: 1 }, { type: 'retire' }]))
    const request: HttpsRequest = {
      processId,
      secret: isSecretKnown ? secret : secret.slice(1).concat('A'),
      connectionId: undefined,
      userArn: isSecretKnown ? OTHER_ARN : arnOf('app', 'app'),
      body: text,
    }
    return JSON.parse((await this.cloud.functions.post(request).answer).body) as StoreMessage
  }

  private send(owner: Machine, sent: Posted, reply: (heard: StoreMessage) => void): void {
    const { random, counts, executed } = this.world
    const { message, speaker } = sent
    executed.hit(speaker.connectionId === undefined ? 'HTTPS for want of a connection' : 'HTTPS')
    if (message.type === 'acquire' && message.nudge === true) executed.hit('poll')
    this.cloud.said(speaker.processId, message)
    if (!this.cloud.network.carriesFrom(owner)) return
    const faults = this.world.faults()
    if (random.chance(faults.sendLost) && counts.hit('sendLost')) return
    const arrive = (ms: number, answered: (answer: StoreMessage) => void) =>
      this.world.timeline.after(this.cloud.network.delayMs() + ms, () => void this.carryOut(owner, sent).then(answered))
    arrive(0, (answer) => this.answer(owner, answer, reply))
    if (random.chance(faults.functionRunsTwice) && counts.hit('functionRunsTwice'))
      arrive(random.between(0, 500), () => {})
    if (!random.chance(faults.sendRepeated)) return
    counts.hit('sendRepeated')
    for (let copies = random.integer(1, 4); copies > 0; copies -= 1) arrive(random.between(0, 20_000), () => {})
  }

  /** Never resolves where the function dies. */
  private async carryOut({ role }: Machine, { speaker, text, message }: Posted): Promise<StoreMessage> {
    const { processId, secret, connectionId } = speaker
    const userArn = arnOf(role, this.world.random.token(6))
    const { machine, answer } = await this.cloud.exchanges.carryOut(processId, message, () =>
      this.cloud.functions.post({ processId, secret, connectionId, userArn, body: text }),
    )
    return machine.isDead ? new Promise<never>(() => {}) : answer
  }

  private answer(owner: Machine, answer: StoreMessage, reply: (heard: StoreMessage) => void): void {
    const { random, counts, timeline } = this.world
    const { network } = this.cloud
    const faults = this.world.faults()
    if (random.chance(faults.answerLost) && counts.hit('answerLost')) return
    const isLate = random.chance(faults.answerLate) && counts.hit('answerLate')
    timeline.after(network.delayMs() + (isLate ? random.between(500, 4_000) : 0), () => {
      if (!network.carriesTo(owner, true)) return
      const heard = network.heardBy(owner, JSON.stringify(answer))
      if (heard !== undefined) owner.run(() => reply(JSON.parse(heard) as StoreMessage))
    })
  }
}

interface Posted {
  readonly speaker: Speaker
  readonly text: string
  readonly message: ClientMessage
}
