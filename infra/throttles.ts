import { RENEWAL_HEADROOM, RENEWALS_PER_LEASE } from '../protocol/limits.js'
import { messagesPerSecondMin, renewalsPerSecond, type Size } from '../protocol/size.js'

/** What API Gateway lets through: messages in a second, and at once. */
export interface Throttle {
  readonly ratePerSecond: number
  readonly burst: number
}

/** Messages without which processes lose their locks, or others wait for locks in vain. */
const VITAL = ['renew', 'release', 'busy'] as const

/** Throws a RangeError, with the arithmetic, where the renewals of so many processes would be throttled. */
export function checkThrottle({ ratePerSecond }: Throttle, size: Size): void {
  const leastPerSecond = messagesPerSecondMin(size)
  if (ratePerSecond >= leastPerSecond) return
  const { processes, leaseMs } = size
  throw new RangeError(
    `throttleRatePerSecond must be at least ${leastPerSecond}, received ${ratePerSecond}: ${processes} processes ` +
      `(processesMax) renew ${RENEWALS_PER_LEASE} times in a lease of ${leaseMs} ms, which makes ` +
      `${Math.ceil(renewalsPerSecond(size))} messages a second, times ${RENEWAL_HEADROOM}. Raise it, within the quota ` +
      'of the account, or give a longer timing.leaseMs',
  )
}

/**
 * The throttles of single routes. A message that keeps locks alive has a bucket of its own, and acquires have half of what
 * the renewals leave over: each brings about a release. So a storm of acquires leaves room for all the rest, also in the
 * quota that all routes of an account share.
 */
export function routeThrottles(stage: Throttle, size: Size): Readonly<Record<string, Throttle>> {
  const acquire: Throttle = {
    ratePerSecond: Math.max(1, Math.floor((stage.ratePerSecond - renewalsPerSecond(size)) / 2)),
    burst: Math.max(1, Math.floor(stage.burst / 2)),
  }
  return { acquire, ...Object.fromEntries(VITAL.map((type) => [type, stage])) }
}
