import { type Consumption, dollarsOf, NOTHING } from '../../inspector/costs/consumption.js'
import type { Prices } from '../../inspector/costs/prices.js'
import { RENEWALS_PER_LEASE } from '../../protocol/limits.js'
import { DEFAULT_TIMING } from '../../protocol/timing.js'
import { unitsOf } from '../cost/model.js'
import { BENCH_COMMITS_PER_SECOND, BENCH_HANDOFFS_PER_SECOND } from '../limits.js'
import type { Part } from './figures.js'
import type { LoadOptions } from './load.js'

/** What a run does, or may do at most. */
interface Done {
  readonly sessions: number
  readonly processes: number
  readonly seconds: number
  readonly commits: number
  readonly handoffs: number
  readonly leaseMs: number
}

/** Requests by their kind, and dollars by the prices of `holdfast cost`. */
export interface Cost {
  readonly writes: number
  readonly reads: number
  readonly messages: number
  readonly pushes: number
  readonly dollars: number
}

const SIZE_KB = 1
/**
 * A session is made by its first access. When its processes have retired, it is taken once more, and destroyed: two
 * writes are refused on the way, and are billed.
 */
const LIFE: Consumption = { writeUnits: 12, readUnits: 3, functionWrites: 7, functionReads: 2, messages: 4, pushes: 0 }
/** A process connects, says hello, retires, and is disconnected. */
const PROCESS: Consumption = {
  ...NOTHING,
  writeUnits: 4,
  readUnits: 2,
  functionWrites: 4,
  functionReads: 2,
  messages: 4,
}
/** The bound counts renewals by a shorter lease than the construct ever chooses: a stack's own is not known yet. */
const SHORT_LEASE_MS = 4_000
/** That which destroys the sessions. */
const CLEANERS = 1
/** What starting, waiting and cleaning may take besides. */
const BESIDES_SECONDS = 30

/** One part of three has commits, and one handoffs. What failed and is tried again comes on top. */
export const atMost = ({ sessions, processes, seconds }: LoadOptions, prices: Prices): Cost =>
  costOf(
    {
      sessions,
      processes,
      seconds: seconds + BESIDES_SECONDS,
      commits: Math.ceil((BENCH_COMMITS_PER_SECOND * seconds) / 3) + sessions,
      handoffs: Math.ceil((BENCH_HANDOFFS_PER_SECOND * seconds) / 3) + sessions,
      leaseMs: SHORT_LEASE_MS,
    },
    prices,
  )

/** What these parts have cost, with all that was done around them. */
export function spent(
  { sessions, processes }: LoadOptions,
  parts: readonly Part[],
  seconds: number,
  prices: Prices,
): Cost {
  const count = (name: Part['name']) => parts.find((part) => part.name === name)?.operations ?? 0
  const { leaseMs } = DEFAULT_TIMING
  return costOf({ sessions, processes, seconds, commits: count('commit'), handoffs: count('handoff'), leaseMs }, prices)
}

function costOf({ sessions, processes, seconds, commits, handoffs, leaseMs }: Done, prices: Prices): Cost {
  const units = unitsOf(SIZE_KB)
  const members = processes + CLEANERS
  const renewals = Math.ceil((members * seconds * RENEWALS_PER_LEASE * 1_000) / leaseMs)
  const counts: readonly (readonly [number, Consumption])[] = [
    [commits, units.changes],
    [handoffs, units.handoffs],
    [renewals, units.heartbeats],
    [sessions, LIFE],
    [members, PROCESS],
  ]
  const sum = (of: (one: Consumption) => number) => counts.reduce((total, [count, one]) => total + count * of(one), 0)
  return {
    writes: sum((one) => one.writeUnits),
    reads: sum((one) => one.readUnits),
    messages: sum((one) => one.messages),
    pushes: sum((one) => one.pushes),
    dollars: sum((one) => dollarsOf(one, prices)),
  }
}

export const requestsOf = ({ writes, reads, messages, pushes }: Cost): number => writes + reads + messages + pushes
