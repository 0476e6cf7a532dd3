import { type LockRecord, readLock } from '../../../protocol/lock/record.js'
import { decideNextHolder, holderToTell, isFollowed, releasedMessage } from '../../../protocol/lock/release.js'
import { type ProcessRecord, readProcess } from '../../../protocol/process/record.js'
import { compileTiming } from '../../../protocol/timing.js'
import { ANNA, BERT, type LockFields, lockItem, NOW, processItem, SESSION, seat } from '../../store/fixtures.js'

const timing = compileTiming()
const lock = (fields: LockFields): LockRecord => readLock(lockItem(fields)) as LockRecord
const process = (leaseUntil: number): ProcessRecord => readProcess(processItem({ leaseUntil })) as ProcessRecord
const [anna, bert] = [seat(ANNA, 2), seat(BERT, 3)]

describe('a release', () => {
  test('is followed by the very next epoch, for any holder, and by no other', () => {
    expect(isFollowed(lock({ epoch: 8, holder: bert }), 7)).toBe(true)
    expect(isFollowed(lock({ epoch: 8 }), 7)).toBe(true)
    for (const epoch of [6, 7, 9]) expect(isFollowed(lock({ epoch, holder: bert }), 7)).toBe(false)
    expect(isFollowed(undefined, 7)).toBe(false)
  })

  test('is answered with the next grant where the releaser itself is next', () => {
    const released = { type: 'released', session: SESSION, epoch: 7 }
    const answer = (found: LockRecord | undefined) =>
      releasedMessage({ session: SESSION, epoch: 7, releaser: ANNA, lock: found })
    const next = { r: 2, epoch: 8, contended: false }
    expect(answer(lock({ epoch: 8, holder: anna }))).toEqual({ ...released, next })
    const waited = lock({ epoch: 8, holder: anna, waiters: [bert] })
    expect(answer(waited)).toEqual({ ...released, next: { ...next, contended: true } })
    for (const other of [lock({ epoch: 8 }), undefined]) expect(answer(other)).toEqual(released)
  })

  test('is answered with the waiters for another next holder', () => {
    const answer = (fields: LockFields) =>
      releasedMessage({ session: SESSION, epoch: 7, releaser: ANNA, lock: lock({ epoch: 8, holder: bert, ...fields }) })
    expect(answer({})).toEqual({ type: 'released', session: SESSION, epoch: 7, waiters: 0 })
    expect(answer({ waiters: [anna] })).toEqual({ type: 'released', session: SESSION, epoch: 7, waiters: 1 })
  })
})

describe('the next holder', () => {
  test('is told by a push, unless it sent the message at hand', () => {
    const held = lock({ holder: anna, waiters: [bert] })
    expect(holderToTell(held, BERT)).toEqual(anna)
    expect(holderToTell(held, ANNA)).toBeUndefined()
    expect(holderToTell(lock({}), ANNA)).toBeUndefined()
    expect(holderToTell(undefined, ANNA)).toBeUndefined()
  })

  test('is skipped once its lease is over beyond doubt, or its record is gone', () => {
    const decide = (found: ProcessRecord | undefined) => decideNextHolder(found, { timing, nowMs: NOW })
    const alive = process(NOW - timing.storeMarginMs)
    expect(decide(alive)).toEqual({ kind: 'tell', process: alive })
    expect(decide(process(NOW - timing.storeMarginMs - 1))).toEqual({ kind: 'skip' })
    expect(decide(undefined)).toEqual({ kind: 'skip' })
  })
})
