/** An event that is due at a time. */
export interface Due {
  readonly atMs: number
}

/** One entry. Its index in the heap is kept, so that it can be removed. */
export interface Entry<T extends Due> {
  readonly due: T
  /** Entries of the same time keep the order in which they were added. */
  readonly order: number
  /** -1 when the entry is no longer in the heap. */
  index: number
}

const comesFirst = (a: Entry<Due>, b: Entry<Due>): boolean =>
  a.due.atMs < b.due.atMs || (a.due.atMs === b.due.atMs && a.order < b.order)

/** The events that are due, in the order of time: a binary heap. */
export class Agenda<T extends Due> {
  private lastOrder = 0
  private readonly heap: Entry<T>[] = []

  get size(): number {
    return this.heap.length
  }

  /** The next event. */
  get first(): T | undefined {
    return this.heap[0]?.due
  }

  /** All events, in no order. */
  all(): T[] {
    return this.heap.map(({ due }) => due)
  }

  add(due: T): Entry<T> {
    const entry = { due, order: ++this.lastOrder, index: this.heap.length }
    this.heap.push(entry)
    this.rise(entry)
    return entry
  }

  /** Removes and returns the next event. */
  shift(): T | undefined {
    const first = this.heap[0]
    if (first !== undefined) this.remove(first)
    return first?.due
  }

  /** Removes an entry. Does nothing where it is removed already. */
  remove(entry: Entry<T>): void {
    const { index } = entry
    if (index < 0) return
    entry.index = -1
    const last = this.heap.pop() as Entry<T>
    if (last === entry) return
    this.put(last, index)
    this.rise(last)
    this.sink(last)
  }

  private rise(entry: Entry<T>): void {
    while (entry.index > 0) {
      const above = (entry.index - 1) >> 1
      const parent = this.heap[above] as Entry<T>
      if (comesFirst(parent, entry)) return
      this.put(parent, entry.index)
      this.put(entry, above)
    }
  }

  private sink(entry: Entry<T>): void {
    for (;;) {
      const left = this.heap[2 * entry.index + 1]
      const right = this.heap[2 * entry.index + 2]
      if (left === undefined) return
      const child = right !== undefined && comesFirst(right, left) ? right : left
      if (comesFirst(entry, child)) return
      const { index } = child
      this.put(child, entry.index)
      this.put(entry, index)
    }
  }

  private put(entry: Entry<T>, index: number): void {
    this.heap[index] = entry
    entry.index = index
  }
}
