import type { SessionKey } from '../../protocol/keys.js'
import type { SessionRecord } from '../../protocol/state/record.js'
import type { HoldfastError, SessionMissingError } from '../errors/index.js'
import type { Membership } from '../process/membership.js'
import type { Grant } from './grant.js'
import type { SessionsContext } from './sessions-context.js'
import type { Ticket } from './ticket.js'

/** A hold that has ended. Its last commit may be under way. */
export interface EndedHold {
  flush(): Promise<void>
}

/** Who made the hold, and is told how it goes on. */
export interface HoldOwner {
  /** These accesses did not begin before the session had to be given up: they wait for the next grant. */
  returned(tickets: readonly Ticket[]): void
  /** @param nowMs by the monotonic clock. */
  used(nowMs: number): void
  /** Nothing runs and everything is committed: the lock may go. */
  drained(): void
  /** This process has ended the session's life by intent: nothing is lost, and there is no session any more. */
  finished(hold: EndedHold, missing: SessionMissingError): void
  /** `unwritten`: accesses whose changes were to be written later, and are lost or may be. */
  lost(hold: EndedHold, error: HoldfastError, unwritten: number): void
}

/** What a hold is made of. */
export interface HoldOptions {
  readonly session: SessionKey
  readonly grant: Grant
  /** The session as the claim found it. */
  readonly record: SessionRecord
  /** It was claimed afresh. */
  readonly isNew: boolean
  /** How long it serves this process while others wait. */
  readonly minimumMs: number
  readonly membership: Membership
  readonly context: SessionsContext
  readonly owner: HoldOwner
}
