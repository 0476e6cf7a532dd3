import type { Rate } from './aws-quotas.js'

/** `burst` at once, and `perSecond` more each second. */
export class TokenBucket {
  private left: number
  private atMs: number

  constructor(
    private readonly rate: Rate,
    private readonly nowMs: () => number,
  ) {
    this.left = rate.burst
    this.atMs = nowMs()
  }

  get hasOne(): boolean {
    const nowMs = this.nowMs()
    // A clock that was set back gives nothing, and takes nothing away.
    const passedMs = Math.max(0, nowMs - this.atMs)
    this.left = Math.min(this.rate.burst, this.left + (passedMs / 1_000) * this.rate.perSecond)
    this.atMs = nowMs
    return this.left >= 1
  }

  take(): void {
    this.left -= 1
  }
}

/** Takes one from each, if each has one. */
export function takeFromAll(buckets: readonly TokenBucket[]): boolean {
  if (!buckets.every(({ hasOne }) => hasOne)) return false
  for (const bucket of buckets) bucket.take()
  return true
}
