import type { LockRequest } from '../attribute-locks/lock-request.js'
import { type HoldfastError, SessionLostError, SessionMissingError } from '../errors/index.js'
import { type Instant, instant } from '../ports.js'
import type { AttributeCache, Changes } from '../state/attribute-cache.js'
import type { Batch, When } from '../state/batch.js'
import type { CommitChain } from '../state/commit-chain.js'
import type { Grant } from './grant.js'
import { HeldState } from './held-state.js'
import type { HoldOptions, HoldOwner } from './hold-owner.js'
import { SessionLife } from './life.js'
import { LocalAccesses, lossFor } from './local-accesses.js'
import { MinimumHold } from './minimum-hold.js'
import type { SessionsContext } from './sessions-context.js'
import type { Ticket } from './ticket.js'
import { Validity } from './validity.js'

/** While it drains, only accesses that are queued may still begin, for a short time. */
type State = 'open' | 'draining' | 'over'

/**
 * One grant of one session: from the claim to the release or the loss. It keeps the state, lets accesses in under
 * attribute locks, and commits what they change.
 */
export class Hold {
  /** As a state of its session. */
  readonly kind = 'held'
  readonly context: SessionsContext
  readonly accesses: LocalAccesses
  readonly life: SessionLife
  readonly grant: Grant
  private readonly owner: HoldOwner
  private readonly validity: Validity
  readonly held: HeldState
  private readonly chain: CommitChain
  private readonly minimumUntilMs: number
  /** Made when it is asked for, or drains. */
  private minimum: MinimumHold | undefined
  private state: State = 'open'

  constructor({ session, grant, record, isNew, minimumMs, membership, context, owner }: HoldOptions) {
    this.grant = grant
    this.context = context
    this.owner = owner
    this.accesses = new LocalAccesses(this)
    this.life = new SessionLife(record, isNew, context.clock, context.options)
    this.validity = new Validity(grant, membership, this.life, context.clock)
    this.held = new HeldState({
      session,
      epoch: grant.epoch,
      record,
      life: this.life,
      validity: this.validity,
      context,
      owner: this,
    })
    this.chain = this.held.chain
    this.minimumUntilMs = context.clock.monotonicMs() + minimumMs
  }

  get epoch(): number {
    return this.grant.epoch
  }

  get attributes(): AttributeCache {
    return this.held.values
  }

  /** Commits so far, those of earlier holders included. */
  get rev(): number {
    return this.chain.rev
  }

  /** As {@link HeldState.aliveUntil}. */
  aliveUntil(ttlMs: number | undefined): number {
    return this.held.aliveUntil(ttlMs)
  }

  /** Another process waits. */
  get isWanted(): boolean {
    return this.grant.isWanted
  }

  get isOpen(): boolean {
    return this.state === 'open' && this.minimum?.isOver !== true
  }

  /** An access runs or waits, or awaits a write that is under way. */
  get isAtWork(): boolean {
    return this.accesses.isAny || this.chain.isWriting
  }

  /** No access uses or awaits it, all is committed, and no other process waits. */
  get isIdle(): boolean {
    return this.isOpen && this.chain.isIdle && !this.accesses.isAny && !this.isWanted
  }

  /** Lets an access in at once, or changes nothing. */
  tryEnter(ticket: Ticket): boolean {
    if (!this.isOpen) return false
    const now = instant(this.context.clock)
    if (this.endIfLostOrExpired(now) || this.isMissingFor(ticket)) return false
    const isIn = this.accesses.tryEnter(ticket, now.monotonicMs)
    if (isIn) ticket.hold = this
    return isIn
  }

  /** Returns itself. Refuses an access that has its locks, does not create a session, and finds none. */
  unlessMissing(ticket: Ticket): this {
    const { absence } = this.life
    if (absence === undefined || !this.isMissingFor(ticket)) return this
    this.leave(ticket, undefined, 'unused')
    throw ticket.loss ?? SessionMissingError.of(absence, this.context.clock.wallMs())
  }

  private isMissingFor(ticket: Ticket): boolean {
    return this.life.isNew && ticket.options.ifMissing === 'fail'
  }

  enqueue(ticket: Ticket): void {
    ticket.hold = this
    this.accesses.enqueue(ticket)
  }

  /** Queues a running access for more locks. Throws a DeadlockError. */
  extend(ticket: Ticket): void {
    ticket.hold = this
    this.accesses.extend(ticket)
  }

  cancel(ticket: Ticket): void {
    this.accesses.cancel(ticket)
    this.settle()
  }

  /** The access has ended, or has not begun and is 'unused': its locks are free for the next. */
  leave(ticket: Ticket, now = instant(this.context.clock), as: 'use' | 'unused' = 'use'): void {
    this.accesses.detach(ticket)
    ticket.hold = undefined
    // It may have been the last use of a session whose time is over.
    if (this.state === 'over' || this.endIfExpired(now)) return
    this.accesses.leave(ticket)
    if (as === 'use') this.life.accessedAt = now.wallMs
    this.owner.used(now.monotonicMs)
    if (this.context.options.isReleasedAfterAccess && this.isOpen && !this.accesses.isAny) this.drain()
    else this.settle()
  }

  /** As {@link HeldState.take}. */
  take(request: LockRequest, changes: Changes | undefined, when: When, ttlMs?: number): Batch | undefined {
    const batch = this.held.take(request, changes, when, ttlMs)
    // Other accesses may run for long, and the session may be lost meanwhile.
    if (this.state === 'draining') this.chain.flush()
    return batch
  }

