import { invariant } from '../../protocol/assert.js'
import { CONNECTIONS_PER_PROCESS_MAX } from '../../protocol/limits.js'
import type { StoreMessage } from '../../protocol/messages.js'
import {
  CONNECTION_EARLY_MS,
  CONNECTION_LIFETIME_MS,
  CONNECTION_OVERLAP_MS,
  RECONNECT_AWAITED_MS,
  RECONNECT_BASE_MS,
  RECONNECT_MAX_MS,
} from '../limits.js'
import type { Clock, ConnectFailure, Instant, Randomness, Timer, Transport } from '../ports.js'
import { Connection, type Refusal, type Welcome } from './connection.js'
import type { GatewayFrame } from './gateway-frame.js'
import type { Reach } from './reach.js'

export interface ConnectorEvents {
  /** Whether the process has ended: then nothing is handled any more. */
  isOver(): boolean
  /** The `hello` of this process's connection number `gen`. */
  hello(gen: number): string
  /** The store knows this process, on these terms. `sentAt`: when the `hello` was sent. The process may end here. */
  welcomed(welcome: Welcome, sentAt: Instant): void
  /** Messages can be sent, until `disconnected`. */
  connected(): void
  /** No message can be sent until the next `connected`. */
  disconnected(why: string): void
  received(message: Exclude<StoreMessage, Welcome>): void
  /** The gateway says that a message was not carried out, but not which. The connection works. */
  turnedAway(frame: GatewayFrame): void
  /** The pause before the next try after the gateway turned one away; undefined where no lease depends on it. */
  pauseMs(): number | undefined
  /** The store has given this process up. */
  evicted(): void
  /** The store knows a newer connection than the newest of this process. */
  copied(): void
  /** The store refuses this process for a reason that lasts. */
  refused(refusal: Refusal): void
  /** There is no connection, and none could be opened. */
  missed(): void
  /** No connection will be possible. */
  unreachable(failure: ConnectFailure): void
}

type State =
  /** No connection, and none is being opened: `timer` ends the pause. */
  | { readonly kind: 'pausing' }
  | { readonly kind: 'opening'; readonly next: Connection }
  /** `timer` opens the next connection beside the current one. */
  | { readonly kind: 'connected'; readonly current: Connection }
  | { readonly kind: 'rollingOver'; readonly current: Connection; readonly next: Connection }
  | { readonly kind: 'closed' }

const THROTTLED: ConnectFailure = {
  message: 'API Gateway says that there are too many messages: its throttle may be too low for so many processes',
  kind: 'throttled',
}

/** A connection that another has replaced, while answers to its messages may still arrive. */
interface Replaced {
  readonly connection: Connection
  readonly timer: Timer
}

/**
 * The connections of one process id, one after the other. It opens the next before API Gateway cuts the current one,
 * and pauses between attempts that fail.
 */
export class Connector {
  private state: State = { kind: 'pausing' }
  /** Ends the current state; a change of state cancels it. */
  private timer: Timer | undefined
  /** When that timer is due. */
  private dueMs = 0
  /** When the newest connection was begun. */
  private openedAtMs = 0
  private replaced: Replaced | undefined
  /** The number of the newest connection that was opened. */
  private gen = 0
  /** Connections that have failed since the store last proved to be there. */
  private failures = 0
  /** `hello`s since the last `welcome`; each displaces an older connection, so they are bounded. */
  private hellos = 0

  constructor(
    private readonly transport: Transport,
    private readonly clock: Clock,
    private readonly randomness: Randomness,
    private readonly reach: Reach,
    private readonly events: ConnectorEvents,
  ) {
    this.open()
  }

  get isConnected(): boolean {
    return this.current !== undefined
  }

  /** Sends if connected, else does nothing. */
  send(text: string): void {
    this.current?.send(text)
  }

  /** The store has answered a renewal: the next failure is a first one again. */
  proved(): void {
    this.failures = 0
  }

  /** An access waits for a connection: a long pause before the next try is cut short. */
  hurry(): void {
    if (this.state.kind !== 'pausing' || this.dueMs - this.clock.monotonicMs() <= RECONNECT_AWAITED_MS) return
    this.timer?.cancel()
    this.openLater((RECONNECT_AWAITED_MS * (1 + this.randomness.fraction())) / 2)
  }

  /** The current connection is of no use any more: the next one takes its place at once, but not again and again. */
  replace(why: string): void {
    const { state } = this
    const useless = this.current
    if (useless === undefined) return
    this.become(state.kind === 'rollingOver' ? { kind: 'opening', next: state.next } : { kind: 'pausing' })
    useless.close()
    this.reach.missed({ message: why, kind: 'passing' })
    this.events.disconnected(why)
    if (this.state.kind !== 'pausing') return
    if (this.failures > 0) return this.pause()
    this.failures = 1
    this.open()
  }

  /** Closes every connection and opens no other. */
  close(): void {
    this.leave()?.close()
  }

  /** The same, but for the current connection, which is the caller's from now on. */
  leave(): Connection | undefined {
    const { replaced, current, next } = this
    this.become({ kind: 'closed' })
    this.replaced = undefined
    replaced?.timer.cancel()
    for (const connection of [replaced?.connection, next]) connection?.close()
    return current
  }

  private get current(): Connection | undefined {
    return this.state.kind === 'connected' || this.state.kind === 'rollingOver' ? this.state.current : undefined
  }

