import { Membership } from '../../../client/process/membership.js'
import { Reach } from '../../../client/process/reach.js'
import { CONNECTION_RATE, type Rate } from '../../../local/gateway/aws-quotas.js'
import { compileTiming } from '../../../protocol/timing.js'
import { Random } from '../../support/random.js'
import { randomnessOf } from '../machine.js'
import { StormClock } from './storm-clock.js'
import { type GatewayCounts, StormGateway } from './storm-gateway.js'

export interface StormOptions {
  readonly processes: number
  readonly leaseMs: number
  readonly throttle: Rate
  /** @default - as AWS documents it */
  readonly connections?: Rate
  readonly seed?: number
}

const HOUR_MS = 3_600_000

/** Very many processes that hold their leases: the client's own code for that, in virtual time, over the gateway's quotas. */
export class Storm {
  /** Leases that were lost. */
  lost = 0
  private connectedAtMs = 0
  private readonly clock = new StormClock()
  private readonly random: Random
  private readonly gateway: StormGateway
  private readonly members: Membership[] = []

  constructor(private readonly options: StormOptions) {
    const { leaseMs, throttle, connections = CONNECTION_RATE, seed = 1 } = options
    this.random = new Random(seed)
    const rates = { stage: throttle, connections }
    this.gateway = new StormGateway(this.clock, this.random, compileTiming({ leaseMs }), rates)
  }

  get counts(): GatewayCounts {
    return { ...this.gateway.counts }
  }

  /** All processes start, with half of the connections a second that the gateway opens. */
  start(): void {
    const { processes, connections = CONNECTION_RATE } = this.options
    const spreadMs = (2_000 * processes) / connections.perSecond
    for (let index = 0; index < processes; index += 1) {
      this.clock.after(this.random.between(0, spreadMs), () => this.join(index))
    }
    this.pass(spreadMs + 2 * this.options.leaseMs)
  }

  pass(ms: number): void {
    this.clock.runUntil(this.clock.monotonicMs() + ms)
  }

  /** The gateway lets through as much as this, for some time. */
  dip(stage: Rate, ms: number): void {
    this.gateway.throttle(stage)
    this.pass(ms)
    this.gateway.throttle(this.options.throttle)
  }

  /** All connections end at once. Returns how long it took until the last process was connected again. */
  cut(withinMs: number): number {
    const cutAtMs = this.clock.monotonicMs()
    this.gateway.cut()
    this.pass(withinMs)
    return this.connectedAtMs - cutAtMs
  }

  /** So many processes end at once, in good order, and as many others take their places. */
  deploy(count: number): void {
    for (let index = 0; index < count; index += 1) {
      void this.members[index]?.retire()
      this.join(index)
    }
  }

  /** Messages that each process would send in an hour, as it does in this time. */
  messagesPerHour(ms: number): number {
    const { sent } = this.counts
    this.pass(ms)
    return ((this.counts.sent - sent) / this.options.processes) * (HOUR_MS / ms)
  }

  /** As a client does whose accesses wait: it goes on at once under another id when it has lost its lease. */
  private join(index: number): void {
    const ignore = () => {}
    const { clock, random } = this
    const member = new Membership('', this.gateway, clock, randomnessOf(random), new Reach(clock), {
      ready: ignore,
      received: ignore,
      asked: ignore,
      askedForMore: ignore,
      died: () => {
        this.lost += 1
        if (member.isToRetire) void member.retire()
        this.join(index)
      },
      refused: (error) => {
        throw error
      },
      // It holds sessions.
      fallsAsleep: () => false,
      missed: ignore,
      connection: (state) => {
        if (state === 'connected') this.connectedAtMs = clock.monotonicMs()
      },
    })
    this.members[index] = member
  }
}
