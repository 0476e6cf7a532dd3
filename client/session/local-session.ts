import type { SessionKey } from '../../protocol/keys.js'
import type { StoreMessage } from '../../protocol/messages.js'
import type { Absence } from '../../protocol/state/results.js'
import {
  type HoldfastError,
  RefusedError,
  type SessionLostError,
  SessionMissingError,
  UnreachableError,
  WaitTimeoutError,
} from '../errors/index.js'
import { LOCAL_WAITERS_MAX } from '../limits.js'
import type { Membership } from '../process/membership.js'
import { BusyNotice } from './busy-notice.js'
import { claimSession } from './claim.js'
import type { ClientContext } from './context.js'
import { Hold } from './hold.js'
import { Ranked } from './recency.js'
import { SessionLock } from './store-lock.js'
import type { Ticket } from './ticket.js'

export interface EntryEvents {
  /** The hold is open for accesses, or no longer. */
  opened(entry: SessionEntry): void
  closed(entry: SessionEntry): void
  used(entry: SessionEntry): void
  /** Nothing is held, asked for or waited for: the entry may be forgotten. */
  unneeded(entry: SessionEntry): void
  granted(session: SessionKey, epoch: number): void
  revoked(session: SessionKey, epoch: number): void
  released(session: SessionKey, epoch: number): void
  lost(session: SessionKey, error: HoldfastError, unwritten: number): void
}

/** One grant of the lock. Its epoch alone does not tell it: a lock record that fell behind may give an epoch again. */
interface Grant {
  readonly lock: SessionLock
  readonly epoch: number
}

/** All that this process knows of one session: who waits for it here, its lock, and the hold while there is one. */
export class SessionEntry extends Ranked {
  hold: Hold | undefined
  lastUsedMs = 0
  /** What the client has counted this session's cached state as. */
  countedBytes = 0
  private lock: SessionLock
  private pending = new Set<Ticket>()
  private isWanted = false
  /** Set when the client closes: nobody waits here any more. */
  private refusal: HoldfastError | undefined
  private grant: Grant | undefined
  private busy: BusyNotice | undefined
  /** The last commit of a hold that was lost, whose outcome is awaited before the release. */
  private ending: Promise<void> | undefined
  private readonly onFreed = new Set<() => void>()

  constructor(
    readonly session: SessionKey,
    private membership: Membership,
    private readonly context: ClientContext,
    private readonly events: EntryEvents,
  ) {
    super()
    this.lock = this.createLock()
  }

  get isWaiting(): boolean {
    return this.pending.size > 0
  }

  get cachedBytes(): number {
    return this.hold?.attributes.sizeBytes ?? 0
  }

  /** Waits for the session and for the attributes. */
  async enter(ticket: Ticket): Promise<Hold> {
    ticket.checkSignal()
    if (this.pending.size + (this.hold?.queued ?? 0) >= LOCAL_WAITERS_MAX) {
      const problem = `${LOCAL_WAITERS_MAX} accesses of this process wait for this session already`
      throw new RefusedError('LOCAL_QUEUE_FULL', problem, true)
    }
    const granted = ticket.waitForHold(
      this.context.clock,
      (waitedMs) => this.explainTimeout(waitedMs),
      () => this.leave(ticket),
    )
    if (this.hold?.isOpen) this.admit(this.hold, ticket)
    else {
      this.pending.add(ticket)
      this.lock.acquire()
    }
    return granted
  }

  /** Gives the session up when its accesses have ended; resolves when the lock is back with the store. */
  async release(): Promise<void> {
    if (this.hold === undefined) return
    const freed = new Promise<void>((resolve) => this.onFreed.add(resolve))
    this.hold.drain('unused')
    await freed
  }

  /** The client closes: commits, and gives the session straight to whoever waits for it. */
  async finish(): Promise<void> {
    const { hold } = this
    await (hold?.flush() ?? this.ending)
    if (hold?.isWanted !== true) return
    // A store that does not answer must not keep the client from closing: its lease ends in any case.
    let timer: { cancel(): void } | undefined
    const timeout = new Promise<void>((resolve) => {
      timer = this.context.clock.after(this.membership.timing.roundTripMs, resolve, 'awaited')
    })
    await Promise.race([this.release(), timeout])
    timer?.cancel()
  }

  receive(message: StoreMessage): void {
    this.lock.receive(message)
  }

  asked(epoch: number): void {
    this.lock.asked(epoch)
  }

  resend(): void {
    this.lock.resend()
  }

  keep(): void {
    this.lock.keep()
  }

  /** The client closes: fails all that wait, and whoever else would. Only what an access that runs needs may still come. */
  refuse(error: HoldfastError): void {
    this.refusal = error
    this.hold?.refuseQueued(error)
    this.failAll(error, ({ role }) => role === 'access')
    this.cancelUnlessWaiting()
  }

  /** Fails all that wait for the store, which cannot be reached as things are. */
  failPending(error: HoldfastError): void {
    this.failAll(error)
    this.lock.cancel()
  }

  /** The client is closed: whatever is still under way goes on without this process. */
  stop(): void {
    this.lock.abandon()
    this.busy?.end()
    this.tellFreed()
  }

  /** The process id is dead: the hold is gone, and what waits goes on under the next. */
  moveTo(membership: Membership, loss: SessionLostError): void {
    this.lock.abandon()
    this.busy?.end()
    this.membership = membership
    this.lock = this.createLock()
    this.isWanted = false
    this.hold?.lose(loss, 'returnQueued')
    this.freed()
  }

