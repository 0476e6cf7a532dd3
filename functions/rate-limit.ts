/** Keys that are counted at a time. Whoever has been silent longest is forgotten first, and starts afresh. */
const KEYS_MAX = 10_000

interface Bucket {
  readonly left: number
  readonly atMs: number
}

/**
 * A bound on messages for each key: `burstMax` at once, and `perSecondMax` more each second. It lives in the memory of
 * one environment of a function, so that counting costs no request.
 */
export class Rate {
  private readonly buckets = new Map<string, Bucket>()

  constructor(
    private readonly burstMax: number,
    private readonly perSecondMax: number,
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
    // Deleted first, so that the map is in the order of use.
    this.buckets.delete(key)
    if (this.buckets.size >= KEYS_MAX) this.buckets.delete(this.buckets.keys().next().value ?? '')
    this.buckets.set(key, { left: isAllowed ? left - 1 : left, atMs })
    return isAllowed
  }

  private left(key: string, nowMs: number): number {
    const bucket = this.buckets.get(key)
    if (bucket === undefined) return this.burstMax
    // A clock that was set back gives nothing, and takes nothing away.
    const passedMs = Math.max(0, nowMs - bucket.atMs)
    return Math.min(this.burstMax, bucket.left + (passedMs / 1000) * this.perSecondMax)
  }
}
