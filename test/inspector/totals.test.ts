import { FUNCTION_GB, PRICES } from '../../inspector/costs/prices.js'
import type { Fact } from '../../inspector/model/entry.js'
import { Picture } from '../../inspector/model/picture.js'
import { figuresOf, quantile, Totals } from '../../inspector/model/totals.js'
import { entriesOf, HANDOFF, lock, refusal, tally } from './entries.js'

function figures(...facts: readonly Fact[]) {
  const [totals, picture] = [new Totals(), new Picture()]
  for (const entry of entriesOf(...facts)) {
    totals.count(entry, picture)
    picture.apply(entry)
  }
  return figuresOf(totals.seconds, 0, Number.MAX_SAFE_INTEGER)
}

test('a commit is kept if it is not the first under its grant', () => {
  expect(figures(...HANDOFF)).toMatchObject({ commits: 3, keptShare: 1 / 3 })
})

test('a handoff takes from the place in the queue to the grant', () => {
  expect(figures(...HANDOFF)).toMatchObject({ handoffs: 1, p50Ms: 30, p99Ms: 30 })
})

test('each in a queue waits for the holder before it', () => {
  const { p99Ms, handoffs } = figures(lock(1, 'a', 'b', 'c'), lock(2, 'b', 'c'), lock(3, 'c'))
  expect([handoffs, p99Ms]).toEqual([2, 10])
})

test('dollars are those of the requests, per million commits', () => {
  const { dollarsPerMillion } = figures(...HANDOFF, tally(4, 6))
  expect(dollarsPerMillion).toBeCloseTo((1_000_000 * 6 * PRICES.writeUnit.dollars) / 3)
})

test('a message over HTTPS costs a call of a function, and nothing of API Gateway', () => {
  const { dollarsPerMillion } = figures(...HANDOFF, { ...(tally(0) as Fact & { kind: 'tally' }), httpsMessages: 3 })
  const call = PRICES.functionCall.dollars + 0.002 * FUNCTION_GB * PRICES.gigabyteSecond.dollars
  expect(dollarsPerMillion).toBeCloseTo(1_000_000 * call)
})

test('without commits and handoffs there is no share, no time and no price', () => {
  expect(figures(tally(1))).toMatchObject({ keptShare: undefined, p50Ms: undefined, dollarsPerMillion: undefined })
})

test('messages that the gateway throttled are counted, and writes that DynamoDB refused', () => {
  const throttled: Fact = { kind: 'message', way: 'throttled', type: 'renew', process: 'a' }
  expect(figures(throttled, throttled, { ...throttled, way: 'sent' }, refusal('a'))).toMatchObject({
    throttled: 2,
    refused: 1,
  })
})

test('where the clock was set back, what happens then is counted then', () => {
  const [totals, picture] = [new Totals(), new Picture()]
  const [before, after] = entriesOf(tally(4), tally(6))
  const { at = 0 } = before ?? {}
  if (before !== undefined) totals.count(before, picture)
  if (after !== undefined) totals.count({ ...after, at: at - 60_000 }, picture)
  expect(figuresOf(totals.seconds, at - 61_000, at - 59_000).requestsPerSecond).toBe(3)
})

test('a quantile is one of the values', () => {
  const values = Array.from({ length: 100 }, (_, index) => index + 1)
  expect([quantile(values, 0.5), quantile(values, 0.99), quantile([7], 0.99), quantile([], 0.5)]).toEqual([
    50,
    99,
    7,
    undefined,
  ])
})
