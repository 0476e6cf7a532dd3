import type { SessionKey } from '../../protocol/keys.js'
import type { SessionRecord } from '../../protocol/state/record.js'
import { AttributeLocks } from '../attribute-locks/attribute-locks.js'
import type { LockRequest } from '../attribute-locks/lock-request.js'
import {
  AccessEndedError,
  type HoldfastError,
  type LossReason,
  SessionLostError,
  TooLargeError,
} from '../errors/index.js'
import { COHORT_MS } from '../limits.js'
import type { Timer } from '../ports.js'
import type { Membership } from '../process/membership.js'
import { AttributeCache, type Changes } from '../state/attribute-cache.js'
import type { Batch, When } from '../state/batch.js'
import { CommitChain } from '../state/commit-chain.js'
import type { BusyNotice } from './busy-notice.js'
import type { ClientContext } from './context.js'
import { RunningTickets } from './running-tickets.js'
import type { Ticket } from './ticket.js'

export interface HoldEvents {
  /** Accesses that did not begin before the session had to be given up: they wait for the next grant. */
  returned(tickets: readonly Ticket[]): void
  /** Nothing runs and everything is committed: the lock may go. */
  drained(): void
  /** `unwritten`: accesses whose changes were to be written later, and are lost or may be. */
  lost(error: HoldfastError, unwritten: number): void
  used(): void
}

/**
 * One grant of one session: from the claim to the release or the loss. It keeps the state, lets accesses in under
 * attribute locks, and commits what they change.
 */
export class Hold {
  private readonly locks = new AttributeLocks()
  readonly attributes: AttributeCache
  private readonly running = new RunningTickets()
  /** The batch that will bring each attribute's cached value into DynamoDB. */
  private readonly unresolved = new Map<string, Batch>()
  private readonly chain: CommitChain
  private phase: 'open' | 'draining' | 'over' = 'open'
  private cohortTimer: Timer | undefined
  private aliveUntil: number
  /** Commits so far, those of earlier holders included. */
  rev: number
  createdAt: number
  /** When the last access ended. */
  accessedAt: number
  /** Its session was destroyed or rotated by this process. */
  isConcluded = false
  /** Another process waits for this session. */
  isWanted = false
  /** Created by this grant, and not committed to since. */
  isNew: boolean

  constructor(
    readonly session: SessionKey,
    readonly epoch: number,
    record: SessionRecord,
    isNew: boolean,
    private readonly membership: Membership,
    private readonly busy: BusyNotice,
    readonly context: ClientContext,
    private readonly events: HoldEvents,
  ) {
    this.isNew = isNew
    this.rev = record.rev
    this.createdAt = record.createdAt
    this.accessedAt = record.accessedAt
    this.aliveUntil = record.aliveUntil
    this.attributes = new AttributeCache(record.attrs ?? {}, context.options.schemas)
    const { store, clock, randomness, options } = context
    this.chain = new CommitChain(
      {
        store,
        session,
        epoch,
        flushMs: options.flushMs,
        clock,
        randomness,
        aliveUntilMs: () => this.aliveUntil,
        extendedUntilMs: () => (options.isFixedExpiry ? this.aliveUntil : clock.wallMs() + options.ttlMs),
        blocker: () => this.blocker(),
        attributes: () => this.attributes.all(),
        committed: (batch, aliveUntilMs) => this.committed(batch, aliveUntilMs),
        failed: (error) => this.lose(error, 'failQueued'),
      },
      record.commitId,
    )
  }

  get isOpen(): boolean {
    return this.phase === 'open'
  }

  /** Accesses run or wait in it. */
  get isInUse(): boolean {
    return this.locks.running > 0 || this.locks.queued > 0
  }

  get queued(): number {
    return this.locks.queued
  }

  /** Lets an access in at once, or changes nothing. Fair: it never overtakes one that waits for the same. */
  tryEnter(ticket: Ticket): boolean {
    if (!this.isUsable() || !this.locks.tryLock(ticket.owner, ticket.request)) return false
    ticket.hold = this
    this.running.add(ticket)
    return true
  }

  /** Queues an access for its attributes. Throws a DeadlockError where it could never be granted. */
  enqueue(ticket: Ticket): void {
    ticket.hold = this
    this.locks.enqueue(ticket)
  }

  /** A queued access has its locks. */
  entered(ticket: Ticket): void {
    this.running.add(ticket)
  }

  /** A queued access gives up. */
  cancel(ticket: Ticket): void {
    this.locks.cancel(ticket)
    this.settle()
  }

  tryExtend(ticket: Ticket, more: LockRequest): boolean {
    return this.locks.tryExtend(ticket.owner, more)
  }

