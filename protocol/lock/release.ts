import type { Update } from '../dynamodb.js'
import type { SessionKey } from '../keys.js'
import type { StoreMessage } from '../messages.js'
import type { ProcessRecord } from '../process/record.js'
import type { Moment } from '../timing.js'
import { isLeaseOver } from './holder.js'
import { nextIn } from './queue.js'
import type { Holder, LockRecord, Seat } from './record.js'
import { handOver, handOverTo } from './writes.js'

/** The store's decisions on a release, and on the holder that a handoff makes. */

/**
 * The lock has left this epoch for the next one, by this release or by an earlier copy whose answer was lost. The next
 * holder must then be told. A lock in any other epoch is not this release's concern.
 */
export const isFollowed = (lock: LockRecord | undefined, epoch: number): lock is LockRecord => lock?.epoch === epoch + 1

/** The write that hands a lock on. `lock` is the record where it is known. */
export function handOverWrite(
  session: SessionKey,
  from: Holder & { readonly nowMs: number },
  lock: LockRecord | undefined,
): Update {
  const turn = lock?.isMixed ? nextIn(lock) : undefined
  return turn === undefined ? handOver(session, from) : handOverTo(session, { ...from, ...turn })
}

interface Released {
  readonly session: SessionKey
  /** The epoch that was released. */
  readonly epoch: number
  readonly releaser: string
  /** The lock that follows this epoch; undefined where the release changed nothing. */
  readonly lock: LockRecord | undefined
}

/**
 * The answer to a release. Where the releaser itself was the next in line, the answer carries its new grant. Where another
 * process was, the answer says how many wait for that one.
 */
export function releasedMessage({ session, epoch, releaser, lock }: Released): StoreMessage {
  if (lock?.holder === undefined) return { type: 'released', session, epoch }
  const { holder, waiters } = lock
  if (holder.p !== releaser) return { type: 'released', session, epoch, waiters: waiters.length }
  const next = { r: holder.r, epoch: lock.epoch, contended: waiters.length > 0 }
  return { type: 'released', session, epoch, next }
}

/** The holder that must be told of its grant by a push. The sender of the message at hand is told in its answer. */
export const holderToTell = (lock: LockRecord | undefined, sender: string): Seat | undefined =>
  lock?.holder?.p === sender ? undefined : lock?.holder

/** What to do about a holder that a handoff has just made. */
export type NextHolderStep = { readonly kind: 'tell'; readonly process: ProcessRecord } | { readonly kind: 'skip' }

/** A holder whose lease is over, or whose record is gone, is skipped: no process would use the grant. */
export const decideNextHolder = (process: ProcessRecord | undefined, { timing, nowMs }: Moment): NextHolderStep =>
  process === undefined || isLeaseOver(process, timing, nowMs) ? { kind: 'skip' } : { kind: 'tell', process }
