import { PartialCommitError } from '../errors/index.js'
import { type Instant, instant } from '../ports.js'
import type { Changes } from '../state/attribute-cache.js'
import type { Batch } from '../state/batch.js'
import type { AccessSession } from './access-session.js'
import { worstOf } from './outcome.js'

/**
 * Stages the changes, and frees the locks. The promise resolves when everything that the access saw or changed is in
 * DynamoDB. There is no promise where it is already.
 */
export function commit(entered: readonly AccessSession[]): Promise<void> | undefined {
  const [first] = entered
  return first !== undefined && entered.length === 1 ? commitOne(first) : commitMany(entered)
}

/** The usual case, which makes no lists. */
function commitOne(session: AccessSession): Promise<void> | undefined {
  if (session.isDestroyed) return undefined
  const now = nowFor(session)
  const changes = checkedChanges(session, now)
  // From here on the commit decides the outcome, not a loss that it finds.
  session.end()
  session.ticket.whileRunning(undefined)
  const isWrite = session.hold.held.mustWrite(changes, session.ttlToWrite)
  const batch = stageAndLeave(session, changes, now)
  return batch === undefined ? undefined : landed([batch], [isWrite])
}

function commitMany(entered: readonly AccessSession[]): Promise<void> | undefined {
  const running = entered.some(isDestroyed) ? entered.filter((session) => !isDestroyed(session)) : entered
  const staged = running.map((session) => checkedChanges(session))
  // From here on the commits decide the outcome, not a loss that one of them finds.
  for (const session of running) {
    session.end()
    session.ticket.whileRunning(undefined)
  }
  const isWrite = running.map(({ hold, ttlToWrite }, index) => hold.held.mustWrite(staged[index], ttlToWrite))
  const batches = running.map((one, index) => stageAndLeave(one, staged[index]))
  return batches.every((batch) => batch === undefined) ? undefined : landed(batches, isWrite)
}

const nowFor = ({ hold }: AccessSession): Instant => instant(hold.context.clock)

const isDestroyed = (session: AccessSession): boolean => session.isDestroyed

/** The changes of an access, if they may be committed. Nothing has happened where this throws. */
function checkedChanges(session: AccessSession, now = nowFor(session)): Changes | undefined {
  const { hold, ticket } = session
  // Values that were only read must be current, too.
  hold.endIfLostOrExpired(now)
  if (ticket.loss !== undefined) throw ticket.loss
  const changes = session.changes()
  if (changes !== undefined) hold.attributes.checkSize(changes)
  return changes
}

/** Returns the batch that the access has to wait for. */
function stageAndLeave(session: AccessSession, changes: Changes | undefined, now = nowFor(session)): Batch | undefined {
  const { hold, ticket, ttlToWrite } = session
  const when = ticket.options.durability === 'release' ? 'later' : 'now'
  const batch = hold.take(ticket.request, changes, when, ttlToWrite)
  hold.held.touchIfDueAt(now.wallMs)
  hold.leave(ticket, now)
  return batch
}

async function landed(batches: readonly (Batch | undefined)[], isWrite: readonly boolean[]): Promise<void> {
  const outcomes = await Promise.allSettled(batches.map(async (batch) => batch?.done))
  const failure = worstOf(outcomes)
  if (failure === undefined) return
  const hasLanded = outcomes.some(({ status }, index) => status === 'fulfilled' && isWrite[index])
  throw hasLanded ? new PartialCommitError(failure) : failure
}
