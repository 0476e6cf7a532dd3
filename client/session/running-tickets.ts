import type { LockOwner } from '../attribute-locks/attribute-locks.js'
import type { Ticket } from './ticket.js'

/** The accesses that run under a hold. One at a time, the usual case, needs no set. */
export class RunningTickets {
  private sole: Ticket | undefined
  private others: Set<Ticket> | undefined

  get size(): number {
    return (this.sole === undefined ? 0 : 1) + (this.others?.size ?? 0)
  }

  add(ticket: Ticket): void {
    if (this.sole === undefined) this.sole = ticket
    else {
      this.others ??= new Set()
      this.others.add(ticket)
    }
  }

  delete(ticket: Ticket): void {
    if (this.sole === ticket) this.sole = undefined
    else if (this.others?.delete(ticket) && this.others.size === 0) this.others = undefined
  }

  all(): readonly Ticket[] {
    return [...(this.sole === undefined ? [] : [this.sole]), ...(this.others ?? [])]
  }

  get first(): Ticket | undefined {
    return this.sole ?? this.others?.values().next().value
  }

  /** The one with this owner: one owner has no more than one in a session. */
  of(owner: LockOwner): Ticket | undefined {
    if (this.sole?.owner === owner) return this.sole
    for (const ticket of this.others ?? []) if (ticket.owner === owner) return ticket
    return undefined
  }

  /** Takes them all. */
  clear(): readonly Ticket[] {
    const all = this.all()
    this.sole = undefined
    this.others = undefined
    return all
  }
}
