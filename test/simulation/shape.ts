import type { Random } from '../support/random.js'
import { DAYS_FAULTS, type Faults, NO_FAULTS, ROLLING_FAULTS } from './faults.js'

/**
 * A few servers for a short time; a crowd of them; two for longer than a gateway keeps a connection; one or two for longer
 * than a lock may be held without `keep`, and than a session lives unused; two that ask each other for more sessions
 * than a renewal names, while every push is lost; two that have nothing to do for most of the time; or a few whose stack
 * is deployed again and again.
 */
export type Shape = 'usual' | 'crowd' | 'long' | 'days' | 'contended' | 'idle' | 'rolling'

/** Far more processes than may stand in one queue. */
const CROWD = 200
/** Servers of a shape whose number is not drawn, and the tasks of each. */
const SERVERS: { readonly [S in Shape]?: number } = { crowd: CROWD, long: 2, contended: 2, idle: 2, rolling: 3 }
export const TASKS: { readonly [S in Shape]?: number } = { crowd: 1, contended: 100, idle: 1, rolling: 2 }
const HOUR_MS = 3_600_000

/** After each deployment of a stack that is deployed again and again. */
export const ROLLING_STEP_MS = 18_000

/** Of the shapes whose length is not drawn. Within ten days each lock that is never kept is gone. */
export const DURATIONS_MS: { readonly [S in Shape]?: number } = {
  crowd: 15_000,
  contended: 15_000,
  rolling: 6 * ROLLING_STEP_MS,
  long: 2.2 * HOUR_MS,
  days: 10 * 24 * HOUR_MS,
  idle: 2 * HOUR_MS,
}

/** Runs of hours get no more mischief than one of minutes: a new server every few seconds is another test. */
export const SLOWER: { readonly [S in Shape]?: number } = { long: 60, days: 60_000, idle: 20 }

/** By the number of the seed, runs of days come with one server and with more, each with faults and without. */
export function chooseShape(seed: number, random: Random): Shape {
  if (seed % 201 === 10) return 'days'
  if (seed % 1_000 === 100) return 'contended'
  if (seed % 500 === 250) return 'crowd'
  if (seed % 101 === 50) return 'idle'
  if (seed % 100 === 50) return 'rolling'
  return random.chance(0.004) ? 'long' : 'usual'
}

/** How long a task waits and works, on average. */
interface Pace {
  readonly pauseMs: number
  readonly workMs: number
}

/** About as many accesses make a run. */
const ACCESSES = 150

/** How long a run is. Busy ones are short: many different ones find more than a few long ones. */
export function durationMs(shape: Shape, { pauseMs, workMs }: Pace, tasks: number, random: Random): number {
  const givenMs = DURATIONS_MS[shape]
  if (givenMs !== undefined) return givenMs
  const enoughMs = (ACCESSES * (pauseMs + workMs / 2)) / tasks
  return Math.min(60_000, Math.max(6_000, enoughMs)) * random.between(0.5, 1.5)
}

/** How many servers a run has, where that is not drawn. Alone for days, a server keeps its sessions for weeks. */
export function serversOf(shape: Shape, seed: number): number | undefined {
  if (shape === 'days') return seed % 4 < 2 ? 2 : 1
  return SERVERS[shape]
}

/** Of so many runs one has no fault but a gateway that is throttled. */
const THROTTLED_EVERY_SEEDS = 25
const THROTTLED: Faults = { ...NO_FAULTS, throttledEveryMs: 3_000 }

/** The faults of a run for which these were drawn. In half of the runs of days a process that nothing ends holds its sessions for weeks. */
export function faultsOf(shape: Shape, seed: number, drawn: Faults): Faults {
  if (shape === 'contended') return { ...NO_FAULTS, pushLost: 1 }
  if (shape === 'idle' && seed % 2 === 0) return NO_FAULTS
  if (shape === 'rolling') return seed % 200 < 100 ? NO_FAULTS : { ...NO_FAULTS, ...ROLLING_FAULTS }
  if (shape === 'usual' && seed % THROTTLED_EVERY_SEEDS === 12) return THROTTLED
  if (shape !== 'days') return drawn
  return seed % 2 === 0 ? NO_FAULTS : { ...drawn, ...DAYS_FAULTS }
}
