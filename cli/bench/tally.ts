import { setTimeout as sleep } from 'node:timers/promises'
import { BENCH_FAILED_PAUSE_MS } from '../limits.js'
import { Times } from '../view/times.js'
import type { Work } from './orders.js'

/** Counts what is done in one part. */
export class Tally {
  private readonly startMs = performance.now()
  private readonly times = new Times()
  private readonly errors: Record<string, number> = {}

  /** An operation has succeeded. */
  add(ms: number): void {
    this.times.add(ms)
  }

  /** One has failed. The pause keeps what fails at once from being tried all the time. */
  async failed(error: unknown): Promise<void> {
    const { code = 'FAILED' } = error as { readonly code?: string }
    this.errors[code] = (this.errors[code] ?? 0) + 1
    await sleep(BENCH_FAILED_PAUSE_MS)
  }

  work(): Work {
    const { times, errors } = this
    return { operations: times.count, errors, timesMs: times.kept, ms: performance.now() - this.startMs }
  }
}

/** Lets so many operations of a loop begin in a second, at most. After a slow one, at most one begins before its time. */
export class Pace {
  private readonly startMs = performance.now()
  private readonly everyMs: number
  private dueMs = 0

  constructor(
    perSecondMax: number,
    private readonly ms: number,
    private readonly isEnded: () => boolean,
  ) {
    this.everyMs = 1_000 / perSecondMax
  }

  /** Waits for the turn of the next operation; returns false when the part is over. */
  async next(): Promise<boolean> {
    this.dueMs = Math.max(this.dueMs, this.sinceMs() - this.everyMs)
    const earlyMs = Math.min(this.dueMs, this.ms) - this.sinceMs()
    if (earlyMs > 1) await sleep(earlyMs)
    const isOver = this.isEnded() || this.dueMs >= this.ms || this.sinceMs() >= this.ms
    this.dueMs += this.everyMs
    return !isOver
  }

  private sinceMs(): number {
    return performance.now() - this.startMs
  }
}
