import { ASKS_MAX } from '../../../protocol/limits.js'
import { decideHolder, isHeldBy, isLeaseOver, isPushEnough } from '../../../protocol/lock/holder.js'
import { type LockRecord, readLock } from '../../../protocol/lock/record.js'
import { type ProcessRecord, readProcess } from '../../../protocol/process/record.js'
import { compileTiming } from '../../../protocol/timing.js'
import {
  ANNA,
  BERT,
  type LockFields,
  lockItem,
  NOW,
  OTHER_SESSION,
  type ProcessFields,
  processItem,
  SESSION,
  seat,
} from '../../store/fixtures.js'

const timing = compileTiming()
const lock = (fields: LockFields): LockRecord => readLock(lockItem(fields)) as LockRecord
const process = (fields: ProcessFields = {}): ProcessRecord => readProcess(processItem(fields)) as ProcessRecord
const [anna, bert] = [seat(ANNA, 2), seat(BERT, 2)]

describe('a holder', () => {
  test('is known by its process and its epoch, both', () => {
    const held = lock({ epoch: 7, holder: anna, waiters: [bert] })
    expect(isHeldBy(held, { holder: ANNA, epoch: 7 })).toBe(true)
    expect(isHeldBy(held, { holder: BERT, epoch: 7 })).toBe(false)
    expect(isHeldBy(held, { holder: ANNA, epoch: 6 })).toBe(false)
    expect(isHeldBy(held, { holder: ANNA, epoch: 8 })).toBe(false)
  })

  test('of a lock that is free, or that there is not, is nobody', () => {
    expect(isHeldBy(undefined, { holder: ANNA, epoch: 7 })).toBe(false)
    expect(isHeldBy(lock({ epoch: 7 }), { holder: ANNA, epoch: 7 })).toBe(false)
  })
})

describe('a lease', () => {
  test('is over for the store once its margin has passed as well', () => {
    const last = NOW - timing.storeMarginMs
    expect(isLeaseOver(process({ leaseUntil: last }), timing, NOW)).toBe(false)
    expect(isLeaseOver(process({ leaseUntil: last - 1 }), timing, NOW)).toBe(true)
  })
})