  /** Ends the session's life, and this hold. The ticket is that of the access that holds everything. */
  async destroy(ticket: Ticket): Promise<void> {
    await this.orLose(this.chain.destroy())
    this.accesses.detach(ticket)
    this.finishAs('destroyed')
  }

  /**
   * Moves the state, with these changes, to another session, and ends this hold. The ticket is that of the access that
   * holds everything; another that does is in the target.
   */
  async rotate(ticket: Ticket, target: Hold, changes: Changes, ttlMs?: number): Promise<void> {
    await this.orLose(this.held.rotate(target.held, changes, ttlMs), target)
    this.accesses.detach(ticket)
    this.finishAs('rotated')
  }

  private async orLose(write: Promise<void>, target?: Hold): Promise<void> {
    try {
      await write
    } catch (error) {
      this.lose(error as HoldfastError, 'failQueued')
      if ((error as HoldfastError).effect === 'unknown') target?.lose(error as HoldfastError, 'failQueued')
      throw error
    }
  }

  /** Resolves when nothing that was staged is unresolved. */
  flush(): Promise<void> {
    return this.chain.settle()
  }

  /** Fails the accesses that have not begun. */
  refuseQueued(error: HoldfastError): void {
    for (const ticket of this.accesses.takeQueued()) ticket.fail(error)
    this.settle()
  }

  /** Aborts all accesses that still run, because the client closes. Earlier changes are written all the same. */
  async abortRunning(error: HoldfastError): Promise<void> {
    if (!this.accesses.abort(error)) return
    await this.chain.settle()
    this.lose(error, 'failQueued')
  }

  /** Another process waits, perhaps said again: goes on for the rest of the minimum hold, then drains. */
  wanted(): void {
    if (this.state === 'open' && this.minimum === undefined) this.ending.begin()
    this.accesses.wanted()
  }

  /**
   * Gives the session up: admits no new access, gives queued accesses a bounded time to begin, waits for running ones,
   * commits, and reports `drained`.
   */
  drain(): void {
    if (this.state === 'open') {
      this.state = 'draining'
      this.ending.drains()
      // That may find the lease to be over.
      this.chain.flush()
    }
    this.settle()
  }

  /** The lock or the state is gone. Running accesses are aborted, unsent changes are dropped; nothing cached is used again. */
  lose(error: HoldfastError, queued: 'failQueued' | 'returnQueued' = 'returnQueued'): void {
    if (this.state === 'over') return
    const { writtenBehind } = this.chain
    this.drop(error, queued)
    this.owner.lost(this, error, writtenBehind)
  }

  /** Ends the hold where the grant may not be believed in any more. Returns whether the hold has ended. */
  endIfLost(now = instant(this.context.clock)): boolean {
    if (this.state === 'over' || !this.validity.isLeaseRunningAt(now)) return true
    return this.endBy(this.validity.overstayAt(now))
  }

  /** The same, also where the session's life is over. To be called before an access begins, however long it has waited. */
  endIfLostOrExpired(now = instant(this.context.clock)): boolean {
    return this.endIfLost(now) || this.endIfExpired(now)
  }

  private endIfExpired(now: Instant): boolean {
    if (this.life.untilMs > now.wallMs) return false
    return this.endBy(this.validity.expiredAt(now, this.accesses.isAnyRunning || !this.chain.isIdle))
  }

  private endBy(loss: SessionLostError | undefined): boolean {
    if (loss !== undefined) this.lose(loss)
    return loss !== undefined
  }

  overstayed(): void {
    this.lose(this.validity.overstayed())
  }

  /** The accesses that are queued must wait for the next grant. */
  endCohort(): void {
    if (this.state !== 'draining') return
    this.owner.returned(this.accesses.takeQueued().filter((ticket) => ticket.mayOutwait()))
    this.settle()
  }

  commitFailed(error: HoldfastError): void {
    this.lose(error, 'failQueued')
  }

  private get ending(): MinimumHold {
    this.minimum ??= new MinimumHold(this.context.clock, this.minimumUntilMs, this)
    return this.minimum
  }

  /** Goes on with the end of the hold, where nothing is left to wait for. */
  settle(): void {
    if (this.state === 'open') this.minimum?.settled()
    if (this.state !== 'draining' || this.accesses.isAny) return
    this.chain.flush()
    if (!this.chain.isIdle) return
    this.end()
    this.owner.drained()
  }

  /** There is no session under this id any more. Accesses that wait for it in this process are told so at once. */
  private finishAs(reason: 'destroyed' | 'rotated'): void {
    if (this.state === 'over') return
    this.owner.returned(this.accesses.takeQueued())
    this.drop(new SessionLostError('destroyed', `this process has ${reason} it`), 'returnQueued')
    this.owner.finished(this, new SessionMissingError(reason, 0))
  }

  private drop(error: HoldfastError, queued: 'failQueued' | 'returnQueued'): void {
    this.end()
    const loss = lossFor(error)
    this.chain.abandon(loss)
    this.accesses.loseAll(loss, queued === 'failQueued' ? undefined : (waiting) => this.owner.returned(waiting))
  }

  private end(): void {
    this.minimum?.end()
    this.state = 'over'
    this.grant.busy?.end()
  }
}
