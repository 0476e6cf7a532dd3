import { atMost, requestsOf, spent } from '../../cli/bench/estimate.js'
import { failuresOf, type Part, partOf } from '../../cli/bench/figures.js'
import type { Work } from '../../cli/bench/orders.js'
import { Pace, Tally } from '../../cli/bench/tally.js'
import { OWN_PRICES } from '../../cli/cost/price-file.js'
import { Failure } from '../../cli/failure.js'
import { BENCH_COMMITS_PER_SECOND, BENCH_HANDOFFS_PER_SECOND, P99_TIMES_MIN, TIMES_KEPT_MAX } from '../../cli/limits.js'
import { Epochs } from '../../cli/processes/epochs.js'
import { type Message, Peer } from '../../cli/processes/peer.js'
import { Times } from '../../cli/view/times.js'

const { prices } = OWN_PRICES
const work = (timesMs: readonly number[], changes: Partial<Work> = {}): Work => ({
  operations: timesMs.length,
  errors: {},
  ms: 1_000,
  timesMs,
  ...changes,
})

test('a part adds its processes up, by the time of the slowest', () => {
  const works = [work([1, 2, 3], { errors: { LOST: 1 } }), work([4], { ms: 2_000, errors: { LOST: 2, GONE: 1 } })]
  const part = partOf('commit', works, 1_000)
  expect(part).toMatchObject({ operations: 4, seconds: 2, perSecond: 2, perSecondMax: 1_000, p50Ms: 2, p99Ms: null })
  expect(part.errors).toEqual({ LOST: 3, GONE: 1 })
  expect(failuresOf([part, partOf('handoff', [work([])], null)])).toBe(4)
  expect(partOf('handoff', [work([])], null)).toMatchObject({ operations: 0, p50Ms: null, p99Ms: null })
})

test('there is a 99th percentile from enough times on, and none before', () => {
  const times = (count: number) => Array.from({ length: count }, (_, index) => index + 1)
  expect(partOf('commit', [work(times(P99_TIMES_MIN - 1))], null).p99Ms).toBeNull()
  expect(partOf('commit', [work(times(500)), work(times(P99_TIMES_MIN - 500))], null).p99Ms).toBe(495)
})

test('of many times a bounded number is kept, the late ones as well as the early ones', () => {
  const times = new Times()
  const count = 4 * TIMES_KEPT_MAX
  for (let ms = 0; ms < count; ms += 1) times.add(ms)
  expect([times.count, times.kept.length]).toEqual([count, TIMES_KEPT_MAX])
  const late = times.kept.filter((ms) => ms >= count / 2).length / TIMES_KEPT_MAX
  expect(late).toBeGreaterThan(0.4)
  expect(late).toBeLessThan(0.6)
})

test('a loop begins no more in its time than its pace allows, however fast it is', async () => {
  const pace = new Pace(200, 300, () => false)
  let count = 0
  while (await pace.next()) count += 1
  expect(count).toBeGreaterThan(0)
  expect(count).toBeLessThanOrEqual(60)
})

test('a loop that is told to end, or whose time is over, begins nothing more', async () => {
  let isEnded = false
  const pace = new Pace(1_000, 60_000, () => isEnded)
  expect(await pace.next()).toBe(true)
  isEnded = true
  expect(await pace.next()).toBe(false)
  expect(await new Pace(1_000, 0, () => false).next()).toBe(false)
})

test('failures are counted by their code', async () => {
  const tally = new Tally()
  await Promise.all(
    [new Failure('LOST', '', ''), new Failure('LOST', '', ''), new Error('x')].map((e) => tally.failed(e)),
  )
  tally.add(3)
  expect(tally.work()).toMatchObject({ operations: 1, errors: { LOST: 2, FAILED: 1 }, timesMs: [3] })
})

test('a session is kept as long as its epoch is the same', () => {
  const epochs = new Epochs()
  const see = (id: string, epoch: number) => epochs.begin(id)(epoch)
  expect([see('a', 1), see('a', 1), see('b', 1), see('a', 3), see('a', 3)]).toEqual([false, true, false, false, true])
  // Two that waited for the same grant.
  const [one, other] = [epochs.begin('a'), epochs.begin('a')]
  expect([one(4), other(4)]).toEqual([false, false])
})

test('what a run costs is never more than what it said before', () => {
  const options = { sessions: 16, processes: 4, seconds: 30, namespace: 'x' }
  const part = (name: Part['name'], operations: number): Part => ({ ...partOf(name, [work([])], null), operations })
  const most = atMost(options, prices)
  const full = [
    part('kept', 1e9),
    part('commit', 10 * BENCH_COMMITS_PER_SECOND),
    part('handoff', 10 * BENCH_HANDOFFS_PER_SECOND),
  ]
  const cost = spent(options, full, 40, prices)
  for (const name of ['writes', 'reads', 'messages', 'pushes', 'dollars'] as const) {
    expect([name, cost[name] <= most[name]]).toEqual([name, true])
    expect([name, cost[name] > most[name] * 0.9]).toEqual([name, true])
  }
  // A kept access costs nothing, a commit one write; a handoff what docs/internals/protocol.md says.
  const requests = (...parts: readonly Part[]) => requestsOf(spent(options, parts, 40, prices))
  const added = [part('kept', 5), part('commit', 1), part('handoff', 1)].map((one) => requests(one) - requests())
  expect(added).toEqual([0, 1, 3 + 2 + 2 + 2])
})

/** Two ends that hear each other. */
function pair(answer: (what: unknown) => unknown) {
  const ends: Peer[] = []
  const to = (index: number) => (message: Message) => queueMicrotask(() => ends[index]?.received(message))
  ends.push(new Peer(to(1), (what) => `back: ${String(what)}`), new Peer(to(0), answer))
  return ends as [Peer, Peer]
}

test('either end asks the other, and each answer goes to its question', async () => {
  const [one, other] = pair(async (what) => (what === 'slow' ? new Promise((done) => setImmediate(() => done(1))) : 2))
  expect(await Promise.all([one.ask('slow'), one.ask('fast'), other.ask('x')])).toEqual([1, 2, 'back: x'])
})

test('an error comes back with its code, and an end that is gone fails what is asked and what will be', async () => {
  const [one] = pair((what) => {
    if (what === 'wait') return new Promise(() => {})
    throw new Failure('SESSION_LOST', 'it was lost', '')
  })
  await expect(one.ask('x')).rejects.toMatchObject({ code: 'SESSION_LOST', message: 'it was lost' })
  const waiting = one.ask('wait')
  one.end(new Failure('PROCESS_ENDED', 'it ended', ''))
  await expect(waiting).rejects.toMatchObject({ code: 'PROCESS_ENDED' })
  await expect(one.ask('x')).rejects.toMatchObject({ code: 'PROCESS_ENDED' })
})
