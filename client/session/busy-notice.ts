import type { Timing } from '../../protocol/timing.js'
import { type Clock, type Instant, instant, type Timer } from '../ports.js'

/**
 * A holder that needs longer tells the store that it is busy, and ends that in time. A grant has one such notice from the
 * first time on that another process asks.
 */
export class BusyNotice {
  private timer: Timer | undefined
  private until: Instant | undefined
  private saidAtMs = 0

  constructor(
    private readonly clock: Clock,
    private readonly timing: () => Timing,
    private readonly say: () => void,
    private readonly overdue: () => void,
  ) {}

  /**
   * Another process asks for the session. Asked again, it says again that it is busy, which extends nothing: but not
   * before the last one may have been answered, since many may ask often.
   */
  asked(): void {
    if (this.until !== undefined) {
      if (this.clock.monotonicMs() - this.saidAtMs >= this.timing().roundTripMs) this.sayNow()
    } else this.timer ??= this.clock.after(this.timing().busyAfterMs, () => this.sayFirst(), 'background')
  }

  /** By either clock: a blocked loop or a paused machine must not outstay its time because no timer ran. */
  get isOverdue(): boolean {
    return this.isOverdueAt(instant(this.clock))
  }

  /** The same, for a caller that has read the clocks just now. */
  isOverdueAt(now: Instant): boolean {
    const { until } = this
    return until !== undefined && (until.wallMs <= now.wallMs || until.monotonicMs <= now.monotonicMs)
  }

  end(): void {
    this.timer?.cancel()
  }

  private sayFirst(): void {
    // Counted from before the first busy is sent: the store counts from its receipt, which is later.
    const { wallMs, monotonicMs } = instant(this.clock)
    const { maxBusyMs, clientMarginMs } = this.timing()
    const ms = Math.max(1, maxBusyMs - clientMarginMs)
    this.until = { wallMs: wallMs + ms, monotonicMs: monotonicMs + ms }
    this.timer = this.clock.after(ms, () => this.overdue(), 'background')
    this.sayNow()
  }

  private sayNow(): void {
    this.saidAtMs = this.clock.monotonicMs()
    this.say()
  }
}
