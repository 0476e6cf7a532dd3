import { SessionMissingError } from '../errors/index.js'
import type { Hold } from '../session/hold.js'
import type { Ticket } from '../session/ticket.js'
import type { EnteredSession } from './entered-session.js'
import { inUse, wasRotated } from './new-id.js'

/**
 * Ends an access by moving its session, with the changes of the access, under another id. In one transaction the new
 * session begins and the old one ends. `enter` gets the new session: it is made for this and still empty.
 */
export async function rotate(
  { hold, ticket, session }: EnteredSession,
  next: Ticket,
  enter: (ticket: Ticket) => Promise<Hold>,
): Promise<void> {
  if (ticket.loss !== undefined) throw ticket.loss
  const changes = session.changes() ?? new Map()
  hold.attributes.checkSize(changes)
  const target = await enter(next).catch((error: unknown) => {
    // Of the old session this would say that it is gone.
    if (error instanceof SessionMissingError) throw wasRotated('to')
    throw error
  })
  try {
    if (!target.life.isNew) throw inUse('to')
    hold.endIfLost()
    target.endIfLost()
    const loss = ticket.loss ?? next.loss
    if (loss !== undefined) throw loss
    // From here on the transaction decides the outcome, not a loss.
    ticket.whileRunning(undefined)
    session.end()
    await hold.rotate(ticket, target, changes)
  } finally {
    target.leave(next)
  }
}
