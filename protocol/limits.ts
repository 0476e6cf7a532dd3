/**
 * Every bound of the protocol, in one place. Times are milliseconds.
 *
 * {@link Timing} is chosen at deployment and told to clients in `welcome`; the constants below are the same everywhere.
 */

/** The version of the messages. A store refuses any other with `UNSUPPORTED_VERSION`. */
export const PROTOCOL_VERSION = 1
/** The version of the stored records, kept in each as `schema`. */
export const SCHEMA_VERSION = 1

/** One message, in either direction, as UTF-8. */
export const MESSAGE_BYTES_MAX = 4 * 1024
/** Processes queued for one session. A lock record stays within one write unit up to about 30 of them. */
export const WAITERS_MAX = 64
/** Requests to release that a process record carries, so that `renewed` stays within one message. */
export const ASKS_MAX = 20
/** Fences above this would end a session's supply of epochs: 2^52 leaves 2^52 more within exact integers. */
export const ABOVE_MAX = 2 ** 52
/**
 * How far ahead of the clock a fence may be named: some thousand years, more than any wrong clock. Epochs rise more
 * slowly than the clock does, so that whoever lies up to this bound leaves behind a fence that can still be named.
 */
export const ABOVE_AHEAD_MAX_MS = 2 ** 45
/** Dead waiters that one release or reclaim skips; the next nudge skips the rest. */
export const RECLAIMS_PER_MESSAGE_MAX = 10
/** How often one acquire looks again when others change the record under it; the client's nudge goes on from there. */
export const ACQUIRE_ROUNDS_MAX = 8

/**
 * Messages of one process that one environment of a function carries out at once, and how many more each second; beyond
 * it they are refused with `TOO_MANY_MESSAGES`. A client that asks for, or gives back, the 10,000 sessions that it holds
 * by default at one stroke stays within. Nothing is stored of it: each environment counts what it sees.
 */
export const MESSAGES_BURST_MAX = 20_000
export const MESSAGES_PER_SECOND_MAX = 1_000
/**
 * The same for what an honest client sends seldom or never. Counted for each connection: `hello`, what comes before it,
 * and what no client would say. Counted for each process, apart from all else, lest a burst cost a process its lease:
 * `renew` and `retire`.
 */
export const RARE_MESSAGES_BURST_MAX = 100
export const RARE_MESSAGES_PER_SECOND_MAX = 10
/**
 * Connections that may speak for one process. One more takes the place of the oldest, which is told `NO_HELLO` from then
 * on. A client has two at most, while it goes from one to the next.
 */
export const CONNECTIONS_PER_PROCESS_MAX = 4
/**
 * How long a function believes that a connection still belongs to its process, before it reads the record again: so long
 * may one that was replaced be heard by a function that has heard none of the newer ones.
 */
export const CONNECTION_REMEMBERED_MS = 10 * 60_000

export const NAMESPACE_CHARS_MAX = 64
export const LABEL_CHARS_MAX = 64
/** UTF-8 bytes of a session id. */
export const SESSION_ID_BYTES_MAX = 1024
/** DynamoDB's wall for one item is 400 KiB; 2 KiB are kept for the session's own bookkeeping. */
export const SESSION_BYTES_MAX = 398 * 1024

/** Attributes that one commit names one by one: an expression has at most 4 KiB. With more, all are written. */
export const COMMIT_NAMES_MAX = 100

/** A held lock record lives this long without `keep`; a free one may vanish after it. */
export const LOCK_TTL_MS = 7 * 24 * 3_600_000
/** Process and connection records outlive their use by this much. */
export const PROCESS_TTL_MS = 24 * 3_600_000
export const CONNECTION_TTL_MS = 3 * 3_600_000
/** A tombstone, or an expired session, stays at least this long: longer than any clock error plus the latest write. */
export const GRACE_MS = 24 * 3_600_000

/** The times that depend on one another. Compiled and checked by {@link compileTiming}. */
export interface Timing {
  /** L: how long a process may believe in its locks without renewing. A dead holder costs about this much. */
  readonly leaseMs: number
  /** B: how long a holder may go on with an access after it was asked to release. */
  readonly maxBusyMs: number
  /** A holder that needs longer than this to answer a revoke sends `busy`. */
  readonly busyAfterMs: number
  /** The shortest time between two nudges; a waiter far back waits up to twice as long. */
  readonly nudgeAfterMs: number
  /** H: the worst time from a request to its being applied and answered. */
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

/** The longest time between two nudges of one waiter (N in docs/PROTOCOL.md). */
export const nudgePeriodMaxMs = (timing: Timing): number => 2 * timing.nudgeAfterMs

/**
 * A waiter's nudge period: it grows with its place in the queue, since those ahead nudge for it, and doubles after the
 * first nudge, so that a store which is slow under load is not made slower by those who wait for it.
 */
export const nudgePeriodMs = (timing: Timing, position: number, nudged: boolean): number =>
  nudged ? nudgePeriodMaxMs(timing) : timing.nudgeAfterMs * (1 + Math.min(position, 8) / 8)

/** The least `answerTimeoutMs` that never evicts a holder who obeys the protocol and loses one renewal. */
export const answerTimeoutMinMs = (t: Timing): number =>
  2 * nudgePeriodMaxMs(t) + t.leaseMs / 2 + 4 * t.roundTripMs + t.busyAfterMs + 2 * t.clockErrorMs

/** T: the most that one hold can cost those behind it, with every push lost (docs/PROTOCOL.md). */
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
