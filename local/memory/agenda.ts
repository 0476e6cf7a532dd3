/** What is to happen at a time. */
export interface Due {
  readonly atMs: number
}

/** One entry, with its place in the heap, by which it is taken out. */
export interface Entry<T extends Due> {
  readonly due: T
  /** Among entries of the same time the one that was added first comes first. */
  readonly order: number
  /** -1 when it is in the heap no longer. */
  index: number
}

const comesFirst = (a: Entry<Due>, b: Entry<Due>): boolean =>
  a.due.atMs < b.due.atMs || (a.due.atMs === b.due.atMs && a.order < b.order)

/** What is to happen, in the order of time: a binary heap. */
export class Agenda<T extends Due> {
  private lastOrder = 0
  private readonly heap: Entry<T>[] = []

  get size(): number {
    return this.heap.length
  }

  /** What happens next. */
  get first(): T | undefined {
    return this.heap[0]?.due
  }

  /** All, in no order. */
  all(): T[] {
    return this.heap.map(({ due }) => due)
  }

  add(due: T): Entry<T> {
    const entry = { due, order: ++this.lastOrder, index: this.heap.length }
    this.heap.push(entry)
    this.rise(entry)
    return entry
  }

  /** Takes out what happens next. */
  shift(): T | undefined {
    const first = this.heap[0]
    if (first !== undefined) this.remove(first)
    return first?.due
  }

  /** Takes out an entry, or does nothing where it is out. */
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
