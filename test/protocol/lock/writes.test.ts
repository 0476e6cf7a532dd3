import { InternalError } from '../../../protocol/assert.js'
import { ABOVE_MAX, WAITERS_MAX } from '../../../protocol/limits.js'
import { dequeue, grantAbove, raise, replaceWaiter } from '../../../protocol/lock/writes.js'
import { ANNA, NOW, SESSION, seat } from '../../store/fixtures.js'

const me = seat(ANNA, 2)
const seen = seat(ANNA, 1)

/** The writes themselves are carried out in test/store/conformance, on both stores. */
describe('a write to a lock', () => {
  test('names no place beyond the queue', () => {
    for (const index of [-1, WAITERS_MAX, 0.5, Number.NaN]) {
      expect(() => replaceWaiter(SESSION, { me, seen, index })).toThrow(InternalError)
      expect(() => dequeue(SESSION, { seen, index, isLast: false })).toThrow('a place in the queue')
    }
    for (const index of [0, WAITERS_MAX - 1]) {
      expect(replaceWaiter(SESSION, { me, seen, index }).update).toBe(`SET waiters[${index}] = :me`)
      expect(dequeue(SESSION, { seen, index, isLast: false }).update).toBe(`REMOVE waiters[${index}]`)
    }
  })

  test('starts no epoch that is not exact', () => {
    const start = (above: number) => [
      () => grantAbove(SESSION, me, { above, nowMs: 0 }),
      () => raise(SESSION, { me, seen, epoch: 7, above, nowMs: NOW }),
    ]
    for (const above of [Number.MAX_SAFE_INTEGER, 0.5, Number.NaN]) {
      for (const write of start(above)) expect(write).toThrow('an epoch is a whole number')
    }
    for (const above of [0, ABOVE_MAX]) {
      for (const write of start(above)) expect(write().values[':start']).toEqual({ N: String(above + 1) })
    }
    expect(() => raise(SESSION, { me, seen, epoch: 7, above: -1, nowMs: NOW })).toThrow(InternalError)
  })
})
