import { KnownProcesses } from '../../functions/known-processes.js'
import { REMEMBERED_PROCESSES_MAX } from '../../functions/limits.js'
import { type ProcessRecord, readProcess } from '../../protocol/process/record.js'
import { processItem } from '../store/fixtures.js'

describe('the processes that a function remembers', () => {
  let nowMs = 1_000
  const process = (leaseUntil: number) => readProcess(processItem({ leaseUntil })) as ProcessRecord

  test('are bounded: the one that was read longest ago is forgotten', () => {
    const known = new KnownProcesses(() => nowMs)
    for (let index = 0; index < REMEMBERED_PROCESSES_MAX; index += 1) known.learn(`p${index}`, process(2_000))
    known.learn('p0', process(2_000))
    known.learn('one more', process(2_000))
    expect(['p0', 'p1', 'p2', 'one more'].filter((id) => known.recall(id) !== undefined)).toEqual([
      'p0',
      'p2',
      'one more',
    ])
  })

  test('are those whose lease runs, as far as it was read', () => {
    const known = new KnownProcesses(() => nowMs)
    known.learn('p', process(2_000))
    nowMs = 2_000
    expect(known.recall('p')).toMatchObject({ leaseUntil: 2_000 })
    nowMs = 2_001
    expect(known.recall('p')).toBeUndefined()
    nowMs = 1_000
    expect(known.recall('p')).toBeUndefined()
  })

  test('are not those that have no record any more', () => {
    const known = new KnownProcesses(() => nowMs)
    known.learn('p', process(2_000))
    known.learn('p', undefined)
    expect(known.recall('p')).toBeUndefined()
  })
})
