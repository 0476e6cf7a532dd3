import { getMaxListeners } from 'node:events'
import { setTimeout as after } from 'node:timers/promises'
import { type InvocationHoldfast, type LambdaOptions, withHoldfast } from '../../../../client/adapters/lambda/index.js'
import { createHoldfast, type Holdfast, type OpenSessionOf } from '../../../../client/index.js'
import { createMemoryStack, type MemoryStack } from '../../../../local/index.js'

interface Shop {
  count: number
  cart: string[]
}

const ID = 'x'.repeat(43)

describe('withHoldfast', () => {
  let stack: MemoryStack
  let client: Holdfast<Shop>
  let other: Holdfast<Shop>
  beforeEach(() => {
    stack = createMemoryStack()
    client = createHoldfast<Shop>({ namespace: 'shop', config: stack.config, holdPolicy: 'perAccess' })
    other = createHoldfast<Shop>({ namespace: 'shop', config: stack.config })
  })
  afterEach(() => stack.stop())

  const context = (remainingMs = 5_000) => ({ getRemainingTimeInMillis: () => remainingMs, awsRequestId: 'r' })
  const increment = ({ state }: { readonly state: Partial<Shop> }) => {
    state.count = (state.count ?? 0) + 1
    return state.count
  }
  const count = async () => (await other.peek(ID))?.state.count ?? 0
  const never = () => new Promise<never>(() => {})
  const stay = (session: { readonly state: Partial<Shop> }) => {
    increment(session)
    return never()
  }
  const wrap = <R>(
    handler: Parameters<typeof withHoldfast<Shop, string, R>>[1],
    options?: LambdaOptions,
  ): ((event: string, context: { getRemainingTimeInMillis(): number }) => Promise<R>) =>
    withHoldfast<Shop, string, R>(client, handler, options)
  /** Nothing is held, and another process has the session at once. */
  const freed = async () => {
    expect(client.health().heldSessions).toBe(0)
    await other.access(ID, 'all', () => {}, { timeoutMs: 1_000 })
  }

  it('gives the handler the event, the context and the client, and returns its result', async () => {
    const handler = withHoldfast(
      client,
      async (event: string, { awsRequestId }: ReturnType<typeof context>, holdfast) => {
        return [event, awsRequestId, await holdfast.access(ID, { write: ['count'] }, increment)]
      },
    )
    expect(await handler('event', context())).toEqual(['event', 'r', 1])
    expect(await handler('event', context())).toEqual(['event', 'r', 2])
    expect(await count()).toBe(2)
    await freed()
  })

  it('has every call of a client', async () => {
    const handler = wrap(async (_event, _context, holdfast) => {
      const id = await holdfast.create({ count: 1 })
      const many = await holdfast.accessMany([id, ID], 'all', ([a, b]) => [increment(a), increment(b)])
      const next = await holdfast.rotate(id, (session) => void increment(session))
      const seen = (await holdfast.peek(next))?.state.count
      await holdfast.release(next)
      await using session = await holdfast.open(next, { write: ['count'] })
      increment(session)
      await session.close()
      return [many, seen, (await holdfast.peek(next))?.state.count, await holdfast.destroy(next)]
    })
    expect(await handler('', context())).toEqual([[2, 1], 3, 4, true])
    await freed()
  })

  it('joins nested accesses', async () => {
    const handler = wrap((_event, _context, holdfast) =>
      holdfast.access(ID, 'all', async (session) => {
        increment(session)
        return holdfast.access(ID, { write: ['count'] }, increment)
      }),
    )
    expect(await handler('', context())).toBe(2)
  })

  it('throws what the handler throws, with every lock free', async () => {
    const wrong = new Error('wrong')
    for (const handler of [
      wrap(() => {
        throw wrong
      }),
      wrap((_event, _context, holdfast) =>
        holdfast.access(ID, 'all', (session) => {
          increment(session)
          throw wrong
        }),
      ),
      wrap(async (_event, _context, holdfast) => {
        increment(await holdfast.open(ID, 'all'))
        throw wrong
      }),
    ]) {
      await expect(handler('', context())).rejects.toBe(wrong)
      await freed()
    }
    expect(await count()).toBe(0)
  })

  it('an early return waits for what was not awaited, and commits it', async () => {
    const handler = wrap((_event, _context, holdfast) => {
      void holdfast.access(ID, 'all', async (session) => {
        await after(50)
        increment(session)
      })
      return 'early'
    })
    expect(await handler('', context())).toBe('early')
    expect(await count()).toBe(1)
    await freed()
  })

  it('disposes of an open session, and discards its changes', async () => {
    let left: OpenSessionOf<Shop, 'all'> | undefined
    const handler = wrap(async (_event, _context, holdfast) => {
      left = await holdfast.open(ID, 'all')
      increment(left)
      // This one resolves only when the first has been disposed of.
      void holdfast.open(ID, 'all').then(increment)
    })
    await handler('', context())
    expect(() => left?.state.count).toThrow(expect.objectContaining({ code: 'ACCESS_ENDED' }))
    expect(await count()).toBe(0)
    await freed()
  })

  it('waits for a close that was not awaited', async () => {
    const handler = wrap(async (_event, _context, holdfast) => {
      const session = await holdfast.open(ID, 'all')
      increment(session)
      void session.close()
    })
    await handler('', context())
    expect(await count()).toBe(1)
    await freed()
  })

  it.each<[string, (holdfast: InvocationHoldfast<Shop>) => unknown]>([
    ['an access', (holdfast) => holdfast.access(ID, 'all', stay)],
    ['an access to many', (holdfast) => holdfast.accessMany([ID], 'all', ([session]) => stay(session))],
    ['a nested access', (holdfast) => holdfast.access(ID, 'all', () => holdfast.access(ID, 'all', stay))],
    ['an open session', async (holdfast) => stay(await holdfast.open(ID, 'all'))],
    ['nothing', never],
  ])('ends at the deadline, where the handler is in %s', async (_name, work) => {
    const began = performance.now()
    const handler = wrap((_event, _context, holdfast) => work(holdfast), { marginMs: 1_500 })
    const failure = { code: 'INVOCATION_ENDED', reason: 'deadline', effect: 'unknown', retryable: true }
    await expect(handler('', context(1_700))).rejects.toMatchObject(failure)
    expect(performance.now() - began).toBeLessThan(1_700)
    expect(performance.now() - began).toBeGreaterThan(900)
    await freed()
    expect(await count()).toBe(0)
  })

  it('tells the work and the handler that the time is over', async () => {
    let aborted: unknown
    let ended: unknown
    const handler = wrap(
      async (_event, _context, holdfast) => {
        holdfast.signal.addEventListener('abort', () => {
          aborted = holdfast.signal.reason
          holdfast.peek(ID).catch((error) => {
            ended = error
          })
        })
        await never()
      },
      { marginMs: 100 },
    )
    await expect(handler('', context(200))).rejects.toMatchObject({ reason: 'deadline' })
    expect(aborted).toMatchObject({ code: 'INVOCATION_ENDED', effect: 'none' })
    expect(ended).toMatchObject({ code: 'INVOCATION_ENDED', reason: 'deadline' })
  })

  it('waits for a lock until the margin, so that the handler can answer that it is busy', async () => {
    const holder = await other.open(ID, 'all')
    const handler = wrap(
      (_event, _context, holdfast) =>
        holdfast.access(ID, 'all', increment).catch(({ code }: { code: string }) => ({ statusCode: 503, code })),
      { marginMs: 200 },
    )
    expect(await handler('', context(500))).toEqual({ statusCode: 503, code: 'WAIT_TIMEOUT' })
    await holder.close()
    await freed()
    expect(await count()).toBe(0)
  })

  it('waits no longer than the options of the access and of the wrapper say', async () => {
    await client.access('another', 'all', () => {})
    const holder = await other.open(ID, 'all')
    const wait = (own: object, options?: LambdaOptions) =>
      wrap((_event, _context, holdfast) => holdfast.access(ID, 'all', increment, own), options)('', context())
    const began = performance.now()
    await expect(wait({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' })
    await expect(wait({}, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' })
    await expect(wait({ signal: AbortSignal.timeout(50) })).rejects.toMatchObject({ code: 'ABORTED' })
    expect(performance.now() - began).toBeLessThan(1_000)
    await expect(wait({ timeoutMs: 0 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(wait({ signal: 'no signal' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await holder.close()
    await freed()
  })

  it('does nothing where no time is left', async () => {
    let isCalled = false
    const handler = wrap(() => {
      isCalled = true
    })
    await expect(handler('', context(400))).rejects.toMatchObject({ code: 'INVOCATION_ENDED', effect: 'none' })
    expect(isCalled).toBe(false)
  })

  it('refuses calls after the invocation, so that none runs in the next one', async () => {
    let late: InvocationHoldfast<Shop> | undefined
    const handler = wrap((_event, _context, holdfast) => {
      late = holdfast
    })
    await handler('', context())
    const ended = { code: 'INVOCATION_ENDED', reason: 'returned' }
    await expect(late?.access(ID, 'all', increment)).rejects.toMatchObject(ended)
    await expect(late?.open(ID, 'all')).rejects.toMatchObject(ended)
    expect(await count()).toBe(0)
  })

  it('gives back what a client with untilRevoked has kept', async () => {
    client = createHoldfast<Shop>({ namespace: 'shop', config: stack.config, holdPolicy: 'untilRevoked' })
    const handler = wrap((_event, _context, holdfast) => holdfast.access(ID, 'all', increment))
    expect(await handler('', context())).toBe(1)
    await freed()
  })

  it('uses one connection for all invocations', async () => {
    let connections = 0
    client.on('connection', ({ state }) => void (state === 'connected' && (connections += 1)))
    const handler = wrap((_event, _context, holdfast) => holdfast.access(ID, 'all', increment))
    for (let n = 1; n <= 20; n += 1) expect(await handler('', context())).toBe(n)
    expect(connections).toBe(1)
  })

  it('refuses wrong options at once', () => {
    expect(() => withHoldfast(client, 'no function' as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
    for (const options of [
      { marginMs: 1 },
      { marginMs: 60_001 },
      { timeoutMs: 0 },
      { timeoutMs: 900_001 },
      { margin: 5 },
    ]) {
      expect(() => wrap(() => {}, options)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    }
  })

  it('refuses a call without the context of Lambda', async () => {
    const handler = wrap(() => 'done')
    for (const none of [undefined, {}, { getRemainingTimeInMillis: 5 }])
      await expect(handler('event', none as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('takes a time that is longer than any invocation, as tests have it', async () => {
    const handler = wrap((_event, _context, holdfast) => holdfast.access(ID, { write: ['count'] }, increment))
    expect(await handler('event', context(Number.POSITIVE_INFINITY))).toBe(1)
    expect(await handler('event', context(Number.MAX_SAFE_INTEGER))).toBe(2)
  })

  it('warns of no leak, however many slow calls get the signal', async () => {
    const handler = wrap((_event, _context, { signal }) => getMaxListeners(signal))
    expect(await handler('event', context())).toBe(Number.POSITIVE_INFINITY)
  })
})
