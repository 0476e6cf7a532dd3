import { TIMING } from '../torture/timing.js'

/** Short enough for tests that wait for leases. */
const SHORT = TIMING

export const SHORT_ENVIRONMENT = { HOLDFAST_TIMING: JSON.stringify(SHORT) }
