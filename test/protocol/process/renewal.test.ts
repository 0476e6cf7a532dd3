import { type ProcessRecord, readProcess } from '../../../protocol/process/record.js'
import { givenLeaseMs, isCovered, renewedMessage } from '../../../protocol/process/renewal.js'
import { compileTiming } from '../../../protocol/timing.js'
import { NOW, OTHER_SESSION, type ProcessFields, processItem, SESSION } from '../../store/fixtures.js'

const process = (fields: ProcessFields = {}): ProcessRecord => readProcess(processItem(fields)) as ProcessRecord

describe('a renewal', () => {
  test('is covered by a lease on record that lasts as long as it asks for, or longer', () => {
    expect(isCovered(process({ leaseUntil: NOW }), NOW)).toBe(true)
    expect(isCovered(process({ leaseUntil: NOW + 1 }), NOW)).toBe(true)
    expect(isCovered(process({ leaseUntil: NOW - 1 }), NOW)).toBe(false)
  })

  test('is never covered for a process that was evicted or is unknown', () => {
    expect(isCovered(process({ leaseUntil: NOW + 60_000, evictedAt: NOW }), NOW)).toBe(false)
    expect(isCovered(undefined, NOW)).toBe(false)
  })

  const timing = compileTiming({ leaseMs: 20_000 })
  const renewed = { n: 4, timing, incarnation: 7 }
  const answer = { type: 'renewed', n: 4, leaseMs: 20_000, timing, incarnation: '7', asks: [] }

  test('was given the lease on record, and counts on no more of it than by the timing of the function that answers', () => {
    const given = (leaseMs: number) => process({ renewedAt: NOW, leaseUntil: NOW + leaseMs })
    expect(givenLeaseMs(given(15_000), timing)).toBe(15_000)
    expect(givenLeaseMs(given(25_000), timing)).toBe(20_000)
  })

  test('brings every ask that is noted, without saying when it was noted', () => {
    expect(renewedMessage(process(), renewed)).toEqual(answer)
    const asks = { [SESSION]: { epoch: 7, at: 1 }, [OTHER_SESSION]: { epoch: 9, at: 2 } }
    expect(renewedMessage(process({ asks }), renewed)).toEqual({
      ...answer,
      asks: [
        { session: SESSION, epoch: 7 },
        { session: OTHER_SESSION, epoch: 9 },
      ],
    })
  })

  test('brings the number of the asks that found no room, where there were any', () => {
    expect(renewedMessage(process({ moreAsks: 3 }), renewed)).toEqual({ ...answer, more: 3 })
  })
})
