/** An item that can stand in an order of use. */
export abstract class Ranked {
  /** Its neighbours in the order, while it is in one. */
  older: this | undefined
  newer: this | undefined
}

/**
 * Items in the order of their last use: constant time to use, remove, and find the least recently used. An item is in
 * one order at most: it carries its place itself, for to look that up would cost every access more than the rest.
 */
export class Recency<T extends Ranked> {
  private count = 0
  private oldest: T | undefined
  private newest: T | undefined

  get size(): number {
    return this.count
  }

  get leastRecent(): T | undefined {
    return this.oldest
  }

  /** From the least to the most recently used. */
  *items(): IterableIterator<T> {
    for (let item = this.oldest; item !== undefined; item = item.newer) yield item
  }

  /** Adds the item, or makes it the most recently used. */
  use(item: T): void {
    if (item === this.newest) return
    this.remove(item)
    item.older = this.newest
    if (this.newest === undefined) this.oldest = item
    else this.newest.newer = item
    this.newest = item
    this.count += 1
  }

  remove(item: T): void {
    const { older, newer } = item
    if (this.count === 0 || (older === undefined && item !== this.oldest)) return
    if (older === undefined) this.oldest = newer
    else older.newer = newer
    if (newer === undefined) this.newest = older
    else newer.older = older
    item.older = undefined
    item.newer = undefined
    this.count -= 1
  }

  /** Forgets all items. None of them may be used again. */
  clear(): void {
    this.count = 0
    this.oldest = undefined
    this.newest = undefined
  }
}
