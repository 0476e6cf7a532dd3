import type { Timer, TimerKind } from '../../client/ports.js'
import { Agenda } from '../../local/memory/agenda.js'

interface Event {
  readonly atMs: number
  readonly owner: object | undefined
  /** Of a client's timer. */
  readonly kind: TimerKind | undefined
  readonly run: () => void
}

/** A turn of the real event loop comes after so many events. */
const TURN_EVENTS = 64

/** Virtual time: events in order, each run with all the promises that it settles before the next. */
export class Timeline {
  nowMs = 0
  /** Events that have run. */
  count = 0
  private readonly agenda = new Agenda<Event>()

  at(atMs: number, run: () => void, owner?: object, kind?: TimerKind): Timer {
    const entry = this.agenda.add({ atMs: Math.max(atMs, this.nowMs), run, owner, kind })
    return { cancel: () => this.agenda.remove(entry) }
  }

  after(ms: number, run: () => void, owner?: object, kind?: TimerKind): Timer {
    return this.at(this.nowMs + ms, run, owner, kind)
  }

  /** Resolves after `ms` of virtual time. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve))
  }

  /** Runs events until `untilMs`, or until `isDone`. */
  async run(untilMs: number, isDone: () => boolean = () => false): Promise<void> {
    await settled(true)
    while (!isDone()) {
      const next = this.agenda.first
      if (next === undefined || next.atMs > untilMs) break
      this.agenda.shift()
      this.nowMs = next.atMs
      this.count += 1
      next.run()
      await settled(this.count % TURN_EVENTS === 0)
    }
    if (!isDone()) this.nowMs = Math.max(this.nowMs, untilMs)
  }

  /** The number of an owner's events that are still to come. */
  pendingOf(owner: object): number {
    return this.agenda.all().filter((event) => event.owner === owner).length
  }

  /** The number of an owner's timers that are neither over nor cancelled. */
  timersOf(owner: object, kind: TimerKind): number {
    return this.agenda.all().filter((event) => event.owner === owner && event.kind === kind).length
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
