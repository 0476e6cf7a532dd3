import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { observeHoldfast } from '../../client/adapters/otel/index.js'
import type { Holdfast } from '../../client/index.js'
import { STATE_TRIES_MAX } from '../../client/limits.js'
import { LocalStackSuite, NO_RENEWALS } from './local-stack-suite.js'
import { type Stall, StallingProxy } from './stalling-proxy.js'

interface Counter {
  count: number
}

describe('commits that are tried again', () => {
  const suite = new LocalStackSuite<Counter>({ environment: NO_RENEWALS })
  let proxy: StallingProxy
  let provider: MeterProvider
  let exporter: InMemoryMetricExporter
  let holdfast: Holdfast<Counter>
  const told: { readonly session: string; readonly epoch: number }[] = []
  beforeEach(async () => {
    proxy = await StallingProxy.start(suite.stack.config.dynamoDbEndpoint)
    exporter = new InMemoryMetricExporter(AggregationTemporality.DELTA)
    provider = new MeterProvider({
      readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
    })
    const plain = suite.client({ config: { ...suite.stack.config, dynamoDbEndpoint: proxy.endpoint } })
    holdfast = observeHoldfast(plain, { meter: provider.getMeter('test') })
    told.length = 0
    holdfast.on('retried', (event) => told.push(event))
  })
  afterEach(async () => {
    await holdfast.close()
    await provider.shutdown()
    await proxy.stop()
  })

  const set = (count: number) =>
    holdfast.access('retried', { write: ['count'] }, ({ state, epoch }) => {
      state.count = count
      return epoch
    })
  const counted = async () => {
    exporter.reset()
    await provider.forceFlush()
    return exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics)
      .flatMap(({ metrics }) => metrics)
      .filter(({ descriptor }) => descriptor.name === 'holdfast.commit.retries')
      .flatMap(({ dataPoints }) => dataPoints.map(({ attributes, value }) => ({ ...attributes, value })))
  }
  const refuse = (times: number, type: string, of = 'UpdateItem') => {
    let left = times
    return suite.stack.dynamodb.inject({
      beforeForward: ({ caller, operation }) =>
        caller === 'application' && operation === of && left-- > 0 ? { refuse: type } : undefined,
    })
  }

  it('are none where nothing fails', async () => {
    for (let count = 1; count <= 20; count += 1) await set(count)
    await holdfast.release('retried')
    expect(await counted()).toEqual([])
    expect(told).toEqual([])
  }, 60_000)

  it.each([
    [1, 'ThrottlingException'],
    [3, 'TransactionConflictException'],
    [STATE_TRIES_MAX - 1, 'InternalServerError'],
  ])(
    'are told and counted, as often as DynamoDB refuses: %d times with %s',
    async (times, type) => {
      const epoch = await set(1)
      const end = refuse(times, type)
      await set(2)
      end()
      expect(await counted()).toEqual([{ namespace: 'e2e', value: times }])
      const { key } = holdfast.session('retried')
      expect(told).toEqual(Array.from({ length: times }, () => ({ session: key, epoch })))
      expect((await holdfast.peek('retried'))?.state).toEqual({ count: 2 })
    },
    60_000,
  )

  it.each<Exclude<Stall, undefined>>(['landed', 'notLanded', 'silent'])(
    'are told and counted, as often as an answer stalls: %s, twice',
    async (stall) => {
      await set(1)
      let left = 2
      proxy.stallOf = () => (left-- > 0 ? stall : undefined)
      await set(2)
      expect(await counted()).toEqual([{ namespace: 'e2e', value: 2 }])
      expect(told).toHaveLength(2)
    },
    60_000,
  )

  it('are bounded: one that is refused again and again is given up after its last try', async () => {
    await set(1)
    const end = refuse(Number.POSITIVE_INFINITY, 'ThrottlingException')
    await expect(set(2)).rejects.toMatchObject({ code: 'UNREACHABLE', effect: 'none' })
    end()
    expect(await counted()).toEqual([{ namespace: 'e2e', value: STATE_TRIES_MAX - 1 }])
  }, 60_000)

  it('are those of a rotation and of a destruction, too; claims and reads that are tried again are none', async () => {
    const id = await holdfast.create({ count: 1 })
    const endFirst = refuse(1, 'ThrottlingException', 'TransactWriteItems')
    const moved = await holdfast.rotate(id)
    endFirst()
    expect(await counted()).toEqual([{ namespace: 'e2e', value: 1 }])
    const endSecond = refuse(1, 'ThrottlingException')
    await holdfast.destroy(moved)
    endSecond()
    expect(await counted()).toEqual([{ namespace: 'e2e', value: 1 }])
    await set(1)
    await holdfast.release('retried')
    const endThird = refuse(1, 'ThrottlingException')
    await set(2)
    endThird()
    const endFourth = refuse(1, 'ThrottlingException', 'GetItem')
    expect((await holdfast.peek('retried'))?.state).toEqual({ count: 2 })
    endFourth()
    expect(await counted()).toEqual([])
  }, 60_000)
})
