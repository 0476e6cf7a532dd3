import { invariant } from '../../protocol/assert.js'
import type { SessionKey } from '../../protocol/keys.js'
import type { Absence } from '../../protocol/state/record.js'
import { type HoldfastError, type LossReason, SessionLostError, type SessionMissingError } from '../errors/index.js'
import type { Membership } from '../process/membership.js'
import { type Claimed, claimSession } from './claim.js'
import { Grant } from './grant.js'
import { HeldSession } from './held-sessions.js'
import { Hold } from './hold.js'
import type { EndedHold, HoldOwner } from './hold-owner.js'
import type { SessionsContext } from './sessions-context.js'
import { StoreLock, type StoreLockOwner } from './store-lock.js'
import type { Ticket } from './ticket.js'
import { within } from './wait.js'
import { Waiting } from './waiting.js'

type State =
  /** Not granted: the lock may be asked for, or on its way back. */
  | { readonly kind: 'free' }
  | { readonly kind: 'claiming'; readonly grant: Grant }
  | Hold
  /** The hold is lost. The release waits for the outcome of its last commit, so that the next holder sees that. */
  | { readonly kind: 'ending'; readonly grant: Grant }

const FREE: State = { kind: 'free' }

/** One session as this process knows it: its lock, the accesses that wait for it here, and the hold while there is one. */
export class LocalSession extends HeldSession implements HoldOwner, StoreLockOwner {
  private state = FREE
  lock: StoreLock
  private readonly waiting: Waiting
  /** Of the hold that was lost last: resolves with the outcome of its last commit. */
  lastCommit: Promise<void> | undefined
  /** Calls of {@link release} that wait until the lock is back with the store. */
  private onFreed: (() => void)[] | undefined
  /** To be called when the store has the session, which it gives to the next process. */
  private handingOver: (() => void) | undefined

  constructor(
    readonly session: SessionKey,
    private membership: Membership,
    private readonly context: SessionsContext,
  ) {
    super()
    this.waiting = new Waiting(context.clock)
    this.lock = this.createLock()
  }

  get hold(): Hold | undefined {
    return this.state.kind === 'held' ? this.state : undefined
  }

  get isWaiting(): boolean {
    return this.waiting.count > 0
  }

  get isInUse(): boolean {
    return this.hold?.accesses.isAny === true
  }

  get cachedBytes(): number {
    return this.hold?.attributes.sizeBytes ?? 0
  }

  /** Waits for the session and for the attributes. */
  async enter(ticket: Ticket): Promise<Hold> {
    ticket.checkSignal()
    const { hold } = this
    this.waiting.checkRoom(hold?.accesses.queued ?? 0)
    if (hold !== undefined && (hold.accesses.queued > 0 || !hold.isOpen)) ticket.refuseInside()
    const granted = ticket.waitForHold(
      this.context.clock,
      (waitedMs) => this.explainTimeout(ticket, waitedMs),
      () => this.leave(ticket),
    )
    if (hold?.isOpen) hold.enqueue(ticket)
    else {
      this.waiting.add(ticket)
      this.lock.acquire()
    }
    await granted
    // The hold that has admitted it. That may not be the present one any more.
    return (ticket.hold as Hold).unlessMissing(ticket)
  }

  /** Gives the session up when its accesses have ended; resolves when the lock is back with the store. */
  async release(): Promise<void> {
    if (this.state.kind === 'free' && !this.lock.isReleasing) return
    const freed = new Promise<void>((resolve) => {
      this.onFreed = [...(this.onFreed ?? []), resolve]
    })
    this.hold?.drain()
    await freed
  }

  letGo(): void {
    this.hold?.drain()
  }

  /** The client closes: commits, and gives the session straight to the process that waits for it, if one does. */
  async finish(): Promise<void> {
    const { hold } = this
    await (hold?.flush() ?? this.lastCommit)
    if (hold?.isWanted !== true) return
    // A store that does not answer must not keep the client from closing: its lease ends in any case.
    await within(this.context.clock, this.membership.timing.roundTripMs, () => this.release())
  }

  keep(): void {
    this.lock.keep()
  }

  /** The client closes: fails all that wait. Only extensions and targets of accesses that run may still wait. */
  refuse(error: HoldfastError): void {
    this.hold?.refuseQueued(error)
    this.waiting.refuse(error)
    if (!this.isWaiting) this.lock.cancel()
  }

  /** The client is closed: messages and writes that are still under way go on without it. */
  stop(): void {
    this.lock.abandon()
    this.grant?.released()
    this.grant?.busy?.end()
    this.tellFreed()
  }

  /** The process id is dead: the hold is gone, and the waiting accesses go on under the next id. */
  moveTo(membership: Membership, loss: SessionLostError): void {
    const { hold } = this
    this.lock.abandon()
    this.handingOver = undefined
    this.grant?.busy?.end()
    this.membership = membership
    this.lock = this.createLock()
    hold?.lose(loss)
    this.grant?.lost(loss, 0)
    this.state = FREE
    this.freed()
  }

  /** The store lock is granted. */
  granted(epoch: number, isWanted: boolean, ahead: number): void {
    invariant(this.state === FREE, 'a session is granted while it is free')
    const { session, waiting, context } = this
    const { clock, events } = context
    const grant = new Grant({ session, epoch, ahead, waitedMs: waiting.waitedMs, clock, events })
    if (isWanted) grant.wanted()
    this.state = { kind: 'claiming', grant }
    void this.claim(grant)
  }

