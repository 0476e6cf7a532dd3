import { FRESH_WAITERS_MAX, WAITED_FIRST_MS, WAITERS_MAX } from '../limits.js'
import type { LockRecord, Seat } from './record.js'

/**
 * The queue of a lock: who may join it, and who is next. Principals take turns, and the processes of one principal are
 * served in the order of the list. All processes of one principal have the same mark.
 */

type Queue = Pick<LockRecord, 'waiters' | 'mark'>

/** A seat has a mark of its own where its process is of another principal than the record's `mark`. */
const markIn = ({ mark = '' }: Pick<Queue, 'mark'>, { m }: Seat): string => m ?? mark

function linesOf(lock: Queue): Map<string, Seat[]> {
  const lines = new Map<string, Seat[]>()
  for (const waiter of lock.waiters) {
    const mark = markIn(lock, waiter)
    const line = lines.get(mark)
    if (line === undefined) lines.set(mark, [waiter])
    else line.push(waiter)
  }
  return lines
}

/**
 * The waiters in the order in which they are served: in turn from each principal, in the order of their marks after that
 * of the holder. So while a principal waits, each other one is served once at most. The order depends on nothing but the
 * record: a waiter that leaves, or dies, changes nobody's turn.
 */
export function servedOrder(lock: Queue & Pick<LockRecord, 'holder'>): readonly Seat[] {
  const lines = linesOf(lock)
  if (lines.size <= 1) return lock.waiters
  const last = lock.holder === undefined ? '' : markIn(lock, lock.holder)
  const marks = [...lines.keys()].sort()
  const turns = [...marks.filter((mark) => mark > last), ...marks.filter((mark) => mark <= last)]
  const rounds = Math.max(...[...lines.values()].map(({ length }) => length))
  return Array.from({ length: rounds }, (_, round) => turns.flatMap((mark) => lines.get(mark)?.[round] ?? [])).flat()
}

/** Who gets the lock from its holder, and its place in the list. Undefined where nobody waits. */
export function nextIn(lock: LockRecord): { readonly next: Seat; readonly index: number } | undefined {
  const [next] = servedOrder(lock)
  return next === undefined ? undefined : { next, index: lock.waiters.indexOf(next) }
}

/** How a request joins the queue of a lock that another process holds. */
export type Join =
  | { readonly how: 'first'; readonly isGuest: boolean }
  /** `isMixed`: the queue is of several principals from then on. */
  | { readonly how: 'behind'; readonly isGuest: boolean; readonly isMixed: boolean; readonly waitersMax: number }
  /** The newest waiter of the principal with the most places loses its own. */
  | { readonly how: 'displace'; readonly isGuest: boolean; readonly moves: readonly Move[]; readonly last: Place }

interface Place {
  readonly index: number
  readonly p: string
}

/** One place in the list, and who stands there before and after. */
interface Move {
  readonly index: number
  readonly from: Seat
  readonly to: Seat
}

/** What a sender that knows nothing of the record supposes: its own principal holds, and there are places. */
export const supposedJoin = (waiters: number): Join =>
  waiters === 0
    ? { how: 'first', isGuest: false }
    : { how: 'behind', isGuest: false, isMixed: false, waitersMax: FRESH_WAITERS_MAX }

/**
 * The places that a request may use. The last ones are for those that have found the queue full before, one more with
 * each doubling of the time since: so those that have waited for longer get in first.
 */
const waitersMaxAfter = (waitedMs: number | undefined): number =>
  waitedMs === undefined
    ? FRESH_WAITERS_MAX
    : Math.min(WAITERS_MAX, FRESH_WAITERS_MAX + 33 - Math.clz32(Math.max(0, waitedMs) / WAITED_FIRST_MS))

/** Where the request of `me` joins the queue. Undefined where there is no place for it now. */
export function planJoin(lock: LockRecord, me: Seat, waitedMs: number | undefined): Join | undefined {
  const { waiters } = lock
  const mine = me.m ?? ''
  const isGuest = lock.mark !== mine
  const [first] = waiters
  const last = waiters.at(-1)
  if (first === undefined || last === undefined) return { how: 'first', isGuest }
  const waitersMax = waitersMaxAfter(waitedMs)
  if (waiters.length < waitersMax) return { how: 'behind', isGuest, isMixed: markIn(lock, first) !== mine, waitersMax }
  const moves = planMoves(lock, isGuest ? me : { p: me.p, r: me.r }, mine)
  return moves && { how: 'displace', isGuest, moves, last: { index: waiters.length - 1, p: last.p } }
}

/**
 * A principal takes a place from the one that has the most, where that has at least two more than its own. So each of k
 * principals can always have a k-th of the places. Its own waiters behind that place move up, to keep their order.
 */
function planMoves(lock: LockRecord, me: Seat, mine: string): readonly Move[] | undefined {
  const { waiters } = lock
  const lines = linesOf(lock)
  const own = lines.get(mine) ?? []
  const longest = [...lines.values()].reduce((most, line) => (line.length > most.length ? line : most), own)
  const displaced = longest.at(-1)
  if (displaced === undefined || longest.length < own.length + 2) return undefined
  const place = waiters.indexOf(displaced)
  const behind = own.filter((waiter) => waiters.indexOf(waiter) > place)
  const before = [displaced, ...behind]
  return before.map((from, order) => ({ index: waiters.indexOf(from), from, to: behind[order] ?? me }))
}
