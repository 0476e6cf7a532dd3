import type { Random } from '../support/random.js'

/** How often each fault happens in one run. Probabilities are per occasion; `Every` are mean times between two. */
export interface Faults {
  pushLost: number
  pushDoubled: number
  pushLate: number
  /** Lost although the connection lives, as after a 410 that was wrong. */
  sendLost: number
  sendRepeated: number
  answerLost: number
  answerLate: number
  slowNetwork: number
  functionDies: number
  functionRunsTwice: number
  internalError: number
  /** For some seconds the gateway lets few messages, connects and pushes through. */
  throttledEveryMs: number
  /** A function of a deployment that speaks another version of the protocol answers a `hello`. */
  otherVersion: number
  dbThrottled: number
  dbSlow: number
  dbAnswerLost: number
  dbLateCopy: number
  dbSdkRetry: number
  dbOutageEveryMs: number
  clockError: number
  clockDrift: number
  /** The wall clock of a server is put forward or back. */
  clockStepsEveryMs: number
  cutEveryMs: number
  halfOpenEveryMs: number
  partitionEveryMs: number
  disconnectLost: number
  disconnectLate: number
  killEveryMs: number
  closeEveryMs: number
  /** A server never hears of an ask, to the end of the run. */
  deaf: number
  /** Another role greets under the name and the secret of a server. */
  identityStolenEveryMs: number
  /** A server that was killed starts again under the name that it had, as from a saved record. */
  identityReused: number
  loopBlocked: number
  freezeEveryMs: number
  pauseEveryMs: number
  evictEveryMs: number
  ttlRemovesEveryMs: number
  lockVanishesEveryMs: number
  lockRegressesEveryMs: number
  sessionsRestoredEveryMs: number
  locksEmptiedEveryMs: number
  /** An operator declares all locks void. */
  incarnationEveryMs: number
}

/** What happens by itself: in runs of hours, of many processes, while a stack is deployed, and where the gateway is barred. */
const OCCASIONS = ['rollover', 'queueFull', 'functionsReplaced', 'timingChanged', 'gatewayBarred'] as const

export type Fault = keyof Faults | (typeof OCCASIONS)[number]

export const NO_FAULTS: Faults = {
  pushLost: 0,
  pushDoubled: 0,
  pushLate: 0,
  sendLost: 0,
  sendRepeated: 0,
  answerLost: 0,
  answerLate: 0,
  slowNetwork: 0,
  functionDies: 0,
  functionRunsTwice: 0,
  internalError: 0,
  throttledEveryMs: 0,
  otherVersion: 0,
  dbThrottled: 0,
  dbSlow: 0,
  dbAnswerLost: 0,
  dbLateCopy: 0,
  dbSdkRetry: 0,
  dbOutageEveryMs: 0,
  clockError: 0,
  clockDrift: 0,
  clockStepsEveryMs: 0,
  cutEveryMs: 0,
  halfOpenEveryMs: 0,
  partitionEveryMs: 0,
  disconnectLost: 0,
  disconnectLate: 0,
  killEveryMs: 0,
  closeEveryMs: 0,
  deaf: 0,
  identityStolenEveryMs: 0,
  identityReused: 0,
  loopBlocked: 0,
  freezeEveryMs: 0,
  pauseEveryMs: 0,
  evictEveryMs: 0,
  ttlRemovesEveryMs: 0,
  lockVanishesEveryMs: 0,
  lockRegressesEveryMs: 0,
  sessionsRestoredEveryMs: 0,
  locksEmptiedEveryMs: 0,
  incarnationEveryMs: 0,
}

/** Those of a run whose stack is deployed again and again: answers are lost, processes cut off, clocks wrong. */
export const ROLLING_FAULTS: Partial<Faults> = {
  pushLost: 0.2,
  sendLost: 0.05,
  answerLost: 0.1,
  functionRunsTwice: 0.2,
  functionDies: 0.02,
  clockError: 1,
  clockDrift: 1,
  partitionEveryMs: 6_000,
}

/** In runs of days a clock that drifts is off by minutes. Records of connections and processes stay until TTL removes them. */
export const DAYS_FAULTS: Partial<Faults> = { clockDrift: 0, disconnectLost: 1, killEveryMs: 4_000 }

const FAULTS = Object.keys(NO_FAULTS) as (keyof Faults)[]

/** The values that each fault may have in a run that has it. */
const STRENGTHS: { readonly [F in keyof Faults]: readonly number[] } = {
  pushLost: [0.1, 0.5, 1],
  pushDoubled: [0.2, 0.8],
  pushLate: [0.1, 0.4],
  sendLost: [0.03, 0.15],
  sendRepeated: [0.1, 0.5],
  answerLost: [0.05, 0.2],
  answerLate: [0.1, 0.5],
  slowNetwork: [0.2, 0.6],
  functionDies: [0.02, 0.1],
  functionRunsTwice: [0.1, 0.4],
  internalError: [0.02, 0.1],
  throttledEveryMs: [3_000, 10_000],
  otherVersion: [0.5],
  dbThrottled: [0.05, 0.2],
  dbSlow: [0.05, 0.2],
  dbAnswerLost: [0.05, 0.25, 0.6],
  dbLateCopy: [0.05, 0.25],
  dbSdkRetry: [0.1, 0.3],
  dbOutageEveryMs: [8_000],
  clockError: [1],
  clockDrift: [1],
  clockStepsEveryMs: [2_000, 8_000],
  cutEveryMs: [3_000, 15_000],
  halfOpenEveryMs: [5_000],
  partitionEveryMs: [4_000, 10_000],
  disconnectLost: [0.5, 1],
  disconnectLate: [0.5, 1],
  killEveryMs: [4_000, 15_000],
  closeEveryMs: [3_000],
  deaf: [0.3],
  identityStolenEveryMs: [2_000, 10_000],
  identityReused: [1],
  loopBlocked: [0.05, 0.3],
  freezeEveryMs: [3_000, 10_000],
  pauseEveryMs: [3_000, 10_000],
  evictEveryMs: [6_000],
  ttlRemovesEveryMs: [500],
  lockVanishesEveryMs: [5_000],
  lockRegressesEveryMs: [8_000],
  sessionsRestoredEveryMs: [6_000],
  locksEmptiedEveryMs: [10_000],
  incarnationEveryMs: [10_000],
}

