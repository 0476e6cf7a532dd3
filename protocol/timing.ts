/** The times that depend on one another. Compiled and checked by `compileTiming`. */
export interface Timing {
  /** L: how long a process may believe in its locks without renewing. A dead holder costs about this much. */
  readonly leaseMs: number
  /** B: how long a holder may go on with an access after it was asked to release. */
  readonly maxBusyMs: number
  /** A holder that needs longer than this to answer a revoke sends `busy`. */
  readonly busyAfterMs: number
  /** The shortest time between two nudges; a waiter far back waits up to twice as long. */
  readonly nudgeAfterMs: number
  /** H: the worst time from a request to its being applied and answered. A function ends within 80 % of it. */
  readonly roundTripMs: number
  /** A: a holder that renews but neither releases nor says busy within this is evicted. */
  readonly answerTimeoutMs: number
  /** δ: the largest error of a function's clock. */
  readonly clockErrorMs: number
  /** ρ: the largest drift of a client's clock, in parts per million. */
  readonly clockDriftPpm: number
  /** Mc: a client takes its lease as over this much early. */
  readonly clientMarginMs: number
  /** Ms: the store takes a lease as over this much late. */
  readonly storeMarginMs: number
}

/** The times that a decision depends on. */
export interface Moment {
  readonly timing: Timing
  readonly nowMs: number
}

/** @see compileTiming for how `answerTimeoutMs` follows from the others. */
export const DEFAULT_TIMING: Timing = {
  leaseMs: 15_000,
  maxBusyMs: 30_000,
  busyAfterMs: 1_000,
  nudgeAfterMs: 2_000,
  roundTripMs: 2_500,
  answerTimeoutMs: 27_501,
  clockErrorMs: 500,
  clockDriftPpm: 1_000,
  clientMarginMs: 750,
  storeMarginMs: 750,
}

/** The largest value that any time may be set to: it keeps sums exact and lock records alive between two `keep`s. */
const TIMING_MAX = 24 * 3_600_000

/** The longest time between two nudges of one waiter (N in docs/internals/protocol.md). */
export const nudgePeriodMaxMs = (timing: Timing): number => 2 * timing.nudgeAfterMs

/**
 * A waiter's nudge period. It grows with the place in the queue, since the waiters ahead nudge for it. It doubles after
 * the first nudge, so that waiters do not make a slow store slower.
 */
export const nudgePeriodMs = (timing: Timing, position: number, nudged: boolean): number =>
  nudged ? nudgePeriodMaxMs(timing) : timing.nudgeAfterMs * (1 + Math.min(position, 8) / 8)

/** The least `answerTimeoutMs` that never evicts a holder who obeys the protocol and loses one renewal. */
export const answerTimeoutMinMs = (t: Timing): number =>
  2 * nudgePeriodMaxMs(t) + t.leaseMs / 2 + 4 * t.roundTripMs + t.busyAfterMs + 2 * t.clockErrorMs

/** How long others wait for a holder that has died just after it renewed, if nothing else fails. */
export const deadHolderMs = (t: Timing): number => t.leaseMs + t.storeMarginMs + nudgePeriodMaxMs(t)

/** T: the most that one hold can cost those behind it, with every push lost (docs/internals/protocol.md). */
export const holdCostMaxMs = (t: Timing): number =>
  3 * (nudgePeriodMaxMs(t) + t.roundTripMs) +
  t.answerTimeoutMs +
  Math.max(t.leaseMs, t.maxBusyMs) +
  t.storeMarginMs +
  2 * t.clockErrorMs

/**
 * Completes a partial timing with the defaults and checks it. `answerTimeoutMs` follows from the others unless given.
 * Throws a RangeError that names the value at fault: an unsafe timing must stop a deployment, not a lock.
 */
export function compileTiming(options: Partial<Timing> = {}): Timing {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(DEFAULT_TIMING, name)) throw new RangeError(`unknown timing '${name}'`)
    const least = name === 'clockErrorMs' || name === 'clockDriftPpm' ? 0 : 1
    if (!Number.isFinite(value) || value < least || value > TIMING_MAX) {
      throw new RangeError(`timing '${name}' must be a number from ${least} to ${TIMING_MAX}, received ${value}`)
    }
  }
  const given: Timing = { ...DEFAULT_TIMING, ...options }
  const timing =
    options.answerTimeoutMs === undefined
      ? { ...given, answerTimeoutMs: Math.ceil(answerTimeoutMinMs(given)) + 1 }
      : given
  const marginsMs = timing.clientMarginMs + timing.storeMarginMs
  const neededMs =
    2 * timing.clockErrorMs + (timing.clockDriftPpm / 1_000_000) * Math.max(timing.leaseMs, timing.maxBusyMs)
  if (marginsMs < neededMs) {
    throw new RangeError(
      `clientMarginMs + storeMarginMs must be at least 2 clockErrorMs + drift = ${neededMs}, received ${marginsMs}`,
    )
  }
  if (timing.answerTimeoutMs <= answerTimeoutMinMs(timing)) {
    throw new RangeError(
      `answerTimeoutMs must be above ${answerTimeoutMinMs(timing)} for these times, received ${timing.answerTimeoutMs}`,
    )
  }
  if (timing.clientMarginMs >= timing.leaseMs / 2) {
    throw new RangeError(`clientMarginMs must be below half of leaseMs, received ${timing.clientMarginMs}`)
  }
  if (timing.roundTripMs >= timing.leaseMs) {
    throw new RangeError(`roundTripMs must be below leaseMs = ${timing.leaseMs}, received ${timing.roundTripMs}`)
  }
  if (timing.busyAfterMs >= timing.maxBusyMs) {
    throw new RangeError(`busyAfterMs must be below maxBusyMs = ${timing.maxBusyMs}, received ${timing.busyAfterMs}`)
  }
  return timing
}
