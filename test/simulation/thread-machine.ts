import type { Timer } from '../../client/ports.js'
import type { Machine } from './machine.js'

/** The event loop of a worker thread. It runs only while its process does, and may stand still or end by itself. */
export class ThreadMachine {
  private isEnded = false
  private isHung = false
  private readonly backlog: (() => void)[] = []

  constructor(private readonly process: Machine) {}

  get isDead(): boolean {
    return this.isEnded || this.process.isDead
  }

  wallMs(): number {
    return this.process.wallMs()
  }

  after(ms: number, fire: () => void): Timer {
    return this.process.after(ms, () => this.run(fire))
  }

  /** Runs an event of this thread: now, or when the thread goes on, or never. */
  run(event: () => void): void {
    if (this.isEnded) return
    if (this.isHung) this.backlog.push(event)
    else event()
  }

  kill(): void {
    this.isEnded = true
    this.backlog.length = 0
  }

  /** Stands still for so long, as in a loop that waits for nothing. */
  hang(ms: number): void {
    this.isHung = true
    this.process.after(ms, () => this.goOn())
  }

  /** The code that runs blocks the thread: it goes on first. */
  block(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.isHung = true
      this.process.after(ms, () => {
        if (this.isEnded) return
        resolve()
        this.goOn()
      })
    })
  }

  private goOn(): void {
    this.isHung = false
    for (const event of this.backlog.splice(0)) this.after(0, event)
  }
}
