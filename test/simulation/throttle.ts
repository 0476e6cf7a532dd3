import { TokenBucket, takeFromAll } from '../../local/gateway/token-bucket.js'
import type { CloudWorld } from './cloud-world.js'
import { NO_FAULTS } from './faults.js'

/** The token bucket of the gateway. At times it lets little through. */
export class Throttle {
  private bucket: TokenBucket | undefined

  constructor(private readonly world: Pick<CloudWorld, 'timeline' | 'random' | 'counts' | 'faults'>) {}

  /** From now on, for some seconds. */
  begin(): boolean {
    const { timeline, random } = this.world
    const rate = { perSecond: random.pick([2, 5, 20]), burst: random.pick([1, 5]) }
    const bucket = new TokenBucket(rate, () => timeline.nowMs)
    this.bucket = bucket
    timeline.after(random.between(300, 5_000), () => {
      if (this.bucket === bucket) this.bucket = undefined
    })
    return true
  }

  /** Whether one more message, connect or push passes. */
  admits(): boolean {
    const { faults, counts } = this.world
    if (this.bucket === undefined || faults() === NO_FAULTS || takeFromAll([this.bucket])) return true
    return !counts.hit('throttledEveryMs')
  }
}
