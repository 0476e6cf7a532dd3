import type { SessionKey } from '../../protocol/keys.js'
import type { Hold } from '../session/hold.js'
import type { Ticket } from '../session/ticket.js'
import type { AccessSession } from './access-session.js'

/**
 * One session of an access that has its locks. A class, like all that is made for every access and holds on to it: V8
 * may come to put literals into the old generation, and with them goes whatever they hold.
 */
export class EnteredSession {
  constructor(
    readonly key: SessionKey,
    readonly hold: Hold,
    readonly ticket: Ticket,
    readonly session: AccessSession,
  ) {}
}
