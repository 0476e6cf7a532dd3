import type { SessionKey } from '../../protocol/keys.js'
import { LOCK_TTL_MS } from '../../protocol/limits.js'
import type { HoldfastError, SessionLostError } from '../errors/index.js'
import type { Timer, Transport } from '../ports.js'
import { Membership } from '../process/membership.js'
import { outsideAccesses } from '../scope.js'
import type { ClientContext } from './context.js'
import type { Hold } from './hold.js'
import { SessionEntry } from './local-session.js'
import { Recency } from './recency.js'
import type { Ticket } from './ticket.js'

/** A look around for lock records that TTL might take while they are held. */
const KEEP_PERIOD_MS = LOCK_TTL_MS / 7

/** What a client tells its listeners. `session` is the hashed key: it identifies a session without being its id. */
export interface Listener {
  granted(session: SessionKey, epoch: number): void
  revoked(session: SessionKey, epoch: number): void
  released(session: SessionKey, epoch: number): void
  lost(session: SessionKey, error: HoldfastError, unwritten: number): void
  connection(state: 'connected' | 'disconnected', detail: string | undefined): void
}

/** Every session that this process holds or waits for, under one process id after the other. */
export class Sessions {
  membership: Membership | undefined
  private readonly entries = new Map<SessionKey, SessionEntry>()
  private readonly held = new Recency<SessionEntry>()
  private cachedBytes = 0
  private idleTimer: Timer | undefined
  private keepTimer: Timer | undefined
  private isClosing = false

  constructor(
    private readonly context: ClientContext,
    private readonly transport: Transport,
    private readonly listener: Listener,
  ) {}

  get heldCount(): number {
    return this.held.size
  }

  get waitingCount(): number {
    return [...this.entries.values()].filter((entry) => entry.isWaiting).length
  }

  /** Lets the access in where it may run at once, or changes nothing. */
  tryEnter(key: SessionKey, ticket: Ticket): Hold | undefined {
    if (ticket.options.signal?.aborted) return undefined
    const hold = this.entries.get(key)?.hold
    return hold?.tryEnter(ticket) ? hold : undefined
  }

  /** Waits until the access may run, unless it may at once. */
  async enter(key: SessionKey, ticket: Ticket): Promise<Hold> {
    ticket.checkSignal()
    const entered = this.tryEnter(key, ticket)
    if (entered !== undefined) return entered
    // A lease that was found to be over just now has replaced what was known.
    const hold = await (this.entries.get(key) ?? this.createEntry(key)).enter(ticket)
    if (hold.verify()) hold.verifyAlive()
    if (ticket.loss !== undefined) throw ticket.loss
    return hold
  }

  /** Gives a held session back when its accesses have ended. */
  async release(key: SessionKey): Promise<void> {
    await this.entries.get(key)?.release()
  }

  /** Fails all that wait, but for what an access that runs needs to end. Whoever calls lets nobody in any more. */
  refuse(error: HoldfastError): void {
    this.isClosing = true
    this.idleTimer?.cancel()
    this.keepTimer?.cancel()
    for (const entry of this.entries.values()) entry.refuse(error)
  }

  /** Aborts what still runs, commits, and gives everything back. */
  async close(error: HoldfastError): Promise<void> {
    const { membership } = this
    for (const entry of this.entries.values()) entry.failPending(error)
    const entries = [...this.entries.values()]
    // What others wait for goes straight to them; all the rest is reclaimed at once after `retire`.
    await Promise.all(
      entries.map(async (entry) => {
        await entry.hold?.abortRunning(error)
        await entry.finish()
      }),
    )
    if (membership !== undefined) {
      await membership.retire()
      for (const { session, hold } of entries) if (hold !== undefined) this.listener.released(session, hold.epoch)
    }
    for (const entry of this.entries.values()) {
      this.forget(entry)
      entry.stop()
    }
    this.entries.clear()
  }

  private createEntry(key: SessionKey): SessionEntry {
    this.membership ??= this.join()
    const entry = new SessionEntry(key, this.membership, this.context, {
      opened: () => this.opened(entry),
      closed: () => this.forget(entry),
      used: () => this.used(entry),
      unneeded: () => {
        if (this.entries.get(key) === entry) this.entries.delete(key)
      },
      granted: (session, epoch) => this.listener.granted(session, epoch),
      revoked: (session, epoch) => this.listener.revoked(session, epoch),
      released: (session, epoch) => this.listener.released(session, epoch),
      lost: (session, error, unwritten) => this.listener.lost(session, error, unwritten),
    })
    this.entries.set(key, entry)
    return entry
  }

