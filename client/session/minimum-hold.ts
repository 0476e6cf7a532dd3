import { COHORT_MS } from '../limits.js'
import type { Clock, Timer } from '../ports.js'

/** The hold. */
interface Held {
  /** An access runs or waits here, or awaits a write that is under way. */
  readonly isAtWork: boolean
  /** No new access may begin. */
  drain(): void
  /** Neither may one that is queued. */
  endCohort(): void
}

/**
 * How a hold ends that other processes wait for, or that nobody needs. So that a handoff is paid for by several
 * accesses, they may begin in it until some time after the claim, whatever is done meanwhile; it ends before that where
 * there is nothing to do.
 */
export class MinimumHold {
  private readonly sinceMs: number
  private timer: Timer | undefined
  private turn: Timer | undefined

  constructor(
    private readonly clock: Clock,
    /** By the monotonic clock. */
    private readonly untilMs: number,
    private readonly held: Held,
  ) {
    this.sinceMs = clock.monotonicMs()
  }

  /** By the clock: a blocked loop must not outstay it because no timer ran. */
  get isOver(): boolean {
    return this.untilMs <= this.clock.monotonicMs()
  }

  begin(): void {
    if (this.isOver || !this.held.isAtWork) this.held.drain()
    else this.timer = this.clock.after(this.untilMs - this.sinceMs, () => this.held.drain(), 'background')
  }

  /** An access has ended or a write has landed. Who awaited it may come back in the same turn of the event loop. */
  settled(): void {
    if (this.held.isAtWork) return
    this.turn ??= this.clock.after(0, () => this.endIfUnused(), 'background')
  }

  /** The hold drains. Accesses that are queued may still begin for some time, which counts from the ask. */
  drains(): void {
    this.end()
    const leftMs = Math.max(0, this.sinceMs + COHORT_MS - this.clock.monotonicMs())
    this.timer = this.clock.after(leftMs, () => this.held.endCohort(), 'background')
  }

  /** The hold is over. */
  end(): void {
    this.timer?.cancel()
    this.turn?.cancel()
  }

  private endIfUnused(): void {
    this.turn = undefined
    if (!this.held.isAtWork) this.held.drain()
  }
}
