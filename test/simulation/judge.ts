/** One way in which a run went wrong: the number of the invariant in the design, and the evidence. */
export class Violation extends Error {
  constructor(
    readonly invariant: string,
    problem: string,
  ) {
    super(`${invariant}: ${problem}`)
  }
}

/** Collects the violations of a run. */
export interface Judge {
  /** Whether faults made the Locks table forget: an epoch may then be given twice, and only the fence tells. */
  readonly mayEpochsRepeat: boolean
  /** True time, as clocks tell it. */
  wallMs(): number
  /** Adds an event to the history whose hash identifies the run. */
  note(line: string): void
  violate(invariant: string, problem: string): void
}