  /** The connection that is being opened. */
  private get next(): Connection | undefined {
    return this.state.kind === 'opening' || this.state.kind === 'rollingOver' ? this.state.next : undefined
  }

  private open(): void {
    const { kind } = this.state
    invariant(kind === 'pausing' || kind === 'connected', 'a process opens one connection at a time, while it lives')
    this.openedAtMs = this.clock.monotonicMs()
    const { events } = this
    const next = new Connection(this.transport, this.clock, this.randomness, {
      isOver: () => events.isOver(),
      opened: () => {
        this.hellos += 1
        // One that never opened has no number: the store knows a process by the `hello` of the first.
        this.gen += 1
        return { hello: events.hello(this.gen), gen: this.gen }
      },
      welcomed: (welcome, sentAt) => this.welcomed(next, welcome, sentAt),
      helloRefused: (refusal) => this.helloRefused(next, refusal),
      received: (message) => this.received(next, message),
      turnedAway: (frame) => this.turnedAway(frame),
      closed: (failure) => this.closed(next, failure),
    })
    const { current } = this
    this.become(current === undefined ? { kind: 'opening', next } : { kind: 'rollingOver', current, next })
  }

  private welcomed(connection: Connection, welcome: Welcome, sentAt: Instant): void {
    const { current } = this
    invariant(connection === this.next, 'only the connection that is being opened is welcomed')
    if (current !== undefined) this.keepAwhile(current)
    this.reach.welcomed()
    this.hellos = 0
    this.become({ kind: 'connected', current: connection })
    this.events.welcomed(welcome, sentAt)
    if (this.state.kind !== 'connected') return
    this.openLater(this.rolloverMs())
    this.events.connected()
  }

  private rolloverMs(): number {
    return CONNECTION_LIFETIME_MS - CONNECTION_EARLY_MS * (1 + this.randomness.fraction())
  }

  private keepAwhile(connection: Connection): void {
    this.replaced?.timer.cancel()
    this.replaced?.connection.close()
    const timer = this.clock.after(CONNECTION_OVERLAP_MS, () => connection.close(), 'background')
    this.replaced = { connection, timer }
  }

  private helloRefused(connection: Connection, refusal: Refusal): void {
    const { code } = refusal
    if (code === 'EVICTED') this.events.evicted()
    else if (code === 'STALE_CONNECTION') {
      // The store knows a connection above the newest of this process: a copy of the process has opened it.
      if (refusal.gen === this.gen) this.events.copied()
    } else if (code !== 'INTERNAL' && code !== 'TOO_MANY_MESSAGES') this.events.refused(refusal)
    // Another copy of this `hello` was welcomed.
    else if (connection === this.current) return
    connection.close()
  }

  private received(connection: Connection, message: Exclude<StoreMessage, Welcome>): void {
    const isUnknown = message.type === 'refused' && message.code === 'NO_HELLO'
    if (isUnknown && connection === this.current) this.replace('the store does not know this connection')
    else this.events.received(message)
  }

  private turnedAway(frame: GatewayFrame): void {
    if (frame === 'tooMany' && !this.isConnected) this.reach.lastFailure = THROTTLED
    this.events.turnedAway(frame)
  }

  private closed(connection: Connection, cause: ConnectFailure | undefined): void {
    const { state } = this
    const failure: ConnectFailure = cause ?? { message: 'the connection was closed', kind: 'passing' }
    if (connection === this.current) {
      this.reach.missed(failure)
      this.become(state.kind === 'rollingOver' ? { kind: 'opening', next: state.next } : { kind: 'pausing' })
      this.events.disconnected(failure.message)
      if (this.state.kind === 'pausing') this.pause(failure)
    } else if (state.kind === 'opening' && connection === state.next) {
      this.reach.missed(failure, this.openedAtMs)
      this.become({ kind: 'pausing' })
      if (failure.kind === 'final') this.events.unreachable(failure)
      if (this.state.kind === 'pausing') this.pause(failure)
      this.events.missed()
    } else if (state.kind === 'rollingOver' && connection === state.next) {
      // While the current connection works, a failure of the next one is not reported.
      this.reach.lastFailure = failure
      this.become({ kind: 'connected', current: state.current })
      // The store hears a `hello` even where its answer is lost. One more would displace the connection in use.
      if (this.hellos < CONNECTIONS_PER_PROCESS_MAX - 1) this.pause(failure)
    }
  }

  /**
   * Tries again after a random time, up to a bound that doubles with each failure. Where the gateway has turned it away
   * the bound is a share of what the lease has left: so many try at once that most would fail again.
   */
  private pause(failure?: ConnectFailure): void {
    const ceilingMs = Math.min(RECONNECT_MAX_MS, RECONNECT_BASE_MS * 2 ** Math.min(this.failures, 20))
    const forLeaseMs = failure?.kind === 'throttled' ? this.events.pauseMs() : undefined
    this.failures += 1
    this.openLater(forLeaseMs ?? ceilingMs * this.randomness.fraction())
  }

  private openLater(ms: number): void {
    this.dueMs = this.clock.monotonicMs() + ms
    const timer = this.clock.after(
      ms,
      () => {
        // A timer that was due while the loop was blocked may fire although it was cancelled meanwhile.
        if (this.timer === timer) this.open()
      },
      'background',
    )
    this.timer = timer
  }

  private become(state: State): void {
    this.timer?.cancel()
    this.timer = undefined
    this.state = state
  }
}
