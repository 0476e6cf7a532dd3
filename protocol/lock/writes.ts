import { invariant } from '../assert.js'
import { type AttributeValue, num, str, ttlSeconds, type Update } from '../dynamodb.js'
import { lockKey, type SessionKey } from '../keys.js'
import { LOCK_TTL_MS, SCHEMA_VERSION, WAITERS_MAX } from '../limits.js'
import { type Holder, NOBODY, type Seat, seatValue } from './record.js'

/**
 * Every write to a lock record, but for those that join its queue: one function each, each ONE conditional UpdateItem. All
 * keep these rules:
 * a free lock has no waiters; the epoch rises with every change of the holder; no process is queued twice, nor
 * behind itself. Who takes a free lock sets its `mark`, and nobody else does, so that a seat without a mark keeps its
 * meaning. Where `mixed` is not set, all waiters are of one principal.
 */

const NEW = 'attribute_not_exists(epoch)'
const FREE = 'holder.p = :nobody AND size(waiters) = :zero'
export const HELD_BY_OTHER = 'holder.p <> :nobody AND holder.p <> :p'
const HELD_BY_SEEN = 'holder = :seen AND epoch = :epoch'
const HELD_BY = 'holder.p = :p AND epoch = :epoch'
export const NOBODY_WAITS = 'size(waiters) = :zero'
export const SOMEBODY_WAITS = 'size(waiters) > :zero'
/** The first in the list is next: all waiters are of one principal. */
const IN_LINE = '(attribute_not_exists(mixed) OR size(waiters) <= :one)'

/** For the metric of waits: a write that clears `askedAt` returns it so, and needs no read before. */
const WAS_ASKED = 'wasAskedAt = if_not_exists(askedAt, :zero)'

const NONE = { L: [] }
export const ZERO = num(0)
const ONE = num(1)

export const markOf = ({ m = '' }: Seat): AttributeValue => str(m)
/** The seat of a process of the record's own principal. */
export const unmarked = ({ p, r }: Seat): AttributeValue => seatValue({ p, r })

const farAhead = (nowMs: number) => ttlSeconds(nowMs + LOCK_TTL_MS)

/** Beyond 2^53 an epoch could not rise any more, and two grants would look alike. */
function epochValue(epoch: number): AttributeValue {
  invariant(Number.isSafeInteger(epoch) && epoch >= 1, 'an epoch is a whole number that is exact, from 1')
  return num(epoch)
}

export const onLock = (session: SessionKey) => ({ table: 'locks', key: lockKey(session), returns: 'new' }) as const

/** Takes a free or a new lock: epoch + 1. A new record starts above the clock, so that no epoch is ever used twice. */
export const grant = (session: SessionKey, me: Seat, nowMs: number): Update => ({
  ...onLock(session),
  condition: `${NEW} OR (${FREE})`,
  update:
    'SET epoch = if_not_exists(epoch, :now) + :one, holder = :me, mark = :mark, ' +
    'waiters = if_not_exists(waiters, :none), #schema = :schema, expiresAt = :far REMOVE askedAt, busyUntil',
  names: { '#schema': 'schema' },
  values: {
    ':nobody': str(NOBODY.p),
    ':zero': ZERO,
    ':now': num(nowMs),
    ':one': ONE,
    ':me': unmarked(me),
    ':mark': markOf(me),
    ':none': NONE,
    ':schema': num(SCHEMA_VERSION),
    ':far': farAhead(nowMs),
  },
})

/** Takes a free or a new lock whose record fell behind the primary state: its epoch starts above the fence. */
export const grantAbove = (
  session: SessionKey,
  me: Seat,
  { above, nowMs }: { readonly above: number; readonly nowMs: number },
): Update => ({
  ...onLock(session),
  condition: `${NEW} OR (${FREE} AND epoch < :start)`,
  update:
    'SET epoch = :start, holder = :me, mark = :mark, waiters = :none, #schema = :schema, expiresAt = :far ' +
    'REMOVE askedAt, busyUntil',
  names: { '#schema': 'schema' },
  values: {
    ':nobody': str(NOBODY.p),
    ':zero': ZERO,
    ':start': epochValue(Math.max(nowMs, above) + 1),
    ':me': unmarked(me),
    ':mark': markOf(me),
    ':none': NONE,
    ':schema': num(SCHEMA_VERSION),
    ':far': farAhead(nowMs),
  },
})

/** The same place for a newer request: a process has one principal, so its mark stays. */
const renewed = (seen: Seat, { p, r }: Seat): AttributeValue => seatValue({ ...seen, p, r })

/** A holder's newer request, and the one on record with its epoch. */
interface Again {
  readonly me: Seat
  readonly seen: Seat
  readonly epoch: number
  readonly nowMs: number
}

/** Grants anew to a holder that lost track of its lock, while nobody waits: it may not overtake a queue. */
export const regrant = (session: SessionKey, { me, seen, epoch, nowMs }: Again): Update => ({
  ...onLock(session),
  condition: `${HELD_BY_SEEN} AND ${NOBODY_WAITS}`,
  update: 'SET epoch = epoch + :one, holder = :me, expiresAt = :far REMOVE askedAt, busyUntil',
  values: {
    ':seen': seatValue(seen),
    ':epoch': num(epoch),
    ':zero': ZERO,
    ':one': ONE,
    ':me': renewed(seen, me),
    ':far': farAhead(nowMs),
  },
})

