import { type AttributeLocks, LockOwner, type LockTicket } from '../../../client/attribute-locks/attribute-locks.js'
import { compileLockRequest, type LockSpec } from '../../../client/attribute-locks/lock-request.js'

/** Accesses to some sessions, with the labels of those that were granted, in order. */
export function makeAccesses() {
  const granted: string[] = []
  const ticketOf = (owner: LockOwner, spec: LockSpec, then?: () => void): LockTicket => ({
    owner,
    request: compileLockRequest(spec),
    granted: () => {
      granted.push(owner.label)
      then?.()
    },
  })
  /** A new access that holds locks. */
  const hold = (locks: AttributeLocks, label: string, spec: LockSpec): LockOwner => {
    const owner = new LockOwner(label)
    if (!locks.tryLock(owner, compileLockRequest(spec))) throw new Error(`${label} cannot lock`)
    return owner
  }
  /** A new access that is queued, or granted. */
  const queue = (locks: AttributeLocks, label: string, spec: LockSpec, then?: () => void): LockTicket => {
    const ticket = ticketOf(new LockOwner(label), spec, then)
    locks.enqueue(ticket)
    return ticket
  }
  return { granted, ticketOf, hold, queue }
}
