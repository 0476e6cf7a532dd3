import { type AttributeValue, num, str, type Update } from '../dynamodb.js'
import type { SessionKey } from '../keys.js'
import { WAITERS_MAX } from '../limits.js'
import type { Join } from './queue.js'
import { NOBODY, type Seat, seatValue } from './record.js'
import { HELD_BY_OTHER, markOf, NOBODY_WAITS, onLock, SOMEBODY_WAITS, unmarked, waiterAt, ZERO } from './writes.js'

/** The writes by which a request joins the queue of a lock, each ONE conditional UpdateItem, by the rules of writes.ts. */

const YES: AttributeValue = { BOOL: true }

/** An empty place differs from every process, so this holds for a list of any length. */
const NOT_QUEUED = Array.from({ length: WAITERS_MAX }, (_, index) => `waiters[${index}].p <> :p`).join(' AND ')

/** A guest is of another principal than the record's, and its seat names it. Who is one may change until the write. */
const waiterSeat = (me: Seat, isGuest: boolean) => ({
  value: isGuest ? seatValue(me) : unmarked(me),
  isOf: isGuest ? 'mark <> :mark' : 'mark = :mark',
})

type JoinBy<How extends Join['how']> = Omit<Extract<Join, { readonly how: How }>, 'how'> & { readonly nowMs: number }

/** Queues a request on a lock that another process holds. */
export function join(session: SessionKey, me: Seat, how: Join & { readonly nowMs: number }): Update {
  if (how.how === 'first') return enqueueFirst(session, me, how)
  return how.how === 'behind' ? enqueueBehind(session, me, how) : displace(session, me, how)
}

/** Queues the first waiter. The ask starts afresh: an older one was meant for an earlier wait. */
export function enqueueFirst(session: SessionKey, me: Seat, { isGuest, nowMs }: JoinBy<'first'>): Update {
  const seat = waiterSeat(me, isGuest)
  return {
    ...onLock(session),
    condition: `${HELD_BY_OTHER} AND ${NOBODY_WAITS} AND ${seat.isOf}`,
    update: 'SET waiters = :mine, askedAt = :now REMOVE mixed',
    values: {
      ':nobody': str(NOBODY.p),
      ':p': str(me.p),
      ':zero': ZERO,
      ':mine': { L: [seat.value] },
      ':now': num(nowMs),
      ':mark': markOf(me),
    },
  }
}

/** Queues behind others. A process stands in the queue once, under any r: replaceWaiter puts its newer request there. */
export function enqueueBehind(
  session: SessionKey,
  me: Seat,
  { isGuest, isMixed, waitersMax, nowMs }: JoinBy<'behind'>,
): Update {
  const seat = waiterSeat(me, isGuest)
  // The first waiter's principal is that of all, as long as each one that joins has it, too.
  const likeFirst = isGuest ? ' AND waiters[0].m = :mark' : ' AND attribute_not_exists(waiters[0].m)'
  return {
    ...onLock(session),
    condition:
      `${HELD_BY_OTHER} AND ${SOMEBODY_WAITS} AND size(waiters) < :max AND ${NOT_QUEUED}` +
      ` AND ${seat.isOf}${isMixed ? '' : likeFirst}`,
    update:
      'SET waiters = list_append(waiters, :mine), askedAt = if_not_exists(askedAt, :now)' +
      (isMixed ? ', mixed = :yes' : ''),
    values: {
      ':nobody': str(NOBODY.p),
      ':p': str(me.p),
      ':zero': ZERO,
      ':max': num(waitersMax),
      ':mine': { L: [seat.value] },
      ':now': num(nowMs),
      ...(isMixed ? { ':yes': YES } : {}),
      ':mark': markOf(me),
    },
  }
}

/**
 * Takes a place from the principal that has the most. Who loses it may ask anew meanwhile, which changes nothing. The last
 * waiter is still the last one, so nobody has joined or left since.
 */
export function displace(session: SessionKey, me: Seat, { isGuest, moves, last, nowMs }: JoinBy<'displace'>): Update {
  const seat = waiterSeat(me, isGuest)
  const movesUp = moves.slice(1)
  const asSeen = [
    'size(waiters) = :size',
    `${waiterAt(last.index)}.p = :last`,
    ...moves.slice(0, 1).map(({ index }) => `${waiterAt(index)}.p = :displaced`),
    ...movesUp.map(({ index }, order) => `${waiterAt(index)} = :from${order}`),
  ]
  const placed = moves.map(({ index }, order) => `${waiterAt(index)} = :to${order}`)
  return {
    ...onLock(session),
    condition: [HELD_BY_OTHER, seat.isOf, NOT_QUEUED, ...asSeen].join(' AND '),
    update: `SET ${placed.join(', ')}, mixed = :yes, askedAt = if_not_exists(askedAt, :now)`,
    values: {
      ':nobody': str(NOBODY.p),
      ':p': str(me.p),
      ':now': num(nowMs),
      ':yes': YES,
      ':mark': markOf(me),
      ':size': num(last.index + 1),
      ':last': str(last.p),
      ...Object.fromEntries(moves.slice(0, 1).map(({ from }) => [':displaced', str(from.p)])),
      ...Object.fromEntries(movesUp.map(({ from }, order) => [`:from${order}`, seatValue(from)])),
      ...Object.fromEntries(moves.map(({ to }, order) => [`:to${order}`, seatValue(to)])),
    },
  }
}
