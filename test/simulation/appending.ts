import type { HoldfastError } from '../../client/errors/index.js'
import type { Appended, Outcome } from './appended.js'
import type { ListName } from './attributes.js'
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

  /** The values of a nested access that has ended well are from now on those of this one. */
  takeOver({ entries }: Appending): void {
    for (const entry of entries) this.add(entry)
  }

  /** All values so far in one session, or in one list of it. Returns what to do when they are committed. */
  committing(session: string, list?: ListName): () => void {
    const isOf = (entry: Appended) => entry.session === session && (list === undefined || entry.list === list)
    const committed = this.entries.filter(isOf)
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
