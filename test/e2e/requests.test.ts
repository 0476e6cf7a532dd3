import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { STATE_REQUEST_TIMEOUT_MS } from '../../client/limits.js'
import { machineClock, machineRandomness } from '../../client/machine.js'
import { attempt } from '../../client/state/dynamodb-retry.js'
import { DynamoDbStore } from '../../store/dynamodb.js'
import { Requests } from '../../store/requests.js'
import { ConnectProxy, TunnelAgent } from './connect-proxy.js'
import { LocalStackSuite } from './local-stack-suite.js'
import { type Stall, StallingProxy } from './stalling-proxy.js'

interface Counter {
  count: number
}

describe('requests to a DynamoDB that stalls', () => {
  const suite = new LocalStackSuite<Counter>()
  let proxy: StallingProxy
  beforeEach(async () => {
    proxy = await StallingProxy.start(suite.stack.config.dynamoDbEndpoint)
  })
  afterEach(() => proxy.stop())

  const client = (options: object = {}) =>
    suite.client({ config: { ...suite.stack.config, dynamoDbEndpoint: proxy.endpoint }, ...options })
  const increment = (holdfast: ReturnType<typeof client>, id: string) =>
    holdfast.access(id, { write: ['count'] }, ({ state }) => {
      state.count = (state.count ?? 0) + 1
      return state.count
    })
  /** The next request stalls so. */
  const stallOnce = (stall: Stall) => {
    let left = 1
    proxy.stallOf = () => (left-- > 0 ? stall : undefined)
  }

  it.each(['landed', 'notLanded', 'silent'] as const)(
    'a commit whose answer stalls is made once: %s',
    async (stall) => {
      const holdfast = client()
      await increment(holdfast, stall)
      stallOnce(stall)
      const before = proxy.arrived.length
      const startMs = performance.now()
      expect(await increment(holdfast, stall)).toBe(2)
      expect(performance.now() - startMs).toBeGreaterThan(STATE_REQUEST_TIMEOUT_MS - 50)
      // The same bytes a second time: either they find their own commitId, or they land.
      expect(proxy.arrived.slice(before)).toEqual(['UpdateItem', 'UpdateItem'])
      expect((await holdfast.peek(stall))?.state).toEqual({ count: 2 })
      await holdfast.release(stall)
      expect(await increment(holdfast, stall)).toBe(3)
    },
    60_000,
  )

  it.each(['landed', 'silent'] as const)(
    'a claim, and a peek, whose answer stalls go on: %s',
    async (stall) => {
      const holdfast = client()
      await increment(holdfast, 'claimed')
      await holdfast.release('claimed')
      stallOnce(stall)
      expect(await increment(holdfast, 'claimed')).toBeGreaterThan(1)
      stallOnce(stall)
      expect(await holdfast.peek('claimed')).toMatchObject({ state: { count: expect.any(Number) } })
    },
    60_000,
  )

  it('a claim that stalls ends with close(), and so does its request', async () => {
    const holdfast = client()
    const arrived = new Promise<void>((resolve) => {
      proxy.stallOf = () => {
        resolve()
        return 'silent'
      }
    })
    const access = holdfast.access('claiming', 'all', () => {})
    access.catch(() => {})
    await arrived
    await holdfast.close({ drainMs: 0 })
    await expect(access).rejects.toMatchObject({ code: 'CLOSED', effect: 'none' })
    await proxy.deserted()
    expect(proxy.arrived).toHaveLength(1)
  }, 60_000)

  it('a thousand peeks that wait in line end with close()', async () => {
    const holdfast = client({ requestsMax: 10 })
    await increment(holdfast, 'peeked')
    proxy.stallOf = () => 'silent'
    const before = proxy.arrived.length
    const peeks = Promise.allSettled(Array.from({ length: 1_000 }, () => holdfast.peek('peeked')))
    await holdfast.close()
    const codes = (await peeks).map((peek) => (peek.status === 'rejected' ? peek.reason.code : 'read'))
    expect(new Set(codes)).toEqual(new Set(['CLOSED']))
    expect(proxy.arrived.length - before).toBeLessThanOrEqual(10)
  }, 60_000)
})

