import type { Clock, Timer } from '../../client/ports.js'
import { Agenda } from './agenda.js'
import { turn } from './turn.js'

interface VirtualTimer {
  readonly atMs: number
  readonly fire: () => void
}

/** In 2027, so that it is nobody's present. */
const START_MS = 1_800_000_000_000

/** A clock that stands still until it is told to go. */
export class VirtualClock implements Clock {
  private readonly timers = new Agenda<VirtualTimer>()
  private advancing: Promise<void> = Promise.resolve()

  constructor(private nowMs = START_MS) {}

  /** Whole milliseconds, as machines count them. */
  wallMs(): number {
    return Math.floor(this.nowMs)
  }

  monotonicMs(): number {
    return this.nowMs
  }

  after(ms: number, fire: () => void): Timer {
    const entry = this.timers.add({ atMs: this.nowMs + Math.max(0, ms), fire })
    return { cancel: () => this.timers.remove(entry) }
  }

  /**
   * Runs what is due in the next `ms`, in order, each with all its consequences. Of two calls at once the second begins
   * when the first has ended.
   */
  advance(ms: number): Promise<void> {
    const advance = () => this.goOn(ms)
    const done = this.advancing.then(advance, advance)
    this.advancing = done.catch(() => {})
    return done
  }

  /** Timers that have neither fired nor been cancelled. */
  get pending(): number {
    return this.timers.size
  }

  /** Lets `ms` pass, or only as much as it takes to the next timer, which fires then. Waits for no consequence. */
  step(ms: number): void {
    const untilMs = this.nowMs + ms
    if (!this.fireNext(untilMs)) this.nowMs = untilMs
  }

  /** Time passes for the clock, but no timer fires: a process that is frozen. */
  freeze(ms: number): void {
    this.nowMs += ms
  }

  private async goOn(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms
    await turn()
    while (this.fireNext(untilMs)) await turn()
    this.nowMs = Math.max(this.nowMs, untilMs)
  }

  private fireNext(untilMs: number): boolean {
    const next = this.timers.first
    if (next === undefined || next.atMs > untilMs) return false
    this.timers.shift()
    this.nowMs = Math.max(this.nowMs, next.atMs)
    next.fire()
    return true
  }
}
