import { invariant } from '../assert.js'
import type { SessionKey } from '../keys.js'
import type { Granted, StoreMessage } from '../messages.js'
import { type Moment, nudgePeriodMaxMs, type Timing } from '../timing.js'
import { type Waiting, waitingPeriodMs } from './polling.js'
import { type Join, planJoin, servedOrder, supposedJoin } from './queue.js'
import { type LockRecord, NOBODY, type Seat } from './record.js'

/** The store's decisions on `acquire` and `cancel`, made from the lock record alone. The functions carry them out. */

/** What to do about an acquire, given the current lock record. */
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
  /** `holder` is undefined where only the sender says that there is one. */
  | { readonly kind: 'enqueue'; readonly holder: string | undefined; readonly join: Join }
  | { readonly kind: 'wait'; readonly holder: string; readonly position: number }
  /** There is no place in the queue. The request waits all the same, and its nudges try again. */
  | { readonly kind: 'full'; readonly holder: string; readonly position: number }
  /** A newer request of the same process is on record. */
  | { readonly kind: 'stale' }

/**
 * What to try before anything is known of the record. A sender that was told of a holder, and of the waiters for it, is
 * queued first. Where that is not so any more, the write's condition says so, as that of a grant does.
 */
export const firstStep = (above: number | undefined, waiters: number | undefined): AcquireStep =>
  waiters === undefined ? { kind: 'grant', above } : { kind: 'enqueue', holder: undefined, join: supposedJoin(waiters) }

/**
 * A request for a lock. `above` is the fence that refused an earlier grant of this process. `since` is when the process
 * found the queue full first.
 */
interface Request {
  readonly me: Seat
  readonly above: number | undefined
  readonly since: number | undefined
}

export function planAcquire(
  lock: LockRecord | undefined,
  { me, above, since }: Request,
  { timing, nowMs }: Moment,
): AcquireStep {
  invariant(me.p !== NOBODY.p && me.r >= 1, 'an acquire comes from a process, and its requests count from 1')
  if (lock?.holder === undefined) {
    return { kind: 'grant', above: lock === undefined || (above ?? -1) >= lock.epoch ? above : undefined }
  }
  const { holder, epoch, waiters } = lock
  if (holder.p === me.p) {
    if (holder.r > me.r) return { kind: 'stale' }
    if (holder.r === me.r) return { kind: 'granted', epoch, contended: waiters.length > 0 }
    // A new epoch gives the holder its time to answer anew; yet all its epochs may cost waiters no more than one hold.
    const isOverdue = lock.askedAt !== undefined && lock.askedAt + nudgePeriodMaxMs(timing) + timing.roundTripMs < nowMs
    if (above !== undefined && epoch <= above && !isOverdue) return { kind: 'raise', seen: holder, epoch, above }
    return waiters.length === 0 ? { kind: 'regrant', seen: holder, epoch } : { kind: 'handOver', epoch }
  }
  const index = waiters.findIndex((waiter) => waiter.p === me.p)
  const seen = waiters[index]
  if (seen === undefined) {
    const join = planJoin(lock, me, since === undefined ? undefined : nowMs - since)
    return join === undefined
      ? { kind: 'full', holder: holder.p, position: waiters.length }
      : { kind: 'enqueue', holder: holder.p, join }
  }
  if (seen.r > me.r) return { kind: 'stale' }
  if (seen.r === me.r) return { kind: 'wait', holder: holder.p, position: servedOrder(lock).indexOf(seen) }
  return { kind: 'replace', holder: holder.p, seen, index }
}

/** What to do about a cancel: every request of that process up to `r` leaves the queue, or gives the lock back. */
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

interface Place extends Waiting {
  readonly me: Seat
  /** The holder's label, where it is known. */
  readonly holder: string | undefined
  /** Since when there has been no place in the queue; undefined where there is one. */
  readonly since: number | undefined
}

export const queuedMessage = (session: SessionKey, place: Place, timing: Timing): StoreMessage => ({
  type: 'queued',
  session,
  r: place.me.r,
  position: place.position,
  // Outside of the queue nobody is ahead whose nudges would serve this request, too.
  nudgeAfterMs: waitingPeriodMs(timing, place.since === undefined ? place : { ...place, position: 0 }),
  ...(place.holder === undefined ? {} : { holder: place.holder }),
  ...(place.since === undefined ? {} : { since: place.since }),
})
