import { invariant } from '../assert.js'
import { type AttributeValue, num, str, ttlSeconds, type Update } from '../dynamodb.js'
import { lockKey, type SessionKey } from '../keys.js'
import { LOCK_TTL_MS, SCHEMA_VERSION, WAITERS_MAX } from '../limits.js'
import { type Holder, NOBODY, type Seat, seatValue } from './record.js'

/**
 * Every write to a lock record: one function each, each ONE conditional UpdateItem. They keep these rules:
 * a free lock has no waiters; the epoch rises with every change of the holder; no process is queued twice, nor
 * behind itself.
 */

const NEW = 'attribute_not_exists(epoch)'
const FREE = 'holder.p = :nobody AND size(waiters) = :zero'
const HELD_BY_OTHER = 'holder.p <> :nobody AND holder.p <> :p'
const HELD_BY_SEEN = 'holder = :seen AND epoch = :epoch'
const HELD_BY = 'holder.p = :p AND epoch = :epoch'
const NOBODY_WAITS = 'size(waiters) = :zero'
const SOMEBODY_WAITS = 'size(waiters) > :zero'

const NONE = { L: [] }
const ZERO = num(0)
const ONE = num(1)

const farAhead = (nowMs: number) => ttlSeconds(nowMs + LOCK_TTL_MS)

/** Beyond 2^53 an epoch could not rise any more, and two grants would look alike. */
function epochValue(epoch: number): AttributeValue {
  invariant(Number.isSafeInteger(epoch) && epoch >= 1, 'an epoch is a whole number that is exact, from 1')
  return num(epoch)
}

const onLock = (session: SessionKey) => ({ table: 'locks', key: lockKey(session), returns: 'new' }) as const

/** Takes a free or a new lock: epoch + 1. A new record starts above the clock, so that no epoch is ever used twice. */
export const grant = (session: SessionKey, me: Seat, nowMs: number): Update => ({
  ...onLock(session),
  condition: `${NEW} OR (${FREE})`,
  update:
    'SET epoch = if_not_exists(epoch, :now) + :one, holder = :me, waiters = if_not_exists(waiters, :none), ' +
    '#schema = :schema, expiresAt = :far REMOVE askedAt, busyUntil',
  names: { '#schema': 'schema' },
  values: {
    ':nobody': str(NOBODY.p),
    ':zero': ZERO,
    ':now': num(nowMs),
    ':one': ONE,
    ':me': seatValue(me),
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
    'SET epoch = :start, holder = :me, waiters = :none, #schema = :schema, expiresAt = :far REMOVE askedAt, busyUntil',
  names: { '#schema': 'schema' },
  values: {
    ':nobody': str(NOBODY.p),
    ':zero': ZERO,
    ':start': epochValue(Math.max(nowMs, above) + 1),
    ':me': seatValue(me),
    ':none': NONE,
    ':schema': num(SCHEMA_VERSION),
    ':far': farAhead(nowMs),
  },
})

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
    ':me': seatValue(me),
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
    ':me': seatValue(me),
    ':far': farAhead(nowMs),
  },
})

/** Queues the first waiter. The ask starts afresh: an older one was meant for an earlier wait. */
export const enqueueFirst = (session: SessionKey, me: Seat, nowMs: number): Update => ({
  ...onLock(session),
  condition: `${HELD_BY_OTHER} AND ${NOBODY_WAITS}`,
  update: 'SET waiters = :mine, askedAt = :now',
  values: {
    ':nobody': str(NOBODY.p),
    ':p': str(me.p),
    ':zero': ZERO,
    ':mine': { L: [seatValue(me)] },
    ':now': num(nowMs),
  },
})

/** A place in the queue, as expressions name it. */
function waiterAt(index: number): string {
  invariant(Number.isInteger(index) && index >= 0 && index < WAITERS_MAX, 'a place in the queue is within its bounds')
  return `waiters[${index}]`
}

/** An empty place differs from every process, so this holds for a list of any length. */
const NOT_QUEUED = Array.from({ length: WAITERS_MAX }, (_, index) => `waiters[${index}].p <> :p`).join(' AND ')

/** Queues behind others. A process stands in the queue once, under any r: replaceWaiter puts its newer request there. */
export const enqueueBehind = (session: SessionKey, me: Seat, nowMs: number): Update => ({
  ...onLock(session),
  condition: `${HELD_BY_OTHER} AND ${SOMEBODY_WAITS} AND size(waiters) < :max AND ${NOT_QUEUED}`,
  update: 'SET waiters = list_append(waiters, :mine), askedAt = if_not_exists(askedAt, :now)',
  values: {
    ':nobody': str(NOBODY.p),
    ':p': str(me.p),
    ':zero': ZERO,
    ':max': num(WAITERS_MAX),
    ':mine': { L: [seatValue(me)] },
    ':now': num(nowMs),
  },
})

/** Gives a process's place in the queue to its newer request. */
export const replaceWaiter = (
  session: SessionKey,
  { me, seen, index }: { readonly me: Seat; readonly seen: Seat; readonly index: number },
): Update => ({
  ...onLock(session),
  condition: `${waiterAt(index)} = :seen`,
  update: `SET ${waiterAt(index)} = :me`,
  values: { ':seen': seatValue(seen), ':me': seatValue(me) },
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

/** Release and reclaim alike: from its holder under its epoch to the first waiter, or to nobody, in one write. */
export const handOver = (
  session: SessionKey,
  { holder, epoch, nowMs }: Holder & { readonly nowMs: number },
): Update => ({
  ...onLock(session),
  condition: HELD_BY,
  update:
    'SET holder = if_not_exists(waiters[0], :free), epoch = epoch + :one, expiresAt = :far ' +
    'REMOVE waiters[0], askedAt, busyUntil',
  values: {
    ':p': str(holder),
    ':epoch': num(epoch),
    ':free': seatValue(NOBODY),
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
