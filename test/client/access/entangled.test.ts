import { sessionKey } from '../../../client/session/session-key.js'
import { type Counter, Gate, ID, increment as incrementOf, quiet } from '../../support/counting.js'
import { settle, World } from '../../support/world.js'

describe('accesses that hang together', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  const increment = (...args: Parameters<typeof incrementOf>) => quiet(incrementOf(...args))

  async function counting(ids = [ID], options = {}) {
    const client = world.client<Counter>(options)
    for (const id of ids) await world.finish(increment(client, id))
    return client
  }

  it('an access that waits with the signal of the one before it is gone when that one loses the session', async () => {
    const [first, second] = [await counting(), world.client<Counter>()]
    const session = await world.finish(first.open(ID, { write: ['count'] }))
    const waiting = increment(first, ID, { signal: session.signal })
    await settle()
    world.clock.freeze(world.timing.leaseMs)
    await world.clock.advance(1)
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED', effect: 'none' })
    await session[Symbol.asyncDispose]()
    expect(first.health().waitingSessions).toBe(0)
    const startMs = world.clock.wallMs()
    expect(await world.finish(increment(first), 40_000)).toBe(2)
    expect(await world.finish(increment(second), 40_000)).toBe(3)
    // Nobody was left behind as a holder that the others would have to outwait.
    expect(world.clock.wallMs() - startMs).toBeLessThan(world.timing.maxBusyMs)
  })

  it('an access that begins when the signal of another is aborted gets the next grant, and leaves no timer', async () => {
    const client = await counting()
    const session = await world.finish(client.open(ID, { write: ['count'] }))
    let again: Promise<number> | undefined
    session.signal.addEventListener('abort', () => {
      again = increment(client)
    })
    world.clock.freeze(world.timing.leaseMs)
    await world.clock.advance(1_000)
    await session[Symbol.asyncDispose]()
    expect(await world.finish(again as Promise<number>, 40_000)).toBe(2)
    await world.finish(client.close(), 20_000)
    expect(world.clock.pending).toBe(0)
  })

  it('session.lock() does not wait where the signal is aborted already', async () => {
    const client = await counting()
    const gate = new Gate()
    const holding = client.access(ID, { write: ['other'] }, () => gate.passed)
    await settle()
    const abort = new AbortController()
    const widening = client.access(
      ID,
      { write: ['count'] },
      async (session) => {
        abort.abort()
        await session.lock({ write: ['other'] })
      },
      { signal: abort.signal },
    )
    await expect(world.finish(widening)).rejects.toMatchObject({ code: 'ABORTED' })
    gate.open()
    await world.finish(holding)
  })

  it.each([
    ['is over', 'lock', { ttlMs: 2_000, expiry: 'fixed' }, 2_000, 'expired'],
    ['is over', 'tryLock', { ttlMs: 2_000, expiry: 'fixed' }, 2_000, 'expired'],
    ['was lost', 'lock', {}, 600_000, 'leaseExpired'],
    ['was lost', 'tryLock', {}, 600_000, 'leaseExpired'],
  ] as const)(
    'an access that comes to lock more gets nothing of a session that %s unnoticed: %s',
    async (_how, call, options, ms, reason) => {
      const client = await counting([ID], options)
      let got: unknown = 'nothing'
      const widening = quiet(
        client.access(ID, { write: ['other'] }, async (session) => {
          world.clock.freeze(ms)
          const wider = await session[call]({ write: ['count'] })
          got = wider?.state.count
        }),
      )
      await expect(world.finish(widening)).rejects.toMatchObject({ code: 'SESSION_LOST', reason })
      expect(got).toBe('nothing')
    },
  )

  it.each<[string, 'event' | 'signal']>([
    ['an event', 'event'],
    ['a signal', 'signal'],
  ])('whoever listens to %s is not inside the access that caused it', async (_what, kind) => {
    const client = await counting(['a', 'b'])
    const opened = await world.finish(client.open('b', { write: ['count'] }))
    let told: Promise<number> | undefined
    const listen = () => {
      told ??= increment(client, 'c')
    }
    if (kind === 'event') client.on('lost', listen)
    else opened.signal.addEventListener('abort', listen)
    const causing = client.access('a', { write: ['count'] }, async (session) => {
      world.clock.freeze(world.timing.leaseMs)
      session.state.count = 5
      // It finds the lease over.
      await session.commit()
    })
    await expect(world.finish(causing, 10_000)).rejects.toMatchObject({ code: 'SESSION_LOST' })
    await opened[Symbol.asyncDispose]()
    expect(await world.finish(told as Promise<number>, 10_000)).toBe(1)
  })

  it('what a listener is told is written is written, though it began inside an access that fails', async () => {
    const client = await counting(['a', 'b'])
    let told: Promise<number | undefined> | undefined
    client.on('released', () => {
      told ??= increment(client, 'a').catch(() => undefined)
    })
    const outer = client.access('a', { write: ['count'] }, async () => {
      await client.release('b')
      await settle()
      throw new Error('it fails')
    })
    await expect(world.finish(outer)).rejects.toThrow('it fails')
    expect(await world.finish(told as Promise<number>, 40_000)).toBe(2)
    expect((await world.finish(client.peek('a')))?.state.count).toBe(2)
  })

  it('an accessMany that failed without effect has none afterwards', async () => {
    world = new World({ leaseMs: 100_000, maxBusyMs: 5_000 })
    const [first, second] = [await counting(['a', 'b']), world.client<Counter>()]
    const gate = new Gate()
    let late: Promise<void> | undefined
    let signal: AbortSignal | undefined
    const both = quiet(
      first.accessMany(['a', 'b'], { write: ['count'] }, async ([, b]) => {
        signal = b?.signal
        await gate.passed
        late = (async () => {
          if (b === undefined) return
          b.state.count = 100
          await b.commit()
        })()
        await late
      }),
    )
    await settle()
    const other = increment(second, 'a')
    await expect(world.finish(both, 60_000)).rejects.toMatchObject({ code: 'SESSION_LOST', effect: 'none' })
    expect(signal?.aborted).toBe(true)
    // Its locks on the other are free again, though its work goes on.
    expect(await world.finish(increment(first, 'b'))).toBe(2)
    gate.open()
    await settle()
    await expect(late).rejects.toMatchObject({ code: 'SESSION_LOST' })
    expect(await world.finish(other, 60_000)).toBe(2)
    expect((await world.finish(first.peek('b')))?.state.count).toBe(2)
  })

  it('those who wait behind an accessMany get the next grant where the process loses all it holds', async () => {
    const client = await counting(['a', 'b'])
    const both = quiet(client.accessMany(['a', 'b'], { write: ['count'] }, () => new Promise<void>(() => {})))
    await settle()
    const waiting = ['a', 'b'].map((id) => increment(client, id))
    await settle()
    world.clock.freeze(world.timing.leaseMs)
    await world.clock.advance(1)
    await expect(both).rejects.toMatchObject({ code: 'SESSION_LOST', effect: 'none' })
    expect(await world.finish(Promise.all(waiting), 40_000)).toEqual([2, 2])
  })

  it('an accessMany that has lost one session does not go on waiting for the next', async () => {
    world = new World({ leaseMs: 100_000, maxBusyMs: 5_000 })
    const byKey = (one: string, two: string) => (sessionKey('test', one) < sessionKey('test', two) ? -1 : 1)
    const [lost, waited] = ['a', 'b'].sort(byKey) as [string, string]
    const [first, second] = [await counting(['a', 'b']), world.client<Counter>()]
    const holding = await world.finish(first.open(waited, { write: ['count'] }))
    const both = quiet(first.accessMany(['a', 'b'], { write: ['count'] }, () => {}, { timeoutMs: 3_600_000 }))
    await settle()
    expect(await world.finish(increment(second, lost), 60_000)).toBe(2)
    await expect(world.finish(both)).rejects.toMatchObject({ code: 'SESSION_LOST', effect: 'none' })
    await holding[Symbol.asyncDispose]()
    // It has left both queues.
    expect(await world.finish(increment(first, waited))).toBe(2)
    await world.finish(first.close())
    await world.finish(second.close())
    expect(world.clock.pending).toBe(0)
  })

  it('only what may have landed is unknown: those beside and behind such a commit have had no effect', async () => {
    const client = await counting()
    const gate = new Gate()
    const beside = quiet(client.access(ID, { write: ['other'] }, () => gate.passed))
    const behind = quiet(client.access(ID, { write: ['other'] }, () => {}))
    await settle()
    const lost = jest.fn()
    client.on('lost', lost)
    world.onStateWrite = async (_update, write) => {
      await write()
      throw new Error('no answer')
    }
    const writing = increment(client)
    const reading = quiet(client.access(ID, { read: ['count'] }, ({ state }) => state.count))
    await expect(world.finish(writing, 60_000)).rejects.toMatchObject({ code: 'COMMIT_UNKNOWN', effect: 'unknown' })
    // It has ended with a value that may not be lasting.
    await expect(reading).rejects.toMatchObject({ code: 'COMMIT_UNKNOWN' })
    for (const access of [beside, behind]) {
      await expect(access).rejects.toMatchObject({ code: 'SESSION_LOST', reason: 'unreachable', effect: 'none' })
    }
    expect(lost).toHaveBeenCalledWith(
      expect.objectContaining({ error: expect.objectContaining({ code: 'COMMIT_UNKNOWN' }) }),
    )
    world.onStateWrite = (_update, write) => write()
    gate.open()
    expect(await world.finish(increment(client), 60_000)).toBe(3)
  })

  it('a hold that was lost while its last commit was under way leaves no timer', async () => {
    const [first, second] = [await counting([ID], { ttlMs: 2_000 }), world.client<Counter>({ ttlMs: 2_000 })]
    let landing = new Gate()
    world.onStateWrite = async (_update, write) => {
      landing = new Gate()
      await landing.passed
      return write()
    }
    void increment(first)
    await world.clock.advance(2_100)
    // Finds that the session's life is over.
    void increment(first, ID, { timeoutMs: 100 })
    await world.clock.advance(200)
    const other = increment(second)
    await world.clock.advance(500)
    world.onStateWrite = (_update, write) => write()
    landing.open()
    await world.finish(other, 60_000)
    await world.finish(first.close())
    await world.finish(second.close())
    expect(world.clock.pending).toBe(0)
  })
})
