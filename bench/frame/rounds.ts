import { percentile } from '../figures.js'
import { P99_SAMPLES_MIN } from './limits.js'
import type { Compared, Measured, Quartiles } from './results.js'
import type { RoundLength, Work } from './side.js'
import { type SideSpec, Team } from './side-process.js'

/** Requests to DynamoDB and their units, and pushes, between two moments. */
export interface Consumed {
  readonly requests: number
  readonly writeUnits: number
  readonly readUnits: number
  readonly pushes: number
}

export interface RoundsOptions {
  /** The path of the Node.js that runs the sides. */
  readonly node: string
  readonly rounds: number
  readonly warmUpRounds: number
  readonly length: RoundLength | ((spec: SideSpec) => RoundLength)
  /** Returns what this side consumed since it was called last. */
  readonly consumed?: (spec: SideSpec) => Consumed
  /** Called before each round of a side, such as to clear what the one before left. */
  readonly beforeRound?: (spec: SideSpec) => Promise<void>
}

export interface Round {
  readonly works: readonly Work[]
  readonly consumed: Consumed | undefined
  readonly operationsPerSecond: number
}

export interface SideRounds {
  readonly spec: SideSpec
  readonly rounds: readonly Round[]
  /**
   * What each process did when it was asked for a round of no operations at last, while nobody else worked: sides whose
   * processes share something then count what is left of it.
   */
  readonly last: readonly Work[]
}

/**
 * Lets sides take turns, each in processes of its own. Another side begins in every round, so that nobody always runs
 * in the wake of the same one.
 */
export async function takeTurns(specs: readonly SideSpec[], options: RoundsOptions): Promise<readonly SideRounds[]> {
  const teams: Team[] = []
  try {
    for (const spec of specs) teams.push(await Team.start(options.node, spec))
    const rounds = teams.map((): Round[] => [])
    for (let round = -options.warmUpRounds; round < options.rounds; round += 1) {
      for (const turn of teams.keys()) {
        const index = (turn + Math.max(round, 0)) % teams.length
        const measured = await oneRound(teams[index] as Team, options)
        if (round >= 0) rounds[index]?.push(measured)
      }
    }
    const sides: SideRounds[] = []
    for (const [index, team] of teams.entries()) {
      sides.push({ spec: team.spec, rounds: rounds[index] ?? [], last: await team.round({ operations: 0 }) })
    }
    return sides
  } finally {
    await Promise.allSettled(teams.map((team) => team.stop()))
  }
}

async function oneRound(team: Team, options: RoundsOptions): Promise<Round> {
  const { length, beforeRound, consumed } = options
  await beforeRound?.(team.spec)
  consumed?.(team.spec)
  const works = await team.round(typeof length === 'function' ? length(team.spec) : length)
  const operations = sum(works.map((work) => work.operations))
  const wallMs = Math.max(...works.map((work) => work.wallMs))
  return { works, consumed: consumed?.(team.spec), operationsPerSecond: (operations * 1_000) / wallMs }
}

export function quartiles(values: readonly number[]): Quartiles {
  return { q1: percentile(values, 25), median: percentile(values, 50), q3: percentile(values, 75) }
}

/** The row of one side. */
export function measure({ spec, rounds }: SideRounds): Measured {
  const works = rounds.flatMap((round) => round.works)
  const latencies = works.flatMap((work) => work.latenciesMs)
  const operations = sum(works.map((work) => work.operations))
  const perOperation = (count: (consumed: Consumed) => number) =>
    rounds[0]?.consumed === undefined
      ? undefined
      : sum(rounds.map(({ consumed }) => (consumed === undefined ? 0 : count(consumed)))) / operations
  return {
    side: spec.label,
    setting: spec.setting,
    rounds: rounds.length,
    operationsPerSecond: quartiles(rounds.map((round) => round.operationsPerSecond)),
    p50Ms: latencies.length === 0 ? undefined : percentile(latencies, 50),
    p99Ms: latencies.length < P99_SAMPLES_MIN ? undefined : percentile(latencies, 99),
    worstMs: latencies.length === 0 ? undefined : percentile(latencies, 100),
    cpuMsPerOperation: sum(works.map((work) => work.cpuMs)) / operations,
    requestsPerOperation: perOperation(({ requests }) => requests),
    writeUnitsPerOperation: perOperation(({ writeUnits }) => writeUnits),
    counts: added(works.map((work) => work.counts)),
  }
}

/** Compares each of the sides with the one at `against`. */
export function compare(sides: readonly SideRounds[], against: SideRounds): readonly Compared[] {
  const theirs = quartiles(against.rounds.map((round) => round.operationsPerSecond))
  return sides.map(({ spec, rounds }) => {
    const ours = quartiles(rounds.map((round) => round.operationsPerSecond))
    const ratios = rounds.map(
      (round, index) => round.operationsPerSecond / (against.rounds[index]?.operationsPerSecond ?? Number.NaN),
    )
    return {
      side: spec.label,
      against: against.spec.label,
      setting: spec.setting,
      ratio: quartiles(ratios),
      isNoDifference: ours.q1 <= theirs.q3 && theirs.q1 <= ours.q3,
    }
  })
}

/** How many times as fast the other is, for a text: nothing where it is not faster. */
export const fasterThan = (ours: SideRounds, other: SideRounds): string[] =>
  compare([other], ours)
    .filter(({ isNoDifference, ratio }) => !isNoDifference && ratio.median > 1)
    .map(({ ratio }) => ratio.median.toFixed(1))

/** Adds up what the side counted itself. */
export function added(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {}
  for (const one of counts) {
    for (const [name, count] of Object.entries(one)) total[name] = (total[name] ?? 0) + count
  }
  return total
}

/** Updates that were acknowledged, and are missing in the end: of a side whose last round counts both. */
export function lostUpdates({ last }: SideRounds): number {
  const { acknowledged = 0, kept = 0 } = added(last.map((work) => work.counts))
  return acknowledged - kept
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
