import {
  RECONNECT_MAX_MS,
  STATE_REQUEST_TIMEOUT_MS,
  STATE_RETRY_MAX_MS,
  STATE_TRIES_MAX,
  WELCOME_TIMEOUT_MS,
} from '../../client/limits.js'
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

/** From here on every fault must have happened. */
export const COMPLETE_FROM_MINUTES = 2
/** A run goes on for so long beyond its minutes, where a fault has not happened yet. */
export const MORE_MAX_MS = 3 * 60_000

/** T of docs/internals/protocol.md: how long one hold may keep the next process waiting. */
export const HOLD_COST_MAX_MS = holdCostMaxMs(TIMING)

/** The time until all of `count` processes are served: the last waits for `count` holds, and may have to reconnect. */
export const allServedMaxMs = (count: number): number =>
  count * HOLD_COST_MAX_MS + RECONNECT_MAX_MS + WELCOME_TIMEOUT_MS

/**
 * The time until a process works again when nothing stalls or fails any more: it gives up a request that was under way,
 * repeats it, and waits for one hold at most.
 */
export const RECOVERY_MAX_MS = STATE_REQUEST_TIMEOUT_MS + STATE_RETRY_MAX_MS + HOLD_COST_MAX_MS
/** The same where it has to give up a connection, too, and to make another. */
export const RECONNECTION_MAX_MS = RECOVERY_MAX_MS + WELCOME_TIMEOUT_MS + RECONNECT_MAX_MS

/** The longest time of one read or write of the state, with all its tries. */
export const REQUEST_MAX_MS = STATE_TRIES_MAX * (STATE_REQUEST_TIMEOUT_MS + STATE_RETRY_MAX_MS)

/** The longest time that an access stays open. Each of its commits may have to wait for the write before it. */
export const accessMaxMs = (timeoutMs: number, workMs: number, commits: number): number =>
  timeoutMs + workMs + commits * 2 * REQUEST_MAX_MS

/** The time of a clock that all processes of this machine share, so that their reports can be put in order. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6
