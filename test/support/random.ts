/** A seeded source of choices: the same seed gives the same ones, in the same order. */
export class Random {
  private state: number

  constructor(seed: number) {
    // Consecutive seeds must not give similar runs.
    this.state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0
    for (let turn = 0; turn < 4; turn += 1) this.fraction()
  }

  /** From 0 to below 1. */
  fraction(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let mixed = this.state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  between(least: number, most: number): number {
    return least + this.fraction() * (most - least)
  }

  integer(least: number, most: number): number {
    return Math.floor(this.between(least, most + 1))
  }

  chance(probability: number): boolean {
    return probability > 0 && this.fraction() < probability
  }

  pick<T>(from: readonly T[]): T {
    return from[this.integer(0, from.length - 1)] as T
  }

  token(bytes: number): string {
    const drawn = Buffer.allocUnsafe(bytes)
    for (let index = 0; index < bytes; index += 1) drawn[index] = this.integer(0, 255)
    return drawn.toString('base64url')
  }

  /** An index below `count`: the first is the likeliest, the n-th has 1/n of its chance. */
  skewed(count: number): number {
    let left = this.fraction() * Array.from({ length: count }, (_, i) => 1 / (i + 1)).reduce((sum, w) => sum + w, 0)
    for (let index = 0; index < count; index += 1) {
      left -= 1 / (index + 1)
      if (left < 0) return index
    }
    return count - 1
  }

  shuffled<T>(items: readonly T[]): T[] {
    const left = [...items]
    return items.map(() => left.splice(this.integer(0, left.length - 1), 1)[0] as T)
  }
}
