import type { SessionKey } from '../../protocol/keys.js'
import { AccessEndedError, InvalidArgumentError, SessionMissingError } from '../errors/index.js'
import type { Hold } from '../session/hold.js'
import { type OnLoss, Ticket } from '../session/ticket.js'
import type { Changes } from '../state/attribute-cache.js'
import type { AccessContext } from './access-context.js'
import { inUse, wasRotated } from './new-id.js'

/** A session inside an access, as far as it moves. */
interface Moving {
  readonly key: string
  readonly hold: Hold
  readonly ticket: Ticket
  readonly ttlToWrite: number | undefined
  readonly isOver: boolean
  /** Of an access to several sessions: their keys, and those to which they move. All have one lock owner. */
  readonly peers: Set<string> | undefined
  changes(): Changes | undefined
}

/** The session under its new id. */
export interface Moved {
  readonly id: string
  readonly key: string
  readonly hold: Hold
  readonly ticket: Ticket
  /** The lifetime that was moved with it. */
  readonly ttlMs: number | undefined
  /** What a loss of the access did before. */
  readonly onLoss: OnLoss | undefined
}

const NO_CHANGES: Changes = new Map()

/**
 * Moves a session with the changes of its access so far under another id: in one transaction the new session begins and
 * the old one ends. The access goes on with the locks of the new one.
 *
 * @param isChecked the id has been looked for already.
 * @param waits is told of the ticket that waits for the new id, before it does.
 */
export async function move(
  session: Moving,
  context: AccessContext,
  given: string | undefined,
  isChecked: boolean,
  waits: (next: Ticket) => void,
): Promise<Moved> {
  const { peers } = session
  const { id, key } = context.newId(given)
  if (key === session.key) throw new InvalidArgumentError("'to' must be another id than the session has")
  if (peers?.has(key)) throw new InvalidArgumentError("'to' is the id of another session of this access")
  peers?.add(key)
  try {
    return { id, key, ...(await moveTo(key, session, context, given !== undefined && !isChecked, waits)) }
  } catch (error) {
    peers?.delete(key)
    throw error
  }
}

async function moveTo(
  key: SessionKey,
  session: Moving,
  context: AccessContext,
  isToBeLookedFor: boolean,
  waits: (next: Ticket) => void,
): Promise<Omit<Moved, 'id' | 'key'>> {
  const { hold, ticket } = session
  const next = new Ticket(ticket.request, { ...ticket.options, ifMissing: 'create' }, ticket.owner, 'target')
  next.expectsNone = true
  waits(next)
  // Changes that cannot be stored are refused before anything happens.
  hold.attributes.checkSize(session.changes() ?? NO_CHANGES)
  if (isToBeLookedFor) await context.checkUnused(key, next, 'to')
  if (session.isOver) throw ticket.loss ?? new AccessEndedError()
  const target = await enter(context, key, next)
  try {
    if (session.isOver) throw ticket.loss ?? new AccessEndedError()
    if (!target.life.isNew) throw inUse('to')
    hold.endIfLost()
    target.endIfLost()
    const loss = ticket.loss ?? next.loss
    if (loss !== undefined) throw loss
    const changes = session.changes() ?? NO_CHANGES
    hold.attributes.checkSize(changes)
    const ttlMs = session.ttlToWrite
    // From here on the transaction decides the outcome, not a loss.
    const onLoss = ticket.whileRunning(undefined)
    await hold.rotate(ticket, target, changes, ttlMs)
    next.succeed(ticket)
    return { hold: target, ticket: next, ttlMs, onLoss }
  } catch (error) {
    target.leave(next, undefined, 'unused')
    throw error
  }
}

async function enter(context: AccessContext, key: SessionKey, ticket: Ticket): Promise<Hold> {
  try {
    return await context.enterTarget(key, ticket)
  } catch (error) {
    // Of the old session this would say that it is gone.
    throw error instanceof SessionMissingError ? wasRotated('to') : error
  }
}
