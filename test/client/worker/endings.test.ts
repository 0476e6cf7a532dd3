import type { HoldfastApi } from '../../../client/api.js'
import { Gate } from '../../support/counting.js'
import { Either, outcomeOf, THREADS } from './either.js'
import { arrive, ID, type Shop } from './this-thread.js'

jest.mock('node:worker_threads', () => ({ ...jest.requireActual<object>('node:worker_threads'), isMainThread: false }))

describe.each(THREADS)('how a session ends inside an access of a thread (%s)', (kind) => {
  let either: Either
  beforeEach(() => {
    either = new Either(kind)
  })
  afterEach(() => either.close())

  const finish = <T>(promise: Promise<T>): Promise<T> => either.finish(promise)
  const fill = (client: HoldfastApi<Shop>, id = ID) =>
    finish(client.access(id, 'all', ({ state }) => void (state.a = 1)))

  it('close() of an open session commits it and ends its object', async () => {
    const client = either.client()
    const session = await finish(client.open(ID, 'all'))
    session.state.a = 1
    const closed = session.close()
    expect(() => session.state.a).toThrow(/has ended/)
    expect(session.close()).toBe(closed)
    await finish(closed)
    expect(await either.stored()).toEqual({ a: 1 })
    await session[Symbol.asyncDispose]()
    expect(await finish(client.access(ID, 'all', ({ state }) => state.a))).toBe(1)
  })

  it('close() of many open sessions shares their commits', async () => {
    const client = either.client()
    await fill(client)
    const { world } = either
    const before = world.traffic.updates.length
    world.onStateWrite = async (_update, write) => {
      await new Promise<void>((resolve) => world.clock.after(500, resolve))
      return write()
    }
    const uses = Array.from({ length: 20 }, async () => {
      const session = await client.open(ID, { write: ['b'] })
      session.state.b = (session.state.b ?? 0) + 1
      await session.close()
    })
    await finish(Promise.all(uses))
    expect(await either.stored()).toEqual({ a: 1, b: 20 })
    expect(world.traffic.updates.length - before).toBeLessThanOrEqual(3)
  })

  it('leaves a session open that cannot be closed yet', async () => {
    const client = either.client({ attributeBytesMax: 100 })
    const session = await finish(client.open(ID, 'all'))
    session.state.cart = { items: [() => {}] }
    expect(await finish(outcomeOf(session.close()))).toBe('INVALID_VALUE')
    session.state.cart = { items: ['x'.repeat(200)] }
    expect(await finish(outcomeOf(session.close()))).toBe('TOO_LARGE')
    expect(session.state.cart).toEqual({ items: ['x'.repeat(200)] })
    session.delete('cart')
    session.state.a = 2
    await finish(session.close())
    expect(await either.stored()).toEqual({ a: 2 })
  })

  it('refuses to close what was disposed of, or lost', async () => {
    const client = either.client()
    const disposed = await finish(client.open(ID, 'all'))
    await finish(Promise.resolve(disposed[Symbol.asyncDispose]()))
    expect(await outcomeOf(disposed.close())).toBe('ACCESS_ENDED')
    const main = either.main()
    const lost = await finish((kind === 'main' ? main : either.threadOf(main)).open(ID, 'all'))
    lost.state.a = 1
    either.world.partition(main)
    await either.world.clock.advance(either.world.timing.leaseMs + 1_000)
    await arrive()
    for (let times = 0; times < 2; times += 1) {
      expect(await finish(outcomeOf(lost.close()))).toBe('SESSION_LOST')
    }
    either.world.partition(main, false)
  })

  it('destroy() drops what is not committed, ends the object, and fails those who wait', async () => {
    const client = either.client()
    await fill(client)
    const access = client.access(ID, 'all', async (session) => {
      session.state.b = 2
      await arrive()
      await session.destroy()
      const uses = [session.commit(), session.lock('all'), session.destroy(), session.rotate()].map(outcomeOf)
      expect(() => session.state.a).toThrow(/session\.destroy\(\) was called/)
      return Promise.all(uses)
    })
    const waiting = client.access(ID, 'all', () => {}).catch((error: unknown) => error)
    expect(await finish(access)).toEqual(Array(4).fill('ACCESS_ENDED'))
    expect(await finish(waiting)).toMatchObject({ code: 'SESSION_MISSING', reason: 'destroyed', missingSinceMs: 0 })
    expect(await either.stored()).toBeUndefined()
    const late = client.access(ID, 'all', () => {}, { ifMissing: 'fail' }).catch((error: unknown) => error)
    expect(await finish(late)).toMatchObject({ reason: 'destroyed', missingSinceMs: expect.any(Number) })
  })

  it('destroy() is awaited by the access, of which another session is committed', async () => {
    const client = either.client()
    for (const id of ['one', 'two']) await fill(client, id)
    const access = client.accessMany(['one', 'two'], 'all', ([one, two]) => {
      void one.destroy()
      two.state.b = 2
    })
    await finish(access)
    expect([await either.stored('one'), await either.stored('two')]).toEqual([undefined, { a: 1, b: 2 }])
  })

  it('open() is refused at once inside an access, or run(), to the session whose locks it would wait for', async () => {
    const client = either.client()
    const attempts = async () => [
      await outcomeOf(client.open(ID, 'all')),
      await outcomeOf(client.open(ID, { read: ['a'] })),
      await outcomeOf(client.access(ID, { read: ['a'] }, () => client.open(ID, { write: ['a'] }))),
    ]
    const startedAt = either.world.clock.monotonicMs()
    const session = await finish(client.open(ID, { write: ['a'] }))
    expect(await finish(session.run(attempts))).toEqual(Array(3).fill('NESTED_ACCESS'))
    await finish(session.close())
    expect(await finish(client.access(ID, { write: ['a'] }, attempts))).toEqual(Array(3).fill('NESTED_ACCESS'))
    expect(either.world.clock.monotonicMs() - startedAt).toBeLessThan(1_000)
  })

  it('open() inside an access to the session is refused at once where others are ahead, who wait for that', async () => {
    const client = either.client()
    const pass = async () => {
      await either.world.clock.advance(100)
      await arrive()
    }
    const others = [client, either.main()].map((other) => () => other.access(ID, 'all', () => 'others'))
    for (const ahead of others) {
      const begun = new Gate()
      const access = client.access(ID, { read: ['a'] }, async () => {
        await begun.passed
        return outcomeOf(client.open(ID, { read: ['b'] }))
      })
      await pass()
      const waiting = ahead()
      await pass()
      begun.open()
      expect(await either.finish(access, 1_000)).toBe('NESTED_ACCESS')
      expect(await finish(waiting)).toBe('others')
    }
  })

  it('open() inside an access, or run(), waits for other locks', async () => {
    const client = either.client()
    const opened = async (id: string, locks: 'all' | { write: ['b'] }) => {
      const session = await client.open(id, locks)
      session.state.b = 3
      await session.close()
    }
    const attempts = async () => {
      await opened(ID, { write: ['b'] })
      await opened('other', 'all')
    }
    const session = await finish(client.open(ID, { write: ['a'] }))
    await finish(session.run(attempts))
    await finish(session.close())
    await finish(client.access(ID, { write: ['a'] }, attempts))
    expect([await either.stored(), await either.stored('other')]).toEqual([{ b: 3 }, { b: 3 }])
  })

  it('destroy() of an open session leaves nothing for close() and disposal to do', async () => {
    const client = either.client()
    await fill(client)
    const session = await finish(client.open(ID, 'all'))
    session.state.b = 2
    const destroying = session.destroy()
    // Also while it is under way.
    await finish(Promise.all([session.close(), destroying]))
    for (let times = 0; times < 2; times += 1) expect(await outcomeOf(session.close())).toBeUndefined()
    await finish(Promise.resolve(session[Symbol.asyncDispose]()))
    expect(await outcomeOf(session.destroy())).toBe('ACCESS_ENDED')
    expect(await either.stored()).toBeUndefined()
  })

  it('destroy() that failed fails close(), too', async () => {
    const client = either.client()
    await fill(client)
    const session = await finish(client.open('other', 'all'))
    either.world.onStateWrite = () => Promise.reject(new Error('no answer'))
    const access = client.access(ID, 'all', (one) => one.destroy())
    expect(await finish(outcomeOf(access))).toBe('COMMIT_UNKNOWN')
    expect(await finish(outcomeOf(session.destroy()))).toBe('COMMIT_UNKNOWN')
    for (let times = 0; times < 2; times += 1) expect(await outcomeOf(session.close())).toBe('COMMIT_UNKNOWN')
    await finish(Promise.resolve(session[Symbol.asyncDispose]()))
    either.world.onStateWrite = (_update, write) => write()
  })

  it('rotate() moves the session with its changes, and the access goes on under the new id', async () => {
    const client = either.client()
    await fill(client)
    const access = client.access(ID, 'all', async (session) => {
      const { createdAt, epoch, signal } = session
      session.state.b = 2
      const id = await session.rotate()
      expect([session.createdAt, session.signal === signal]).toEqual([createdAt, true])
      expect(session.epoch).toEqual(expect.any(Number))
      expect(epoch).toEqual(expect.any(Number))
      await client.access(id, 'all', ({ state }) => void (state.cart = { items: [state.a, state.b] }))
      expect(await outcomeOf(client.access(ID, 'all', () => {}))).toBe('NESTED_ACCESS')
      return id
    })
    const id = await finish(access)
    expect(await either.stored(id)).toEqual({ a: 1, b: 2, cart: { items: [1, 2] } })
    const old = client.access(ID, 'all', () => {}).catch((error: unknown) => error)
    expect(await finish(old)).toMatchObject({ reason: 'rotated', missingSinceMs: expect.any(Number) })
  })

  it('rotate() to an id that is in use or none changes nothing, and the access goes on', async () => {
    const client = either.client()
    for (const id of [ID, 'taken']) await fill(client, id)
    const access = client.access(ID, 'all', async (session) => {
      session.state.b = 2
      const tried = []
      for (const to of ['taken', '', ID, 5 as never]) tried.push(await outcomeOf(session.rotate({ to })))
      tried.push(await outcomeOf(session.rotate({ too: 'x' } as never)))
      session.delete('b')
      const moving = session.rotate({ to: 'free' })
      tried.push(await outcomeOf(session.destroy()))
      return [...tried, await moving]
    })
    expect(await finish(access)).toEqual([...Array(5).fill('INVALID_ARGUMENT'), 'ACCESS_ENDED', 'free'])
    expect(await either.stored('free')).toEqual({ a: 1 })
    expect(await either.stored('taken')).toEqual({ a: 1 })
  })

  it('rotate() of an open session goes on until that is closed', async () => {
    const client = either.client()
    await fill(client)
    const session = await finish(client.open(ID, 'all'))
    const id = await finish(session.rotate())
    session.state.b = 3
    await finish(session.close())
    expect(await either.stored(id)).toEqual({ a: 1, b: 3 })
  })

  it.each(['destroy', 'rotate'] as const)('%s() is for an outermost access that has all of it', async (call) => {
    const client = either.client()
    await fill(client)
    const access = client.access(ID, { all: 'read' }, async (session) => {
      const refused = await session[call]().catch((error: unknown) => error)
      const whole = await session.lock('all')
      whole.state.b = 2
      const nested = client.access(ID, 'all', (inner) => inner[call]().then(() => 'done'))
      return [refused, await outcomeOf(nested)]
    })
    const [refused, nested] = (await finish(access)) as unknown[]
    expect(refused).toMatchObject({ code: 'NOT_LOCKED', attribute: '*' })
    expect(nested).toBe('NESTED_ACCESS')
    expect(await either.stored()).toEqual({ a: 1, b: 2 })
  })

  it('run() lets accesses join an open session, and others wait', async () => {
    const client = either.client()
    const busy = await finish(client.open('other', 'all'))
    const session = await finish(client.open(ID, { write: ['a'] }))
    const running = session.run(async () => {
      await client.access(ID, { write: ['a'] }, ({ state }) => void (state.a = 5))
      const refused = [
        client.access(ID, { write: ['b'] }, () => {}),
        client.accessMany([ID, 'other'], { write: ['a'] }, () => {}),
        client.destroy(ID),
        client.rotate(ID),
        client.release(ID),
      ].map(outcomeOf)
      const late = await outcomeOf(client.access('other', 'all', () => {}, { timeoutMs: 100 }))
      return [...(await Promise.all(refused)), late, session.state.a]
    })
    expect(await finish(running)).toEqual([...Array(5).fill('NESTED_ACCESS'), 'WAIT_TIMEOUT', 5])
    await finish(busy.close())
    await finish(session.close())
    expect(await outcomeOf(session.run(() => {}))).toBe('ACCESS_ENDED')
    expect(await either.stored()).toEqual({ a: 5 })
  })

  it('an access that would wait for one of another client of the store is refused', async () => {
    const [one, two] = [either.client(), either.client()]
    await fill(one)
    const inside = one.access(ID, 'all', () =>
      Promise.all(
        [two.access(ID, { read: ['a'] }, () => {}), two.destroy(ID), two.rotate(ID), two.release(ID)].map(outcomeOf),
      ),
    )
    expect(await finish(inside)).toEqual(Array(4).fill('NESTED_ACCESS'))
    expect(await finish(one.access(ID, 'all', () => two.access('other', 'all', () => 'ran')))).toBe('ran')
  })
})
