import { RecentMap } from '../protocol/recent-map.js'
import { COUNTED_SENDERS_MAX } from './limits.js'

interface Bucket {
  readonly left: number
  readonly atMs: number
}

interface Bounds {
  readonly burstMax: number
  readonly perSecondMax: number
}

/**
 * A bound on messages for each key: `burstMax` at once, and `perSecondMax` more each second. It lives in the memory of
 * one environment of a function, so that counting costs no request.
 */
export class RateLimit {
  private readonly buckets = new RecentMap<string, Bucket>(COUNTED_SENDERS_MAX)

  constructor(
    private readonly bounds: Bounds,
    private readonly nowMs: () => number,
  ) {}

  /** Whether one more is within the bound. Changes nothing. */
  allows(key: string): boolean {
    return this.left(key, this.nowMs()) >= 1
  }

  /** Counts one more, unless it is beyond the bound. */
  take(key: string): boolean {
    const atMs = this.nowMs()
    const left = this.left(key, atMs)
    const isAllowed = left >= 1
    this.buckets.set(key, { left: isAllowed ? left - 1 : left, atMs })
    return isAllowed
  }

  private left(key: string, nowMs: number): number {
    const { burstMax, perSecondMax } = this.bounds
    const bucket = this.buckets.get(key)
    if (bucket === undefined) return burstMax
    // A clock that was set back gives nothing, and takes nothing away.
    const passedMs = Math.max(0, nowMs - bucket.atMs)
    return Math.min(burstMax, bucket.left + (passedMs / 1000) * perSecondMax)
  }
}
