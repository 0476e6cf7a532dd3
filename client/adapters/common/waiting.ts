import { RefusedError } from '../../errors/index.js'

/** How many requests of this process wait for each session. */
export class Waiting {
  private readonly counts = new Map<string, number>()

  constructor(private readonly max: number) {}

  /**
   * Counts a request while it waits.
   *
   * @throws {RefusedError} at once where too many wait already.
   */
  async during<T>(id: string, wait: () => Promise<T>): Promise<T> {
    const before = this.counts.get(id) ?? 0
    if (before >= this.max) {
      throw new RefusedError(
        'LOCAL_QUEUE_FULL',
        `${before} requests of this process wait for this session already: raise waitingMax, or send fewer at once`,
        true,
      )
    }
    this.counts.set(id, before + 1)
    try {
      return await wait()
    } finally {
      const left = (this.counts.get(id) ?? 1) - 1
      if (left === 0) this.counts.delete(id)
      else this.counts.set(id, left)
    }
  }
}
