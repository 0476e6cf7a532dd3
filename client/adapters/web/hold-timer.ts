/** How long a request may hold its session, and for how long once its client has gone away. */
export interface HoldTimes {
  readonly maxHoldMs: number
  readonly graceMs: number
}

/** Tells when a request has held its session for too long. */
export class HoldTimer {
  /** The first one to end tells: the grace makes no request hold its session for longer. */
  private timers: NodeJS.Timeout[] = []
  private readonly gone = () => this.set(this.times.graceMs)

  /** @param client is aborted when the client has gone away. */
  constructor(
    private readonly times: HoldTimes,
    private readonly client: AbortSignal | undefined,
    private readonly isOver: () => void,
  ) {}

  /** Call it when the session is held. */
  start(): void {
    this.set(this.times.maxHoldMs)
    if (this.client?.aborted === true) this.gone()
    else this.client?.addEventListener('abort', this.gone, { once: true })
  }

  /** Call it when the session is held no longer, or is about to be given back. */
  stop(): void {
    for (const timer of this.timers) clearTimeout(timer)
    this.timers = []
    this.client?.removeEventListener('abort', this.gone)
  }

  private set(ms: number): void {
    // Without a request under way nothing else keeps the process alive for it.
    this.timers.push(setTimeout(this.isOver, ms).unref())
  }
}
