import type { SessionKey } from '../../protocol/keys.js'
import type { Timing } from '../../protocol/timing.js'
import type { HoldfastError } from '../errors/index.js'
import type { Events } from '../events.js'
import type { Clock } from '../ports.js'
import { BusyNotice } from './busy-notice.js'

interface GrantOptions {
  readonly session: SessionKey
  readonly epoch: number
  /** So many processes had the session or waited for it before this one, when it asked. */
  readonly ahead: number
  /** How long accesses of this process have waited for it. */
  readonly waitedMs: number
  readonly clock: Clock
  readonly events: Events
}

/** What a busy notice needs of the process that holds the session. */
interface BusyHolder {
  readonly timing: () => Timing
  readonly say: () => void
  readonly overdue: () => void
}

/**
 * One grant of the lock, from the store's word until the release or the loss, of which it tells the client's listeners.
 * The object itself is its identity. The epoch does not identify a grant: a lock record that fell behind can issue the
 * same one twice.
 */
export class Grant {
  readonly session: SessionKey
  readonly epoch: number
  readonly ahead: number
  /** From the first ask of another process on. */
  busy: BusyNotice | undefined
  private readonly clock: Clock
  private readonly events: Events
  private readonly grantedMs: number
  private wantedMs: number | undefined
  private isOver = false
  private ending: AbortController | undefined

  constructor({ session, epoch, ahead, waitedMs, clock, events }: GrantOptions) {
    this.session = session
    this.epoch = epoch
    this.ahead = ahead
    this.clock = clock
    this.events = events
    this.grantedMs = clock.monotonicMs()
    events.tell('granted', { session, epoch, waitedMs })
  }

  /** Aborted when the grant is over. Made on first use. */
  get over(): AbortSignal {
    this.ending ??= new AbortController()
    if (this.isOver) this.ending.abort()
    return this.ending.signal
  }

  /** The claim, which has listened to {@link over}, has ended. */
  claimed(): void {
    this.ending = undefined
  }

  /** Another process waits for the session. */
  get isWanted(): boolean {
    return this.wantedMs !== undefined
  }

  /** Another process asks for the session, perhaps again. */
  wanted(): void {
    if (this.isWanted) return
    this.wantedMs = this.clock.monotonicMs()
    if (!this.isOver) this.events.tell('wanted', { session: this.session, epoch: this.epoch })
  }

  /** The same, by a revoke: it begins to count how long this process keeps the session in spite of that. */
  asked({ timing, say, overdue }: BusyHolder): void {
    this.wanted()
    this.busy ??= new BusyNotice(this.clock, timing, say, overdue)
    this.busy.asked()
  }

  /** The session goes back to the store. */
  released(): void {
    if (this.isOver) return
    this.end()
    const { session, epoch, heldMs, wantedMs } = this
    const handoffMs = wantedMs === undefined ? undefined : this.since(wantedMs)
    this.events.tell('released', { session, epoch, heldMs, handoffMs })
  }

  /** The session is lost under this grant, unless it went back before. */
  lost(error: HoldfastError, unwritten: number): void {
    if (this.isOver) return
    this.end()
    const { session, epoch, heldMs } = this
    this.events.tell('lost', { session, epoch, heldMs, error, unwritten })
  }

  private end(): void {
    this.isOver = true
    this.ending?.abort()
  }

  /** The time since the store's word. */
  get heldMs(): number {
    return this.since(this.grantedMs)
  }

  private since(ms: number): number {
    return Math.round(this.clock.monotonicMs() - ms)
  }
}
