import { type Clock, type Instant, instant } from '../ports.js'

/** A term that the store has granted: `leaseMs` by its own clock, of which this side does not use the last `marginMs`. */
export interface LeaseTerm {
  readonly sentAt: Instant
  readonly leaseMs: number
  readonly marginMs: number
}

type State =
  | { readonly kind: 'unconfirmed' }
  | { readonly kind: 'confirmed'; readonly until: Instant }
  | { readonly kind: 'over' }

/**
 * The time until which this process may believe in its locks. It is over when EITHER clock says so: the monotonic
 * one stops while a machine is paused, the wall one may be set back. Once seen as over it never runs again.
 */
export class Lease {
  private state: State = { kind: 'unconfirmed' }

  constructor(private readonly clock: Clock) {}

  /** Counts from before the renewal was sent. A late answer to an older renewal shortens nothing. */
  extend({ sentAt, leaseMs, marginMs }: LeaseTerm): void {
    const ms = leaseMs - marginMs
    const until: Instant = { wallMs: sentAt.wallMs + ms, monotonicMs: sentAt.monotonicMs + ms }
    if (this.state.kind === 'over') return
    if (this.state.kind === 'confirmed' && until.monotonicMs <= this.state.until.monotonicMs) return
    this.state = { kind: 'confirmed', until }
  }

  /** It never runs again. */
  end(): void {
    this.state = { kind: 'over' }
  }

  /** True from the first confirmation on, for ever. */
  get isConfirmed(): boolean {
    return this.state.kind !== 'unconfirmed'
  }

  /** False before the first confirmation, and for ever once the lease has been seen to be over. */
  get isRunning(): boolean {
    return this.isRunningAt(instant(this.clock))
  }

  /** The same, for a caller that has read the clocks just now. */
  isRunningAt(now: Instant): boolean {
    if (this.state.kind !== 'confirmed') return false
    if (leftMs(this.state.until, now) > 0) return true
    this.state = { kind: 'over' }
    return false
  }

  /** How long it still runs: zero or less when it is over, or not confirmed yet. */
  get remainingMs(): number {
    if (this.state.kind !== 'confirmed') return 0
    return leftMs(this.state.until, instant(this.clock))
  }
}

const leftMs = (until: Instant, now: Instant): number =>
  Math.min(until.wallMs - now.wallMs, until.monotonicMs - now.monotonicMs)
