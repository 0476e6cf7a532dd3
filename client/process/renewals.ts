import { RENEWALS_PER_LEASE } from '../../protocol/limits.js'
import type { Timing } from '../../protocol/timing.js'
import { RENEWAL_OVERDUE_MS, RENEWALS_REMEMBERED } from '../limits.js'
import { type Clock, elapsedMs, type Instant, instant, type Randomness, type Timer } from '../ports.js'
import type { GatewayFrame } from './gateway-frame.js'
import { Lease } from './lease.js'
import { Throttling } from './throttling.js'

export interface RenewalsEvents {
  /** It is time to renew, while the lease runs. */
  due(): void
  isConnected(): boolean
  send(n: number): void
  /** No renewal was answered for so long that the connection is of no use. */
  silent(): void
  /** As much time has passed as the lease had left. */
  over(): void
}

/** Keeps a process's lease running: renews it in time, and counts it from when the answered renewal was sent. */
export class Renewals {
  readonly lease: Lease
  readonly throttling: Throttling
  /** The number of the last renewal. */
  private last = 0
  /** When a renewal was last due. It is sent only with a connection. */
  private renewedAt: Instant
  /** The time from then until the next. */
  private nextMs = 0
  /** When the gateway last said that it had turned a message away. Renewals until then may never be answered. */
  private turnedAwayAtMs = Number.NEGATIVE_INFINITY
  /** A renewal that the gateway may have turned away is about to be sent again. */
  private isAgain = false
  /** Renewals without an answer, oldest first: when each was sent. */
  private readonly unanswered = new Map<number, Instant>()
  private renewalTimer: Timer | undefined
  private silenceTimer: Timer | undefined
  private leaseTimer: Timer | undefined

  constructor(
    private readonly clock: Clock,
    randomness: Randomness,
    private readonly timing: () => Timing,
    private readonly events: RenewalsEvents,
  ) {
    this.lease = new Lease(clock)
    this.throttling = new Throttling(clock, randomness)
    this.renewedAt = instant(clock)
  }

  /** The first `hello` starts the lease. */
  begin(sentAt: Instant, leaseMs: number): void {
    this.extend(sentAt, leaseMs)
    this.schedule()
  }

  renew(): void {
    this.schedule()
    if (!this.events.isConnected()) return
    this.last += 1
    if (this.unanswered.size >= RENEWALS_REMEMBERED) this.unanswered.delete(this.unanswered.keys().next().value ?? 0)
    this.unanswered.set(this.last, instant(this.clock))
    this.watchSilence()
    this.events.send(this.last)
  }

  /** The store has extended the lease, by renewal number `n`. */
  answered({ n, leaseMs }: { readonly n: number; readonly leaseMs: number }): void {
    const sentAt = this.unanswered.get(n)
    if (sentAt === undefined) return
    for (const earlier of this.unanswered.keys()) if (earlier <= n) this.unanswered.delete(earlier)
    this.watchSilence()
    this.extend(sentAt, leaseMs)
  }

  /**
   * The gateway has turned a message away, and not brought it to a function. It may have been a renewal: that is sent
   * again. The connection works, so its silence until now shows nothing.
   */
  turnedAway(frame: GatewayFrame): void {
    if (frame === 'tooMany') this.throttling.heard()
    this.turnedAwayAtMs = this.clock.monotonicMs()
    if (this.unanswered.size === 0 || this.isAgain) return
    this.watchSilence()
    this.schedule(this.throttling.pauseMs(this.lease.remainingMs))
    this.isAgain = true
  }

  /** The pause before the gateway is asked again for a connection that it has refused; undefined without a lease. */
  pauseMs(): number | undefined {
    const { remainingMs } = this.lease
    return remainingMs > 0 ? this.throttling.pauseMs(remainingMs) : undefined
  }

  /** The connection is gone: the renewals that were sent over it will not be answered. */
  forget(): void {
    this.unanswered.clear()
    this.silenceTimer?.cancel()
  }

  /** Whether a renewal is overdue: its timer did not run, because the machine was paused or the loop blocked. */
  get stoodStill(): boolean {
    return elapsedMs(this.clock, this.renewedAt) > this.nextMs + RENEWAL_OVERDUE_MS
  }

  stop(): void {
    this.lease.end()
    this.renewalTimer?.cancel()
    this.silenceTimer?.cancel()
    this.leaseTimer?.cancel()
  }

  private get periodMs(): number {
    return this.throttling.stretched(this.timing().leaseMs / RENEWALS_PER_LEASE)
  }

  private schedule(nextMs = this.periodMs): void {
    this.renewedAt = instant(this.clock)
    this.nextMs = nextMs
    this.isAgain = false
    this.renewalTimer?.cancel()
    this.renewalTimer = this.clock.after(nextMs, () => this.events.due(), 'background')
  }

  private extend(sentAt: Instant, leaseMs: number): void {
    this.lease.extend({ sentAt, leaseMs, marginMs: this.timing().clientMarginMs })
    this.leaseTimer?.cancel()
    this.leaseTimer = this.clock.after(Math.max(1, this.lease.remainingMs + 1), () => this.events.over(), 'background')
  }

  /**
   * Finds a connection whose other side is gone without a word (half open), while enough of the lease is left for the
   * next connection to renew it.
   */
  private watchSilence(): void {
    this.silenceTimer?.cancel()
    const oldest = [...this.unanswered.values()].find(({ monotonicMs }) => monotonicMs > this.turnedAwayAtMs)
    if (oldest === undefined) return
    const { roundTripMs, leaseMs } = this.timing()
    const silentMs = Math.min(2 * roundTripMs, leaseMs / 2)
    const leftMs = oldest.monotonicMs + silentMs - this.clock.monotonicMs()
    this.silenceTimer = this.clock.after(Math.max(1, leftMs), () => this.events.silent(), 'background')
  }
}
