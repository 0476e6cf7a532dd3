import { readLock } from '../protocol/lock/record.js'
import * as lockWrites from '../protocol/lock/writes.js'
import type { ClientMessage, StoreMessage } from '../protocol/messages.js'
import { readProcess } from '../protocol/process/record.js'
import * as processWrites from '../protocol/process/writes.js'
import { deliver } from './next-holder.js'
import type { Deps, Sender } from './ports.js'

/** What holders send: release, busy, keep, renew, retire. */
type Message<T extends ClientMessage['type']> = Extract<ClientMessage, { type: T }>

/**
 * Hands the lock to the next in line. A release that was applied before, its answer lost, makes sure that the next
 * holder was told; a release of any other epoch changes nothing.
 */
export async function release(deps: Deps, sender: Sender, message: Message<'release'>): Promise<StoreMessage> {
  const { session, epoch } = message
  const outcome = await deps.store.update(
    lockWrites.handOver(session, { holder: sender.processId, epoch, nowMs: deps.nowMs() }),
  )
  const found = readLock(outcome.item)
  const isFollowed = outcome.applied || found?.epoch === epoch + 1
  const lock = isFollowed ? await deliver(deps, session, found, sender.processId) : found
  if (!outcome.applied) await deps.store.update(processWrites.forgetAsk(sender.processId, { session, epoch }))
  if (!isFollowed || lock?.holder?.p !== sender.processId) return { type: 'released', session, epoch }
  const next = { r: lock.holder.r, epoch: lock.epoch, contended: lock.waiters.length > 0 }
  return { type: 'released', session, epoch, next }
}

/** Grants a holder time to finish, counted from the first time it said so in this epoch. */
export async function busy(deps: Deps, sender: Sender, message: Message<'busy'>): Promise<StoreMessage> {
  const { session, epoch } = message
  const untilMs = deps.nowMs() + deps.timing.maxBusyMs
  const outcome = await deps.store.update(lockWrites.busy(session, { holder: sender.processId, epoch, untilMs }))
  const lock = readLock(outcome.item)
  const isHolder = lock?.holder?.p === sender.processId && lock.epoch === epoch
  return isHolder ? { type: 'noted', of: 'busy', session, epoch } : { type: 'lost', session, epoch, reason: 'revoked' }
}

/** Keeps a long-held lock record from TTL. */
export async function keep(deps: Deps, sender: Sender, message: Message<'keep'>): Promise<StoreMessage> {
  const { session, epoch } = message
  const outcome = await deps.store.update(
    lockWrites.keep(session, { holder: sender.processId, epoch, nowMs: deps.nowMs() }),
  )
  return outcome.applied
    ? { type: 'noted', of: 'keep', session, epoch }
    : { type: 'lost', session, epoch, reason: 'revoked' }
}

/** Extends the process's lease and brings the asks that pushes may have failed to bring. */
export async function renew(deps: Deps, sender: Sender, message: Message<'renew'>): Promise<StoreMessage> {
  const { n } = message
  const nowMs = deps.nowMs()
  const outcome = await deps.store.update(
    processWrites.renew(sender.processId, { leaseMs: deps.timing.leaseMs, nowMs }),
  )
  const process = readProcess(outcome.item)
  // A late copy of an older renewal fails the condition, but the lease on record is longer than what it asks for.
  const isCovered =
    process !== undefined && process.evictedAt === undefined && process.leaseUntil >= nowMs + deps.timing.leaseMs
  if (process === undefined || !(outcome.applied || isCovered)) {
    return { type: 'refused', code: 'EVICTED', message: 'this process has no running lease', of: 'renew', n }
  }
  const asks = [...process.asks].map(([session, { epoch }]) => ({ session, epoch }))
  return { type: 'renewed', n, leaseMs: deps.timing.leaseMs, incarnation: deps.incarnation, asks }
}

/** Ends the process at its own word: whatever it still holds is reclaimed by the next who asks. */
export async function retire(deps: Deps, sender: Sender): Promise<StoreMessage> {
  await deps.store.update(processWrites.retire(sender.processId, deps.nowMs()))
  return { type: 'noted', of: 'retire' }
}
