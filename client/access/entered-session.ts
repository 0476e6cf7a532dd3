import type { SessionKey } from '../../protocol/keys.js'
import type { Hold } from '../session/hold.js'
import type { Ticket } from '../session/ticket.js'
import type { AccessSession } from './access-session.js'

/**
 * One session of an access that has its locks. This is a class, like every object that is made for each access and refers
 * to it: V8 may allocate literals in the old generation, and they would keep the access alive there.
 */
export class EnteredSession {
  constructor(
    readonly key: SessionKey,
    readonly hold: Hold,
    readonly ticket: Ticket,
    readonly session: AccessSession,
  ) {}
}
