import { READ_TRIES_MAX } from '../../client/limits.js'
import { CountingProxy } from './counting-proxy.js'
import { LocalStackSuite, NO_RENEWALS } from './local-stack-suite.js'

interface Counter {
  count: number
}

const SPREAD_MS = 3_000
/** Pauses double: 4 tries in the first second, and one a second after that. Chance makes it twice as many at most. */
const TRIES_MAX = 16
const CLIENTS = 10

describe('a client with credentials that have not spread yet', () => {
  const suite = new LocalStackSuite<Counter>({ environment: NO_RENEWALS, quotas: { iamSpreadMs: SPREAD_MS } })
  let socket: CountingProxy
  let https: CountingProxy
  let dynamoDb: CountingProxy
  let added = 0
  beforeEach(async () => {
    const { url, httpsUrl = '', dynamoDbEndpoint } = suite.stack.config
    ;[socket, https, dynamoDb] = (await Promise.all([url, httpsUrl, dynamoDbEndpoint].map(CountingProxy.start))) as [
      CountingProxy,
      CountingProxy,
      CountingProxy,
    ]
  })
  afterEach(() => Promise.all([socket, https, dynamoDb].map((proxy) => proxy.stop())))

  /** A new user, or a session of a new role. */
  const addApplication = (kind: 'user' | 'role') => {
    added += 1
    return suite.stack.addApplication(
      kind === 'user' ? `shop-${added}` : `arn:aws:sts::000000000000:assumed-role/Shop${added}/server-1`,
    )
  }
  const client = (credentials: object, options: object = {}) => {
    const addresses = { url: socket.address, httpsUrl: https.address, dynamoDbEndpoint: dynamoDb.address }
    return suite.client({ config: { ...suite.stack.config, ...addresses }, credentials, ...options } as object)
  }
  const increment = (holdfast: ReturnType<typeof client>, id: string) =>
    holdfast.access(id, { write: ['count'] }, ({ state }) => {
      state.count = (state.count ?? 0) + 1
      return state.count
    })

  it.each([
    ['user', 'socket'],
    ['role', 'socket'],
    ['user', 'https'],
    ['role', 'https'],
  ] as const)(
    'gets its session in the end, by few tries: a %s over %s',
    async (kind, transport) => {
      const credentials = addApplication(kind)
      const beganMs = performance.now()
      const holdfast = client(credentials, { transport })
      const heard: string[] = []
      holdfast.on('connection', ({ state }) => heard.push(state))
      holdfast.on('lost', ({ error }) => heard.push(error.code))
      expect(await increment(holdfast, `${kind} ${transport}`)).toBe(1)
      expect(performance.now() - beganMs).toBeGreaterThanOrEqual(SPREAD_MS - 50)
      const door = transport === 'socket' ? socket : https
      expect(door.requests).toBeGreaterThan(1)
      expect(door.requests).toBeLessThanOrEqual(TRIES_MAX)
      expect(heard).toEqual(['connected'])
      // From now on it is a client as any other.
      const tries = door.requests
      expect(await increment(holdfast, `${kind} ${transport}`)).toBe(2)
      expect(door.requests).toBe(tries)
    },
    60_000,
  )

  it('is not one of a storm, where many begin at once', async () => {
    const credentials = addApplication('user')
    const clients = Array.from({ length: CLIENTS }, () => client(credentials))
    const counts = await Promise.all(clients.map((holdfast, n) => increment(holdfast, `storm ${n}`)))
    expect(counts).toEqual(Array.from({ length: CLIENTS }, () => 1))
    expect(socket.requests).toBeGreaterThan(CLIENTS)
    expect(socket.requests).toBeLessThanOrEqual(CLIENTS * TRIES_MAX)
  }, 60_000)

  it.each(['user', 'role'] as const)(
    "reads in the end, by few tries: a %s's peek, which needs no connection",
    async (kind) => {
      const holdfast = client(addApplication(kind))
      expect(await holdfast.peek(`peek of a ${kind}`)).toBeUndefined()
      expect(dynamoDb.requests).toBeGreaterThan(1)
      expect(dynamoDb.requests).toBeLessThanOrEqual(READ_TRIES_MAX)
      expect(socket.requests).toBe(0)
      const before = dynamoDb.requests
      await holdfast.peek(`peek of a ${kind}`)
      expect(dynamoDb.requests).toBe(before + 1)
    },
    60_000,
  )

  it('is refused for good where its right is none that spreads: it is told so, with the reason', async () => {
    const credentials = { ...suite.stack.credentials, accessKeyId: 'NOBODYHASIT' }
    const holdfast = client(credentials, { timeoutMs: 15_000 })
    await expect(holdfast.peek('never')).rejects.toThrow('the AWS credentials are unknown in this region')
    await expect(increment(holdfast, 'never')).rejects.toThrow(/status 403 \(UnrecognizedClientException\)/)
    expect(socket.requests).toBeLessThanOrEqual(2 * TRIES_MAX)
  }, 60_000)
})
