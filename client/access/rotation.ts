import { type HoldfastError, InvalidArgumentError, SessionMissingError } from '../errors/index.js'
import type { Hold } from '../session/hold.js'
import type { Ticket } from '../session/ticket.js'
import type { EnteredSession } from './entered-session.js'

/**
 * Ends an access by moving its session, with what the access changed, under another id: the one begins and the other
 * ends in one transaction. `enter` gets the new session, which is made for this and is empty until then.
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
    if (error instanceof SessionMissingError)
      throw new InvalidArgumentError("'to' was the id of a session that was rotated")
    throw error
  })
  try {
    if (!target.life.isNew)
      throw new InvalidArgumentError("'to' must be an id that is not in use, received that of a session")
    hold.endIfLost()
    target.endIfLost()
    const loss = ticket.loss ?? next.loss
    if (loss !== undefined) throw loss
    // From here on the transaction decides what the caller is told, not a loss.
    ticket.whileRunning(undefined)
    session.end()
    await hold.rotate(ticket, target, changes)
    target.leave(next)
  } catch (error) {
    // An empty session under an id that nobody was given is of no use. If this fails, it expires.
    if (target.life.isNew && (error as HoldfastError).effect === 'none') await target.destroy(next).catch(() => {})
    target.leave(next)
    throw error
  }
}
