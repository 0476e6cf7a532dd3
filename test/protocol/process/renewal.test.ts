import { type ProcessRecord, readProcess } from '../../../protocol/process/record.js'
import { isCovered, renewedMessage } from '../../../protocol/process/renewal.js'
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

  test('brings every ask that is noted, without saying when it was noted', () => {
    const renewed = { n: 4, leaseMs: 15_000, incarnation: 'first' }
    expect(renewedMessage(process(), renewed)).toEqual({ type: 'renewed', ...renewed, asks: [] })
    const asks = { [SESSION]: { epoch: 7, at: 1 }, [OTHER_SESSION]: { epoch: 9, at: 2 } }
    expect(renewedMessage(process({ asks }), renewed)).toEqual({
      type: 'renewed',
      ...renewed,
      asks: [
        { session: SESSION, epoch: 7 },
        { session: OTHER_SESSION, epoch: 9 },
      ],
    })
  })

  test('brings the number of the asks that found no room, where there were any', () => {
    const renewed = { n: 4, leaseMs: 15_000, incarnation: 'first' }
    expect(renewedMessage(process({ moreAsks: 3 }), renewed)).toEqual({
      type: 'renewed',
      ...renewed,
      asks: [],
      more: 3,
    })
  })
})
