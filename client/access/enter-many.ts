import type { SessionKey } from '../../protocol/keys.js'
import type { HoldfastError } from '../errors/index.js'
import type { Hold } from '../session/hold.js'
import type { Ticket } from '../session/ticket.js'
import type { AccessContext } from './access-context.js'
import { AccessSession } from './access-session.js'

interface Entered {
  readonly hold: Hold
  readonly ticket: Ticket
}

/**
 * Enters several sessions, one after the other in the order of the keys. The loss of one session meanwhile fails the
 * whole at once: it does not wait for the rest.
 */
export async function enterMany(
  context: AccessContext,
  keys: readonly SessionKey[],
  ticketFor: () => Ticket,
  enter: (key: SessionKey, ticket: Ticket) => Promise<Hold>,
  leave: (hold: Hold, ticket: Ticket) => void,
): Promise<readonly AccessSession[]> {
  const entered = new Map<SessionKey, Entered>()
  let waiting: Ticket | undefined
  let loss: HoldfastError | undefined
  const lose = (error: HoldfastError) => {
    loss ??= error
    waiting?.giveUp(error)
  }
  try {
    for (const key of [...keys].sort()) {
      const ticket = ticketFor()
      waiting = ticket
      const hold = await enter(key, ticket)
      entered.set(key, { hold, ticket })
      ticket.whileRunning(lose)
      loss ??= ticket.loss
      if (loss !== undefined) throw loss
    }
    // The first have waited for the last.
    for (const { hold } of entered.values()) hold.endIfLostOrExpired()
    if (loss !== undefined) throw loss
  } catch (error) {
    for (const { hold, ticket } of entered.values()) leave(hold, ticket)
    throw error
  }
  // All begin now: what has happened while they waited is before them.
  const peers = new Set<string>(keys)
  return keys.map((key) => {
    const { hold, ticket } = entered.get(key) as Entered
    const session = new AccessSession(context, key, hold, ticket)
    session.peers = peers
    return session
  })
}
