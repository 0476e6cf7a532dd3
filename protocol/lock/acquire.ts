import type { SessionKey } from '../keys.js'
import { WAITERS_MAX } from '../limits.js'
import type { Granted, StoreMessage } from '../messages.js'
import type { Ask, ProcessRecord } from '../process/record.js'
import { nudgePeriodMaxMs, nudgePeriodMs, type Timing } from '../timing.js'
import type { LockRecord, Seat } from './record.js'

/** What the store does next, decided from records alone. The functions carry it out. */

/** What an acquire comes to, by the lock record as it stands. */
export type AcquireStep =
  /** Free or unknown: try the grant. `above` is set where the epoch must jump over a fence. */
  | { readonly kind: 'grant'; readonly above: number | undefined }
  /** This very request holds the lock: its answer was lost. */
  | { readonly kind: 'granted'; readonly epoch: number; readonly contended: boolean }
  /** The holder lost track and nobody waits. */
  | { readonly kind: 'regrant'; readonly seen: Seat; readonly epoch: number }
  /** The holder's claim was refused by a fence at or above its epoch. */
  | { readonly kind: 'raise'; readonly seen: Seat; readonly epoch: number; readonly above: number }
  /** The holder lost track while others wait: it may not barge, so the lock is handed on first. */
  | { readonly kind: 'handOver'; readonly epoch: number }
  | { readonly kind: 'replace'; readonly holder: string; readonly seen: Seat; readonly index: number }
  | { readonly kind: 'enqueue'; readonly holder: string; readonly first: boolean }
  | { readonly kind: 'wait'; readonly holder: string; readonly position: number }
  | { readonly kind: 'full'; readonly holder: string }
  /** A newer request of the same process is on record. */
  | { readonly kind: 'stale' }

export function planAcquire(
  lock: LockRecord | undefined,
  me: Seat,
  above: number | undefined,
  timing: Timing,
  nowMs: number,
): AcquireStep {
  if (lock?.holder === undefined) {
    return { kind: 'grant', above: lock === undefined || (above ?? -1) >= lock.epoch ? above : undefined }
  }
  const { holder, epoch, waiters } = lock
  if (holder.p === me.p) {
    if (holder.r > me.r) return { kind: 'stale' }
    if (holder.r === me.r) return { kind: 'granted', epoch, contended: waiters.length > 0 }
    // Under a new epoch it has its time to answer anew, and yet may cost those who wait no more than one hold.
    const isOverdue = lock.askedAt !== undefined && lock.askedAt + nudgePeriodMaxMs(timing) + timing.roundTripMs < nowMs
    if (above !== undefined && epoch <= above && !isOverdue) return { kind: 'raise', seen: holder, epoch, above }
    return waiters.length === 0 ? { kind: 'regrant', seen: holder, epoch } : { kind: 'handOver', epoch }
  }
  const index = waiters.findIndex((waiter) => waiter.p === me.p)
  const seen = waiters[index]
  if (seen === undefined) {
    return waiters.length >= WAITERS_MAX
      ? { kind: 'full', holder: holder.p }
      : { kind: 'enqueue', holder: holder.p, first: waiters.length === 0 }
  }
  if (seen.r > me.r) return { kind: 'stale' }
  if (seen.r === me.r) return { kind: 'wait', holder: holder.p, position: index }
  return { kind: 'replace', holder: holder.p, seen, index }
}

/** Whether the store may take back what the process holds: its lease is over beyond doubt. */
export const isLeaseOver = (process: ProcessRecord | undefined, timing: Timing, nowMs: number): boolean =>
  process === undefined || process.leaseUntil + timing.storeMarginMs < nowMs

/** What to do about a holder for whom somebody waits. */
export type HolderStep =
  | { readonly kind: 'reclaim'; readonly tellHolder: boolean }
  | { readonly kind: 'revoke'; readonly dateAsk: boolean; readonly noteAsk: boolean; readonly evict: boolean }

/**
 * Ask or reclaim. `nudged` is false for a fresh acquire, whose push may be all that it takes; a nudge means that it
 * was not enough, so the ask is left with the process too, where its next renewal finds it.
 */
export function decideHolder(
  lock: LockRecord,
  session: SessionKey,
  process: ProcessRecord | undefined,
  nudged: boolean,
  timing: Timing,
  nowMs: number,
): HolderStep {
  if (process === undefined || isLeaseOver(process, timing, nowMs)) return { kind: 'reclaim', tellHolder: false }
  if (lock.busyUntil !== undefined && lock.busyUntil + timing.storeMarginMs < nowMs) {
    return { kind: 'reclaim', tellHolder: true }
  }
  const noted = process.asks.get(session)
  return {
    kind: 'revoke',
    dateAsk: nudged && lock.askedAt === undefined,
    noteAsk: nudged && noted?.epoch !== lock.epoch && process.evictedAt === undefined,
    evict: nudged && process.evictedAt === undefined && isDeaf(lock, noted, process, timing, nowMs),
  }
}

/** A holder that has renewed since the ask was noted has heard it. Silence beyond answerTimeoutMs is then refusal. */
const isDeaf = (lock: LockRecord, noted: Ask | undefined, process: ProcessRecord, timing: Timing, nowMs: number) =>
  lock.busyUntil === undefined &&
  lock.askedAt !== undefined &&
  noted?.epoch === lock.epoch &&
  // An earlier waiter, gone by now, may have dated the ask long before the holder could hear of it.
  Math.max(lock.askedAt, noted.at) + timing.answerTimeoutMs < nowMs &&
  process.renewedAt > noted.at

/** What a cancel comes to: every request of that process up to r leaves the queue, or gives the lock back. */
export type CancelStep =
  | { readonly kind: 'dequeue'; readonly seen: Seat; readonly index: number; readonly isLast: boolean }
  | { readonly kind: 'handOver'; readonly epoch: number }
  | { readonly kind: 'nothing' }

export function planCancel(lock: LockRecord | undefined, me: Seat): CancelStep {
  if (lock?.holder === undefined) return { kind: 'nothing' }
  if (lock.holder.p === me.p && lock.holder.r <= me.r) return { kind: 'handOver', epoch: lock.epoch }
  const index = lock.waiters.findIndex((waiter) => waiter.p === me.p && waiter.r <= me.r)
  const seen = lock.waiters[index]
  return seen === undefined ? { kind: 'nothing' } : { kind: 'dequeue', seen, index, isLast: lock.waiters.length === 1 }
}

export const grantedMessage = (session: SessionKey, me: Seat, lock: LockRecord): Granted => ({
  type: 'granted',
  session,
  r: me.r,
  epoch: lock.epoch,
  contended: lock.waiters.length > 0,
})

export const queuedMessage = (
  session: SessionKey,
  me: Seat,
  position: number,
  holder: string | undefined,
  nudged: boolean,
  timing: Timing,
): StoreMessage => ({
  type: 'queued',
  session,
  r: me.r,
  position,
  nudgeAfterMs: nudgePeriodMs(timing, position, nudged),
  ...(holder === undefined ? {} : { holder }),
})