/**
 * Lifts a holder's epoch above the fence that refused its claim, in place. Waiters keep their places, and the time that
 * they have waited counts.
 */
export const raise = (
  session: SessionKey,
  { me, seen, epoch, above, nowMs }: Again & { readonly above: number },
): Update => ({
  ...onLock(session),
  condition: HELD_BY_SEEN,
  update: 'SET epoch = :start, holder = :me, expiresAt = :far REMOVE busyUntil',
  values: {
    ':seen': seatValue(seen),
    ':epoch': num(epoch),
    ':start': epochValue(above + 1),
    ':me': renewed(seen, me),
    ':far': farAhead(nowMs),
  },
})

/** A place in the queue, as expressions name it. */
export function waiterAt(index: number): string {
  invariant(Number.isInteger(index) && index >= 0 && index < WAITERS_MAX, 'a place in the queue is within its bounds')
  return `waiters[${index}]`
}

/** Gives a process's place in the queue to its newer request. */
export const replaceWaiter = (
  session: SessionKey,
  { me, seen, index }: { readonly me: Seat; readonly seen: Seat; readonly index: number },
): Update => ({
  ...onLock(session),
  condition: `${waiterAt(index)} = :seen`,
  update: `SET ${waiterAt(index)} = :me`,
  values: { ':seen': seatValue(seen), ':me': renewed(seen, me) },
})

/** Takes a waiter out, on condition that it still stands there. When the queue empties, so does the ask. */
export const dequeue = (
  session: SessionKey,
  { seen, index, isLast }: { readonly seen: Seat; readonly index: number; readonly isLast: boolean },
): Update => ({
  ...onLock(session),
  condition: `${waiterAt(index)} = :seen AND size(waiters) ${isLast ? '=' : '>'} :one`,
  update: `REMOVE ${waiterAt(index)}${isLast ? ', askedAt' : ''}`,
  values: { ':seen': seatValue(seen), ':one': ONE },
})

/** Dates the ask of the present holder where a handoff cleared it. */
export const ask = (
  session: SessionKey,
  { epoch, nowMs }: { readonly epoch: number; readonly nowMs: number },
): Update => ({
  ...onLock(session),
  condition: `epoch = :epoch AND holder.p <> :nobody AND ${SOMEBODY_WAITS} AND attribute_not_exists(askedAt)`,
  update: 'SET askedAt = :now',
  values: { ':epoch': num(epoch), ':nobody': str(NOBODY.p), ':zero': ZERO, ':now': num(nowMs) },
})

/**
 * Release and reclaim alike: from its holder under its epoch to the first waiter, or to nobody, in one write. It is
 * refused where principals take turns: then the record says who is next.
 */
export const handOver = (
  session: SessionKey,
  { holder, epoch, nowMs }: Holder & { readonly nowMs: number },
): Update => ({
  ...onLock(session),
  condition: `${HELD_BY} AND ${IN_LINE}`,
  update:
    `SET holder = if_not_exists(waiters[0], :free), epoch = epoch + :one, ${WAS_ASKED}, expiresAt = :far ` +
    'REMOVE waiters[0], askedAt, busyUntil',
  values: {
    ':p': str(holder),
    ':epoch': num(epoch),
    ':free': seatValue(NOBODY),
    ':zero': ZERO,
    ':one': ONE,
    ':far': farAhead(nowMs),
  },
})

/** The same where principals take turns: to the waiter whose turn it is, if it still stands there. */
export const handOverTo = (
  session: SessionKey,
  {
    holder,
    epoch,
    next,
    index,
    nowMs,
  }: Holder & { readonly next: Seat; readonly index: number; readonly nowMs: number },
): Update => ({
  ...onLock(session),
  condition: `${HELD_BY} AND ${waiterAt(index)} = :next`,
  update:
    `SET holder = :next, epoch = epoch + :one, ${WAS_ASKED}, expiresAt = :far ` +
    `REMOVE ${waiterAt(index)}, askedAt, busyUntil`,
  values: {
    ':p': str(holder),
    ':epoch': num(epoch),
    ':next': seatValue(next),
    ':zero': ZERO,
    ':one': ONE,
    ':far': farAhead(nowMs),
  },
})

/** Gives a busy holder its time, once per epoch: resends extend nothing. */
export const busy = (
  session: SessionKey,
  { holder, epoch, untilMs }: Holder & { readonly untilMs: number },
): Update => ({
  ...onLock(session),
  condition: `${HELD_BY} AND attribute_not_exists(busyUntil)`,
  update: 'SET busyUntil = :until',
  values: { ':p': str(holder), ':epoch': num(epoch), ':until': num(untilMs) },
})

/** Keeps a long-held record from TTL. */
export const keep = (session: SessionKey, { holder, epoch, nowMs }: Holder & { readonly nowMs: number }): Update => ({
  ...onLock(session),
  condition: HELD_BY,
  update: 'SET expiresAt = :far',
  values: { ':p': str(holder), ':epoch': num(epoch), ':far': farAhead(nowMs) },
})
