import type { HoldfastError } from '../../client/errors/index.js'
import type { Appended, Outcome } from './appended.js'
import type { History } from './history.js'

/** The values that one call appends, and their outcome. */
export class Appending {
  private readonly entries: Appended[] = []
  private outcome: Outcome | undefined

  constructor(
    private readonly history: History,
    readonly calledAtMs: number,
  ) {}

  add(entry: Appended): void {
    this.entries.push(entry)
    // Work may go on when its caller has been told already.
    if (this.outcome !== undefined) this.history.end(entry, this.outcome)
  }

  /** All values so far in one session. Returns what to do when they are committed. */
  committing(session: string): () => void {
    const committed = this.entries.filter((entry) => entry.session === session)
    return () => {
      for (const entry of committed) this.history.end(entry, 'acknowledged')
    }
  }

  end(outcome: Outcome): void {
    this.outcome ??= outcome
    for (const entry of this.entries) this.history.end(entry, outcome)
  }

  fail(error: unknown): void {
    this.end((error as HoldfastError).effect === 'unknown' ? 'unknown' : 'failed')
  }
}
