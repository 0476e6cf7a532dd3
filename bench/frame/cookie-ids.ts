import { createHash } from 'node:crypto'

const CHARS = 43
/** Coprime to every count of ids that is a power of ten: all ids come before one comes again. */
const STRIDE = 7_919

/**
 * Ids as a cookie gives them: each time a fresh string, which nobody has hashed yet. They come in another order than
 * that in which they were made, so that neighbours in time are no neighbours in memory.
 */
export class CookieIds {
  private readonly text: Buffer
  private at = 0

  /** The same salt gives the same ids. */
  constructor(
    private readonly count: number,
    salt: string,
  ) {
    this.text = Buffer.alloc(count * CHARS)
    for (let index = 0; index < count; index += 1) {
      this.text.write(createHash('sha256').update(`${salt} ${index}`).digest('base64url'), index * CHARS, 'latin1')
    }
  }

  next(): string {
    return this.of(this.nextIndex())
  }

  /** Of the next id among all. */
  nextIndex(): number {
    this.at = (this.at + STRIDE) % this.count
    return this.at
  }

  /** All of them, in the order of their making. */
  all(): readonly string[] {
    return Array.from({ length: this.count }, (_, index) => this.of(index))
  }

  private of(index: number): string {
    return this.text.toString('latin1', index * CHARS, (index + 1) * CHARS)
  }
}
