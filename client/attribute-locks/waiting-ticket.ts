import type { LockOwner, LockParty, LockScope } from './deadlocks.js'
import type { Place, Waiter } from './lane.js'
import type { LockRequest } from './lock-request.js'

/** A request that waits for its turn. The object itself is its place in the queue. */
export interface LockTicket {
  readonly owner: LockOwner
  readonly request: LockRequest
  /** Names it in errors. Without one, it has that of its owner. */
  readonly label?: string
  /** Called once, when the owner has the locks. It may use the same locks again. */
  granted(): void
}

/** Extensions go ahead of all other tickets: their places in line are negative. */
const FIRST_EXTENSION = Number.MIN_SAFE_INTEGER

/** A ticket in the queue of one session. */
export class WaitingTicket implements LockParty, Waiter {
  readonly owner: LockOwner
  readonly label: string
  readonly order: number
  places: Place | undefined = undefined
  blockedIn = 0
  /** One of the owners that an extension waits for. The extension need not be looked at before that one leaves. */
  blocker: LockOwner | undefined = undefined
  isQueued = false

  /** @param request the locks that are still wanted: for an extension, those that its owner does not hold yet. */
  constructor(
    readonly scope: LockScope,
    readonly ticket: LockTicket,
    readonly request: LockRequest,
    readonly kind: 'ordinary' | 'extension',
    number: number,
    private readonly ready: WaitingTicket[],
  ) {
    this.owner = ticket.owner
    this.label = ticket.label ?? ticket.owner.label
    this.order = kind === 'extension' ? FIRST_EXTENSION + number : number
  }

  get isBlocked(): boolean {
    return this.blockedIn > 0 || this.blocker !== undefined
  }

  unblocked(): void {
    this.ready.push(this)
  }
}
