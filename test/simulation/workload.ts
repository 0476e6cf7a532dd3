import { CACHED_BYTES_DEFAULT } from '../../client/limits.js'
import type { HoldfastOptions } from '../../client/options/client-options.js'
import { compileTiming, holdCostMaxMs } from '../../protocol/timing.js'
import type { Random } from '../support/random.js'
import { type Faults, isPrompt } from './faults.js'
import type { Shape } from './shape.js'

/** Short times, in the proportions of the defaults: the order of waits matters, not their length. */
export const TIMING_OPTIONS = {
  leaseMs: 5_000,
  maxBusyMs: 6_000,
  busyAfterMs: 500,
  nudgeAfterMs: 800,
  roundTripMs: 1_500,
  clockErrorMs: 100,
  clientMarginMs: 150,
  storeMarginMs: 150,
}
export const TIMING = compileTiming(TIMING_OPTIONS)

/** The same for runs of days, with a lease that needs fewer renewals. No clock drifts then. */
export const DAYS_TIMING = compileTiming({ ...TIMING_OPTIONS, leaseMs: 1_800_000, clockDriftPpm: 0 })

const DAY_MS = 24 * 3_600_000
const KEEPS = 'untilRevoked' as const

const PAUSES_MS: { readonly [S in Shape]?: number } = { long: 60_000, days: 3_600_000 }

/** The kinds of accesses that a run makes. */
export interface Workload {
  /** The ids in use, by place, as in the cookies of every server. */
  readonly sessions: string[]
  /** The id that was to replace an id, when the application tried to. */
  readonly successors: Map<string, string>
  /** The mean pause of a task between two accesses. */
  readonly pauseMs: number
  /** After a step of this length, at the latest, the task sees that its server stops. */
  readonly pauseStepMs: number
  /** How long the work inside an access takes at most, as a rule; and how often it takes far longer. */
  readonly workMs: number
  readonly longWorkChance: number
  readonly longWorkMs: number
  readonly writeShare: number
  readonly destroyShare: number
  readonly rotateShare: number
  readonly releaseShare: number
  /** Accesses to several sessions, sessions that stay open for a scope, and accesses that later lock more. */
  readonly oddShare: number
  /** Accesses to whole sessions; and how many of them change very many attributes. */
  readonly wholeShare: number
  readonly wideShare: number
  readonly peekShare: number
  /** Sessions that are created under an id of the client's own, used, and destroyed. */
  readonly createShare: number
  /** Accesses with others inside them; and accesses that give a session a lifetime of its own. */
  readonly nestedShare: number
  readonly ttlShare: number
  /** Accesses that commit a few attributes again and again. */
  readonly noteShare: number
  /** How often a worker thread makes the call; and how often it ends, or stands still, at a message. */
  readonly workerShare: number
  readonly workerMishapChance: number
  readonly cachedBytesMax: number
  /** Some servers run the version of the application before, which has no schemas and writes the former shape. */
  readonly isMigrating: boolean
  /** How often a listener begins an access. */
  readonly listenerShare: number
  readonly shortWaitChance: number
  readonly longWaitMs: number
  readonly options: Partial<HoldfastOptions>
}

/** Every task soon waits for a session of the other server, and none gives up. */
const CONTENDED = {
  pauseMs: 5,
  workMs: 5,
  longWorkChance: 0,
  destroyShare: 0,
  rotateShare: 0,
  oddShare: 0,
  createShare: 0,
  nestedShare: 0,
  workerShare: 0,
  shortWaitChance: 0,
  listenerShare: 0,
} satisfies Partial<Workload>
const CONTENDED_SESSIONS = 150
const CONTENDED_OPTIONS = {
  holdPolicy: 'untilRevoked',
  ttlMs: 3_600_000,
  expiry: 'rolling',
  ifMissing: 'create',
  idleReleaseMs: 300_000,
  heldSessionsMax: 10_000,
} satisfies Partial<HoldfastOptions>

/** Processes sleep between two accesses, or nearly. */
const PAUSES_OF_IDLE_MS = [15_000, 240_000, 240_000, 240_000] as const
/** Sessions go back soon, so that their process has nothing to do. */
const IDLE_RELEASE_MS = { usual: [300_000, 700], idle: [700, 10_000] } as const

