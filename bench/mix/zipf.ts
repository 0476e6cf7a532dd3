import type { Random } from '../../test/support/random.js'

/** Picks the n-th of all with a chance in proportion to 1 / n, n counted over everybody from 1. */
export class Zipf {
  private readonly sums: readonly number[]

  constructor(private readonly ranks: readonly number[]) {
    let sum = 0
    this.sums = ranks.map((rank) => {
      sum += 1 / (rank + 1)
      return sum
    })
  }

  pick(random: Random): number {
    const at = random.fraction() * (this.sums.at(-1) ?? 0)
    let [low, high] = [0, this.sums.length - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.sums[middle] as number) > at) high = middle
      else low = middle + 1
    }
    return this.ranks[low] as number
  }
}
