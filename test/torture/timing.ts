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

/** T of docs/PROTOCOL.md: what one hold may cost whoever waits behind it. */
export const HOLD_COST_MAX_MS = holdCostMaxMs(TIMING)

/** What `count` processes may take until all are served: the last has `count` holds ahead, and may have to reconnect. */
export const allServedMaxMs = (count: number): number =>
  count * HOLD_COST_MAX_MS + RECONNECT_MAX_MS + WELCOME_TIMEOUT_MS

/** Of a clock that all processes of this machine share, so that what they report can be put in order. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6
