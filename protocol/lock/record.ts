import type { AttributeValue, Item } from '../dynamodb.js'
import { LOCK_TTL_MS } from '../limits.js'
import { CorruptRecordError, checkSchema, flag, map, number, optional, string } from '../record-fields.js'

/**
 * One place at a lock: a process and the number of its request. `m` is the mark of the process's principal; in a record
 * it is left out where it is that of the record.
 */
export interface Seat {
  readonly p: string
  readonly r: number
  readonly m?: string
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
  /** `askedAt` before the last handoff; 0 where nobody had asked. No decision depends on it. */
  readonly wasAskedAt?: number | undefined
  /** Until when the present holder, having said busy, may go on. */
  readonly busyUntil: number | undefined
  /** The mark of seats without one of their own: of the principal that took the free lock last. */
  readonly mark: string | undefined
  /** The queue may be of several principals. Where this is not set, it is of one. */
  readonly isMixed: boolean
}

function seat(value: AttributeValue | undefined, name: string): Seat {
  const fields = map(value, name)
  const read = { p: string(fields, 'p'), r: number(fields, 'r') }
  return fields.m === undefined ? read : { ...read, m: string(fields, 'm') }
}

/** In the table a free lock has the holder {p: ''}, so that one UpdateItem can hand over or free. */
export const NOBODY: Seat = { p: '', r: 0 }

export const seatValue = ({ p, r, m }: Seat): AttributeValue => ({
  M: { p: { S: p }, r: { N: String(r) }, ...(m === undefined ? {} : { m: { S: m } }) },
})

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
    wasAskedAt: optional(item, 'wasAskedAt'),
    busyUntil: optional(item, 'busyUntil'),
    mark: item.mark === undefined ? undefined : string(item, 'mark'),
    isMixed: flag(item, 'mixed'),
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

/**
 * When a lock was granted or released last, by the TTL of its record: exact to a second. Of a hold that goes on for days it
 * is the last daily `keep`.
 */
export const lastChangeMs = (item: Item): number => number(item, 'expiresAt') * 1_000 - LOCK_TTL_MS