  private join(): Membership {
    // An access that happens to be the first has no part in what follows.
    return outsideAccesses(() => this.createMembership())
  }

  private createMembership(): Membership {
    const { clock, randomness } = this.context
    return new Membership(this.context.options.label, this.transport, clock, randomness, {
      ready: () => {
        for (const entry of this.entries.values()) entry.resend()
      },
      received: (message) => {
        if (message.session !== undefined) this.entryOf(message.session)?.receive(message)
      },
      asked: (session, epoch) => this.entryOf(session)?.asked(epoch),
      died: (loss) => this.died(loss),
      refused: (error) => {
        for (const entry of this.entries.values()) entry.failPending(error)
      },
      connection: (state, detail) => this.listener.connection(state, detail),
    })
  }

  /** An entry for every session that the store speaks of: one that is not known here is answered, then forgotten. */
  private entryOf(key: SessionKey): SessionEntry | undefined {
    const known = this.entries.get(key)
    if (known !== undefined || this.membership === undefined) return known
    const entry = this.createEntry(key)
    this.entries.delete(key)
    return entry
  }

  private died(loss: SessionLostError): void {
    this.membership = undefined
    const entries = [...this.entries.values()]
    if (this.isClosing) {
      for (const entry of entries) entry.hold?.lose(loss, 'returnQueued')
    } else if (entries.length > 0) {
      const next = this.join()
      this.membership = next
      for (const entry of entries) entry.moveTo(next, loss)
    }
  }

  private opened(entry: SessionEntry): void {
    this.used(entry)
    // A grant that was under way when the client closed.
    if (this.isClosing) return
    this.scheduleIdle()
    this.keepTimer ??= this.context.clock.after(KEEP_PERIOD_MS, () => this.keepAll(), 'background')
  }

  private used(entry: SessionEntry): void {
    entry.lastUsedMs = this.context.clock.monotonicMs()
    this.held.use(entry)
    const { cachedBytes } = entry
    this.cachedBytes += cachedBytes - entry.countedBytes
    entry.countedBytes = cachedBytes
    this.makeRoom(entry)
  }

  /** Releases the least recently used sessions until those that are held are within the bounds again. */
  private makeRoom(newest: SessionEntry): void {
    const { heldSessionsMax, cachedBytesMax } = this.context.options
    while (this.held.size > heldSessionsMax || this.cachedBytes > cachedBytesMax) {
      const oldest = this.held.leastRecent
      if (oldest === undefined || oldest === newest) return
      this.letGo(oldest)
    }
  }

  private letGo(entry: SessionEntry): void {
    this.forget(entry)
    entry.hold?.drain('unused')
  }

  private forget(entry: SessionEntry): void {
    this.held.remove(entry)
    this.cachedBytes -= entry.countedBytes
    entry.countedBytes = 0
  }

  private scheduleIdle(): void {
    const oldest = this.held.leastRecent
    if (oldest === undefined || this.idleTimer !== undefined || this.isClosing) return
    const dueMs = oldest.lastUsedMs + this.context.options.idleReleaseMs - this.context.clock.monotonicMs()
    this.idleTimer = this.context.clock.after(Math.max(1, dueMs), () => this.releaseIdle(), 'background')
  }

  private releaseIdle(): void {
    this.idleTimer = undefined
    const limitMs = this.context.clock.monotonicMs() - this.context.options.idleReleaseMs
    for (let oldest = this.held.leastRecent; oldest !== undefined; oldest = this.held.leastRecent) {
      if (oldest.lastUsedMs > limitMs) break
      // One that is in use for so long counts as used now.
      if (oldest.hold?.isInUse) this.used(oldest)
      else this.letGo(oldest)
    }
    this.scheduleIdle()
  }

  private keepAll(): void {
    for (const entry of this.held.items()) entry.keep()
    this.keepTimer = this.context.clock.after(KEEP_PERIOD_MS, () => this.keepAll(), 'background')
  }
}
