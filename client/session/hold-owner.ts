import type { HoldfastError, SessionMissingError } from '../errors/index.js'
import type { Ticket } from './ticket.js'

/** A hold that has ended. Its last commit may be under way. */
export interface EndedHold {
  flush(): Promise<void>
}

/** Who made the hold, and is told how it goes on. */
export interface HoldOwner {
  /** These accesses did not begin before the session had to be given up: they wait for the next grant. */
  returned(tickets: readonly Ticket[]): void
  used(): void
  /** Nothing runs and everything is committed: the lock may go. */
  drained(): void
  /** This process has ended the session's life by intent: nothing is lost, and there is no session any more. */
  finished(hold: EndedHold, missing: SessionMissingError): void
  /** `unwritten`: accesses whose changes were to be written later, and are lost or may be. */
  lost(hold: EndedHold, error: HoldfastError, unwritten: number): void
}
