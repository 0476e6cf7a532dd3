import { PartialCommitError } from '../errors/index.js'
import type { Changes } from '../state/attribute-cache.js'
import type { Batch } from '../state/batch.js'
import { worstOf } from './access-session.js'
import type { EnteredSession } from './entered-session.js'

/**
 * Stages what changed, and frees the locks. The promise resolves when everything that was seen or changed is in
 * DynamoDB; there is none where it is already.
 */
export function commit(running: readonly EnteredSession[]): Promise<void> | undefined {
  const staged = running.map(checkedChanges)
  // From here on the commits decide what the caller is told, not a loss that one of them comes upon.
  for (const { ticket, session } of running) {
    session.end()
    ticket.whileRunning(undefined)
  }
  const batches = running.map((one, index) => stageAndLeave(one, staged[index]))
  return batches.every((batch) => batch === undefined) ? undefined : landed(batches, staged)
}

/** What the access changed, if it may be committed: nothing has happened where this throws. */
function checkedChanges({ hold, ticket, session }: EnteredSession): Changes | undefined {
  // What was only read must be as current as what is written.
  hold.endIfLost()
  if (ticket.loss !== undefined) throw ticket.loss
  const changes = session.changes()
  if (changes !== undefined) hold.attributes.checkSize(changes)
  return changes
}

/** Returns what the access has to wait for. */
function stageAndLeave({ hold, ticket }: EnteredSession, changes: Changes | undefined): Batch | undefined {
  const isWrittenBehind = ticket.options.durability === 'release'
  let batch: Batch | undefined
  if (changes !== undefined) batch = hold.stage(changes, isWrittenBehind ? 'later' : 'now')
  else if (!isWrittenBehind) batch = hold.writeSeen(ticket.request)
  if (changes === undefined) hold.touchIfDue()
  hold.leave(ticket)
  return isWrittenBehind ? undefined : batch
}

async function landed(
  batches: readonly (Batch | undefined)[],
  staged: readonly (Changes | undefined)[],
): Promise<void> {
  const outcomes = await Promise.allSettled(batches.map(async (batch) => batch?.done))
  const failure = worstOf(outcomes)
  if (failure === undefined) return
  const hasLanded = outcomes.some(({ status }, index) => status === 'fulfilled' && staged[index] !== undefined)
  throw hasLanded ? new PartialCommitError(failure) : failure
}
