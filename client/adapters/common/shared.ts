import { TTL_MAX_MS, TTL_MIN_MS } from '../../limits.js'
import { Fallback } from './fallback.js'
import type { RequestSessionsOptions } from './options.js'
import { ValueRules } from './values.js'
import { Waiting } from './waiting.js'

/** What the requests of one middleware share. */
export class Shared {
  readonly rules: ValueRules
  readonly waiting: Waiting
  readonly fallback: Fallback | undefined

  constructor(readonly options: RequestSessionsOptions) {
    const { values, isReserved = () => false, waitingMax, fallback, fallbackDestroy = false, timeoutMs } = options
    this.rules = new ValueRules(values, isReserved)
    this.waiting = new Waiting(waitingMax)
    this.fallback = fallback && new Fallback(fallback, fallbackDestroy, timeoutMs)
  }

  /** The lifetime for a session: 1 s to 400 days, or that of the client's sessions. */
  lifetime(ttlMs: number | undefined): number {
    if (ttlMs === undefined) return this.options.holdfast.ttlMs
    return Math.min(Math.max(Math.round(ttlMs), TTL_MIN_MS), TTL_MAX_MS)
  }
}
