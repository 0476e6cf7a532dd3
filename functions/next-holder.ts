import type { SessionKey } from '../protocol/keys.js'
import { processKey } from '../protocol/keys.js'
import { RECLAIMS_PER_MESSAGE_MAX } from '../protocol/limits.js'
import { type LockRecord, readLock } from '../protocol/lock/record.js'
import { grantedMessage, isLeaseOver } from '../protocol/lock/acquire.js'
import { handOver } from '../protocol/lock/writes.js'
import { type ProcessRecord, readProcess } from '../protocol/process/record.js'
import type { Deps } from './ports.js'

export const fetchProcess = async (deps: Deps, processId: string): Promise<ProcessRecord | undefined> =>
  readProcess(await deps.store.get('locks', processKey(processId)))

/**
 * Tells the holder that a handoff just made of its grant, skipping holders that are dead. The sender of the message
 * at hand is told in its answer, not by a push. Returns the lock as it then stands.
 */
export async function deliver(
  deps: Deps,
  session: SessionKey,
  lock: LockRecord | undefined,
  sender: string,
): Promise<LockRecord | undefined> {
  let current = lock
  for (let skipped = 0; skipped < RECLAIMS_PER_MESSAGE_MAX; skipped += 1) {
    const holder = current?.holder
    if (current === undefined || holder === undefined || holder.p === sender) return current
    const process = await fetchProcess(deps, holder.p)
    const nowMs = deps.nowMs()
    if (process !== undefined && !isLeaseOver(process, deps.timing, nowMs)) {
      await deps.push(process, grantedMessage(session, holder, current))
      return current
    }
    const outcome = await deps.store.update(handOver(session, { holder: holder.p, epoch: current.epoch, nowMs }))
    // Whoever changed the record in between has delivered to the holder that it made.
    if (!outcome.applied) return readLock(outcome.item)
    deps.log({ level: 'info', event: 'reclaimed', from: holder.p, epoch: current.epoch })
    current = readLock(outcome.item)
  }
  return current
}
