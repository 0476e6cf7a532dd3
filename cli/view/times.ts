import { TIMES_KEPT_MAX } from '../limits.js'

/** The value at this percentile, by the nearest rank. NaN where there are no values. */
export function percentile(values: readonly number[], percent: number): number {
  const rank = Math.max(1, Math.ceil((percent / 100) * values.length))
  return values.toSorted((a, b) => a - b)[rank - 1] ?? Number.NaN
}

/** How long many things took. Beyond a bound each has the same chance to be among those that are kept. */
export class Times {
  readonly kept: number[] = []
  count = 0

  add(ms: number): void {
    this.count += 1
    const isFull = this.kept.length >= TIMES_KEPT_MAX
    const place = isFull ? Math.floor(Math.random() * this.count) : this.kept.length
    if (place < TIMES_KEPT_MAX) this.kept[place] = ms
  }
}
