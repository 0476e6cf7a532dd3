import type { Timing } from '../../protocol/timing.js'
import {
  HANDOFFS_PER_MINIMUM_HOLD,
  HANDOFFS_REMEMBERED,
  MINIMUM_HOLD_MAX_MS,
  MINIMUM_HOLDS_AHEAD_MAX_MS,
} from '../limits.js'
import type { Clock } from '../ports.js'
import type { Grant } from './grant.js'

/** The times of the last few requests of a kind. */
class Times {
  private readonly ms: number[] = []

  add(ms: number): void {
    this.ms.push(ms)
    if (this.ms.length > HANDOFFS_REMEMBERED) this.ms.shift()
  }

  get isNone(): boolean {
    return this.ms.length === 0
  }

  /** The least, for the others were delayed by what is no part of a handoff, such as a cold start. */
  get least(): number {
    return Math.min(...this.ms)
  }
}

/**
 * What a handoff costs, as this process has measured it: a session is used by nobody from when the release is sent until
 * the next holder is told, which takes about as long as the release's own round trip, and while that one claims it.
 */
export class HandoffCost {
  private readonly release = new Times()
  private readonly claim = new Times()

  /** @param isReleasedAfterAccess A process that may be frozen between requests holds nothing beyond an access. */
  constructor(
    private readonly clock: Clock,
    private readonly isReleasedAfterAccess: boolean,
  ) {}

  /** A release is sent of a session that another process waits for. Returns what to call when it is answered. */
  handingOver(): () => void {
    const sinceMs = this.clock.monotonicMs()
    return () => this.release.add(this.clock.monotonicMs() - sinceMs)
  }

  /** A session was claimed. Returns how long its hold may serve this process while others wait: nothing before the first handoff. */
  claimed({ heldMs, ahead }: Grant, { busyAfterMs }: Timing): number {
    this.claim.add(heldMs)
    const { release, claim } = this
    if (this.isReleasedAfterAccess || release.isNone) return 0
    return Math.min(
      HANDOFFS_PER_MINIMUM_HOLD * (release.least + claim.least),
      MINIMUM_HOLD_MAX_MS,
      // It is no reason to say that this process is busy.
      busyAfterMs / 2,
      MINIMUM_HOLDS_AHEAD_MAX_MS / Math.max(1, ahead),
    )
  }
}
