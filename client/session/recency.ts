/** An item that can stand in an order of use. */
export abstract class Ranked {
  /** Rises with every use of any item. */
  lastUse = 0
  /** Its last use when its place was looked at last. */
  rank = 0
  /** Its place in the heap, or -1 while it is in none. */
  place = -1
}

/**
 * Items in the order of their last use. A use writes one number of the item itself: to move it between its neighbours
 * would read their memory too, which costs an access more than the rest. So the items stand in a heap by ranks that may
 * be out of date, always too low, and the order is mended at its top when somebody asks for the least recent one.
 */
export class Recency<T extends Ranked> {
  private heap: T[] = []
  private uses = 0

  get size(): number {
    return this.heap.length
  }

  get leastRecent(): T | undefined {
    let [top] = this.heap
    while (top !== undefined && top.rank !== top.lastUse) {
      top.rank = top.lastUse
      this.sink(top)
      top = this.heap[0]
    }
    return top
  }

  /** From the least to the most recently used. */
  items(): readonly T[] {
    return [...this.heap].sort((a, b) => a.lastUse - b.lastUse)
  }

  /** Adds the item, or makes it the most recently used. */
  use(item: T): void {
    this.uses += 1
    item.lastUse = this.uses
    if (item.place !== -1) return
    // The highest rank of all stands well at the end.
    item.rank = item.lastUse
    this.put(item, this.heap.length)
  }

  remove(item: T): void {
    const { place } = item
    if (this.heap[place] !== item) return
    item.place = -1
    const last = this.heap.pop() as T
    if (last === item) return
    this.put(last, place)
    this.rise(last)
    this.sink(last)
  }

  /** Forgets all items. None of them may be used again. */
  clear(): void {
    this.heap = []
  }

  private rise(item: T): void {
    for (let { place } = item; place > 0; place = item.place) {
      const above = this.heap[(place - 1) >> 1] as T
      if (above.rank <= item.rank) return
      this.swap(item, above)
    }
  }

  private sink(item: T): void {
    for (let below = this.lowestBelow(item); below !== undefined; below = this.lowestBelow(item)) {
      if (item.rank <= below.rank) return
      this.swap(item, below)
    }
  }

  private lowestBelow({ place }: T): T | undefined {
    const left = this.heap[2 * place + 1]
    const right = this.heap[2 * place + 2]
    return right !== undefined && left !== undefined && right.rank < left.rank ? right : left
  }

  private swap(a: T, b: T): void {
    const { place } = a
    this.put(a, b.place)
    this.put(b, place)
  }

  private put(item: T, place: number): void {
    this.heap[place] = item
    item.place = place
  }
}
