import type { SessionKey } from '../../protocol/keys.js'
import type { Hold } from '../session/hold.js'
import type { Ticket } from '../session/ticket.js'
import type { Joinable } from './join.js'
import type { Nesting } from './nesting.js'

/** The parts of a client that a session inside an access needs, to move under another id and to let accesses join it. */
export interface AccessContext {
  readonly nesting: Nesting<Joinable>
  /** The id that was given, checked, or a new random one. */
  newId(given: string | undefined): { readonly id: string; readonly key: SessionKey }
  /** Throws an InvalidArgumentError where there is a session under this id, or was one that was rotated. */
  checkUnused(key: SessionKey, ticket: Ticket, name: string): Promise<void>
  /** Waits for the session under the new id. */
  enterTarget(key: SessionKey, ticket: Ticket): Promise<Hold>
}
