import type { Clock, Randomness, Timer, TimerKind } from '../../client/ports.js'
import type { Random } from '../support/random.js'
import type { Timeline } from './timeline.js'

export const WALL_AT_START_MS = 1_800_000_000_000

/** A computer: its clocks, which may be wrong, and its life, which may stop for a while or for ever. */
export class Machine implements Clock {
  isDead = false
  isStopped = false
  /** The role that opens its connections. */
  role = 'app'
  private missedMs = 0
  private stoppedAtMs = 0
  private readonly backlog: (() => void)[] = []

  constructor(
    private readonly timeline: Timeline,
    private skewMs: number,
    /** Its clocks run faster than true time by this share. */
    private readonly drift: number,
  ) {}

  wallMs(): number {
    return Math.round(WALL_AT_START_MS + this.skewMs + this.timeline.nowMs * (1 + this.drift))
  }

  /** The wall clock is off by this much from now on. */
  setClock(skewMs: number): void {
    this.skewMs = skewMs
  }

  /** Stands still while the machine is paused. */
  monotonicMs(): number {
    return (this.timeline.nowMs - this.missedMs) * (1 + this.drift)
  }

  /** As in Node.js, no timer is shorter than a millisecond. Only timers of a client have a kind. One that is due while the machine stands still can be cancelled until it runs. */
  after(ms: number, fire: () => void, kind?: TimerKind): Timer {
    let isCancelled = false
    const due = () => this.run(() => isCancelled || fire())
    const timer = this.timeline.after(Math.max(1, ms) / (1 + this.drift), due, this, kind)
    return {
      cancel: () => {
        isCancelled = true
        timer.cancel()
      },
    }
  }

  /** Runs an event from outside: now, or when the machine goes on, or never. */
  run(event: () => void): void {
    if (this.isDead) return
    if (this.isStopped) this.backlog.push(event)
    else event()
  }

  kill(): void {
    this.isDead = true
    this.backlog.length = 0
  }

  stop(): void {
    this.isStopped = true
    this.stoppedAtMs = this.timeline.nowMs
  }

  /** The code that runs blocks the loop: it goes on first, and events that came in meanwhile follow later. */
  block(ms: number, random: Random): Promise<void> {
    return new Promise((resolve) => {
      this.stop()
      this.timeline.after(ms, () => {
        if (this.isDead) return
        resolve()
        this.goOn('frozen', random)
      })
    })
  }

  /** A frozen process finds that time has passed; on a paused machine the monotonic clock has stood still. */
  goOn(kind: 'frozen' | 'paused', random: Random): void {
    if (!this.isStopped) return
    this.isStopped = false
    if (kind === 'paused') this.missedMs += this.timeline.nowMs - this.stoppedAtMs
    // Events that came in meanwhile and timers that were due run in any order.
    while (this.backlog.length > 0) {
      const [event] = this.backlog.splice(random.chance(0.5) ? 0 : random.integer(0, this.backlog.length - 1), 1)
      // Among them are timers, which keep the process alive until they have fired.
      this.timeline.after(random.between(0, 30), () => this.run(event as () => void), this, 'awaited')
    }
  }
}

export const randomnessOf = (random: Random): Randomness => ({
  token: (bytes) => random.token(bytes),
  fraction: () => random.fraction(),
})