export function chooseWorkload(seed: number, random: Random, shape: Shape, faults: Faults): Workload {
  // Work that blocks the loop is often long, so that others wait for the session.
  const blocksLoop = faults.loopBlocked > 0
  // Where it is watched how long holds go on, half of the runs want their sessions nearly all the time.
  const isBusy = isPrompt(faults) && seed % 2 === 0
  const isMigrating = random.chance(0.2)
  const few = shape === 'crowd' ? random.pick([1, 100]) : random.pick([1, 1, 2, 4])
  const isContended = shape === 'contended'
  const pauseOfIdleMs = shape === 'idle' ? PAUSES_OF_IDLE_MS[seed % PAUSES_OF_IDLE_MS.length] : undefined
  return {
    sessions: Array.from({ length: isContended ? CONTENDED_SESSIONS : few }, (_, index) => `session ${seed} ${index}`),
    pauseMs: pauseOfIdleMs ?? PAUSES_MS[shape] ?? random.pick(isBusy ? [5] : [50, 300, 1_500]),
    pauseStepMs: shape === 'days' ? 600_000 : 60_000,
    workMs: random.pick([5, 50, 300]),
    longWorkChance: blocksLoop ? 0.2 : random.pick([0, 0, 0.02, 0.1]),
    longWorkMs: blocksLoop ? 8_000 : random.pick([1_500, 8_000, 30_000]),
    writeShare: random.pick([0.3, 0.6, 0.9]),
    destroyShare: random.pick([0, 0, shape === 'days' ? 0.002 : 0.02]),
    rotateShare: random.pick([0, 0, shape === 'days' ? 0.002 : 0.02]),
    releaseShare: shape === 'days' ? 0.001 : 0.03,
    oddShare: random.pick([0, 0, 0.3]),
    wholeShare: isMigrating ? 0.3 : random.pick([0, 0, 0, 0.3]),
    wideShare: random.pick([0, 0.5]),
    peekShare: random.pick([0, 0, 0.2]),
    createShare: random.pick([0, 0, 0, 0.1]),
    nestedShare: random.pick([0, 0, 0.15]),
    ttlShare: random.pick([0, 0, 0.05]),
    noteShare: random.pick([0, 0, 0, 0.1]),
    workerShare: random.pick([0, 0, 0, 0.5, 1]),
    workerMishapChance: random.pick([0, 0.003, 0.01]),
    // Sessions that come and go raise events, whose listeners begin accesses: too many for a run of hours.
    cachedBytesMax:
      shape === 'usual' ? random.pick([CACHED_BYTES_DEFAULT, CACHED_BYTES_DEFAULT, 600]) : CACHED_BYTES_DEFAULT,
    isMigrating,
    listenerShare: random.pick([0, 0, 0.2]),
    successors: new Map(),
    shortWaitChance: random.pick([0, 0.2, 0.6]),
    longWaitMs: 10 * Math.round(holdCostMaxMs(TIMING)),
    options: {
      holdPolicy: random.pick(shape === 'days' ? [KEEPS] : [KEEPS, KEEPS, KEEPS, 'perAccess' as const]),
      ttlMs: shape === 'days' ? random.pick([2, 30]) * DAY_MS : random.pick([3_600_000, 3_600_000, 4_000]),
      ...(random.chance(0.15) ? { expiry: 'fixed' as const } : {}),
      ...(random.chance(0.1) ? { ifMissing: 'fail' as const } : {}),
      idleReleaseMs: shape === 'days' ? DAY_MS : random.pick(IDLE_RELEASE_MS[shape === 'idle' ? 'idle' : 'usual']),
      heldSessionsMax: random.pick(shape === 'days' ? [10_000] : [10_000, 1]),
      flushMs: random.pick([200, 5_000]),
      ...(random.chance(0.7) ? { durability: 'access' as const } : {}),
      ...(isContended ? CONTENDED_OPTIONS : {}),
    },
    ...(isContended ? CONTENDED : {}),
  }
}
