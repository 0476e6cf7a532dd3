import type { Timer } from '../../client/ports.js'

interface Event {
  readonly atMs: number
  readonly order: number
  readonly owner: object | undefined
  readonly run: () => void
  isCancelled: boolean
}

/** A turn of the real event loop comes after so many events. */
const TURN_EVENTS = 8

const comesFirst = (a: Event, b: Event): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)

/** Virtual time: events in a heap, each run with all the promises that it settles before the next. */
export class Timeline {
  nowMs = 0
  /** Events that have run. */
  count = 0
  private lastOrder = 0
  private readonly heap: Event[] = []

  at(atMs: number, run: () => void, owner?: object): Timer {
    const event = { atMs: Math.max(atMs, this.nowMs), order: ++this.lastOrder, owner, run, isCancelled: false }
    this.push(event)
    return {
      cancel: () => {
        event.isCancelled = true
      },
    }
  }

  after(ms: number, run: () => void, owner?: object): Timer {
    return this.at(this.nowMs + ms, run, owner)
  }

  /** Resolves after `ms` of virtual time. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve))
  }

  /** Runs events until `untilMs`, or until `isDone`. */
  async run(untilMs: number, isDone: () => boolean = () => false): Promise<void> {
    await settled(true)
    while (!isDone()) {
      const next = this.heap[0]
      if (next === undefined || next.atMs > untilMs) break
      this.pop()
      if (next.isCancelled) continue
      this.nowMs = next.atMs
      this.count += 1
      next.run()
      await settled(this.count % TURN_EVENTS === 0)
    }
    if (!isDone()) this.nowMs = Math.max(this.nowMs, untilMs)
  }

  /** The number of an owner's events that are still to come. */
  pendingOf(owner: object): number {
    return this.heap.filter((event) => event.owner === owner && !event.isCancelled).length
  }

  private push(event: Event): void {
    const { heap } = this
    let index = heap.push(event) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (comesFirst(heap[parent] as Event, event)) break
      heap[index] = heap[parent] as Event
      index = parent
    }
    heap[index] = event
  }

  private pop(): void {
    const { heap } = this
    const last = heap.pop() as Event
    if (heap.length === 0) return
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && comesFirst(heap[child + 1] as Event, heap[child] as Event)) child += 1
      if (comesFirst(last, heap[child] as Event)) break
      heap[index] = heap[child] as Event
      index = child
    }
    heap[index] = last
  }
}

/**
 * Ticks run when no microtask is left, and nothing in a simulation waits for anything else that is real. A turn of the
 * event loop takes longer, and is needed only now and then: promises that were rejected and not handled show there.
 */
const settled = (turns: boolean): Promise<void> =>
  new Promise((resolve) => {
    if (turns) setImmediate(resolve)
    else process.nextTick(resolve)
  })
