import { num, str } from '../../../protocol/dynamodb.js'
import { readLock } from '../../../protocol/lock/record.js'
import { CorruptRecordError } from '../../../protocol/record-fields.js'
import { ANNA, BERT, CLEO, lockItem, MARK, seat } from '../../store/fixtures.js'
import { expectFields, expectOptional, expectSchema } from '../damaged-fields.js'

describe('a lock record', () => {
  const item = lockItem({ epoch: 9, holder: seat(ANNA, 2), waiters: [seat(BERT, 3)], askedAt: 4, busyUntil: 5 })

  test('reads as it was written', () => {
    expect(readLock(item)).toEqual({
      epoch: 9,
      holder: seat(ANNA, 2),
      waiters: [seat(BERT, 3)],
      askedAt: 4,
      busyUntil: 5,
      mark: MARK,
      isMixed: false,
    })
  })

  test('that nobody holds has no holder', () => {
    expect(readLock(lockItem({ epoch: 9 }))).toEqual({
      epoch: 9,
      holder: undefined,
      waiters: [],
      askedAt: undefined,
      busyUntil: undefined,
      mark: MARK,
      isMixed: false,
    })
  })

  test('of several principals says so, and whose seats are of another one', () => {
    const mixed = lockItem({ holder: seat(ANNA, 2), waiters: [seat(BERT, 3, 'other1')], isMixed: true })
    expect(readLock(mixed)).toMatchObject({ waiters: [{ p: BERT, r: 3, m: 'other1' }], isMixed: true })
    const { mark: _, ...older } = lockItem({ holder: seat(ANNA, 2) })
    expect(readLock(older)).toMatchObject({ holder: { p: ANNA, r: 2 }, mark: undefined, isMixed: false })
    expect(() => readLock({ ...mixed, mark: num(1) })).toThrow(CorruptRecordError)
    expect(() => readLock({ ...mixed, mixed: str('yes') })).toThrow(CorruptRecordError)
  })

  test('with a field missing or of another kind is refused', () => {
    expectFields(readLock, item, { epoch: 'N', holder: 'M', waiters: 'L' })
    expectOptional(readLock, item, 'askedAt')
    expectOptional(readLock, item, 'busyUntil')
  })

  test('with a seat that is none is refused', () => {
    for (const wrong of [
      str('anna'),
      { M: { p: str('anna') } },
      { M: { r: num(1) } },
      { M: { p: num(1), r: num(1) } },
    ]) {
      expect(() => readLock({ ...item, holder: wrong })).toThrow(CorruptRecordError)
      expect(() => readLock({ ...item, waiters: { L: [wrong] } })).toThrow(CorruptRecordError)
    }
  })

  test('that processes wait for while nobody holds it is refused', () => {
    expect(() => readLock(lockItem({ waiters: [seat(ANNA, 1)] }))).toThrow(CorruptRecordError)
  })

  test('at which a process stands twice is refused, and none is named', () => {
    const [holder, cleo] = [seat(ANNA, 2), seat(CLEO, 1)]
    for (const waiters of [
      [seat(ANNA, 3)],
      [cleo, holder],
      [seat(BERT, 1), seat(BERT, 1)],
      [seat(BERT, 1), cleo, seat(BERT, 2)],
    ]) {
      const read = () => readLock(lockItem({ holder, waiters }))
      expect(read).toThrow(CorruptRecordError)
      expect(read).toThrow('a process stands at the lock twice')
    }
    const waiters = [cleo, seat(BERT, 1)]
    expect(readLock(lockItem({ holder, waiters }))).toMatchObject({ holder, waiters })
  })

  test('of another schema is refused, whatever it holds', () => {
    expectSchema(readLock, lockItem({}))
  })

  test('that is not there reads as nothing', () => {
    expect(readLock(undefined)).toBeUndefined()
  })
})