  /** Queues a running access for more locks, ahead of those that do not run yet. Throws a DeadlockError. */
  extend(ticket: Ticket): void {
    ticket.hold = this
    this.locks.extend(ticket)
  }

  /** The access has ended: its locks are free for the next. */
  leave(ticket: Ticket): void {
    this.running.delete(ticket)
    if (this.phase === 'over') return
    for (const dropped of this.locks.unlock(ticket.owner) as Ticket[]) {
      dropped.fail(ticket.loss ?? new AccessEndedError())
    }
    this.accessedAt = this.context.clock.wallMs()
    this.events.used()
    if (this.context.options.isReleasedAfterAccess && this.isOpen && !this.isInUse) this.drain('unused')
    else this.settle()
  }

  /** Throws a TooLargeError where a value that is being set is too large, as far as that is known at once. */
  checkValue(name: string, value: unknown): void {
    const sizeBytes = typeof value === 'string' ? value.length : value instanceof Uint8Array ? value.byteLength : 0
    const { attributeBytesMax } = this.context.options
    if (sizeBytes > attributeBytesMax && sizeBytes > this.attributes.sizeOf(name)) {
      throw new TooLargeError(name, sizeBytes, attributeBytesMax)
    }
  }

  /** Throws a TooLargeError where these changes would make too large what they do not shrink. */
  checkSize(changes: Changes): void {
    this.attributes.checkSize(changes, this.context.options)
  }

  /** Takes over what an access changed, once its size is checked. The caller awaits the batch: only then is it in DynamoDB. */
  stage(changes: Changes, when: When): Batch {
    this.attributes.apply(changes)
    const batch = this.chain.stage(changes, when)
    // Nobody knows how long those that still run will take, nor whether the session is lost to them first.
    if (this.phase === 'draining') this.chain.flush()
    for (const name of changes.keys()) this.unresolved.set(name, batch)
    this.isNew = false
    return batch
  }

  /** What an access with these locks must await, since its values may have been seen. It is written from now on. */
  writeSeen(request: LockRequest): Batch | undefined {
    if (this.unresolved.size === 0) return undefined
    const batch = this.unresolvedUnder(request)
    if (batch?.isDue === false) this.chain.flush()
    return batch
  }

  private unresolvedUnder(request: LockRequest): Batch | undefined {
    if (request.whole !== undefined) return this.chain.latest
    let newest: Batch | undefined
    for (const names of [request.writes, request.reads]) {
      for (const name of names) {
        const batch = this.unresolved.get(name)
        // Batches resolve in order, so of two the later one covers both.
        if (batch !== undefined && (newest === undefined || batch === this.chain.latest)) newest = batch
      }
    }
    return newest
  }

  /** Extends the session's life without a change to it, where enough of it has passed. */
  touchIfDue(): void {
    const { ttlMs, touchShare, isFixedExpiry } = this.context.options
    if (isFixedExpiry || this.aliveUntil - this.context.clock.wallMs() > ttlMs * (1 - touchShare) || !this.chain.isIdle)
      return
    this.chain.stage(new Map(), 'now')
  }

  /** Ends the session's life, and this hold. The ticket is that of the access that holds everything. */
  async destroy(ticket: Ticket): Promise<void> {
    try {
      await this.chain.destroy()
    } catch (error) {
      this.lose(error as HoldfastError, 'failQueued')
      throw error
    }
    this.running.delete(ticket)
    this.conclude('this process destroyed it')
  }

  /**
   * Moves the state, with these changes, to another session, and ends this hold. The ticket is that of the access that
   * holds everything; another that does is in the target.
   */
  async rotate(ticket: Ticket, target: Hold, changes: Changes): Promise<void> {
    try {
      const aliveUntil = await this.chain.rotate(target.chain, () => {
        this.attributes.apply(changes)
        return { attrs: this.attributes.all(), createdAt: this.createdAt, rev: this.rev }
      })
      target.takeOver(this, aliveUntil)
    } catch (error) {
      this.lose(error as HoldfastError, 'failQueued')
      if ((error as HoldfastError).effect === 'unknown') target.lose(error as HoldfastError, 'failQueued')
      throw error
    }
    this.running.delete(ticket)
    this.conclude('this process rotated it: it goes on under another id')
  }

  /** Becomes what another hold was. */
  private takeOver(from: Hold, aliveUntil: number): void {
    this.attributes.load(from.attributes.all())
    this.createdAt = from.createdAt
    this.rev = from.rev + 1
    this.aliveUntil = aliveUntil
    this.isNew = false
  }

  /** Resolves when nothing that was staged is unresolved. */
  flush(): Promise<void> {
    return this.chain.settle()
  }

