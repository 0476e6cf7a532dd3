import type { LockOwner } from './deadlocks.js'
import { type LockRequest, merge } from './lock-request.js'
import { LockTable } from './lock-table.js'
import type { LockTicket } from './waiting-ticket.js'

export { LockOwner } from './deadlocks.js'
export type { LockTicket } from './waiting-ticket.js'

const NO_TICKETS: readonly LockTicket[] = []

/**
 * The attribute locks of ONE session inside this process: shared and exclusive, of attributes or of the whole.
 *
 * A ticket is granted when it conflicts with no holder and with no ticket ahead of it. Tickets that conflict are served
 * first come, first served; only a running access goes ahead, to lock more. All calls take effect at once: there is no
 * clock, no promise and no signal in here. A caller that gives up waiting calls {@link cancel}.
 *
 * A session that one access uses at a time, the usual case, needs no more than two fields. The table for several owners
 * is made when a second one arrives, and dropped with the last.
 */
export class AttributeLocks {
  private sole: LockOwner | undefined = undefined
  private soleRequest: LockRequest | undefined = undefined
  private table: LockTable | undefined = undefined

  /** The number of owners that hold locks. */
  get running(): number {
    return this.table?.running ?? (this.sole === undefined ? 0 : 1)
  }

  /** The number of tickets that wait, extensions included. */
  get queued(): number {
    return this.table?.queued ?? 0
  }

  heldBy(owner: LockOwner): LockRequest | undefined {
    if (this.table !== undefined) return this.table.heldBy(owner)
    return this.sole === owner ? this.soleRequest : undefined
  }

  /** Locks at once or changes nothing. It overtakes no ticket that waits for any of the same locks. */
  tryLock(owner: LockOwner, request: LockRequest): boolean {
    if (this.table !== undefined || this.sole !== undefined) return this.open().tryLock(owner, request)
    this.sole = owner
    this.soleRequest = request
    return true
  }

  /**
   * Grants the ticket as soon as possible. This may be before the call returns, but inside another ticket's `granted`
   * it is after that has returned.
   *
   * @throws DeadlockError if the owner, which holds locks in other sessions, would wait for itself
   */
  enqueue(ticket: LockTicket): void {
    this.open().enqueue(ticket)
    this.close()
  }

  /** Locks more for an owner that holds some, at once or not at all. Like {@link extend} it overtakes. */
  tryExtend(owner: LockOwner, request: LockRequest): boolean {
    if (this.table !== undefined || this.sole !== owner) return this.open().tryExtend(owner, request)
    this.soleRequest = merge(this.soleRequest as LockRequest, request)
    return true
  }

  /**
   * Locks more for an owner that holds some, or turns its shared locks into exclusive ones. It goes ahead of ordinary
   * tickets, because they may be waiting for locks that the owner holds already.
   *
   * @throws DeadlockError if the owner would wait for itself; nothing has changed then
   */
  extend(ticket: LockTicket): void {
    this.open().extend(ticket)
    this.close()
  }

  /** Takes a ticket out of the queue. False if it is not there: it has been granted, or was never queued. */
  cancel(ticket: LockTicket): boolean {
    const wasQueued = this.table?.cancel(ticket) ?? false
    this.close()
    return wasQueued
  }

  /**
   * Frees all locks of the owner. Its extensions that still waited leave too and are returned: there is nothing left
   * that they could extend. A ticket of the owner that waits for its first locks stays.
   */
  unlock(owner: LockOwner): readonly LockTicket[] {
    if (this.table !== undefined) {
      const dropped = this.table.unlock(owner)
      this.close()
      return dropped
    }
    if (this.sole === owner) this.forgetSole()
    return NO_TICKETS
  }

  /** The owner of locks that a ticket in the queue waits for: its own blocker, or that of tickets ahead of it. */
  blockerOf(ticket: LockTicket): LockOwner | undefined {
    return this.table?.blockerOf(ticket)
  }

  /** Takes all tickets but extensions out of the queue, and returns them in line. */
  takeQueued(): LockTicket[] {
    return this.table?.takeQueued() ?? []
  }

  /** Frees all locks, and returns all tickets that waited, extensions first. */
  clear(): LockTicket[] {
    this.forgetSole()
    const taken = this.table?.clear() ?? []
    this.close()
    return taken
  }

  private forgetSole(): void {
    this.sole = undefined
    this.soleRequest = undefined
  }

  private open(): LockTable {
    if (this.table !== undefined) return this.table
    this.table = new LockTable()
    if (this.sole !== undefined) this.table.adopt(this.sole, this.soleRequest as LockRequest)
    this.forgetSole()
    return this.table
  }

  private close(): void {
    if (this.table?.isIdle) this.table = undefined
  }
}