/** Faults that find more together than each alone. */
const TOGETHER: readonly (readonly (keyof Faults)[])[] = [
  ['partitionEveryMs', 'answerLate'],
  ['partitionEveryMs', 'slowNetwork'],
  ['partitionEveryMs', 'clockError'],
  ['loopBlocked', 'sendRepeated'],
  ['dbAnswerLost', 'killEveryMs'],
  ['dbLateCopy', 'freezeEveryMs'],
  ['lockRegressesEveryMs', 'dbLateCopy'],
  ['lockVanishesEveryMs', 'dbAnswerLost'],
  ['cutEveryMs', 'disconnectLost'],
  ['killEveryMs', 'pushLost'],
  ['killEveryMs', 'identityReused'],
  ['closeEveryMs', 'sendRepeated', 'clockError'],
  ['clockStepsEveryMs', 'answerLate'],
]

/**
 * A few faults for one run, each of some strength. All of them at once would hide one another: a run in which every
 * push is lost and nothing else goes wrong finds what a storm never would.
 */
export function chooseFaults(random: Random): Faults {
  const faults = { ...NO_FAULTS }
  const chosen: (keyof Faults)[] = random.chance(0.4) ? [...random.pick(TOGETHER)] : []
  for (let more = random.integer(0, 5); more > 0; more -= 1) chosen.push(random.pick(FAULTS))
  for (const fault of chosen) faults[fault] = random.pick(STRENGTHS[fault])
  // A lease is over when one of two clocks says so: the protocol does not promise more where both are behind.
  if (faults.pauseEveryMs > 0) faults.clockStepsEveryMs = 0
  return faults
}

/** Whatever of these happens, a holder that lives hears of an ask and is heard in time: nobody may evict it. */
const ASKS_ARE_HEARD: ReadonlySet<string> = new Set<keyof Faults>([
  'pushLost',
  'pushDoubled',
  'pushLate',
  'functionRunsTwice',
  'clockError',
  'clockDrift',
  'disconnectLost',
  'disconnectLate',
  'identityStolenEveryMs',
  // A dead holder's renewals end with it, unless copies of them are under way: those may keep its lease running.
  'killEveryMs',
])

const KEEP_ASKS = FAULTS.filter((fault) => !ASKS_ARE_HEARD.has(fault))
/** Longer than a request is late, a machine stands still, or a partition goes on, and the store's patience after that. */
const KEEPS_ASKS_MAX_MS = 60_000

/** Whatever of these happens, a holder that lives is soon told that others wait, and soon heard. */
const DELAYS_NOBODY: ReadonlySet<string> = new Set<keyof Faults>([
  'pushDoubled',
  'functionRunsTwice',
  'clockDrift',
  'disconnectLost',
  'disconnectLate',
  'identityStolenEveryMs',
  'killEveryMs',
])

export const isPrompt = (faults: Faults): boolean =>
  FAULTS.every((fault) => faults[fault] === 0 || DELAYS_NOBODY.has(fault))

/** Whether nothing goes wrong but that the gateway is throttled. */
export const isOnlyThrottled = (faults: Faults): boolean =>
  faults.throttledEveryMs > 0 && hasNoFaults({ ...faults, throttledEveryMs: 0 })

/** Whether nothing goes wrong but by what the application does. A tenth of the runs are so. */
export const hasNoFaults = (faults: Faults): boolean => FAULTS.every((fault) => faults[fault] === 0)

/** After this time only these have an effect: requests and messages are late by less, and machines stand still for less. */
const ACTS_MAX_MS = 150_000
const ACTS_FOR_EVER: ReadonlySet<Fault> = new Set<Fault>([
  'deaf',
  'clockDrift',
  'clockError',
  'clockStepsEveryMs',
  'identityReused',
  'lockVanishesEveryMs',
  'lockRegressesEveryMs',
  'sessionsRestoredEveryMs',
])

/** How often each fault has happened, and when last: a fault that never happens tests nothing. */
export class FaultCounts {
  readonly counts = Object.fromEntries([...FAULTS, ...OCCASIONS].map((fault) => [fault, 0])) as Record<Fault, number>
  private readonly lastMs = new Map<Fault, number>()
  /** By how much the lease of this run is longer than in most runs: a process notices some faults only with a renewal. */
  longerLeaseMs = 0

  constructor(private readonly nowMs: () => number) {}

  hit(fault: Fault): true {
    this.counts[fault] += 1
    this.lastMs.set(fault, this.nowMs())
    return true
  }

  /** Whether one of these faults has happened, so late that it may have an effect now. */
  mayActStill(faults: readonly Fault[], withinMs = ACTS_MAX_MS): boolean {
    const sinceMs = this.nowMs() - withinMs - this.longerLeaseMs
    return faults.some((fault) => {
      const lastMs = this.lastMs.get(fault)
      return lastMs !== undefined && (lastMs >= sinceMs || ACTS_FOR_EVER.has(fault))
    })
  }

  /** Whether a fault may keep a holder that lives from hearing an ask now, or from being heard. */
  get mayKeepAsks(): boolean {
    return this.mayActStill(KEEP_ASKS, KEEPS_ASKS_MAX_MS)
  }
}
