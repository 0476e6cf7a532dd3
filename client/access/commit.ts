import { PartialCommitError } from '../errors/index.js'
import type { Changes } from '../state/attribute-cache.js'
import type { Batch } from '../state/batch.js'
import type { EnteredSession } from './entered-session.js'
import { worstOf } from './outcome.js'

/**
 * Stages the changes, and frees the locks. The promise resolves when everything that the access saw or changed is in
 * DynamoDB. There is no promise where it is already.
 */
export function commit(running: readonly EnteredSession[]): Promise<void> | undefined {
  const staged = running.map(checkedChanges)
  // From here on the commits decide the outcome, not a loss that one of them finds.
  for (const { ticket, session } of running) {
    session.end()
    ticket.whileRunning(undefined)
  }
  const isWrite = running.map(({ hold }, index) => hold.mustWrite(staged[index]))
  const batches = running.map((one, index) => stageAndLeave(one, staged[index]))
  return batches.every((batch) => batch === undefined) ? undefined : landed(batches, isWrite)
}

/** The changes of an access, if they may be committed. Nothing has happened where this throws. */
function checkedChanges({ hold, ticket, session }: EnteredSession): Changes | undefined {
  // Values that were only read must be current, too.
  hold.endIfLostOrExpired()
  if (ticket.loss !== undefined) throw ticket.loss
  const changes = session.changes()
  if (changes !== undefined) hold.attributes.checkSize(changes)
  return changes
}

/** Returns the batch that the access has to wait for. */
function stageAndLeave({ hold, ticket }: EnteredSession, changes: Changes | undefined): Batch | undefined {
  const isWrittenBehind = ticket.options.durability === 'release'
  const batch = hold.take(ticket.request, changes, isWrittenBehind ? 'later' : 'now')
  hold.touchIfDue()
  hold.leave(ticket)
  return isWrittenBehind ? undefined : batch
}

async function landed(batches: readonly (Batch | undefined)[], isWrite: readonly boolean[]): Promise<void> {
  const outcomes = await Promise.allSettled(batches.map(async (batch) => batch?.done))
  const failure = worstOf(outcomes)
  if (failure === undefined) return
  const hasLanded = outcomes.some(({ status }, index) => status === 'fulfilled' && isWrite[index])
  throw hasLanded ? new PartialCommitError(failure) : failure
}
