import type { Clock, Timer, TimerKind } from '../../client/ports.js'
import { Agenda } from './agenda.js'
import { turn } from './turn.js'

interface VirtualTimer {
  readonly atMs: number
  readonly fire: () => void
  readonly kind: TimerKind
}

/** A time in January 2027. */
const START_MS = 1_800_000_000_000

/** A clock that stands still until a call moves it. */
export class VirtualClock implements Clock {
  private readonly timers = new Agenda<VirtualTimer>()
  private advancing: Promise<void> = Promise.resolve()

  constructor(private nowMs = START_MS) {}

  /** Whole milliseconds, like the wall clock of a machine. */
  wallMs(): number {
    return Math.floor(this.nowMs)
  }

  monotonicMs(): number {
    return this.nowMs
  }

  after(ms: number, fire: () => void, kind: TimerKind = 'background'): Timer {
    const entry = this.timers.add({ atMs: this.nowMs + Math.max(0, ms), fire, kind })
    return { cancel: () => this.timers.remove(entry) }
  }

  /**
   * Runs the timers that are due in the next `ms`, in order, each with all its consequences. If a call is made while
   * another is under way, it begins when the other has ended.
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

  /** Those of them that would keep an operating system process alive. */
  get awaited(): number {
    return this.timers.all().filter(({ kind }) => kind === 'awaited').length
  }

  /** Lets `ms` pass, or only the time until the next timer, which then fires. It does not wait for consequences. */
  step(ms: number): void {
    const untilMs = this.nowMs + ms
    if (!this.fireNext(untilMs)) this.nowMs = untilMs
  }

  /** Lets time pass, but fires no timer: the process is frozen. */
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
