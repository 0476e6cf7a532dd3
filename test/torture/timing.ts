import { RECONNECT_MAX_MS, WELCOME_TIMEOUT_MS } from '../../client/limits.js'
import { compileTiming, holdCostMaxMs, type Timing } from '../../protocol/timing.js'

/** Short, so that leases end many times in a minute; long enough for a loaded machine with two cores. */
export const TIMING: Timing = compileTiming({
  leaseMs: 3_000,
  maxBusyMs: 3_000,
  busyAfterMs: 300,
  nudgeAfterMs: 200,
  roundTripMs: 1_500,
  clockErrorMs: 50,
  clockDriftPpm: 1_000,
  clientMarginMs: 300,
  storeMarginMs: 300,
})

/** T of docs/PROTOCOL.md: how long one hold may keep the next process waiting. */
export const HOLD_COST_MAX_MS = holdCostMaxMs(TIMING)

/** The time until all of `count` processes are served: the last waits for `count` holds, and may have to reconnect. */
export const allServedMaxMs = (count: number): number =>
  count * HOLD_COST_MAX_MS + RECONNECT_MAX_MS + WELCOME_TIMEOUT_MS

/** The time of a clock that all processes of this machine share, so that their reports can be put in order. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6
