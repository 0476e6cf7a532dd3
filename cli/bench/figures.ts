import { P99_TIMES_MIN } from '../limits.js'
import { percentile } from '../view/times.js'
import type { PartName } from './load.js'
import type { Work } from './orders.js'

/** One part of a run, as it is told. Milliseconds have three digits after the point. */
export interface Part {
  readonly name: PartName
  readonly operations: number
  readonly seconds: number
  readonly perSecond: number
  /** Null where nothing bounds it. */
  readonly perSecondMax: number | null
  readonly p50Ms: number | null
  /** Null where there are too few times for one. */
  readonly p99Ms: number | null
  /** Operations that failed, by the code of the error. */
  readonly errors: Readonly<Record<string, number>>
}

export function partOf(name: PartName, works: readonly Work[], perSecondMax: number | null): Part {
  const operations = works.reduce((sum, work) => sum + work.operations, 0)
  const seconds = Math.max(...works.map(({ ms }) => ms)) / 1_000
  const times = works.flatMap(({ timesMs }) => timesMs)
  const errors: Record<string, number> = {}
  for (const [code, count] of works.flatMap((work) => Object.entries(work.errors))) {
    errors[code] = (errors[code] ?? 0) + count
  }
  return {
    name,
    operations,
    seconds: rounded(seconds),
    perSecond: rounded(operations / seconds),
    perSecondMax,
    p50Ms: times.length === 0 ? null : rounded(percentile(times, 50)),
    p99Ms: times.length < P99_TIMES_MIN ? null : rounded(percentile(times, 99)),
    errors,
  }
}

export const failuresOf = (parts: readonly Part[]): number =>
  parts.flatMap(({ errors }) => Object.values(errors)).reduce((sum, count) => sum + count, 0)

const rounded = (value: number): number => Math.round(value * 1_000) / 1_000
