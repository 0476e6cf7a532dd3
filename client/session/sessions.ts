import type { SessionKey } from '../../protocol/keys.js'
import { RENEWALS_PER_LEASE } from '../../protocol/limits.js'
import { ClosedError, type HoldfastError, type SessionLostError } from '../errors/index.js'
import type { Events } from '../events.js'
import { SLEEP_AFTER_LEASES } from '../limits.js'
import type { Transport } from '../ports.js'
import { Membership } from '../process/membership.js'
import { Reach } from '../process/reach.js'
import { StandBy } from '../process/stand-by.js'
import { outsideAccesses } from '../scope.js'
import type { ClientContext } from './context.js'
import { HandedOverSessions } from './handed-over.js'
import { HandoffCost } from './handoff-cost.js'
import { HeldSessions } from './held-sessions.js'
import type { Hold } from './hold.js'
import { LocalSession } from './local-session.js'
import { ReleasedAgain } from './released-again.js'
import type { SessionsContext } from './sessions-context.js'
import type { Ticket } from './ticket.js'
import { within } from './wait.js'

/** Every session that this process holds or waits for, under one process id after the other. */
export class Sessions {
  /** Undefined before the first access, and while the process sleeps. */
  membership: Membership | undefined
  private readonly known = new Map<SessionKey, LocalSession>()
  private readonly held: HeldSessions
  private readonly shared: SessionsContext
  private readonly reach: Reach
  /** What opens the connections. */
  private readonly standBy: StandBy
  /** How often in a row a renewal was due while there was nothing to do. */
  private idleRenewals = 0
  /** Process ids of this client that are over, and say so to the store. */
  private farewells: Promise<unknown> = Promise.resolve()
  private isClosing = false
  /** Those that are to be stopped when the client closes. The others are held, and nothing is to be done about them. */
  private active: Set<LocalSession> | undefined

  constructor(
    private readonly context: ClientContext,
    transport: Transport,
    private readonly events: Events,
  ) {
    this.standBy = new StandBy(transport, context.clock, context.randomness)
    this.held = new HeldSessions(context)
    this.reach = new Reach(context.clock)
    this.shared = {
      ...context,
      events,
      held: this.held,
      handoffCost: new HandoffCost(context.clock, context.options.isReleasedAfterAccess),
      handedOver: new HandedOverSessions(context.clock, context.options),
      releasedAgain: new ReleasedAgain(context.clock),
      unneeded: (session) => this.forget(session),
    }
  }

  get heldCount(): number {
    return this.held.count
  }

  get waitingCount(): number {
    return [...this.known.values()].filter(({ isWaiting }) => isWaiting).length
  }

  /** Lets the access in where it may run at once, or changes nothing. */
  tryEnter(key: SessionKey, ticket: Ticket): Hold | undefined {
    if (ticket.options.signal?.aborted) return undefined
    const hold = this.known.get(key)?.hold
    return hold?.tryEnter(ticket) ? hold : undefined
  }

  /** Whether this process holds the session, or asks for it. */
  isHeldOrAskedFor(key: SessionKey): boolean {
    const session = this.known.get(key)
    return session !== undefined && (session.hold !== undefined || session.isWaiting)
  }

  /** Waits until the access may run, unless it may at once. */
  async enter(key: SessionKey, ticket: Ticket): Promise<Hold> {
    ticket.checkSignal()
    const entered = this.tryEnter(key, ticket)
    if (entered !== undefined) return entered
    // A lease that was found to be over just now has replaced the session.
    const hold = await (this.known.get(key) ?? this.create(key)).enter(ticket)
    hold.endIfLostOrExpired()
    if (ticket.loss !== undefined) throw ticket.loss
    return hold
  }

  /** Gives a held session back when its accesses have ended. */
  async release(key: SessionKey): Promise<void> {
    await this.known.get(key)?.release()
  }

  /** Gives back all that no access uses or waits for. */
  async releaseUnused(): Promise<void> {
    const unused = [...this.known.values()].filter(({ isInUse, isWaiting }) => !isInUse && !isWaiting)
    await Promise.all(unused.map((session) => session.release()))
  }

  /**
   * Fails all that wait, but for extensions and targets of accesses that run. The caller lets nobody in any more.
   *
   * @param isAny some wait or run
   */
  refuse(error: HoldfastError, isAny: boolean): void {
    this.isClosing = true
    this.held.stop()
    if (isAny) for (const session of this.notIdle()) session.refuse(error)
  }

