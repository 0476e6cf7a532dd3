import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { observeHoldfast } from '../../../../client/adapters/otel/index.js'
import type { Holdfast } from '../../../../client/holdfast.js'
import { World } from '../../../support/world.js'

interface State {
  count: number
}

const increment = ({ state }: { state: { count?: number } }) => {
  state.count = (state.count ?? 0) + 1
}

describe('a client that is observed', () => {
  let world: World
  let provider: MeterProvider
  let plain: Holdfast<State>
  let holdfast: Holdfast<State>
  let exporter: InMemoryMetricExporter
  beforeEach(() => {
    world = new World()
    exporter = new InMemoryMetricExporter(AggregationTemporality.DELTA)
    provider = new MeterProvider({
      readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
    })
    plain = world.client<State>({ namespace: 'shop' })
    holdfast = observeHoldfast(plain, { meter: provider.getMeter('test') })
  })
  afterEach(async () => {
    await holdfast.close()
    await provider.shutdown()
    await world.close()
  })

  const finish = <T>(promise: Promise<T>) => world.finish(promise, 120_000)
  const code = (promise: Promise<unknown>) =>
    finish(
      promise.then(
        () => 'done',
        (error) => error.code,
      ),
    )

  /** What was measured since this was called last: `name{label} value`, of times their number. */
  async function measured(): Promise<readonly string[]> {
    exporter.reset()
    await provider.forceFlush()
    return exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics)
      .flatMap(({ metrics }) => metrics)
      .flatMap(({ descriptor, dataPoints }) =>
        dataPoints.map(({ attributes, value }) => {
          const { namespace, ...rest } = attributes
          if (namespace !== 'shop') throw new Error(`${descriptor.name} has no namespace`)
          const detail = Object.values(rest).join(',')
          const shown = typeof value === 'number' ? value : (value as { count: number }).count
          return `${descriptor.name.replace('holdfast.', '')}{${detail}} ${shown}`
        }),
      )
      .filter((line) => !line.startsWith('eventloop') && !line.startsWith('lease'))
  }

  test('measures the waits, the work and the commits of accesses by their labels', async () => {
    await finish(holdfast.access('a', { write: ['count'] }, increment, { label: 'add' }))
    for (let times = 0; times < 3; times += 1) {
      expect(await finish(holdfast.access('a', { read: ['count'] }, ({ state }) => state.count))).toBe(1)
    }
    expect((await measured()).toSorted()).toEqual([
      'access.run{access} 3',
      'access.run{add} 1',
      'commit{add} 1',
      'hit.ratio{} 0.75',
      'lock.wait{access} 3',
      'lock.wait{add} 1',
      'sessions.held{} 1',
    ])
    expect((await measured()).toSorted()).toEqual(['sessions.held{} 1'])
  })

  test('measures several sessions at once, sessions that are opened, and those of a handle', async () => {
    await finish(holdfast.accessMany(['a', 'b'], 'all', (sessions) => sessions.forEach(increment), { label: 'many' }))
    const opened = await finish(holdfast.open('a', 'all', { label: 'opened' }))
    increment(opened)
    for (let times = 0; times < 2; times += 1) await finish(opened.close())
    await finish(holdfast.session('b').access('all', increment, { label: 'handle' }))
    expect((await measured()).toSorted()).toEqual([
      'access.run{handle} 1',
      'access.run{many} 1',
      'access.run{opened} 1',
      'commit{handle} 1',
      'commit{many} 1',
      'commit{opened} 1',
      'hit.ratio{} 0.5',
      'lock.wait{handle} 1',
      'lock.wait{many} 1',
      'lock.wait{opened} 1',
      'sessions.held{} 2',
    ])
    expect((await finish(holdfast.peek('a')))?.state.count).toBe(2)
  })

  test('measures sessions that are made, moved and ended by those names, or by their labels', async () => {
    const made = await finish(holdfast.create({ count: 1 }))
    const moved = await finish(holdfast.rotate(made))
    const again = await finish(holdfast.rotate(moved, increment, { label: 'login' }))
    expect(await finish(holdfast.destroy(again))).toBe(true)
    expect((await measured()).filter((line) => !line.startsWith('hit') && !line.startsWith('sessions'))).toEqual([
      'lock.wait{rotate} 1',
      'lock.wait{login} 1',
      'access.run{rotate} 1',
      'access.run{login} 1',
      'commit{create} 1',
      'commit{rotate} 1',
      'commit{login} 1',
      'commit{destroy} 1',
    ])
    expect(await finish(holdfast.destroy(again))).toBe(false)
  })

  test('counts how often commits are tried again', async () => {
    await finish(holdfast.access('a', 'all', increment))
    await measured()
    let left = 2
    world.onStateWrite = (_update, write) => (left-- > 0 ? Promise.reject(new Error('no answer')) : write())
    await finish(holdfast.access('a', 'all', increment))
    expect(await measured()).toEqual(expect.arrayContaining(['commit.retries{} 2', 'commit{access} 1']))
    await finish(holdfast.access('a', 'all', increment))
    expect((await measured()).filter((line) => line.startsWith('commit.retries'))).toEqual([])
  })

  test('counts a commit of which nobody knows whether it landed, and the session that is lost by it', async () => {
    await finish(holdfast.access('a', 'all', increment))
    await measured()
    world.onStateWrite = async () => {
      throw Object.assign(new Error('no answer'), { name: 'TimeoutError' })
    }
    expect(await code(holdfast.access('a', 'all', increment))).toBe('COMMIT_UNKNOWN')
    expect(await measured()).toEqual(expect.arrayContaining(['commit.unknown{} 1', 'sessions.lost{COMMIT_UNKNOWN} 1']))
  })

  test('counts sessions that are lost, by the reason', async () => {
    await finish(holdfast.access('a', 'all', increment))
    await measured()
    world.clock.freeze(100_000)
    await finish(holdfast.access('a', 'all', increment))
    expect(await measured()).toEqual(expect.arrayContaining(['sessions.lost{leaseExpired} 1']))
  })

  test('measures the least rest of the lease while sessions are held, and the lag of the event loop', async () => {
    const samples: (() => void)[] = []
    const timer = { unref: () => timer } as unknown as NodeJS.Timeout
    const intervals = jest.spyOn(globalThis, 'setInterval').mockImplementation((fire) => {
      samples.push(fire as () => void)
      return timer
    })
    const observed = observeHoldfast(plain, { meter: provider.getMeter('second') })
    intervals.mockRestore()
    const sample = () => samples[0]?.()
    const gauges = async () => {
      await measured()
      const [, second] = exporter.getMetrics()[0]?.scopeMetrics ?? []
      return new Map(second?.metrics.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints[0]?.value]))
    }
    sample()
    expect((await gauges()).has('holdfast.lease.margin.min')).toBe(false)
    await finish(plain.access('a', 'all', increment))
    const seen: number[] = []
    for (const passedMs of [0, 1_000, 1_500, 10_000]) {
      await world.clock.advance(passedMs)
      seen.push(plain.health().leaseRemainingMs)
      sample()
    }
    // Renewals have made it longer again.
    expect(seen.indexOf(Math.min(...seen))).toBeLessThan(seen.length - 1)
    const found = await gauges()
    expect(found.get('holdfast.lease.margin.min')).toBe(Math.min(...seen))
    expect(found.get('holdfast.eventloop.lag.max')).toBeGreaterThanOrEqual(0)
    await observed.close()
  })

  test('is otherwise the same: it refuses the same, joins accesses, and tells the same of itself', async () => {
    expect(await code(holdfast.access('a', 'all', 1 as never))).toBe('INVALID_ARGUMENT')
    expect(await code(holdfast.access('', 'all', increment))).toBe('INVALID_ARGUMENT')
    const nested = holdfast.access('a', 'all', async (session) => {
      increment(session)
      await holdfast.access('a', 'all', increment)
      return session.state.count
    })
    expect(await finish(nested)).toBe(2)
    expect(holdfast.health()).toEqual(plain.health())
    expect(holdfast.ttlMs).toBe(plain.ttlMs)
    const granted: string[] = []
    expect(holdfast.on('granted', ({ session }) => granted.push(session))).toBe(holdfast)
    await finish(holdfast.access('b', 'all', increment))
    expect(granted).toEqual([holdfast.session('b').key])
  })

  test('is closed with the one that it observes, and measures nothing from then on', async () => {
    await finish(holdfast.access('a', 'all', increment))
    await finish(holdfast.close())
    expect(plain.health().state).toBe('closed')
    await measured()
    expect(await measured()).toEqual([])
    expect(await code(holdfast.access('a', 'all', increment))).toBe('CLOSED')
  })
})
