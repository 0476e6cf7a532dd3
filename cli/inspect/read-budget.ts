import { pause } from '../view/pause.js'

/** Bounds the read units of a second: each request waits until those before it are paid for. */
export class ReadBudget {
  private paidAtMs = 0

  constructor(
    private readonly unitsPerSecond: number,
    private readonly ended: AbortSignal,
  ) {}

  /** Waits until a request may be sent. Returns whether one is to be sent at all. */
  async wait(): Promise<boolean> {
    const leftMs = this.paidAtMs - performance.now()
    return leftMs <= 0 ? !this.ended.aborted : pause(leftMs, this.ended)
  }

  /** What a request has used is known afterwards only. */
  spend(units: number): void {
    this.paidAtMs = Math.max(this.paidAtMs, performance.now()) + (1_000 * units) / this.unitsPerSecond
  }
}
