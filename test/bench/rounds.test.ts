import { P99_SAMPLES_MIN } from '../../bench/frame/limits.js'
import { compare, lostUpdates, measure, quartiles, type Round, type SideRounds } from '../../bench/frame/rounds.js'
import type { Work } from '../../bench/frame/side.js'

const work = (part: Partial<Work>): Work => ({
  operations: 0,
  wallMs: 1_000,
  latenciesMs: [],
  cpuMs: 0,
  counts: {},
  ...part,
})

const round = (part: Partial<Round>): Round => ({ works: [], consumed: undefined, operationsPerSecond: 0, ...part })

const side = (label: string, rounds: readonly Round[], last: readonly Work[] = []): SideRounds => ({
  spec: { label, module: new URL('file:///side.js'), setting: { sessions: 1 } },
  rounds,
  last,
})

const atRates = (label: string, ...rates: readonly number[]): SideRounds =>
  side(
    label,
    rates.map((operationsPerSecond) => round({ operationsPerSecond })),
  )

test('quartiles are values that were measured, whatever their order', () => {
  expect(quartiles([50, 10, 40, 20, 30])).toEqual({ q1: 20, median: 30, q3: 40 })
  expect(quartiles([7])).toEqual({ q1: 7, median: 7, q3: 7 })
})

test('two sides are compared round by round', () => {
  // The machine was half as fast in the second round, for both; the medians of the two would say 1.5.
  const [row] = compare([atRates('ours', 200, 100, 300)], atRates('theirs', 100, 50, 200))
  expect(row).toMatchObject({ side: 'ours', against: 'theirs', setting: { sessions: 1 } })
  expect(row?.ratio).toEqual({ q1: 1.5, median: 2, q3: 2 })
})

test('there is no difference where the quartiles of two sides overlap', () => {
  const against = atRates('theirs', 10, 20, 30, 40, 50)
  const isNoDifference = (...rates: readonly number[]) =>
    compare([atRates('ours', ...rates)], against)[0]?.isNoDifference
  expect(isNoDifference(30, 40, 50, 60, 70)).toBe(true)
  expect(isNoDifference(5, 12, 15, 20, 90)).toBe(true)
  expect(isNoDifference(31, 41, 51, 61, 71)).toBe(false)
  expect(isNoDifference(1, 2, 3, 19, 90)).toBe(false)
})

test('a 99th percentile is given only from enough samples on', () => {
  const latenciesMs = Array.from({ length: P99_SAMPLES_MIN }, (_, index) => index + 1)
  const of = (samples: readonly number[]) => measure(side('side', [round({ works: [work({ latenciesMs: samples })] })]))
  expect(of(latenciesMs)).toMatchObject({ p50Ms: 500, p99Ms: 990, worstMs: 1_000 })
  expect(of(latenciesMs.slice(1))).toMatchObject({ p50Ms: 501, p99Ms: undefined, worstMs: 1_000 })
  expect(of([])).toMatchObject({ p50Ms: undefined, p99Ms: undefined, worstMs: undefined })
})

test('what was consumed is shared by the operations of all processes and rounds', () => {
  const consumed = (requests: number, writeUnits: number) => ({ requests, writeUnits, readUnits: 0, pushes: 0 })
  const measured = measure(
    side('side', [
      round({
        works: [work({ operations: 3, cpuMs: 6, counts: { grants: 1 } }), work({ operations: 1, cpuMs: 2 })],
        consumed: consumed(12, 4),
      }),
      round({
        works: [work({ operations: 6, cpuMs: 2, counts: { grants: 2, others: 5 } })],
        consumed: consumed(18, 1),
      }),
    ]),
  )
  expect(measured).toMatchObject({ requestsPerOperation: 3, writeUnitsPerOperation: 0.5, cpuMsPerOperation: 1 })
  expect(measured.counts).toEqual({ grants: 3, others: 5 })
})

test('a side without DynamoDB has no requests, which is not the same as none', () => {
  const measured = measure(side('side', [round({ works: [work({ operations: 5 })] })]))
  expect(measured.requestsPerOperation).toBeUndefined()
  expect(measured.writeUnitsPerOperation).toBeUndefined()
})

test('what any process acknowledged and nobody keeps is lost', () => {
  const last = [work({ counts: { acknowledged: 7, kept: 9 } }), work({ counts: { acknowledged: 4, kept: 0 } })]
  expect(lostUpdates(side('side', [], last))).toBe(2)
})
