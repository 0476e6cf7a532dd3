import type { Clock } from '../ports.js'

/** An instant by both clocks. */
export interface Instant {
  readonly wallMs: number
  readonly monotonicMs: number
}

export const instant = (clock: Clock): Instant => ({ wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() })

/**
 * The time until which this process may believe in its locks. It is over when EITHER clock says so: the monotonic
 * one stops while a machine is paused, the wall one may be set back. Once seen as over it never runs again.
 */
export class Lease {
  private until: Instant = { wallMs: 0, monotonicMs: 0 }
  private over = false

  constructor(private readonly clock: Clock) {}

  /** Counts from before the renewal was sent. A late answer to an older renewal shortens nothing. */
  extend(sentAt: Instant, leaseMs: number, marginMs: number): void {
    const ms = leaseMs - marginMs
    if (this.over || sentAt.monotonicMs + ms <= this.until.monotonicMs) return
    this.until = { wallMs: sentAt.wallMs + ms, monotonicMs: sentAt.monotonicMs + ms }
  }

  get isConfirmed(): boolean {
    return this.until.monotonicMs > 0
  }

  /** False before the first confirmation, and for ever once the lease has been seen to be over. */
  get isRunning(): boolean {
    if (this.over || !this.isConfirmed) return false
    if (this.remainingMs > 0) return true
    this.over = true
    return false
  }

  get remainingMs(): number {
    return Math.min(this.until.wallMs - this.clock.wallMs(), this.until.monotonicMs - this.clock.monotonicMs())
  }
}
