import type { Setting } from './side.js'

/** The results of the benchmarks, as JSON keeps them. Tables, plots and the page are made from these alone. */

/** The first quartile, the median and the third quartile over rounds. */
export interface Quartiles {
  readonly q1: number
  readonly median: number
  readonly q3: number
}

/** One side in one setting. */
export interface Measured {
  readonly side: string
  readonly setting: Setting
  readonly rounds: number
  readonly operationsPerSecond: Quartiles
  readonly p50Ms: number | undefined
  /** Undefined where there are too few samples. */
  readonly p99Ms: number | undefined
  readonly worstMs: number | undefined
  readonly cpuMsPerOperation: number
  /** Requests to DynamoDB, by servers and functions alike. Undefined where no DynamoDB is used. */
  readonly requestsPerOperation: number | undefined
  readonly writeUnitsPerOperation: number | undefined
  /** Counts of the side's own over all rounds, such as `lostUpdates`. */
  readonly counts: Readonly<Record<string, number>>
}

/** Two sides in one setting: the first one's operations per second divided by the second one's, round by round. */
export interface Compared {
  readonly side: string
  readonly against: string
  readonly setting: Setting
  readonly ratio: Quartiles
  /** Whether the quartiles of the two sides overlap. */
  readonly isNoDifference: boolean
}

/** Figures that are no comparison of sides. */
export interface Figures {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | number)[])[]
}

/** One comparison: sides that took turns in one setting or in several. */
export interface Series {
  readonly title: string
  readonly measured: readonly Measured[]
  readonly compared: readonly Compared[]
}

/** A goal beside its figure. */
export interface Goal {
  readonly goal: string
  readonly figure: string
  readonly isMet: boolean
}

/** A case where Holdfast is the wrong choice, and the figures that say so. */
export interface Caution {
  readonly when: string
  readonly figure: string
}

export interface PartResult {
  readonly series: readonly Series[]
  readonly figures: readonly Figures[]
  readonly goals: readonly Goal[]
  readonly cautions: readonly Caution[]
}

export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memoryGiB: number
  /** As in 2026-01-31. */
  readonly date: string
  /** Of the whole machine over the minute before the part, which would be 0 on a quiet one. */
  readonly loadBefore: number
}

/** One part on one version of Node.js. */
export interface PartRun extends PartResult {
  readonly part: string
  readonly node: string
  /** Whether answers were delayed as on AWS, so that every figure is modelled. */
  readonly isModelled: boolean
  readonly command: string
  readonly machine: Machine
}

export interface Results {
  readonly runs: readonly PartRun[]
}