  private createLock(): SessionLock {
    return new SessionLock(this.session, this.membership, this.context.clock, {
      granted: (epoch, isWanted) => this.granted(epoch, isWanted),
      revoked: () => {
        this.isWanted = true
        this.busy?.asked()
        this.events.revoked(this.session, this.lock.epoch ?? 0)
        this.hold?.drain('revoked')
      },
      refused: (error) => this.failPending(error),
      lost: (reason) => {
        if (this.hold !== undefined) this.hold.loseFor(reason, 'the store gave the lock to another process')
        else this.lock.release()
      },
      freed: () => this.freed(),
    })
  }

  private granted(epoch: number, isWanted: boolean): void {
    const { lock } = this
    const grant: Grant = { lock, epoch }
    this.grant = grant
    this.isWanted = isWanted
    this.busy?.end()
    this.busy = new BusyNotice(
      this.context.clock,
      () => this.membership.timing,
      () => lock.sayBusy(),
      () => this.outstay(grant),
    )
    this.events.granted(this.session, epoch)
    void this.claim(grant, this.busy)
  }

  private async claim(grant: Grant, busy: BusyNotice): Promise<void> {
    const { lock, epoch } = grant
    const isCurrent = () => this.isHeld(grant) && this.membership.checkLease() && !busy.isOverdue
    const isToBeCreated = (reason: Absence) => {
      this.failThoseWhoNeedIt(reason)
      return this.pending.size > 0
    }
    const { session, context, membership } = this
    const claimed = await claimSession(context, session, epoch, isCurrent, isToBeCreated).catch(
      (error: HoldfastError) => ({ kind: 'failed', error }) as const,
    )
    if (!this.isHeld(grant)) return
    if (claimed.kind === 'claimed') {
      const { record, isNew } = claimed
      const events = this.holdEvents(grant)
      return this.open(new Hold(session, epoch, record, isNew, membership, busy, context, events))
    }
    busy.end()
    if (claimed.kind === 'fenced' && this.pending.size > 0) return lock.acquireAbove(claimed.fence)
    if (claimed.kind === 'failed') this.failAll(claimed.error)
    if (claimed.kind === 'rotated') this.failAll(new SessionMissingError('rotated'))
    this.events.released(this.session, epoch)
    lock.release()
  }

  private isHeld(grant: Grant): boolean {
    return this.grant === grant && this.lock === grant.lock && grant.lock.epoch === grant.epoch
  }

  private outstay(grant: Grant): void {
    if (!this.isHeld(grant)) return
    if (this.hold === undefined) grant.lock.release()
    else this.hold.outstay()
  }

  private holdEvents(grant: Grant) {
    const { lock, epoch } = grant
    return {
      returned: (tickets: readonly Ticket[]) => {
        this.pending = new Set([...tickets, ...this.pending])
        if (this.refusal !== undefined) this.failAll(this.refusal)
      },
      drained: () => {
        this.hold = undefined
        this.events.closed(this)
        this.events.released(this.session, epoch)
        lock.release()
      },
      lost: (error: HoldfastError, unwritten: number) => {
        const { hold } = this
        this.hold = undefined
        this.events.closed(this)
        if (hold?.isConcluded) this.events.released(this.session, epoch)
        else this.events.lost(this.session, error, unwritten)
        // A commit under way has its own outcome: the release waits for it, so that the next holder sees it.
        this.ending = hold?.flush().then(() => {
          if (!this.isHeld(grant)) return
          this.busy?.end()
          lock.release()
        })
      },
      used: () => this.events.used(this),
    }
  }

  private open(hold: Hold): void {
    this.hold = hold
    this.events.opened(this)
    const waiting = this.pending
    this.pending = new Set()
    for (const ticket of waiting) this.admit(hold, ticket)
    if (this.isWanted) hold.drain('revoked')
    else if (this.context.options.isReleasedAfterAccess && !hold.isInUse) hold.drain('unused')
  }

  private admit(hold: Hold, ticket: Ticket): void {
    try {
      hold.enqueue(ticket)
    } catch (error) {
      ticket.fail(error as HoldfastError)
    }
  }

  private failAll(error: HoldfastError, isMeant: (ticket: Ticket) => boolean = () => true): void {
    for (const ticket of [...this.pending].filter(isMeant)) {
      this.pending.delete(ticket)
      ticket.fail(error)
    }
  }

  private failThoseWhoNeedIt(reason: Absence): void {
    for (const ticket of this.pending) {
      if (ticket.options.ifMissing !== 'fail') continue
      this.pending.delete(ticket)
      ticket.fail(new SessionMissingError(reason))
    }
  }

  private leave(ticket: Ticket): void {
    if (!this.pending.delete(ticket)) return this.hold?.cancel(ticket)
    this.cancelUnlessWaiting()
  }

  private cancelUnlessWaiting(): void {
    if (this.pending.size === 0) this.lock.cancel()
  }

  private tellFreed(): void {
    for (const resolve of this.onFreed) resolve()
    this.onFreed.clear()
  }

  private freed(): void {
    this.tellFreed()
    if (this.pending.size > 0) this.lock.acquire()
    else this.events.unneeded(this)
  }

  private explainTimeout(waitedMs: number): HoldfastError {
    if (this.lock.lastRefusal !== undefined) return this.lock.lastRefusal
    if (this.hold !== undefined || this.membership.isReady) {
      const holder = this.hold === undefined ? this.lock.holder : 'another access of this process'
      return new WaitTimeoutError({ waitedMs, behind: this.lock.position, holder })
    }
    const failure = this.membership.lastFailure
    return new UnreachableError(
      `no lock after ${waitedMs} ms: ${failure?.message ?? 'not connected'}`,
      failure?.cause,
      failure?.permanent !== true,
    )
  }
}
