import type { ForgottenLocks } from './forgotten-locks.js'

/** One way in which a run went wrong: the number of the invariant in the design, and the evidence. */
export class Violation extends Error {
  constructor(
    readonly invariant: string,
    problem: string,
  ) {
    super(`${invariant}: ${problem}`)
  }
}

/** The checks that may be left out, by what they judge. */
export const LEFT_OUT = ['accesses', 'reads', 'beliefs', 'answers', 'facts', 'epochs', 'evictions'] as const
export type LeftOut = (typeof LEFT_OUT)[number]

/** Collects the violations of a run. */
export interface Judge {
  /** The locks of which faults made the table forget. */
  readonly forgotten: ForgottenLocks
  /** A check of this kind is left out, because a fault allows anything here. */
  leaveOut(check: LeftOut): void
  /** True time, as clocks tell it. */
  wallMs(): number
  /** Adds an event to the history whose hash identifies the run. */
  note(line: string): void
  violate(invariant: string, problem: string): void
}