describe('a holder for whom somebody waits', () => {
  const held: LockFields = { holder: anna, waiters: [bert], askedAt: NOW }
  const decide = (fields: LockFields, holder: ProcessRecord | undefined, nudged = true) =>
    decideHolder({ session: SESSION, lock: lock(fields), process: holder, nudged }, { timing, nowMs: NOW })
  const deafSince = NOW - timing.answerTimeoutMs - 1
  const noted = { asks: { [SESSION]: { epoch: 7, at: deafSince } } }

  test('needs no more than a push at the first ask, unless it is busy', () => {
    expect(isPushEnough({ lock: lock(held), nudged: false })).toBe(true)
    expect(isPushEnough({ lock: lock(held), nudged: true })).toBe(false)
    expect(isPushEnough({ lock: lock({ ...held, busyUntil: NOW + 1 }), nudged: false })).toBe(false)
  })

  test('is reclaimed from, untold, when its lease is over or its process is gone', () => {
    const reclaim = { kind: 'reclaim', tellHolder: false }
    expect(decide(held, undefined)).toEqual(reclaim)
    expect(decide(held, process({ leaseUntil: 0 }), false)).toEqual(reclaim)
    expect(decide({ ...held, busyUntil: 1 }, process({ leaseUntil: 0 }))).toEqual(reclaim)
  })

  test('is reclaimed from, and told, when its time for being busy has passed, plus the margin', () => {
    const last = NOW - timing.storeMarginMs
    expect(decide({ ...held, busyUntil: last }, process())).toMatchObject({ kind: 'revoke' })
    expect(decide({ ...held, busyUntil: last - 1 }, process())).toEqual({ kind: 'reclaim', tellHolder: true })
    expect(decide({ ...held, busyUntil: last - 1 }, process(), false)).toEqual({ kind: 'reclaim', tellHolder: true })
  })

  test('is only sent a revoke by a fresh acquire: nothing more is written', () => {
    const revoke = { kind: 'revoke', dateAsk: false, note: undefined, evict: false }
    expect(decide(held, process(), false)).toEqual(revoke)
    expect(decide({ ...held, askedAt: deafSince }, process({ ...noted, renewedAt: NOW }), false)).toEqual(revoke)
  })

  test('▸ is dated by a nudge where a handoff has cleared the ask', () => {
    const { askedAt: _, ...undated } = held
    expect(decide(undated, process())).toMatchObject({ kind: 'revoke', dateAsk: true })
    expect(decide(held, process())).toMatchObject({ kind: 'revoke', dateAsk: false })
    expect(decide(undated, process(), false)).toMatchObject({ kind: 'revoke', dateAsk: false })
  })

  test('▸ finds the ask in its process record from the first nudge on, once per epoch', () => {
    expect(decide(held, process())).toMatchObject({ note: 'ask' })
    expect(decide(held, process(noted))).toMatchObject({ note: undefined })
    expect(decide(held, process({ asks: { [SESSION]: { epoch: 6, at: 1 } } }))).toMatchObject({ note: 'ask' })
    expect(decide(held, process({ asks: { [OTHER_SESSION]: { epoch: 7, at: 1 } } }))).toMatchObject({ note: 'ask' })
  })

  test('finds asks by their number only where its record has no room, and those of another epoch in their place', () => {
    const others = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`${OTHER_SESSION}${index}`, { epoch: 7, at: 1 }]))
    expect(decide(held, process({ asks: others(ASKS_MAX - 1) }))).toMatchObject({ note: 'ask' })
    expect(decide(held, process({ asks: others(ASKS_MAX) }))).toMatchObject({ note: 'more' })
    expect(decide(held, process({ asks: others(ASKS_MAX) }), false)).toMatchObject({ note: undefined })
    expect(decide(held, process({ asks: others(ASKS_MAX), evictedAt: NOW }))).toMatchObject({ note: undefined })
    const withOwn = (epoch: number) => process({ asks: { ...others(ASKS_MAX - 1), [SESSION]: { epoch, at: 1 } } })
    expect(decide(held, withOwn(6))).toMatchObject({ note: 'ask' })
    expect(decide(held, withOwn(7))).toMatchObject({ note: undefined })
  })

  test('is evicted once it has renewed since the ask was noted and has not answered in time', () => {
    const late = { ...held, askedAt: deafSince }
    const renewed = (renewedAt: number) => process({ ...noted, renewedAt })
    const evict = { kind: 'revoke', dateAsk: false, note: undefined, evict: true }
    expect(decide(late, renewed(deafSince + 1))).toEqual(evict)
    expect(decide({ ...late, askedAt: deafSince + 1 }, renewed(deafSince + 1))).toMatchObject({ evict: false })
    expect(decide(late, renewed(deafSince))).toMatchObject({ evict: false })
    expect(decide(late, process({ renewedAt: NOW }))).toMatchObject({ evict: false })
    const ofEarlierEpoch = process({ asks: { [SESSION]: { epoch: 6, at: 1 } }, renewedAt: NOW })
    expect(decide(late, ofEarlierEpoch)).toMatchObject({ evict: false })
    const { askedAt: _, ...undated } = late
    expect(decide(undated, renewed(NOW))).toMatchObject({ evict: false })
  })

  test('is not evicted for an ask that it could hear of only just now, however long ago a waiter dated it', () => {
    const long = { ...held, askedAt: deafSince - timing.answerTimeoutMs }
    const heard = (at: number) => process({ asks: { [SESSION]: { epoch: 7, at } }, renewedAt: NOW })
    expect(decide(long, heard(deafSince))).toMatchObject({ evict: true })
    expect(decide(long, heard(deafSince + 1))).toMatchObject({ evict: false })
    expect(decide(long, heard(NOW - 1))).toMatchObject({ evict: false })
  })

  test('is not evicted for its silence while it is busy', () => {
    const busy = { ...held, askedAt: deafSince, busyUntil: NOW }
    expect(decide(busy, process({ ...noted, renewedAt: NOW }))).toMatchObject({ evict: false })
  })

  test('is neither evicted twice nor left asks that it can no longer be told of', () => {
    const late = { ...held, askedAt: deafSince }
    const evicted = { ...noted, renewedAt: NOW, evictedAt: NOW }
    expect(decide(late, process(evicted))).toMatchObject({ kind: 'revoke', evict: false })
    expect(decide(late, process({ evictedAt: NOW }))).toMatchObject({ kind: 'revoke', note: undefined })
  })

  test('is left no ask while it is busy: it has heard of it', () => {
    expect(decide({ ...held, busyUntil: NOW }, process())).toMatchObject({ kind: 'revoke', note: undefined })
  })
})
