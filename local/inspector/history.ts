import { ENTRIES_MAX, KEPT_MS } from '../../inspector/limits.js'
import type { Entry, Fact } from '../../inspector/model/entry.js'
import { Picture } from '../../inspector/model/picture.js'

/** An entry as it goes to the pages. */
interface Line {
  readonly n: number
  readonly at: number
  readonly json: string
}

/**
 * The last entries, and the picture before the first of them: together they tell everything since then, however long
 * the stack has run.
 */
export class History {
  private readonly base = new Picture()
  private readonly live = new Picture()
  /** Those before `first` have been forgotten. */
  private lines: Line[] = []
  private first = 0
  private last = 0

  /** `nowMs` is the time of the entry. */
  add(fact: Fact, nowMs: number): Line {
    this.last += 1
    const entry: Entry = { n: this.last, at: nowMs, ...fact }
    this.live.apply(entry)
    const line: Line = { n: this.last, at: nowMs, json: JSON.stringify(entry) }
    this.lines.push(line)
    this.forget(nowMs)
    return line
  }

  /** The number of the last entry; 0 before the first. */
  get lastN(): number {
    return this.last
  }

  /** How many entries are kept. */
  get size(): number {
    return this.lines.length - this.first
  }

  /** Whether a record that was read tells nothing new. */
  knows(read: Fact): boolean {
    return this.live.knows(read)
  }

  /** The entries that tell what was before the first one that is kept. */
  baseFacts(): Entry[] {
    return this.base.facts()
  }

  /** The entries after this one. Undefined where some of them are forgotten. */
  since(n: number): readonly string[] | undefined {
    const oldest = this.lines[this.first]?.n ?? this.last + 1
    const isKnown = n >= oldest - 1 && n <= this.last
    if (!isKnown) return undefined
    return this.lines.slice(this.first + n - oldest + 1).map(({ json }) => json)
  }

  /** All that are kept. */
  all(): readonly string[] {
    return this.lines.slice(this.first).map(({ json }) => json)
  }

  private forget(nowMs: number): void {
    for (;;) {
      const line = this.lines[this.first]
      if (line === undefined || (this.size <= ENTRIES_MAX && line.at >= nowMs - KEPT_MS)) break
      this.base.apply(JSON.parse(line.json) as Entry)
      this.first += 1
    }
    // Seldom, so that each entry is moved once on average.
    if (this.first <= this.lines.length / 2) return
    this.lines = this.lines.slice(this.first)
    this.first = 0
  }
}
