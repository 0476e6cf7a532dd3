import type { HoldfastOptions } from '../../client/options/client-options.js'
import { compileTiming, holdCostMaxMs } from '../../protocol/timing.js'
import type { Random } from '../support/random.js'

/** Short times, in the proportions of the defaults: the order of waits matters, not their length. */
export const TIMING = compileTiming({
  leaseMs: 5_000,
  maxBusyMs: 6_000,
  busyAfterMs: 500,
  nudgeAfterMs: 800,
  roundTripMs: 1_500,
  clockErrorMs: 100,
  clientMarginMs: 150,
  storeMarginMs: 150,
})

/** A few servers for a short time, a crowd of them, or two for longer than a gateway keeps a connection. */
export type Shape = 'usual' | 'crowd' | 'long'

/** The kinds of accesses that a run makes. */
export interface Workload {
  /** The ids in use, by place, as in the cookies of every server. */
  readonly sessions: string[]
  /** The id that was to replace an id, when the application tried to. */
  readonly successors: Map<string, string>
  /** The mean pause of a task between two accesses. */
  readonly pauseMs: number
  /** How long the work inside an access takes at most, as a rule; and how often it takes far longer. */
  readonly workMs: number
  readonly longWorkChance: number
  readonly longWorkMs: number
  readonly writeShare: number
  readonly destroyShare: number
  readonly rotateShare: number
  /** Accesses to several sessions, sessions that stay open for a scope, and accesses that later lock more. */
  readonly oddShare: number
  /** How often a listener begins an access. */
  readonly listenerShare: number
  readonly shortWaitChance: number
  readonly longWaitMs: number
  readonly options: Partial<HoldfastOptions>
}

/** @param blocksLoop Work that blocks the loop is often long, so that others wait for the session. */
export function chooseWorkload(seed: number, random: Random, shape: Shape, blocksLoop: boolean): Workload {
  const count = shape === 'crowd' ? random.pick([1, 100]) : random.pick([1, 1, 2, 4])
  return {
    sessions: Array.from({ length: count }, (_, index) => `session ${seed} ${index}`),
    pauseMs: shape === 'long' ? 60_000 : random.pick([50, 300, 1_500]),
    workMs: random.pick([5, 50, 300]),
    longWorkChance: blocksLoop ? 0.2 : random.pick([0, 0, 0.02, 0.1]),
    longWorkMs: blocksLoop ? 8_000 : random.pick([1_500, 8_000, 30_000]),
    writeShare: random.pick([0.3, 0.6, 0.9]),
    destroyShare: random.pick([0, 0, 0.02]),
    rotateShare: random.pick([0, 0, 0.02]),
    oddShare: random.pick([0, 0, 0.3]),
    listenerShare: random.pick([0, 0, 0.2]),
    successors: new Map(),
    shortWaitChance: random.pick([0, 0.2, 0.6]),
    longWaitMs: 10 * Math.round(holdCostMaxMs(TIMING)),
    options: {
      holdPolicy: random.pick(['untilRevoked', 'untilRevoked', 'untilRevoked', 'perAccess'] as const),
      ttlMs: random.pick([3_600_000, 3_600_000, 4_000]),
      idleReleaseMs: random.pick([300_000, 700]),
      heldSessionsMax: random.pick([10_000, 1]),
      flushMs: random.pick([200, 5_000]),
      ...(random.chance(0.7) ? { durability: 'access' as const } : {}),
    },
  }
}