  /** Fails the accesses that have not begun. */
  refuseQueued(error: HoldfastError): void {
    for (const ticket of this.locks.takeQueued() as Ticket[]) ticket.fail(error)
    this.settle()
  }

  /** Aborts what still runs, because the client closes. What others have changed before is written all the same. */
  async abortRunning(error: HoldfastError): Promise<void> {
    if (this.running.size === 0) return
    for (const ticket of this.running.clear()) {
      ticket.lose(error)
      for (const dropped of this.locks.unlock(ticket.owner) as Ticket[]) dropped.fail(error)
    }
    await this.chain.settle()
    this.lose(error, 'failQueued')
  }

  /**
   * Gives the session up: lets in nobody new, gives those queued here already a bounded time to begin, waits for
   * those that run, commits, and reports `drained`.
   */
  drain(reason: 'revoked' | 'unused'): void {
    if (reason === 'revoked') this.isWanted = true
    if (this.phase === 'over') return
    const isFirst = this.phase === 'open'
    this.phase = 'draining'
    if (isFirst) {
      this.chain.flush()
      this.cohortTimer = this.context.clock.after(COHORT_MS, () => this.endCohort(), 'background')
    }
    this.settle()
  }

  /** The lock or the state is gone. What runs is aborted, what was not sent is dropped; nothing cached is used again. */
  lose(error: HoldfastError, queued: 'failQueued' | 'returnQueued'): void {
    if (this.phase === 'over') return
    this.end()
    const { writtenBehind } = this.chain
    const waiting = this.locks.clear() as Ticket[]
    const loss = lossFor(error)
    this.chain.abandon(loss)
    const failing = queued === 'failQueued' ? waiting : waiting.filter((ticket) => ticket.isExtension)
    for (const ticket of failing) ticket.fail(loss)
    if (queued === 'returnQueued') this.events.returned(waiting.filter((ticket) => !ticket.isExtension))
    // Last, for whoever listens to a signal of theirs may be one of those that waited.
    for (const ticket of this.running.clear()) ticket.lose(loss)
    this.events.lost(error, writtenBehind)
  }

  /** The session's life has ended here as it was asked to: nobody has lost anything. */
  private conclude(explanation: string): void {
    this.isConcluded = true
    this.loseFor('destroyed', explanation)
  }

  loseFor(reason: LossReason, explanation: string): void {
    this.lose(new SessionLostError(reason, explanation), 'returnQueued')
  }

  /**
   * Whether the process may still believe in this grant. To be asked before every use of what is cached: timers do
   * not run while a loop is blocked or a machine is paused.
   */
  verify(): boolean {
    if (this.phase === 'over' || !this.membership.checkLease()) return false
    if (!this.busy.isOverdue) return true
    this.outstay()
    return false
  }

  /** It was asked for and not let go in time: the store gives it to the next. */
  outstay(): void {
    const { maxBusyMs } = this.membership.timing
    this.loseFor('revoked', `it was asked for and not released within maxBusyMs = ${maxBusyMs}`)
  }

  private isUsable(): boolean {
    return this.phase === 'open' && this.verify() && this.verifyAlive()
  }

  /** To be asked before an access begins, too, however long it has waited here. */
  verifyAlive(): boolean {
    if (this.aliveUntil > this.context.clock.wallMs()) return true
    this.loseFor('expired', 'its lifetime ended while it was held')
    return false
  }

  private blocker(): SessionLostError | undefined {
    if (!this.membership.checkLease()) return this.membership.loss
    if (this.busy.isOverdue) return new SessionLostError('revoked', 'it was not released in time')
    if (this.aliveUntil > this.context.clock.wallMs()) return undefined
    return new SessionLostError('expired', 'its lifetime ended before the commit')
  }

  private committed(batch: Batch, aliveUntilMs: number): void {
    this.aliveUntil = aliveUntilMs
    this.rev += 1
    for (const name of batch.changes.keys()) if (this.unresolved.get(name) === batch) this.unresolved.delete(name)
    this.settle()
  }

  private endCohort(): void {
    if (this.phase !== 'draining') return
    this.events.returned(this.locks.takeQueued() as Ticket[])
    this.settle()
  }

  private settle(): void {
    if (this.phase !== 'draining' || this.isInUse) return
    this.chain.flush()
    if (!this.chain.isIdle) return
    this.end()
    this.events.drained()
  }

  private end(): void {
    this.phase = 'over'
    this.cohortTimer?.cancel()
    this.busy.end()
  }
}

/** What accesses are told that have sent nothing: of their own changes it is known that none has landed. */
function lossFor(error: HoldfastError): HoldfastError {
  if (error.effect !== 'unknown') return error
  return new SessionLostError('unreachable', 'DynamoDB did not tell whether the commit before it landed', {
    cause: error,
  })
}