  /** Aborts the accesses that still run, commits, and gives everything back. */
  async close(error: HoldfastError): Promise<void> {
    const { membership } = this
    const active = this.notIdle()
    this.active = active
    for (const session of active) session.refused(error)
    // A session that another process waits for goes straight to it; all the rest is reclaimed at once after `retire`.
    await Promise.all(
      [...active].map(async (session) => {
        await session.hold?.abortRunning(
          new ClosedError('an access was still running after drainMs at close(): its changes are discarded'),
        )
        await session.finish()
      }),
    )
    this.standBy.end()
    await membership?.retire()
    for (const session of this.events.isHeard('released') ? this.known.values() : active) session.stop()
    this.known.clear()
    this.held.clear()
    this.active = undefined
    await this.farewells
  }

  /** Those about which something is to be done. */
  private notIdle(): Set<LocalSession> {
    const found = new Set<LocalSession>()
    for (const session of this.known.values()) if (session.hold?.isIdle !== true) found.add(session)
    return found
  }

  private create(key: SessionKey): LocalSession {
    this.idleRenewals = 0
    if (this.membership !== undefined) this.standBy.end()
    this.membership ??= this.join()
    const session = new LocalSession(key, this.membership, this.shared)
    this.known.set(key, session)
    return session
  }

  private forget(session: { readonly session: SessionKey }): void {
    if (this.known.get(session.session) === session) this.known.delete(session.session)
  }

  private join(): Membership {
    // The first access happens to make this object. Later events must not run inside that access.
    return outsideAccesses(() => this.createMembership())
  }

  private createMembership(): Membership {
    const { clock, randomness } = this.context
    return new Membership(this.context.options.label, this.standBy, clock, randomness, this.reach, {
      ready: () => {
        for (const session of this.known.values()) session.lock.resend()
      },
      received: (message) => {
        if (message.session !== undefined) this.addressed(message.session)?.lock.receive(message)
      },
      asked: (session, epoch) => this.addressed(session)?.lock.asked(epoch),
      askedForMore: () => this.held.keepAll(),
      died: (loss) => this.died(loss),
      refused: (error) => {
        for (const session of this.known.values()) session.refused(error)
      },
      missed: () => {
        for (const session of this.known.values()) session.lock.seekStore()
      },
      fallsAsleep: () => this.fallsAsleep(),
      connection: (state, detail) => this.events.tell('connection', { state, detail }),
    })
  }

  /** The session that a message of the store is about. An unknown one is made to answer, and not remembered. */
  private addressed(key: SessionKey): LocalSession | undefined {
    const known = this.known.get(key)
    if (known !== undefined) this.active?.add(known)
    if (known !== undefined || this.membership === undefined) return known
    const session = this.create(key)
    this.known.delete(key)
    return session
  }

  private died(loss: SessionLostError): void {
    const { membership: former } = this
    this.membership = undefined
    const sessions = [...this.known.values()]
    const wasHeard = sessions.some(({ lock }) => lock.isHeard)
    if (this.isClosing) {
      for (const session of sessions) {
        this.active?.add(session)
        session.hold?.lose(loss)
      }
    } else if (sessions.length > 0) {
      const next = this.join()
      this.membership = next
      for (const session of sessions) session.moveTo(next, loss)
    } else this.reach.unneeded()
    if (!former?.isToRetire) return
    // A process that thaws, and had nothing for which others could wait, need not say so.
    if (!wasHeard) former.leave()
    else this.bidFarewell(this.retire(former, sessions))
  }

  /**
   * Ends the process id, which holds nothing and has asked for nothing for some leases. The next access goes on under a new
   * id, over the connection that stands by.
   */
  private fallsAsleep(): boolean {
    const { membership } = this
    this.idleRenewals = this.known.size > 0 || this.isClosing ? 0 : this.idleRenewals + 1
    if (membership === undefined || this.idleRenewals < SLEEP_AFTER_LEASES * RENEWALS_PER_LEASE) return false
    this.standBy.begin()
    // One that cannot be opened would cost the next access more than the renewals cost.
    if (!this.standBy.isReady) return false
    this.membership = undefined
    this.idleRenewals = 0
    this.reach.unneeded()
    this.events.tell('connection', { state: 'idle', detail: undefined })
    this.bidFarewell(membership.retire())
    return true
  }

  private bidFarewell(farewell: Promise<void>): void {
    this.farewells = Promise.all([this.farewells, farewell]).then(() => undefined)
  }

  /**
   * Tells the store that a process id is over, so that the next one need not wait for its locks. Commits that were under
   * way come first: they would be refused once the next holder has claimed.
   */
  private async retire(former: Membership, sessions: readonly LocalSession[]): Promise<void> {
    await within(this.context.clock, former.timing.roundTripMs, async () => {
      for (const { lastCommit } of sessions) await lastCommit
    })
    await former.retire()
    // The next process id may have asked before, and found the locks held.
    for (const { session } of sessions) this.known.get(session)?.lock.resend()
  }
}