  /** Another process asks for the session. */
  revoked(): void {
    const { grant, hold, lock, membership } = this
    if (grant === undefined) return
    const overdue = () => this.overstayed(grant)
    grant.asked({ timing: () => membership.timing, say: () => lock.sayBusy(), overdue })
    hold?.wanted()
  }

  /** The store cannot be reached as things are, or will not grant this request: fails all that wait. */
  refused(error: HoldfastError): void {
    this.waiting.fail(error)
    this.lock.cancel()
  }

  /** The store has taken the lock back. */
  taken(reason: LossReason): void {
    const loss = new SessionLostError(reason, 'the store gave the lock to another process')
    if (this.hold !== undefined) return this.hold.lose(loss)
    this.grant?.lost(loss, 0)
    this.giveBack()
  }

  /** The lock is neither held nor asked for any more. */
  freed(): void {
    this.handingOver?.()
    this.handingOver = undefined
    this.tellFreed()
    if (this.isWaiting) this.lock.acquire()
    else this.context.unneeded(this)
  }

  returned(tickets: readonly Ticket[]): void {
    this.waiting.putBack(tickets)
  }

  used(nowMs: number): void {
    this.context.held.used(this, nowMs)
  }

  drained(): void {
    this.context.held.closed(this)
    this.giveBack()
  }

  finished(hold: EndedHold, missing: SessionMissingError): void {
    // A rotation may wait for this id as its new one: the claim tells whether it may have it.
    this.waiting.fail(missing, ({ role }) => role === 'access')
    this.grant?.released()
    this.close(hold)
  }

  lost(hold: EndedHold, error: HoldfastError, unwritten: number): void {
    this.grant?.lost(error, unwritten)
    this.close(hold)
  }

  private get grant(): Grant | undefined {
    return this.state.kind === 'free' ? undefined : this.state.grant
  }

  private createLock(): StoreLock {
    return new StoreLock(this.session, this.membership, this.context.clock, this.context, this)
  }

  private async claim(grant: Grant): Promise<void> {
    const isCurrent = () => this.grant === grant && !this.membership.endIfLeaseOver() && !grant.busy?.isOverdue
    const isToBeCreated = (absence: Absence) => {
      this.waiting.failMissing(absence, this.context.clock.wallMs())
      return this.isWaiting
    }
    const expectsNone = this.waiting.claimBegins()
    const claiming = claimSession(this.context, this.session, grant, isCurrent, isToBeCreated, expectsNone)
    const claimed = await claiming.catch((error: HoldfastError) => ({ kind: 'failed', error }) as const)
    grant.claimed()
    if (this.grant !== grant) return
    if (claimed.kind === 'claimed') this.open(grant, claimed)
    else this.claimFailed(grant, claimed)
  }

  private open(grant: Grant, { record, isNew }: Extract<Claimed, { kind: 'claimed' }>): void {
    const { session, membership, context } = this
    invariant(this.state.kind === 'claiming', 'a hold opens after a claim')
    const minimumMs = context.handoffCost.claimed(grant, membership.timing)
    const hold = new Hold({ session, grant, record, isNew, minimumMs, membership, context, owner: this })
    this.state = hold
    context.held.opened(this)
    // The claim may have taken long. Then the accesses that wait get the next life.
    if (hold.endIfLostOrExpired()) return
    for (const ticket of this.waiting.takeAll()) hold.enqueue(ticket)
    const isUnneeded = context.options.isReleasedAfterAccess && !hold.accesses.isAny
    if (isUnneeded || this.onFreed !== undefined) hold.drain()
    else if (grant.isWanted) hold.wanted()
  }

  private claimFailed(grant: Grant, claimed: Exclude<Claimed, { kind: 'claimed' }>): void {
    grant.busy?.end()
    if (claimed.kind === 'fenced' && this.isWaiting) {
      grant.released()
      this.state = FREE
      return this.lock.acquireAbove(claimed.fence)
    }
    if (claimed.kind === 'failed') this.waiting.failClaim(claimed.error)
    if (claimed.kind === 'rotated') this.waiting.failMissing(claimed.absence, this.context.clock.wallMs())
    this.giveBack()
  }

  private overstayed(grant: Grant): void {
    if (this.grant !== grant) return
    if (this.hold === undefined) this.giveBack()
    else this.hold.overstayed()
  }

  /** The hold has ended with a commit under way, perhaps. */
  private close(hold: EndedHold): void {
    const { grant } = this
    this.context.held.closed(this)
    if (grant !== undefined) this.state = { kind: 'ending', grant }
    this.lastCommit = hold.flush().then(() => {
      if (grant !== undefined && this.grant === grant) this.giveBack()
    })
  }

  private giveBack(): void {
    if (this.grant?.isWanted) this.handingOver = this.context.handoffCost.handingOver()
    this.grant?.released()
    this.grant?.busy?.end()
    this.state = FREE
    this.lock.release()
  }

  private leave(ticket: Ticket): void {
    if (!this.waiting.remove(ticket)) return this.hold?.cancel(ticket)
    if (!this.isWaiting) this.lock.cancel()
  }

  private tellFreed(): void {
    const { onFreed = [] } = this
    this.onFreed = undefined
    for (const resolve of onFreed) resolve()
  }

  private explainTimeout(ticket: Ticket, waitedMs: number): HoldfastError {
    const refusal = this.state.kind === 'claiming' ? this.context.reads.refusal : undefined
    return this.hold?.accesses.explainTimeout(ticket, waitedMs) ?? refusal ?? this.lock.explainTimeout(waitedMs)
  }
}
