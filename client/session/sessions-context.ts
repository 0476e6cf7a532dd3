import type { SessionKey } from '../../protocol/keys.js'
import type { Events } from '../events.js'
import type { ClientContext } from './context.js'
import type { HandedOverSessions } from './handed-over.js'
import type { HandoffCost } from './handoff-cost.js'
import type { HeldSessions } from './held-sessions.js'
import type { ReleasedAgain } from './released-again.js'

/** The parts of a client that all its sessions share. */
export interface SessionsContext extends ClientContext {
  readonly events: Events
  readonly held: HeldSessions
  readonly handoffCost: HandoffCost
  readonly handedOver: HandedOverSessions
  readonly releasedAgain: ReleasedAgain
  /** Nothing is held, asked for or waited for: the session may be forgotten. */
  unneeded(session: { readonly session: SessionKey }): void
}
