import { compileTiming, type Timing } from '../../protocol/limits.js'

/** Short enough for tests that wait for leases, long enough for a loaded machine with two cores. */
export const SHORT: Timing = compileTiming({
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

export const SHORT_ENVIRONMENT = { HOLDFAST_TIMING: JSON.stringify(SHORT) }
