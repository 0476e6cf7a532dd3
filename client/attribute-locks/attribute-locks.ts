import type { LockOwner } from './deadlocks.js'
import { type LockRequest, merge } from './lock-request.js'
import { LockTable } from './lock-table.js'
import type { LockTicket } from './waiting-ticket.js'

export { LockOwner } from './deadlocks.js'
export type { LockTicket } from './waiting-ticket.js'

/**
 * The attribute locks of ONE session inside this process: shared and exclusive, of attributes or of the whole.
 *
 * A ticket is granted when it conflicts with no holder and with no ticket ahead of it. Those that conflict are served
 * first come, first served; only accesses that run already go ahead, to lock more. All calls take effect at once:
 * there is no clock, no promise and no signal in here. Whoever gives up waiting calls {@link cancel}.
 *
 * A session that one access uses at a time, the usual case, needs no more than two fields; the table for several is
 * made when a second one comes and goes with the last.
 */
export class AttributeLocks {
  private sole: LockOwner | undefined = undefined
  private soleRequest: LockRequest | undefined = undefined
  private table: LockTable | undefined = undefined

  /** Owners that hold something. */
  get running(): number {
    return this.table?.running ?? (this.sole === undefined ? 0 : 1)
  }

  /** Tickets that wait, extensions included. */
  get queued(): number {
    return this.table?.queued ?? 0
  }

  heldBy(owner: LockOwner): LockRequest | undefined {
    if (this.table !== undefined) return this.table.heldBy(owner)
    return this.sole === owner ? this.soleRequest : undefined
  }

  /** Locks at once or changes nothing. It overtakes nobody who waits for any of the same locks. */
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
   * Locks more for an owner that holds some, or turns what it shares into exclusive locks. It goes ahead of ordinary
   * tickets, for they may be waiting for what the owner holds already.
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
   * Frees all locks of the owner. Its extensions that still waited leave with them and are returned: they cannot be
   * granted without what they were to extend. A ticket of its own that waits for its first locks stays.
   */
  unlock(owner: LockOwner): LockTicket[] {
    if (this.table !== undefined) {
      const dropped = this.table.unlock(owner)
      this.close()
      return dropped
    }
    if (this.sole === owner) this.forgetSole()
    return []
  }

  /** Takes out all tickets but extensions, and returns them in line. */
  takeQueued(): LockTicket[] {
    return this.table?.takeQueued() ?? []
  }

  /** Frees everything and returns everybody who waited, extensions first. */
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
