import { onAbort } from '../abort-listeners.js'
import { AbortedError, type HoldfastError } from '../errors/index.js'
import type { CompiledAccessOptions } from '../options/access-options.js'
import type { Clock, Timer } from '../ports.js'

/** A promise that ends by success, failure, time or signal, and leaves nothing behind. */
export class Wait {
  readonly promise: Promise<void>
  private resolve!: () => void
  private reject!: (error: unknown) => void
  private readonly timer: Timer
  private readonly unlisten: () => void

  /** @param sinceMs from when the timeout counts, by the monotonic clock. */
  constructor(
    private readonly clock: Clock,
    options: Pick<CompiledAccessOptions, 'signal' | 'timeoutMs'>,
    private readonly sinceMs: number,
    explainTimeout: (waitedMs: number) => HoldfastError,
    private readonly leave: () => void,
  ) {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    const leftMs = Math.max(0, options.timeoutMs - (clock.monotonicMs() - sinceMs))
    this.timer = clock.after(leftMs, () => this.giveUp(explainTimeout(this.waitedMs)), 'awaited')
    const { signal } = options
    this.unlisten = onAbort(signal, () => this.giveUp(new AbortedError(this.waitedMs, signal?.reason)))
  }

  succeed(): void {
    this.end()
    this.resolve()
  }

  fail(error: HoldfastError): void {
    this.end()
    this.reject(error)
  }

  private get waitedMs(): number {
    return Math.round(this.clock.monotonicMs() - this.sinceMs)
  }

  giveUp(error: HoldfastError): void {
    this.leave()
    this.fail(error)
  }

  private end(): void {
    this.timer.cancel()
    this.unlisten()
  }
}

/** Resolves when the work has ended, or after `ms`. */
export async function within(clock: Clock, ms: number, work: () => Promise<void>): Promise<void> {
  let timer: Timer | undefined
  const timeout = new Promise<void>((resolve) => {
    timer = clock.after(ms, resolve, 'awaited')
  })
  await Promise.race([work(), timeout])
  timer?.cancel()
}
