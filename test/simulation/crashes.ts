import type { Machine } from './machine.js'

/** Where a machine is to die: at which suspension point of the run, and before or after the awaited event. */
export interface Crash {
  readonly at: number
  readonly side: 'before' | 'after'
}

/**
 * The suspension points of a run, counted as they come: every request, push and message that a function or a client
 * waits for or sends. The same seed passes the same points in the same order, up to the crash.
 */
export class SuspensionPoints {
  /** The awaited event at each point: to show which paths were cut where. */
  readonly labels: string[] = []
  hasCrashed = false

  constructor(private readonly crash: Crash | undefined) {}

  /** Runs the step of this point, and kills the machine on the given side of it. */
  pass<T>(machine: Machine, label: string, run: () => T): T | undefined {
    const isHere = this.labels.push(label) - 1 === this.crash?.at
    if (!isHere) return run()
    this.hasCrashed = true
    if (this.crash?.side === 'before') {
      machine.kill()
      return undefined
    }
    const result = run()
    machine.kill()
    return result
  }
}
