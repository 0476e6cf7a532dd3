import { AttributeLocks } from '../attribute-locks/attribute-locks.js'
import type { LockRequest } from '../attribute-locks/lock-request.js'
import { AccessEndedError, type HoldfastError } from '../errors/index.js'
import { RunningTickets } from './running-tickets.js'
import type { Ticket } from './ticket.js'

/** The accesses of this process to one held session: those that run, under attribute locks, and those that wait for theirs. */
export class LocalAccesses {
  private readonly locks = new AttributeLocks()
  private readonly running = new RunningTickets()

  /** Some run or wait. */
  get isAny(): boolean {
    return this.locks.running > 0 || this.locks.queued > 0
  }

  get queued(): number {
    return this.locks.queued
  }

  /** Lets an access in at once, or changes nothing. Fair: it never overtakes one that waits for the same. */
  tryEnter(ticket: Ticket): boolean {
    if (!this.locks.tryLock(ticket.owner, ticket.request)) return false
    this.running.add(ticket)
    return true
  }

  /** Queues an access for its attributes. It fails with a DeadlockError where it could never be granted. */
  enqueue(ticket: Ticket): void {
    try {
      this.locks.enqueue(ticket)
    } catch (error) {
      ticket.fail(error as HoldfastError)
    }
  }

  /** A queued access has its locks. */
  entered(ticket: Ticket): void {
    this.running.add(ticket)
  }

  /** Locks more for a running access at once, or changes nothing. */
  tryExtend(ticket: Ticket, more: LockRequest): boolean {
    return this.locks.tryExtend(ticket.owner, more)
  }

  /** Queues a running access for more locks, ahead of those that do not run yet. Throws a DeadlockError. */
  extend(ticket: Ticket): void {
    this.locks.extend(ticket)
  }

  /** A queued access gives up. */
  cancel(ticket: Ticket): void {
    this.locks.cancel(ticket)
  }

  /** An access has ended: its locks are free for the next. */
  leave(ticket: Ticket): void {
    this.running.delete(ticket)
    this.unlock(ticket, ticket.loss ?? new AccessEndedError())
  }

  /** An access that has ended the hold itself: its locks end with it, and it is told of no loss. */
  detach(ticket: Ticket): void {
    this.running.delete(ticket)
  }

  /** Takes out those that have not begun. */
  takeQueued(): readonly Ticket[] {
    return this.locks.takeQueued() as Ticket[]
  }

  /** Aborts those that run, because the client closes. Returns whether there were any. */
  abort(error: HoldfastError): boolean {
    const running = this.running.clear()
    for (const ticket of running) {
      ticket.lose(error)
      this.unlock(ticket, error)
    }
    return running.length > 0
  }

  /**
   * The session is lost: aborts all that run, and fails those that wait for more locks. The others that wait fail or are
   * handed to `keep`, which is called before any signal is aborted: a listener may be one of those that wait.
   */
  loseAll(loss: HoldfastError, keep: ((waiting: readonly Ticket[]) => void) | undefined): void {
    const waiting = this.locks.clear() as Ticket[]
    for (const ticket of waiting) if (keep === undefined || ticket.isExtension) ticket.fail(loss)
    keep?.(waiting.filter((ticket) => !ticket.isExtension))
    for (const ticket of this.running.clear()) ticket.lose(loss)
  }

  private unlock(ticket: Ticket, error: HoldfastError): void {
    for (const dropped of this.locks.unlock(ticket.owner) as Ticket[]) dropped.fail(error)
  }
}
