import { THROTTLED_MS, THROTTLED_RETRY_MIN_MS, THROTTLED_RETRY_SHARE, THROTTLED_STRETCH } from '../limits.js'
import type { Clock, Randomness } from '../ports.js'

/** Whether the gateway said lately that there are too many messages. While it does, this process sends fewer. */
export class Throttling {
  private untilMs = Number.NEGATIVE_INFINITY

  constructor(
    private readonly clock: Clock,
    private readonly randomness: Randomness,
  ) {}

  /** The gateway says that there are too many messages. */
  heard(): void {
    this.untilMs = this.clock.monotonicMs() + THROTTLED_MS * (0.5 + this.randomness.fraction())
  }

  /** How long a period is now. Processes that are throttled together do not go on together. */
  stretched(periodMs: number): number {
    if (this.clock.monotonicMs() >= this.untilMs) return periodMs
    return periodMs * THROTTLED_STRETCH * (1 - this.randomness.fraction() / 4)
  }

  /**
   * The pause before something is tried again that the gateway has turned away, on which a lease depends: those with the
   * least time left come first, and try most often.
   */
  pauseMs(leaseLeftMs: number): number {
    return this.randomness.fraction() * Math.max(THROTTLED_RETRY_MIN_MS, leaseLeftMs * THROTTLED_RETRY_SHARE)
  }
}
