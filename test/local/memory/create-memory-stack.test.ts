import { createHoldfast, type Holdfast } from '../../../client/index.js'
import { createMemoryStack, type MemoryStack, type MemoryStackOptions } from '../../../local/index.js'
import { compileTiming, holdCostMaxMs } from '../../../protocol/timing.js'
import { type Counter, Gate, ID, increment, quiet } from '../../support/counting.js'

const TTL_MS = 60_000

describe.each(['real', 'virtual'] as const)('a stack in memory, with a %s clock', (clock) => {
  let stack: MemoryStack
  const clients: Holdfast<Counter>[] = []
  const client = (options = {}): Holdfast<Counter> => {
    const { config, credentials } = stack
    const created = createHoldfast<Counter>({ namespace: 'shop', config, credentials, ...options })
    clients.push(created)
    return created
  }
  beforeEach(() => {
    stack = createMemoryStack({ clock })
  })
  afterEach(() => stack.stop())

  it('is up at once, with all that is deployed', async () => {
    const startMs = performance.now()
    const other = createMemoryStack({ clock })
    const holdfast = createHoldfast<Counter>({ namespace: 'shop', config: other.config })
    expect(await increment(holdfast)).toBe(1)
    // It is a few milliseconds; a loaded machine may take longer, and Java never so little.
    expect(performance.now() - startMs).toBeLessThan(1_000)
    await other.stop()
  })

  it('lets two servers share one count', async () => {
    const servers = [client(), client()]
    for (let round = 0; round < 5; round += 1) await Promise.all(servers.map((server) => increment(server)))
    expect((await client().peek(ID))?.state).toEqual({ count: 10 })
  })

  it('serves a client that sends its messages over HTTPS elsewhere', async () => {
    const [lambda, server] = [client({ transport: 'https' }), client()]
    expect(await increment(lambda)).toBe(1)
    expect(await increment(server)).toBe(2)
    expect(await increment(lambda)).toBe(3)
  })

  it('hands a session over as soon as its holder lets it go', async () => {
    const [first, second] = [client(), client()]
    const gate = new Gate()
    const entered = new Gate()
    const holding = first.access(ID, 'all', async ({ state }) => {
      entered.open()
      await gate.passed
      state.count = 41
    })
    await entered.passed
    const waiting = increment(second)
    gate.open()
    await holding
    expect(await waiting).toBe(42)
  })

  it('keeps every value exactly', async () => {
    const values = {
      at: new Date(17),
      big: 2n ** 80n,
      bytes: new Uint8Array([0, 255]),
      map: new Map<unknown, unknown>([[{ key: [1] }, new Set(['x', null])]]),
      text: '\u{1f600}',
      numbers: [0, -1.5, 2 ** 53 - 1],
      nothing: null,
    }
    const { config } = stack
    const [one, other] = [0, 1].map(() => createHoldfast({ namespace: 'shop', config })) as [
      Holdfast<object>,
      Holdfast<object>,
    ]
    const id = await one.create(values)
    expect(await other.access(id, { all: 'read' }, ({ state }) => ({ ...state }))).toEqual(values)
  })

  it('lets a session have as much as DynamoDB does, and no more', async () => {
    const holdfast = createHoldfast<{ note: string }>({ namespace: 'shop', config: stack.config })
    const write = (bytes: number) =>
      holdfast.access(ID, 'all', ({ state }) => {
        state.note = 'x'.repeat(bytes)
      })
    await write(397 * 1024)
    await expect(write(400 * 1024)).rejects.toMatchObject({ code: 'TOO_LARGE' })
  })

  it('is found by the environment variables', async () => {
    const before = process.env.HOLDFAST_CONFIG
    Object.assign(process.env, stack.env)
    try {
      expect(await increment(createHoldfast<Counter>({ namespace: 'shop' }))).toBe(1)
      expect((await client().peek(ID))?.state.count).toBe(1)
    } finally {
      if (before === undefined) delete process.env.HOLDFAST_CONFIG
      else process.env.HOLDFAST_CONFIG = before
    }
  })

  it('counts requests by caller, and the units that they would consume', async () => {
    const holdfast = client()
    await increment(holdfast)
    const before = stack.requests.snapshot()
    await increment(holdfast)
    expect(stack.requests.since(before)).toEqual([
      { caller: 'application', target: 'Sessions', operation: 'UpdateItem', outcome: 'ok', count: 1, units: 1 },
    ])
    await increment(client())
    expect(stack.requests.since(before)).toContainEqual(
      expect.objectContaining({ caller: 'grant', target: '@connections', operation: 'POST', outcome: 'ok', count: 1 }),
    )
  })

  it('tells a client that a write got no answer, where a fault takes it', async () => {
    const holdfast = client()
    await increment(holdfast)
    const undo = stack.dynamodb.inject({
      afterForward: ({ caller }) => (caller === 'application' ? { refuse: 'AccessDeniedException' } : undefined),
    })
    await expect(increment(holdfast)).rejects.toMatchObject({ code: 'REFUSED', effect: 'none' })
    undo()
    expect(await increment(client())).toBe(3)
  })

  it('is joined again after its connections are cut', async () => {
    const holdfast = client()
    await increment(holdfast)
    expect(stack.gateway.connections()).toMatchObject([{ connectionId: expect.any(String), userArn: undefined }])
    expect(stack.gateway.drop('of nobody')).toBe(false)
    stack.gateway.dropAll()
    expect(stack.gateway.connections()).toEqual([])
    expect(holdfast.health().state).toBe('connecting')
    // It still holds the session.
    expect(await increment(holdfast)).toBe(2)
  })

  it('closes what is open when it stops, and is found no longer', async () => {
    const holdfast = client({ durability: 'release' })
    await increment(holdfast)
    const [entered, never] = [new Gate(), new Gate()]
    const running = quiet(
      holdfast.access(ID, 'all', () => {
        entered.open()
        return never.passed
      }),
    )
    await entered.passed
    const waiting = quiet(increment(holdfast))
    await stack.stop()
    await expect(waiting).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(running).rejects.toMatchObject({ code: 'CLOSED' })
    expect(stack.gateway.connections()).toEqual([])
    expect(holdfast.health().state).toBe('closed')
    expect(() => client()).toThrow(`'config.url' is ${stack.config.url}, and there is no such memory stack`)
    await expect(stack.gateway.start()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await stack.stop()
  })
})

describe('a stack whose time is virtual', () => {
  let stack: MemoryStack
  const start = (options: MemoryStackOptions = {}) => {
    stack = createMemoryStack({ clock: 'virtual', ...options })
  }
  afterEach(() => stack.stop())
  const client = (options = {}) => createHoldfast<Counter>({ namespace: 'shop', config: stack.config, ...options })
  /** Whether it has settled by now. */
  const watch = (promise: Promise<unknown>) => {
    const watched = { isSettled: false }
    const settled = () => {
      watched.isSettled = true
    }
    void promise.then(settled, settled)
    return watched
  }

  it('ends a session by the time that passes', async () => {
    start()
    const holdfast = client({ ttlMs: TTL_MS })
    await increment(holdfast)
    await stack.advance(TTL_MS - 1)
    expect((await holdfast.peek(ID))?.state).toEqual({ count: 1 })
    await stack.advance(1)
    expect(await holdfast.peek(ID)).toBeUndefined()
    expect(await increment(holdfast)).toBe(1)
  })

  it('ends a wait at its timeout, and not before', async () => {
    start()
    const never = new Gate()
    void quiet(client().access(ID, 'all', () => never.passed))
    await stack.advance(0)
    const waiting = quiet(increment(client(), ID, { timeoutMs: 5_000 }))
    const watched = watch(waiting)
    await stack.advance(4_999)
    expect(watched.isSettled).toBe(false)
    await stack.advance(1)
    await expect(waiting).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' })
  })

  it('heals what lost pushes break by nudges', async () => {
    start()
    const [first, second] = [client(), client()]
    await increment(first)
    const lost: string[] = []
    const undo = stack.gateway.losePushes(({ from, text }) => {
      lost.push(`${from}: ${(JSON.parse(text) as { type: string }).type}`)
      return lost.length <= 1
    })
    const waiting = increment(second)
    const watched = watch(waiting)
    await stack.advance(0)
    expect(lost).toEqual(['grant: revoke'])
    expect(watched.isSettled).toBe(false)
    await stack.advance(5_000)
    expect(await waiting).toBe(2)
    undo()
  })

  it('takes a session from a holder that cannot be reached, and tells it', async () => {
    const timing = { leaseMs: 6_000, maxBusyMs: 3_000 }
    start({ timing })
    const [first, second] = [client(), client()]
    const lost: string[] = []
    first.on('lost', ({ error }) => lost.push(error.code))
    const never = new Gate()
    const running = quiet(first.access(ID, 'all', () => never.passed))
    await stack.advance(0)
    await stack.gateway.stop()
    const waiting = quiet(increment(second))
    await stack.advance(timing.leaseMs)
    await expect(running).rejects.toMatchObject({ code: 'SESSION_LOST', reason: 'unreachable' })
    expect(lost).toEqual(['SESSION_LOST'])
    await stack.gateway.start()
    await stack.advance(holdCostMaxMs(compileTiming(timing)))
    expect(await waiting).toBe(1)
  })

  it('has requests fail while the tables are down, and serves who still waits when they are back', async () => {
    start()
    const holdfast = client()
    await increment(holdfast)
    await stack.dynamodb.stop()
    const failing = quiet(increment(holdfast))
    await stack.advance(60_000)
    await expect(failing).rejects.toMatchObject({ code: expect.stringMatching(/COMMIT_UNKNOWN|SESSION_LOST/) })
    const waiting = increment(client())
    await stack.advance(1_000)
    await stack.dynamodb.start()
    await stack.advance(29_000)
    expect(await waiting).toBe(2)
  })

  it('hears the log of the functions', async () => {
    const lines: string[] = []
    start({ onLog: ({ functionId, text }) => lines.push(`${functionId} ${text}`) })
    const undo = stack.dynamodb.inject({ beforeForward: ({ caller }) => (caller === 'grant' ? 'drop' : undefined) })
    const waiting = increment(client())
    await stack.advance(1_000)
    undo()
    await stack.advance(29_000)
    expect(await waiting).toBe(1)
    expect(lines[0]).toContain('grant {"level":"error","event":"failed","of":"acquire"')
  })

  it('advances by one call after the other, and by sensible times only', async () => {
    start()
    const holdfast = client({ ttlMs: TTL_MS })
    await increment(holdfast)
    await Promise.all([stack.advance(TTL_MS / 2), stack.advance(TTL_MS / 2)])
    expect(await holdfast.peek(ID)).toBeUndefined()
    for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY, '1' as unknown as number]) {
      await expect(stack.advance(ms)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
  })
})

test('a stack whose time is real cannot be advanced', async () => {
  await using stack = createMemoryStack()
  await expect(stack.advance(1)).rejects.toThrow("use createMemoryStack({ clock: 'virtual' })")
})

test.each([
  [{ clock: 'fast' }, "'clock' must be 'real' or 'virtual', received 'fast'"],
  [{ timing: 5 }, "'timing' must be an object of milliseconds, received 5"],
  [{ timing: { leaseMs: 0 } }, "'timing': timing 'leaseMs' must be a number from 1"],
  [{ onLog: 'me' }, "'onLog' must be a function, received 'me'"],
  [{ ports: 1 }, "createMemoryStack has no option 'ports': known are clock, timing, quotas, onLog"],
])('options %j are refused', (options, message) => {
  expect(() => createMemoryStack(options as MemoryStackOptions)).toThrow(message)
})

test('a URL of no memory stack is refused before anything happens', () => {
  const config = { url: 'memory://nobody', region: 'us-east-1', sessionsTable: 'Sessions' }
  expect(() => createHoldfast({ namespace: 'shop', config })).toThrow('there is no such memory stack')
})
