import type { Timing } from '../../protocol/timing.js'
import { RENEWAL_OVERDUE_MS, RENEWALS_PER_LEASE, RENEWALS_REMEMBERED } from '../limits.js'
import type { Clock, Timer } from '../ports.js'
import { type Instant, instant, Lease } from './lease.js'

export interface RenewalEvents {
  /** It is time to renew, while the lease runs. */
  due(): void
  isConnected(): boolean
  send(n: number): void
  /** Nothing was answered for so long that the connection is of no use. */
  silent(): void
  /** The lease must be over by now. */
  over(): void
}

/** Keeps a process's lease running: renews it in time, and counts it from the renewal that was answered. */
export class Renewals {
  readonly lease: Lease
  private sent = 0
  /** When it last renewed, or would have with a connection. */
  private renewedAt: Instant
  /** When each renewal was sent that has no answer yet. */
  private readonly unanswered = new Map<number, Instant>()
  private renewalTimer: Timer | undefined
  private silenceTimer: Timer | undefined
  private leaseTimer: Timer | undefined

  constructor(
    private readonly clock: Clock,
    private readonly timing: () => Timing,
    private readonly events: RenewalEvents,
  ) {
    this.lease = new Lease(clock)
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
    this.sent += 1
    if (this.unanswered.size >= RENEWALS_REMEMBERED) this.unanswered.delete(this.unanswered.keys().next().value ?? 0)
    this.unanswered.set(this.sent, instant(this.clock))
    this.watchSilence()
    this.events.send(this.sent)
  }

  answered(n: number, leaseMs: number): void {
    const sentAt = this.unanswered.get(n)
    if (sentAt === undefined) return
    for (const earlier of this.unanswered.keys()) if (earlier <= n) this.unanswered.delete(earlier)
    this.watchSilence()
    this.extend(sentAt, leaseMs)
  }

  /** Another connection: what was sent over the one before need not be answered any more. */
  forget(): void {
    this.unanswered.clear()
    this.silenceTimer?.cancel()
  }

  /** Whether no renewal was due for longer than can be: the process was paused, or its loop blocked. */
  get stoodStill(): boolean {
    const { wallMs, monotonicMs } = this.renewedAt
    const sinceMs = Math.max(this.clock.wallMs() - wallMs, this.clock.monotonicMs() - monotonicMs)
    return sinceMs > this.periodMs + RENEWAL_OVERDUE_MS
  }

  stop(): void {
    this.renewalTimer?.cancel()
    this.silenceTimer?.cancel()
    this.leaseTimer?.cancel()
  }

  private get periodMs(): number {
    return this.timing().leaseMs / RENEWALS_PER_LEASE
  }

  private schedule(): void {
    this.renewedAt = instant(this.clock)
    this.renewalTimer?.cancel()
    this.renewalTimer = this.clock.after(this.periodMs, () => this.events.due(), 'background')
  }

  private extend(sentAt: Instant, leaseMs: number): void {
    this.lease.extend({ sentAt, leaseMs, marginMs: this.timing().clientMarginMs })
    this.leaseTimer?.cancel()
    this.leaseTimer = this.clock.after(Math.max(1, this.lease.remainingMs + 1), () => this.events.over(), 'background')
  }

  /** Half open: the other side is gone and nobody said so. Enough of the lease must be left for the next connection. */
  private watchSilence(): void {
    this.silenceTimer?.cancel()
    const oldest = this.unanswered.values().next().value
    if (oldest === undefined) return
    const { roundTripMs, leaseMs } = this.timing()
    const silentMs = Math.min(2 * roundTripMs, leaseMs / 2)
    const leftMs = oldest.monotonicMs + silentMs - this.clock.monotonicMs()
    this.silenceTimer = this.clock.after(Math.max(1, leftMs), () => this.events.silent(), 'background')
  }
}
