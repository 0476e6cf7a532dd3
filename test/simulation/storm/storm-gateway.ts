import type { Socket, SocketEvents, Transport } from '../../../client/ports.js'
import { ACCOUNT_RATE, MESSAGE_THROTTLED, type Rate } from '../../../local/gateway/aws-quotas.js'
import { TokenBucket, takeFromAll } from '../../../local/gateway/token-bucket.js'
import type { ClientMessage, RefusalCode, StoreMessage } from '../../../protocol/messages.js'
import type { Timing } from '../../../protocol/timing.js'
import type { Random } from '../../support/random.js'
import type { StormClock } from './storm-clock.js'

/** A message is on its way for so long, and a function works for so long. */
const LATENCY_MS = [5, 25] as const
const FUNCTION_MS = 10

/** One connection. */
interface Line {
  readonly events: SocketEvents
  isOpen: boolean
  /** As its `hello` says. */
  processId: string | undefined
}

export interface GatewayCounts {
  /** Connections that were asked for, and those that were opened. */
  tries: number
  opened: number
  /** Messages that were sent, and those that the gateway brought to no function. */
  sent: number
  turnedAway: number
}

/** API Gateway with its quotas, and the parts of the store that know processes: `hello`, `renew` and `retire`. */
export class StormGateway implements Transport {
  readonly counts: GatewayCounts = { tries: 0, opened: 0, sent: 0, turnedAway: 0 }
  private readonly lines = new Set<Line>()
  /** Until when the lease of each process runs. */
  private readonly leases = new Map<string, number>()
  private readonly account: TokenBucket
  private readonly connections: TokenBucket
  private stage: TokenBucket

  constructor(
    private readonly clock: StormClock,
    private readonly random: Random,
    private readonly timing: Timing,
    rates: { readonly stage: Rate; readonly connections: Rate },
  ) {
    this.account = this.bucket(ACCOUNT_RATE)
    this.connections = this.bucket(rates.connections)
    this.stage = this.bucket(rates.stage)
  }

  /** From now on the stage lets through as much as this. */
  throttle(stage: Rate): void {
    this.stage = this.bucket(stage)
  }

  /** Ends all connections at once. */
  cut(): void {
    for (const line of this.lines) {
      line.isOpen = false
      this.arrive(() => line.events.closed(undefined))
    }
    this.lines.clear()
  }

  open(events: SocketEvents): Socket {
    const line: Line = { events, isOpen: false, processId: undefined }
    let isClosed = false
    this.counts.tries += 1
    this.arrive(() => {
      if (!takeFromAll([this.account, this.connections, this.stage])) {
        this.arrive(() => {
          if (!isClosed) events.closed({ message: MESSAGE_THROTTLED, kind: 'throttled' })
          isClosed = true
        })
        return
      }
      this.counts.opened += 1
      this.arrive(() => {
        if (isClosed) return
        line.isOpen = true
        this.lines.add(line)
        events.opened()
      }, FUNCTION_MS)
    })
    return {
      send: (text) => {
        if (line.isOpen) this.receive(line, text)
      },
      close: () => {
        if (isClosed) return
        isClosed = true
        line.isOpen = false
        this.lines.delete(line)
        this.clock.after(1, () => events.closed(undefined))
      },
    }
  }

  private receive(line: Line, text: string): void {
    this.counts.sent += 1
    this.arrive(() => {
      if (takeFromAll([this.account, this.stage]))
        return this.say(line, this.answer(line, JSON.parse(text) as ClientMessage), FUNCTION_MS)
      this.counts.turnedAway += 1
      this.say(line, { message: MESSAGE_THROTTLED, connectionId: 'x', requestId: 'x' })
    })
  }

  private say(line: Line, message: object, workMs = 0): void {
    this.arrive(() => {
      if (line.isOpen) line.events.received(JSON.stringify(message))
    }, workMs)
  }

  private answer(line: Line, message: ClientMessage): StoreMessage {
    const { leaseMs } = this.timing
    const nowMs = this.clock.wallMs()
    if (message.type === 'hello') {
      const { processId, gen, v } = message
      const untilMs = this.leases.get(processId) ?? (gen === 1 ? nowMs + leaseMs : 0)
      if (untilMs < nowMs) return refused('EVICTED', { of: 'hello', gen })
      this.leases.set(processId, untilMs)
      line.processId = processId
      return { type: 'welcome', v, gen, leaseMs, incarnation: '1', timing: this.timing }
    }
    const { processId } = line
    if (processId === undefined) return refused('NO_HELLO', { of: message.type })
    if (message.type === 'retire') {
      this.leases.set(processId, 0)
      return { type: 'noted', of: 'retire' }
    }
    if (message.type !== 'renew') throw new Error(`no process of a storm sends '${message.type}'`)
    const { n } = message
    if ((this.leases.get(processId) ?? 0) < nowMs) return refused('EVICTED', { of: 'renew', n })
    this.leases.set(processId, nowMs + leaseMs)
    return { type: 'renewed', n, leaseMs, incarnation: '1', asks: [] }
  }

  private arrive(run: () => void, workMs = 0): void {
    this.clock.after(workMs + this.random.between(...LATENCY_MS), run)
  }

  private bucket(rate: Rate): TokenBucket {
    return new TokenBucket(rate, () => this.clock.monotonicMs())
  }
}

const refused = (code: RefusalCode, about: { readonly of: string; readonly gen?: number; readonly n?: number }) =>
  ({ type: 'refused', code, message: 'the storm refuses it', ...about }) as const
