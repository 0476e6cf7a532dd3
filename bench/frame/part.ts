import { ROUNDS_MIN } from './limits.js'
import type { PartResult } from './results.js'

/** One part of the benchmark: `npm run bench -- <name>`. */
export interface Part {
  readonly name: string
  readonly title: string
  /** What runs, for somebody who reads only the table: one paragraph. */
  readonly explanation: string
  /** Whether the oldest supported Node.js is measured too. */
  readonly onOldestNode: boolean
  /** Whether the part can run on delayed answers (`--latency aws`). */
  readonly canBeModelled: boolean
  run(context: PartContext): Promise<PartResult>
}

export interface PartContext {
  /** Small enough for CI: counts are true, times say little. */
  readonly isQuick: boolean
  /** The path of the Node.js that runs the sides. */
  readonly node: string
  /** Whether answers are delayed as on AWS. */
  readonly isModelled: boolean
  /** Tells what is under way. */
  say(step: string): void
  /** A count that must be so on every machine: the benchmark fails where it is not. */
  expectCount(what: string, received: number, expected: number | { readonly from: number; readonly to: number }): void
}

/** At least five rounds; quick ones are as many as the quartiles need. */
export const roundsOf = ({ isQuick }: PartContext, full: number): number => (isQuick ? ROUNDS_MIN : full)
