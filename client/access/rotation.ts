import { InvalidArgumentError, SessionMissingError } from '../errors/index.js'
import type { Hold } from '../session/hold.js'
import { Ticket } from '../session/ticket.js'
import type { Changes } from '../state/attribute-cache.js'
import type { AccessContext } from './access-context.js'
import { inUse, wasRotated } from './new-id.js'

/** A session inside an access, as far as it moves. */
interface Moving {
  readonly key: string
  readonly hold: Hold
  readonly ticket: Ticket
  readonly ttlToWrite: number | undefined
  changes(): Changes | undefined
}

/** The session under its new id. */
export interface Moved {
  readonly id: string
  readonly key: string
  readonly hold: Hold
  readonly ticket: Ticket
}

const NO_CHANGES: Changes = new Map()

/**
 * Moves a session with the changes of its access so far under another id: in one transaction the new session begins and
 * the old one ends. The access goes on with the locks of the new one.
 *
 * @param isChecked the id has been looked for already.
 */
export async function move(
  session: Moving,
  context: AccessContext,
  given: string | undefined,
  isChecked: boolean,
): Promise<Moved> {
  const { hold, ticket } = session
  const { id, key } = context.newId(given)
  if (key === session.key) throw new InvalidArgumentError("'to' must be another id than the session has")
  const next = new Ticket(ticket.request, { ...ticket.options, ifMissing: 'create' }, ticket.owner, 'target')
  // Changes that cannot be stored are refused before anything happens.
  hold.attributes.checkSize(session.changes() ?? NO_CHANGES)
  if (given !== undefined && !isChecked) await context.checkUnused(key, next, 'to')
  const target = await enter(context, key, next)
  try {
    if (!target.life.isNew) throw inUse('to')
    hold.endIfLost()
    target.endIfLost()
    const loss = ticket.loss ?? next.loss
    if (loss !== undefined) throw loss
    const changes = session.changes() ?? NO_CHANGES
    hold.attributes.checkSize(changes)
    // From here on the transaction decides the outcome, not a loss.
    const onLoss = ticket.whileRunning(undefined)
    await hold.rotate(ticket, target, changes, session.ttlToWrite)
    next.succeed(ticket, onLoss)
    return { id, key, hold: target, ticket: next }
  } catch (error) {
    target.leave(next)
    throw error
  }
}

async function enter(context: AccessContext, key: string, ticket: Ticket): Promise<Hold> {
  try {
    return await context.enterTarget(key, ticket)
  } catch (error) {
    // Of the old session this would say that it is gone.
    throw error instanceof SessionMissingError ? wasRotated('to') : error
  }
}
