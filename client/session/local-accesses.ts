import { AttributeLocks } from '../attribute-locks/attribute-locks.js'
import type { LockRequest } from '../attribute-locks/lock-request.js'
import { AccessEndedError, type HoldfastError, SessionLostError, WaitTimeoutError } from '../errors/index.js'
import type { Clock } from '../ports.js'
import { RunningTickets } from './running-tickets.js'
import type { Ticket } from './ticket.js'

/** The accesses of this process to one held session. Some run, under attribute locks; the others wait for their locks. */
export class LocalAccesses {
  private readonly locks = new AttributeLocks()
  private readonly running = new RunningTickets()

  constructor(private readonly clock: Clock) {}

  /** Some run or wait. */
  get isAny(): boolean {
    return this.locks.running > 0 || this.locks.queued > 0
  }

  get isAnyRunning(): boolean {
    return this.running.size > 0
  }

  get queued(): number {
    return this.locks.queued
  }

  /** Lets an access in at once, or changes nothing. It never overtakes an access that waits for the same attribute. */
  tryEnter(ticket: Ticket): boolean {
    if (!this.locks.tryLock(ticket.owner, ticket.request)) return false
    this.entered(ticket)
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

  /** An access has its locks. */
  entered(ticket: Ticket): void {
    ticket.runningSinceMs = this.clock.monotonicMs()
    this.running.add(ticket)
  }

  /** Locks more for a running access at once, or changes nothing. */
  tryExtend(ticket: Ticket, more: LockRequest): boolean {
    return this.locks.tryExtend(ticket.owner, more)
  }

  /** Queues a running access for more locks, ahead of accesses that do not run yet. Throws a DeadlockError. */
  extend(ticket: Ticket): void {
    this.locks.extend(ticket)
  }

  /** The error of an access that has waited in vain for locks which another one has, or is ahead for. */
  explainTimeout(ticket: Ticket, waitedMs: number): WaitTimeoutError {
    const owner = this.locks.blockerOf(ticket)
    // Outside the queue it waits for the end of the hold, and so for every access that runs.
    const running = owner === undefined ? this.running.first : this.running.of(owner)
    const sinceMs = running?.runningSinceMs
    const heldMs = sinceMs === undefined ? undefined : Math.round(this.clock.monotonicMs() - sinceMs)
    return new WaitTimeoutError({ waitedMs, behind: undefined, holder: running?.owner.label, heldMs })
  }

  /** A queued access gives up. */
  cancel(ticket: Ticket): void {
    this.locks.cancel(ticket)
  }

  /** Another process asks for the session. */
  wanted(): void {
    for (const ticket of this.running.all()) ticket.wanted()
  }

  /** An access has ended: its locks are free for the next. */
  leave(ticket: Ticket): void {
    this.detach(ticket)
    this.unlock(ticket, ticket.loss ?? new AccessEndedError())
  }

  /** An access has ended. Its locks are held until it leaves, or the hold ends; it is told of no loss. */
  detach(ticket: Ticket): void {
    this.running.delete(ticket)
  }

  /** Takes out the accesses that have not begun. */
  takeQueued(): readonly Ticket[] {
    return this.locks.takeQueued() as Ticket[]
  }

  /** The client closes: aborts the running accesses. Returns whether there were any. */
  abort(error: HoldfastError): boolean {
    const running = this.running.clear()
    for (const ticket of running) {
      ticket.lose(error)
      this.unlock(ticket, error)
    }
    return running.length > 0
  }

  /**
   * The session is lost: aborts the running accesses, and fails extensions that wait. Other waiting accesses fail too, or
   * are handed to `keep`. That happens before any signal is aborted: a listener may itself be an access that waits.
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

/** The error for accesses that have sent nothing: it is known that none of their own changes has landed. */
export function lossFor(error: HoldfastError): HoldfastError {
  if (error.effect !== 'unknown') return error
  const explanation = 'DynamoDB did not tell whether the commit before it landed'
  return new SessionLostError('unreachable', explanation, { cause: error })
}
