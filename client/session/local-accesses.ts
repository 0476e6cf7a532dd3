import { AttributeLocks } from '../attribute-locks/attribute-locks.js'
import type { LockRequest } from '../attribute-locks/lock-request.js'
import { AccessEndedError, type HoldfastError, SessionLostError, WaitTimeoutError } from '../errors/index.js'
import type { Clock } from '../ports.js'
import { type NewsOf, tellBegun, tellFreed } from './lock-news.js'
import { RunningTickets } from './running-tickets.js'
import type { Ticket } from './ticket.js'

/** The locks of several accesses to one held session, and those of them that run. */
class Several {
  readonly locks = new AttributeLocks()
  readonly running = new RunningTickets()

  get isEmpty(): boolean {
    return this.locks.running === 0 && this.locks.queued === 0 && this.running.size === 0
  }
}

/**
 * The accesses of this process to one held session. Some run, under attribute locks; the others wait for their locks.
 *
 * One access at a time, the usual case, needs one reference: its locks are in its ticket. To look up more in memory that
 * is cold by then costs more than all the rest of an access. The locks of several are made when a second one arrives, and
 * dropped with the last.
 */
export class LocalAccesses {
  private only: Ticket | undefined
  /** Otherwise it has ended, and only its locks are left. */
  private isOnlyRunning = false
  private several: Several | undefined

  constructor(private readonly hold: NewsOf) {}

  /** Some run or wait. */
  get isAny(): boolean {
    if (this.several === undefined) return this.only !== undefined
    return this.several.locks.running > 0 || this.several.locks.queued > 0
  }

  get isAnyRunning(): boolean {
    return this.several === undefined ? this.only !== undefined && this.isOnlyRunning : this.several.running.size > 0
  }

  get queued(): number {
    return this.several?.locks.queued ?? 0
  }

  /** Lets an access in at once, or changes nothing. It never overtakes an access that waits for the same attribute. */
  tryEnter(ticket: Ticket, nowMs: number): boolean {
    if (this.only === undefined && this.several === undefined) {
      this.only = ticket
      this.isOnlyRunning = true
      ticket.runningSinceMs = nowMs
      tellBegun(this.hold, ticket)
      return true
    }
    if (!this.unfold().locks.tryLock(ticket.owner, ticket.request)) return false
    this.entered(ticket, nowMs)
    return true
  }

  /** Queues an access for its attributes. It fails with a DeadlockError where it could never be granted. */
  enqueue(ticket: Ticket): void {
    try {
      this.unfold().locks.enqueue(ticket)
      if (!ticket.isGranted) tellBegun(this.hold, ticket)
    } catch (error) {
      ticket.fail(error as HoldfastError)
    }
  }

  /** An access has its locks. */
  entered(ticket: Ticket, nowMs = this.clock.monotonicMs()): void {
    ticket.runningSinceMs = nowMs
    this.unfold().running.add(ticket)
    tellBegun(this.hold, ticket)
  }

  /** Locks more for a running access at once, or changes nothing. The caller adds it to the ticket's request. */
  tryExtend(ticket: Ticket, more: LockRequest): boolean {
    return this.only === ticket || this.unfold().locks.tryExtend(ticket.owner, more)
  }

  /** Queues a running access for more locks, ahead of accesses that do not run yet. Throws a DeadlockError. */
  extend(ticket: Ticket): void {
    this.unfold().locks.extend(ticket)
  }

  /** The error of an access that has waited in vain for locks which another one has, or is ahead for. */
  explainTimeout(ticket: Ticket, waitedMs: number): WaitTimeoutError {
    const { locks, running } = this.unfold()
    const owner = locks.blockerOf(ticket)
    // Outside the queue it waits for the end of the hold, and so for every access that runs.
    const holder = owner === undefined ? running.first : running.of(owner)
    const sinceMs = holder?.runningSinceMs
    const heldMs = sinceMs === undefined ? undefined : Math.round(this.clock.monotonicMs() - sinceMs)
    return new WaitTimeoutError({ waitedMs, behind: undefined, holder: holder?.owner.label, heldMs })
  }

  /** A queued access gives up. */
  cancel(ticket: Ticket): void {
    this.several?.locks.cancel(ticket)
    tellFreed(this.hold, ticket)
    this.fold()
  }

  /** Another process asks for the session. */
  wanted(): void {
    for (const ticket of this.running) ticket.wanted()
  }

  /** An access has ended: its locks are free for the next. */
  leave(ticket: Ticket): void {
    if (this.only === ticket) {
      this.only = undefined
      return
    }
    this.detach(ticket)
    const dropped = (this.several?.locks.unlock(ticket.owner) ?? []) as Ticket[]
    this.fold()
    if (dropped.length > 0) failAll(dropped, ticket.loss ?? new AccessEndedError())
  }

  /** An access has ended. Its locks are held until it leaves, or the hold ends; it is told of no loss. */
  detach(ticket: Ticket): void {
    if (this.only === ticket) this.isOnlyRunning = false
    else this.several?.running.delete(ticket)
    tellFreed(this.hold, ticket)
  }

  /** Takes out the accesses that have not begun. */
  takeQueued(): readonly Ticket[] {
    const taken = (this.several?.locks.takeQueued() ?? []) as Ticket[]
    for (const ticket of taken) tellFreed(this.hold, ticket)
    return taken
  }

  /** The client closes: aborts the running accesses. Returns whether there were any. */
  abort(error: HoldfastError): boolean {
    const { locks, running } = this.unfold()
    const aborted = running.clear()
    for (const ticket of aborted) {
      tellFreed(this.hold, ticket)
      ticket.lose(error)
      failAll(locks.unlock(ticket.owner) as Ticket[], error)
    }
    this.fold()
    return aborted.length > 0
  }

  /**
   * The session is lost: aborts the running accesses, and fails extensions that wait. Other waiting accesses fail too, or
   * are handed to `keep`. That happens before any signal is aborted: a listener may itself be an access that waits.
   */
  loseAll(loss: HoldfastError, keep: ((waiting: readonly Ticket[]) => void) | undefined): void {
    const { locks, running } = this.unfold()
    const waiting = locks.clear() as Ticket[]
    for (const ticket of [...waiting, ...running.all()]) tellFreed(this.hold, ticket)
    for (const ticket of waiting) if (keep === undefined || ticket.isExtension) ticket.fail(loss)
    keep?.(waiting.filter((ticket) => !ticket.isExtension))
    for (const ticket of running.clear()) ticket.lose(loss)
    this.fold()
  }

  private get clock(): Clock {
    return this.hold.context.clock
  }

  private get running(): readonly Ticket[] {
    if (this.several !== undefined) return this.several.running.all()
    return this.only !== undefined && this.isOnlyRunning ? [this.only] : []
  }

  /** The locks as they are of several accesses. */
  private unfold(): Several {
    if (this.several !== undefined) return this.several
    const several = new Several()
    this.several = several
    const { only } = this
    if (only === undefined) return several
    this.only = undefined
    several.locks.tryLock(only.owner, only.request)
    if (this.isOnlyRunning) several.running.add(only)
    return several
  }

  private fold(): void {
    if (this.several?.isEmpty) this.several = undefined
  }
}

function failAll(tickets: readonly Ticket[], error: HoldfastError): void {
  for (const ticket of tickets) ticket.fail(error)
}

/** The error for accesses that have sent nothing: it is known that none of their own changes has landed. */
export function lossFor(error: HoldfastError): HoldfastError {
  if (error.effect !== 'unknown') return error
  const explanation = 'DynamoDB did not tell whether the commit before it landed'
  return new SessionLostError('unreachable', explanation, { cause: error })
}
