import { LOCK_TTL_MS } from '../../protocol/limits.js'
import { KEEPS_AT_ONCE, KEEPS_PERIOD_MS } from '../limits.js'
import type { Timer } from '../ports.js'
import type { ClientContext } from './context.js'
import { Ranked, Recency } from './recency.js'

/** How often held lock records are kept from TTL. */
const KEEP_PERIOD_MS = LOCK_TTL_MS / 7

/** A session that is held, in the order of use. */
export abstract class HeldSession extends Ranked {
  lastUsedMs = 0
  /** The part of the client's cached bytes that is this session's. */
  countedBytes = 0
  abstract readonly cachedBytes: number
  abstract readonly isInUse: boolean
  /** Gives the session back when its accesses have ended. */
  abstract letGo(): void
  /** Keeps the lock record from TTL. */
  abstract keep(): void
}

/** The sessions that are held: lets go of those that are unused for too long, or too many. */
export class HeldSessions {
  private readonly order = new Recency<HeldSession>()
  private cachedBytes = 0
  private idleTimer: Timer | undefined
  private keepTimer: Timer | undefined
  /** Those whose lock records are still to be kept, and the timer of the next of them. */
  private readonly unkept = new Set<HeldSession>()
  private unkeptTimer: Timer | undefined
  private isStopped = false

  constructor(private readonly context: ClientContext) {}

  get count(): number {
    return this.order.size
  }

  opened(session: HeldSession): void {
    this.used(session, this.context.clock.monotonicMs())
    // A grant may come while the client closes.
    if (this.isStopped) return
    this.scheduleIdle()
    this.keepTimer ??= this.context.clock.after(KEEP_PERIOD_MS, () => this.keepDaily(), 'background')
  }

  used(session: HeldSession, nowMs: number): void {
    session.lastUsedMs = nowMs
    this.order.use(session)
    const { cachedBytes } = session
    this.cachedBytes += cachedBytes - session.countedBytes
    session.countedBytes = cachedBytes
    this.makeRoom(session)
  }

  /** It is held no longer, or is about to be given back. */
  closed(session: HeldSession): void {
    this.order.remove(session)
    this.unkept.delete(session)
    this.cachedBytes -= session.countedBytes
    session.countedBytes = 0
  }

  /**
   * Keeps every lock record from TTL, some at a time. The answers ask for those that others wait for. If a round is under
   * way, sessions that had their turn get another one, after the rest.
   */
  keepAll(): void {
    if (this.isStopped) return
    for (const session of this.order.items()) this.unkept.add(session)
    if (this.unkeptTimer === undefined) this.keepSome()
  }

  /** The client closes: nothing is let go any more for being unused. */
  stop(): void {
    this.isStopped = true
    this.idleTimer?.cancel()
    this.keepTimer?.cancel()
    this.unkeptTimer?.cancel()
  }

  /** The client is closed. */
  clear(): void {
    this.order.clear()
    this.unkept.clear()
    this.cachedBytes = 0
  }

  /** Releases the least recently used sessions until those that are held are within the bounds again. */
  private makeRoom(newest: HeldSession): void {
    const { heldSessionsMax, cachedBytesMax } = this.context.options
    while (this.order.size > heldSessionsMax || this.cachedBytes > cachedBytesMax) {
      const oldest = this.order.leastRecent
      if (oldest === undefined || oldest === newest) return
      this.letGo(oldest)
    }
  }

  private letGo(session: HeldSession): void {
    this.closed(session)
    session.letGo()
  }

  private scheduleIdle(): void {
    if (this.idleTimer !== undefined || this.isStopped) return
    // Asked for last: it mends the order of all that were used meanwhile.
    const oldest = this.order.leastRecent
    if (oldest === undefined) return
    const dueMs = oldest.lastUsedMs + this.context.options.idleReleaseMs - this.context.clock.monotonicMs()
    this.idleTimer = this.context.clock.after(Math.max(1, dueMs), () => this.releaseIdle(), 'background')
  }

  private releaseIdle(): void {
    this.idleTimer = undefined
    const nowMs = this.context.clock.monotonicMs()
    const limitMs = nowMs - this.context.options.idleReleaseMs
    for (let oldest = this.order.leastRecent; oldest !== undefined; oldest = this.order.leastRecent) {
      if (oldest.lastUsedMs > limitMs) break
      // A session that is in use for so long counts as used now.
      if (oldest.isInUse) this.used(oldest, nowMs)
      else this.letGo(oldest)
    }
    this.scheduleIdle()
  }

  private keepDaily(): void {
    this.keepAll()
    this.keepTimer = this.context.clock.after(KEEP_PERIOD_MS, () => this.keepDaily(), 'background')
  }

  private keepSome(): void {
    this.unkeptTimer = undefined
    let left = KEEPS_AT_ONCE
    for (const session of this.unkept) {
      if (left === 0) break
      left -= 1
      this.unkept.delete(session)
      session.keep()
    }
    if (this.unkept.size === 0) return
    this.unkeptTimer = this.context.clock.after(KEEPS_PERIOD_MS, () => this.keepSome(), 'background')
  }
}
