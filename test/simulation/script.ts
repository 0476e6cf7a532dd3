import type { Crash } from './crashes.js'
import type { Kind } from './executed.js'
import type { Fault, Faults } from './faults.js'
import type { LeftOut, Violation } from './judge.js'
import type { Shape } from './shape.js'
import type { Workload } from './workload.js'

/** A run that is given, up to the faults where they are left out. */
export interface Script {
  readonly faults?: Faults
  readonly durationMs: number
  readonly crash: Crash | undefined
  readonly shape?: Shape
  /** @default - as the seed says */
  readonly usesHttps?: boolean
  readonly workload?: Partial<Workload>
}

export interface Result {
  readonly seed: number
  readonly violations: readonly Violation[]
  readonly hash: string
  readonly events: number
  readonly counts: { readonly [F in Fault]: number }
  readonly executed: { readonly [K in Kind]: number }
  readonly codes: { readonly [code: string]: number }
  readonly landed: number
  readonly leftOut: { readonly [C in LeftOut]: number }
  /** The label of each suspension point while there were faults. */
  readonly points: readonly string[]
  readonly hasCrashed: boolean
}
