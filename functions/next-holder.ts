import { processKey, type SessionKey } from '../protocol/keys.js'
import { RECLAIMS_PER_MESSAGE_MAX } from '../protocol/limits.js'
import { grantedMessage } from '../protocol/lock/acquire.js'
import { type LockRecord, readLock } from '../protocol/lock/record.js'
import { decideNextHolder, holderToTell } from '../protocol/lock/release.js'
import { handOver } from '../protocol/lock/writes.js'
import { type ProcessRecord, readProcess } from '../protocol/process/record.js'
import type { Deps, Sender } from './ports.js'

export const fetchProcess = async (deps: Deps, processId: string): Promise<ProcessRecord | undefined> =>
  readProcess(await deps.store.get('locks', processKey(processId)))

/**
 * Tells the holder that a handoff just made of its grant, and skips holders that are dead. The sender of the message at
 * hand is told in its answer, not by a push. Returns the lock as it then stands.
 */
export async function tellNextHolder(
  deps: Deps,
  sender: Sender,
  session: SessionKey,
  handedOver: LockRecord | undefined,
): Promise<LockRecord | undefined> {
  let lock = handedOver
  for (let skipped = 0; skipped < RECLAIMS_PER_MESSAGE_MAX; skipped += 1) {
    const holder = holderToTell(lock, sender.processId)
    if (lock === undefined || holder === undefined) return lock
    const process = await fetchProcess(deps, holder.p)
    const nowMs = deps.nowMs()
    const step = decideNextHolder(process, { timing: deps.timing, nowMs })
    if (step.kind === 'tell') {
      await deps.push(step.process, grantedMessage(session, holder, lock))
      return lock
    }
    const { epoch } = lock
    const outcome = await deps.store.update(handOver(session, { holder: holder.p, epoch, nowMs }))
    lock = readLock(outcome.item)
    // The function that changed the record in between has told the holder that it made.
    if (!outcome.applied) return lock
    deps.log({ level: 'info', event: 'reclaimed', from: holder.p, epoch })
  }
  return lock
}
