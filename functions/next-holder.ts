import { handoffId } from '../protocol/handoff-id.js'
import { processKey, type SessionKey } from '../protocol/keys.js'
import { RECLAIMS_PER_MESSAGE_MAX } from '../protocol/limits.js'
import { grantedMessage } from '../protocol/lock/acquire.js'
import type { Holder, LockRecord } from '../protocol/lock/record.js'
import { decideNextHolder, holderToTell } from '../protocol/lock/release.js'
import type { StoreMessage } from '../protocol/messages.js'
import type { ReclaimCause } from '../protocol/metrics.js'
import { type ProcessRecord, readProcess } from '../protocol/process/record.js'
import { handOver } from './hand-over.js'
import type { Address, Deps, Sender } from './ports.js'

/** Reads the record of a process, and remembers it. */
export async function fetchProcess(deps: Deps, processId: string): Promise<ProcessRecord | undefined> {
  const process = readProcess(await deps.store.get('locks', processKey(processId)))
  deps.processes.learn(processId, process)
  return process
}

/** To be called once for each handoff, when the next holder was told. `lock` is as the handoff has left it. */
export function noteHandoff(
  deps: Deps,
  { receivedMs }: Sender,
  session: SessionKey,
  { holder: from, epoch }: Holder,
  lock: LockRecord | undefined,
): void {
  if (lock?.holder === undefined) return
  const nowMs = deps.nowMs()
  const sinceMs = (ms: number) => Math.max(0, nowMs - ms)
  const grant = handoffId(session, lock.epoch)
  const about = { handoff: handoffId(session, epoch), grant, from, to: lock.holder.p }
  const wait = lock.wasAskedAt ? { WaitMs: sinceMs(lock.wasAskedAt) } : {}
  deps.log({ level: 'info', event: 'handedOver', ...about }, { HandoffMs: sinceMs(receivedMs), ...wait })
}

export function noteReclaim(deps: Deps, session: SessionKey, { holder, epoch }: Holder, cause: ReclaimCause): void {
  const about = { handoff: handoffId(session, epoch), from: holder, cause }
  deps.log({ level: 'info', event: 'reclaimed', ...about }, { Reclaims: 1 })
}

/** Pushes a message to where a process listens. Where that connection is gone, it returns false, and forgets it. */
export async function tell(deps: Deps, processId: string, to: Address, message: StoreMessage): Promise<boolean> {
  const isThere = await deps.push(to, message)
  if (!isThere) {
    deps.processes.forget(processId)
    deps.log({ level: 'info', event: 'pushGone', of: message.type, process: processId }, { PushGone: 1 })
  }
  return isThere
}

/**
 * Tells the new holder after a handoff of its grant, and skips holders that are dead. If the new holder has sent the
 * message that is being handled, the answer tells it, and no push is sent. Returns the lock as it is then.
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
    const message = grantedMessage(session, holder, lock)
    const known = deps.processes.recall(holder.p)
    if (known !== undefined && (await tell(deps, holder.p, known, message))) return lock
    const process = await fetchProcess(deps, holder.p)
    const step = decideNextHolder(process, { timing: deps.timing, nowMs: deps.nowMs() })
    if (step.kind === 'tell') {
      await tell(deps, holder.p, step.process, message)
      return lock
    }
    const { epoch } = lock
    const passed = await handOver(deps, session, { holder: holder.p, epoch }, lock)
    lock = passed.lock
    // Another function has changed the record in between. That function has told the new holder.
    if (!passed.applied) return lock
    noteReclaim(deps, session, { holder: holder.p, epoch }, 'nextHolderGone')
  }
  return lock
}
