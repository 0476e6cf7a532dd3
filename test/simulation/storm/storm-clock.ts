import type { Clock, Timer } from '../../../client/ports.js'
import { Agenda } from '../../../local/memory/agenda.js'
import { WALL_AT_START_MS } from '../machine.js'

interface Event {
  readonly atMs: number
  readonly run: () => void
}

/**
 * Virtual time for very many processes: events in order, without a turn of the event loop between two. So nothing that
 * runs in it may wait for a promise.
 */
export class StormClock implements Clock {
  private nowMs = 0
  private readonly agenda = new Agenda<Event>()

  wallMs(): number {
    return WALL_AT_START_MS + this.nowMs
  }

  monotonicMs(): number {
    return this.nowMs
  }

  after(ms: number, run: () => void): Timer {
    const entry = this.agenda.add({ atMs: this.nowMs + Math.max(0, ms), run })
    return { cancel: () => this.agenda.remove(entry) }
  }

  runUntil(untilMs: number): void {
    for (let next = this.agenda.first; next !== undefined && next.atMs <= untilMs; next = this.agenda.first) {
      this.agenda.shift()
      this.nowMs = next.atMs
      next.run()
    }
    this.nowMs = untilMs
  }
}
