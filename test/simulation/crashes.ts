import type { Machine } from './machine.js'

/** What is struck at a suspension point: the machine, or only the worker thread, which ends there or stands still. */
export type Victim = 'machine' | 'thread' | 'hung thread'

/** Where a machine or a thread is struck: at which suspension point of the run, and before or after the awaited event. */
export interface Crash {
  readonly at: number
  readonly side: 'before' | 'after'
  readonly victim: Victim
}

/** A worker thread at whose message a point is. */
export interface Struck {
  end(): void
  hang(): void
}

/** Labels of the points at which a worker thread can be struck begin with this. */
export const OF_THREAD = 'worker '

/**
 * The suspension points of a run, counted as they come: every request, push and message that a function, a client or a
 * worker thread waits for, sends or takes. The same seed passes the same points in the same order, up to the crash.
 */
export class SuspensionPoints {
  /** The awaited event at each point: to show which paths were cut where. */
  readonly labels: string[] = []
  hasCrashed = false

  constructor(
    private readonly crash: Crash | undefined,
    private readonly crashed: () => void,
  ) {}

  /** Runs the step of this point, unless it is struck before, on the given side of it. */
  pass<T>(machine: Machine, label: string, run: () => T, thread?: Struck): T | undefined {
    const isHere = this.labels.push(label) - 1 === this.crash?.at
    if (!isHere) return run()
    this.hasCrashed = true
    this.crashed()
    const strike = () => {
      if (this.crash?.victim === 'thread') thread?.end()
      else if (this.crash?.victim === 'hung thread') thread?.hang()
      else machine.kill()
    }
    if (this.crash?.side === 'before') {
      strike()
      // Only who stands still goes on.
      return this.crash.victim === 'hung thread' ? run() : undefined
    }
    const result = run()
    strike()
    return result
  }
}