describe('requests that AWS refuses for their signature', () => {
  const suite = new LocalStackSuite<Counter>()
  const HOUR_MS = 3_600_000

  it.each([-HOUR_MS, HOUR_MS])(
    'pass when a clock is off by %d ms: it is learned from the refusal',
    async (offMs) => {
      const { dynamoDbEndpoint, region, sessionsTable } = suite.stack.config
      // The AWS SDK adds this to its clock: the same as a clock that is off by as much.
      const wrong = { systemClockOffset: offMs }
      const { credentials } = suite.stack
      const aws = new DynamoDBClient({ endpoint: dynamoDbEndpoint, region, credentials, maxAttempts: 1, ...wrong })
      const requests = new Requests({ timeoutMs: 10_000, requestsMax: 10 })
      const store = new DynamoDbStore(aws, { sessions: sessionsTable }, requests)
      const refused: unknown[] = []
      const look = () =>
        store.get('sessions', 'none').catch((error: unknown) => {
          refused.push((error as Error).name)
          throw error
        })
      const found = await attempt(look, machineClock, machineRandomness, () => true)
      expect(found).toEqual({ ok: true, value: undefined, mayHaveLanded: false })
      expect(refused).toEqual(['InvalidSignatureException'])
      expect(Math.abs(aws.config.systemClockOffset)).toBeLessThan(60_000)
      aws.destroy()
    },
    60_000,
  )

  it.each(['InvalidSignatureException', 'RequestTimeTooSkewed', 'RequestExpired', 'ExpiredTokenException'])(
    'pass when they are signed anew: %s',
    async (refuse) => {
      const holdfast = suite.client()
      const lost: string[] = []
      holdfast.on('lost', ({ error }) => lost.push(error.code))
      const set = (count: number) =>
        holdfast.access(refuse, { write: ['count'] }, ({ state }) => void (state.count = count))
      await set(1)
      let left = 1
      const end = suite.stack.dynamodb.inject({
        beforeForward: ({ caller }) => (caller === 'application' && left-- > 0 ? { refuse } : undefined),
      })
      await set(2)
      end()
      expect(left).toBeLessThan(0)
      expect((await holdfast.peek(refuse))?.state).toEqual({ count: 2 })
      expect(lost).toEqual([])
    },
    60_000,
  )

  it.each(['socket', 'https'] as const)(
    'are signed by the next credentials of a role as soon as the last ones end, and nothing is lost: %s',
    async (transport) => {
      const [first, next] = ['task-1', 'task-2'].map((task) => `arn:aws:sts::000000000000:assumed-role/Shop/${task}`)
      const { stack } = suite
      const given = [first, next].map((arn = '') => stack.addApplication(arn))
      let current = 0
      // So short a life that each request asks the provider.
      const credentials = async () => ({ ...(given[current] ?? stack.credentials), expiration: new Date() })
      const holdfast = suite.client({ credentials, transport })
      const lost: string[] = []
      holdfast.on('lost', ({ error }) => lost.push(error.code))
      const id = `rotated over ${transport}`
      const set = (count: number) =>
        holdfast.access(id, { write: ['count'] }, ({ state }) => void (state.count = count))
      const connections = () => stack.gateway.connections().map(({ userArn }) => userArn)
      const opened = transport === 'https' ? [] : [first]
      await set(1)
      const holder = (await suite.tables.lock(id))?.holder
      expect(connections()).toEqual(opened)

      current = 1
      const snapshot = stack.requests.snapshot()
      await set(2)
      const signers = () => stack.requests.since(snapshot).map(({ caller }) => caller)
      expect(signers()).toContain(next)
      // The connection stays, with the credentials that opened it: API Gateway asks for none after that.
      expect(connections()).toEqual(opened)

      const isBack = new Promise<void>((resolve) => {
        holdfast.on('connection', ({ state }) => {
          if (state === 'connected') resolve()
        })
      })
      stack.gateway.dropAll()
      if (transport === 'socket') await isBack
      expect(connections()).toEqual(opened.map(() => next))
      await set(3)
      expect(signers()).not.toContain(first)
      expect((await suite.tables.lock(id))?.holder).toEqual(holder)
      await holdfast.release(id)
      expect([(await holdfast.peek(id))?.state, lost]).toEqual([{ count: 3 }, []])
    },
    60_000,
  )

  it('pass with the credentials that the provider gives then', async () => {
    const unknown = { accessKeyId: 'AKIAOLD', secretAccessKey: 'x' }
    const given = [unknown, suite.stack.credentials]
    let asked = 0
    const credentials = async () => given[Math.min(asked++, 1)] ?? unknown
    expect(await suite.client({ credentials }).peek('nobody')).toBeUndefined()
    expect(asked).toBe(2)
  }, 60_000)

  it('fail with what to do once it does not help', async () => {
    const unknown = { accessKeyId: 'AKIAOLD', secretAccessKey: 'x' }
    await expect(suite.client({ credentials: unknown }).peek('nobody')).rejects.toMatchObject({
      code: 'UNREACHABLE',
      retryable: false,
      message: expect.stringContaining('the AWS credentials are unknown in this region'),
    })
  }, 60_000)
})

describe('a provider of credentials that hangs', () => {
  const suite = new LocalStackSuite<Counter>()

  it('fails a commit as not sent, and bars the client only while it hangs', async () => {
    let hangs = false
    // So short a life that each request asks the provider.
    const credentials = async () =>
      hangs ? new Promise<never>(() => {}) : { ...suite.stack.credentials, expiration: new Date() }
    const holdfast = suite.client({ credentials })
    const set = (count: number) =>
      holdfast.access('hung', { write: ['count'] }, ({ state }) => void (state.count = count))
    await set(1)
    hangs = true
    await expect(set(2)).rejects.toMatchObject({ code: 'UNREACHABLE', effect: 'none', retryable: true })
    hangs = false
    await set(3)
    expect((await holdfast.peek('hung'))?.state).toEqual({ count: 3 })
  }, 60_000)
})

describe('an agent of the application', () => {
  const suite = new LocalStackSuite<Counter>()

  it('carries both connections, here through a proxy, and stays open when the client closes', async () => {
    const proxy = await ConnectProxy.start()
    const agent = new TunnelAgent(proxy.port)
    const holdfast = suite.client({ agent })
    await holdfast.access('tunnelled', { write: ['count'] }, ({ state }) => void (state.count = 1))
    expect((await holdfast.peek('tunnelled'))?.state).toEqual({ count: 1 })
    const { url, dynamoDbEndpoint } = suite.stack.config
    expect(new Set(proxy.targets)).toEqual(new Set([new URL(url).host, new URL(dynamoDbEndpoint).host]))
    await holdfast.close()
    const open = Object.values(agent.freeSockets).flatMap((sockets = []) => sockets)
    expect(open.length).toBeGreaterThan(0)
    expect(open.every(({ destroyed }) => !destroyed)).toBe(true)
    agent.destroy()
    await proxy.stop()
  }, 60_000)
})
