import type { SessionKey } from '../../protocol/keys.js'
import type { HoldfastError } from '../errors/index.js'
import type { Events } from '../events.js'
import type { Clock } from '../ports.js'
import type { BusyNotice } from './busy-notice.js'

interface GrantOptions {
  readonly session: SessionKey
  readonly epoch: number
  /** So many processes had the session or waited for it before this one, when it asked. */
  readonly ahead: number
  /** How long accesses of this process have waited for it. */
  readonly waitedMs: number
  readonly busy: BusyNotice
  readonly clock: Clock
  readonly events: Events
}

/**
 * One grant of the lock, from the store's word until the release or the loss, of which it tells the client's listeners.
 * The object itself is its identity. The epoch does not identify a grant: a lock record that fell behind can issue the
 * same one twice.
 */
export class Grant {
  readonly epoch: number
  readonly ahead: number
  readonly busy: BusyNotice
  private readonly session: SessionKey
  private readonly clock: Clock
  private readonly events: Events
  private readonly grantedMs: number
  private wantedMs: number | undefined
  private readonly ended = new AbortController()

  constructor({ session, epoch, ahead, waitedMs, busy, clock, events }: GrantOptions) {
    this.session = session
    this.epoch = epoch
    this.ahead = ahead
    this.busy = busy
    this.clock = clock
    this.events = events
    this.grantedMs = clock.monotonicMs()
    events.tell('granted', { session, epoch, waitedMs })
  }

  /** Aborted when the grant is over. */
  get over(): AbortSignal {
    return this.ended.signal
  }

  /** Another process waits for the session. */
  get isWanted(): boolean {
    return this.wantedMs !== undefined
  }

  /** Another process asks for the session, perhaps again. */
  wanted(): void {
    if (this.isWanted) return
    this.wantedMs = this.clock.monotonicMs()
    if (!this.over.aborted) this.events.tell('wanted', { session: this.session, epoch: this.epoch })
  }

  /** The session goes back to the store. */
  released(): void {
    if (this.over.aborted) return
    this.ended.abort()
    const { session, epoch, heldMs, wantedMs } = this
    const handoffMs = wantedMs === undefined ? undefined : this.since(wantedMs)
    this.events.tell('released', { session, epoch, heldMs, handoffMs })
  }

  /** The session is lost under this grant, unless it went back before. */
  lost(error: HoldfastError, unwritten: number): void {
    if (this.over.aborted) return
    this.ended.abort()
    const { session, epoch, heldMs } = this
    this.events.tell('lost', { session, epoch, heldMs, error, unwritten })
  }

  /** The time since the store's word. */
  get heldMs(): number {
    return this.since(this.grantedMs)
  }

  private since(ms: number): number {
    return Math.round(this.clock.monotonicMs() - ms)
  }
}
