import { handoffId } from '../protocol/handoff-id.js'
import type { SessionKey } from '../protocol/keys.js'
import { decideHolder, isNoted, isPushEnough, type Note } from '../protocol/lock/holder.js'
import type { LockRecord } from '../protocol/lock/record.js'
import { ask } from '../protocol/lock/writes.js'
import type { StoreMessage } from '../protocol/messages.js'
import type { ReclaimCause } from '../protocol/metrics.js'
import { type ProcessRecord, readProcess } from '../protocol/process/record.js'
import { evict, noteAsk, noteMore } from '../protocol/process/writes.js'
import { handOver } from './hand-over.js'
import { fetchProcess, noteHandoff, noteReclaim, tell, tellNextHolder } from './next-holder.js'
import type { Deps, Sender } from './ports.js'

/** A lock that another process holds, for which the sender of a message waits. */
interface HeldLock {
  readonly session: SessionKey
  readonly lock: LockRecord
  readonly holder: string
  /** The holder's record where it was read already; without a process where it is gone. */
  readonly read: { readonly process: ProcessRecord | undefined } | undefined
  /** The request was repeated. */
  readonly nudged: boolean
}

export interface Asked {
  readonly lock: LockRecord | undefined
  /** False where the record had changed meanwhile, so that the plan must be made anew. */
  readonly asked: boolean
  /** The holder was sent a revoke. */
  readonly revoked?: true
  readonly holderLabel?: string | undefined
}

/** Asks the holder to release, or takes the lock from a holder that can no longer believe in it. */
export async function askOrReclaim(deps: Deps, sender: Sender, held: HeldLock): Promise<Asked> {
  const { session, lock, holder, read } = held
  const { epoch } = lock
  const revoke: StoreMessage = { type: 'revoke', session, epoch }
  const known = read === undefined && isPushEnough(held) ? deps.processes.recall(holder) : undefined
  if (known !== undefined && (await tell(deps, holder, known, revoke))) {
    return { lock, asked: true, revoked: true, holderLabel: known.label || undefined }
  }
  const { process } = read ?? { process: await fetchProcess(deps, holder) }
  const nowMs = deps.nowMs()
  const step = decideHolder({ ...held, process }, { timing: deps.timing, nowMs })
  if (step.kind === 'reclaim') {
    const passed = await handOver(deps, session, { holder, epoch }, lock)
    if (!passed.applied) return { lock: passed.lock, asked: false }
    noteReclaim(deps, session, { holder, epoch }, causeOf(process, step.tellHolder))
    if (step.tellHolder && process !== undefined) {
      await tell(deps, holder, process, { type: 'lost', session, epoch, reason: 'revoked' })
    }
    const now = await tellNextHolder(deps, sender, session, passed.lock)
    noteHandoff(deps, sender, session, { holder, epoch }, passed.lock)
    return { lock: now, asked: true }
  }
  if (step.dateAsk) await deps.store.update(ask(session, { epoch, nowMs }))
  if (step.note !== undefined) await leaveAsk(deps, held, step.note, nowMs)
  if (step.evict) {
    const { applied } = await deps.store.update(evict(holder, nowMs))
    const about = { handoff: handoffId(session, epoch), process: holder }
    // Another waiter may have evicted it, or it has retired, since its record was read.
    if (applied) deps.log({ level: 'warn', event: 'evicted', ...about }, { Evictions: 1 })
  }
  if (process !== undefined) await tell(deps, holder, process, revoke)
  return { lock, asked: true, revoked: true, holderLabel: process?.label || undefined }
}

function causeOf(process: ProcessRecord | undefined, isBusyOver: boolean): ReclaimCause {
  if (isBusyOver) return 'busyOver'
  if (process === undefined) return 'unknown'
  // It retired, or was evicted. Otherwise it has died, or lost its connection for the time of a lease.
  return process.evictedAt === undefined ? 'leaseOver' : 'ended'
}

/** Leaves the ask in the holder's process record. Others may have filled it since it was read. */
async function leaveAsk(deps: Deps, { session, lock, holder }: HeldLock, note: Note, nowMs: number): Promise<void> {
  if (note === 'ask') {
    const { applied, item } = await deps.store.update(noteAsk(holder, { session, epoch: lock.epoch, nowMs }))
    if (applied || isNoted(readProcess(item), session, lock)) return
  }
  await deps.store.update(noteMore(holder))
}
