import type { AttributeValue, Item } from '../dynamodb.js'
import { CorruptRecordError, checkSchema, map, number, optional, string } from '../record-fields.js'

/** One place at a lock: a process and the number of its request. */
export interface Seat {
  readonly p: string
  readonly r: number
}

/** The process that holds a lock, and its epoch. */
export interface Holder {
  readonly holder: string
  readonly epoch: number
}

export interface LockRecord {
  readonly epoch: number
  readonly holder: Seat | undefined
  readonly waiters: readonly Seat[]
  /** When the present holder was first asked to release. */
  readonly askedAt: number | undefined
  /** Until when the present holder, having said busy, may go on. */
  readonly busyUntil: number | undefined
}

function seat(value: AttributeValue | undefined, name: string): Seat {
  const fields = map(value, name)
  return { p: string(fields, 'p'), r: number(fields, 'r') }
}

/** In the table a free lock has the holder {p: ''}, so that one UpdateItem can hand over or free. */
export const NOBODY: Seat = { p: '', r: 0 }

export const seatValue = (s: Seat): AttributeValue => ({ M: { p: { S: s.p }, r: { N: String(s.r) } } })

export function readLock(item: Item | undefined): LockRecord | undefined {
  if (item === undefined) return undefined
  checkSchema(item)
  const holder = seat(item.holder, 'holder')
  const waiters = item.waiters
  if (waiters === undefined || !('L' in waiters)) throw new CorruptRecordError("'waiters' should be a list")
  const lock: LockRecord = {
    epoch: number(item, 'epoch'),
    holder: holder.p === NOBODY.p ? undefined : holder,
    waiters: waiters.L.map((waiter) => seat(waiter, 'waiters')),
    askedAt: optional(item, 'askedAt'),
    busyUntil: optional(item, 'busyUntil'),
  }
  if (lock.waiters.length > 0) checkQueue(lock)
  return lock
}

/**
 * No write of the protocol leaves such records behind. They are refused: a grant made from one might overtake a queue,
 * or go to a process that waits behind itself.
 */
function checkQueue({ holder, waiters }: LockRecord): void {
  if (holder === undefined) throw new CorruptRecordError('nobody holds the lock, and yet processes wait for it')
  const processes = new Set([holder.p])
  for (const { p } of waiters) processes.add(p)
  if (processes.size <= waiters.length) throw new CorruptRecordError('a process stands at the lock twice')
}
