import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { LocksMessage } from '../../../client/events.js'
import { LOCKS_BATCH_MAX, LOCKS_FLUSH_MS, LOCKS_RETRY_MS } from '../../../inspector/limits.js'
import type { LocksFact } from '../../../inspector/model/entry.js'
import { LockUses } from './lock-uses.js'

const CHANNEL = 'holdfast:locks'

/** The addresses to which this process tells its locks already. A stack that runs in it hears them by itself. */
export const addressesTold = new Set<string>()

/** Tells the attribute locks of all clients of this process, some at a time. */
export class LockTeller {
  private readonly uses = new LockUses()
  private timer: NodeJS.Timeout | undefined
  private telling: Promise<void> | undefined

  /** @param deliver returns false where the locks are to be told later. */
  constructor(private readonly deliver: (facts: readonly LocksFact[]) => boolean | Promise<boolean>) {}

  start(): void {
    subscribe(CHANNEL, this.hear)
  }

  /** Tells what it has heard, once, and ends. */
  async stop(): Promise<void> {
    unsubscribe(CHANNEL, this.hear)
    await this.telling
    clearTimeout(this.timer)
    await this.tell()
    clearTimeout(this.timer)
  }

  private readonly hear = (message: unknown): void => {
    this.uses.hear(message as LocksMessage)
    this.later(LOCKS_FLUSH_MS)
  }

  private later(ms: number): void {
    if (this.uses.isEmpty || this.telling !== undefined) return
    this.timer ??= setTimeout(() => void this.tell(), ms).unref()
  }

  private async tell(): Promise<void> {
    this.timer = undefined
    const facts = this.uses.take(LOCKS_BATCH_MAX)
    if (facts.length === 0) return
    let isTold = false
    this.telling = (async () => {
      isTold = await this.deliver(facts)
    })()
    await this.telling
    this.telling = undefined
    if (!isTold) this.uses.putBack(facts)
    this.later(isTold ? LOCKS_FLUSH_MS : LOCKS_RETRY_MS)
  }
}
