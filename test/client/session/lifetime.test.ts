import { compileLockRequest } from '../../../client/attribute-locks/lock-request.js'
import type { Holdfast } from '../../../client/holdfast.js'
import type { Hold } from '../../../client/session/hold.js'
import { isOtherTtl, SessionLife } from '../../../client/session/life.js'
import { num } from '../../../protocol/dynamodb.js'
import { readSession, type SessionRecord } from '../../../protocol/state/record.js'
import { NOW, sessionItem } from '../../store/fixtures.js'
import { settle, VirtualClock, World } from '../../support/world.js'

interface Counter {
  count: number
}

const ID = 'an id'
const FAIL = { ifMissing: 'fail' } as const

describe('a rolling life', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  const client = (options = {}) => world.client<Counter>({ ttlMs: 2_000, ...options })
  const set = (holdfast: Holdfast<Counter>, count: number) =>
    world.finish(holdfast.access(ID, { write: ['count'] }, ({ state }) => void (state.count = count)))
  const read = (holdfast: Holdfast<Counter>, options = {}) =>
    holdfast.access(ID, { read: ['count'] }, ({ state }) => state.count, options)
  const stored = async () => (await world.finish(world.client<Counter>().peek(ID)))?.state.count
  /** An access that runs until it is told to end, with a change, without one, or by a failure. */
  const running = async (holdfast: Holdfast<Counter>, outcome: 'changes' | 'reads' | 'fails', options = {}) => {
    let end = () => {}
    const done = holdfast.access(
      ID,
      { write: ['count'] },
      async ({ state }) => {
        await new Promise<void>((resolve) => {
          end = resolve
        })
        if (outcome === 'fails') throw new Error('application')
        if (outcome === 'changes') state.count = 7
      },
      options,
    )
    done.catch(() => {})
    await settle()
    return { done, end: () => end() }
  }

  it.each([
    ['changes', 7],
    ['reads', 1],
  ] as const)('goes on after an access that began in time and %s', async (outcome, count) => {
    const holdfast = client()
    await set(holdfast, 1)
    const { done, end } = await running(holdfast, outcome)
    await world.clock.advance(10_000)
    end()
    await world.finish(done)
    await world.clock.advance(1_900)
    expect(await stored()).toBe(count)
    await world.clock.advance(200)
    expect(await stored()).toBeUndefined()
    await expect(world.finish(read(holdfast, FAIL))).rejects.toMatchObject({
      code: 'SESSION_MISSING',
      reason: 'expired',
    })
  })

  it('is that of accesses that begin beside one that runs', async () => {
    const holdfast = client()
    await set(holdfast, 1)
    const { end } = await running(holdfast, 'fails')
    await world.clock.advance(10_000)
    const beside = holdfast.access(ID, { read: ['other' as 'count'] }, ({ isNew }) => isNew)
    expect(await world.finish(beside)).toBe(false)
    end()
    await world.clock.advance(1_000)
    expect(await world.finish(read(holdfast, FAIL))).toBe(1)
  })

  it('is not extended by an access that fails, and is over for those who wait behind it', async () => {
    const holdfast = client()
    await set(holdfast, 1)
    const { done, end } = await running(holdfast, 'fails')
    await world.clock.advance(10_000)
    const [create, find] = [read(holdfast), read(holdfast, FAIL)]
    const found = Promise.allSettled([create, find])
    end()
    await expect(world.finish(done)).rejects.toThrow('application')
    expect(await world.finish(found, 30_000)).toMatchObject([
      { value: undefined },
      { reason: { code: 'SESSION_MISSING', reason: 'expired' } },
    ])
  })

  it('does not end before what was written behind is in DynamoDB', async () => {
    const holdfast = client({ durability: 'release', flushMs: 60_000 })
    await set(holdfast, 1)
    const { done, end } = await running(holdfast, 'changes')
    await world.clock.advance(10_000)
    let write = () => {}
    world.onStateWrite = async (_update, apply) => {
      await new Promise<void>((resolve) => {
        write = resolve
      })
      return apply()
    }
    end()
    await world.finish(done)
    expect(await world.finish(read(holdfast, { ...FAIL, durability: 'release' }))).toBe(7)
    write()
    world.onStateWrite = (_update, apply) => apply()
    await settle()
    expect(await stored()).toBe(7)
  })

  it('that ends while it is claimed is over, and whoever waits gets the next one', async () => {
    const [first, second] = [client(), client()]
    await set(first, 1)
    await world.finish(first.release(ID))
    const written: string[] = []
    world.onStateWrite = async (update, apply) => {
      written.push(update.condition)
      const outcome = await apply()
      if (written.length === 1) world.clock.freeze(3_000)
      return outcome
    }
    expect(await world.finish(read(second), 30_000)).toBeUndefined()
    expect(written.length).toBeGreaterThan(2)
  })
})

describe('the lifetime of a session', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  const record = () => readSession([...world.memory.items('sessions').values()].at(-1)) as SessionRecord
  /** A session of one process, which another gets with a lifetime of its own. */
  const begin = async (ttlMs: number, options = {}) => {
    const [first, second] = [world.client<Counter>(), world.client<Counter>({ touchShare: 0.1, ...options })]
    await world.finish(first.access(ID, 'all', ({ state }) => void (state.count = 1)))
    await world.finish(first.release(ID))
    const [[key, item]] = [...world.memory.items('sessions')] as [[string, object]]
    world.memory.put('sessions', key, { ...item, ttlMs: num(ttlMs) })
    return second
  }
  const set = (client: Holdfast<Counter>) =>
    world.finish(
      client.access(ID, 'all', ({ state }) => void (state.count = 2)),
      30_000,
    )

  it('is its own where it has one, by commits and by touches', async () => {
    const client = await begin(50_000)
    await set(client)
    expect(record().aliveUntil - record().accessedAt).toBe(50_000)
    await world.clock.advance(6_000)
    await world.finish(client.access(ID, 'all', () => {}))
    await settle()
    expect(record()).toMatchObject({ ttlMs: 50_000, aliveUntil: record().accessedAt + 50_000 })
    expect(record().aliveUntil).toBeGreaterThanOrEqual(world.clock.wallMs() + 49_000)
  })

  it('is written with what is staged last, once, also where nothing else has changed', async () => {
    const client = world.client<Counter>()
    await set(client)
    const [known] = (client as unknown as { sessions: { known: Map<string, { hold: Hold }> } }).sessions.known.values()
    const { hold } = known as { hold: Hold }
    const take = (ttlMs: number) => hold.take(compileLockRequest('all'), undefined, 'later', ttlMs)
    take(9_000)
    const batch = take(50_000)
    expect([hold.life.ttlMs, hold.aliveUntil(undefined) - world.clock.wallMs()]).toEqual([50_000, 50_000])
    await world.clock.advance(1_000)
    await batch?.done
    expect(record()).toMatchObject({ ttlMs: 50_000, aliveUntil: hold.aliveUntil(undefined), rev: 2 })
    expect(take(50_000)).toBeUndefined()
  })

  it('goes along with a rotation', async () => {
    const client = await begin(50_000)
    await world.finish(client.rotate(ID), 30_000)
    expect(record()).toMatchObject({ ttlMs: 50_000, isRotated: false })
    expect(record().aliveUntil - record().accessedAt).toBe(50_000)
  })

  it('is not that of the next session under its id', async () => {
    const client = await begin(2_000)
    await set(client)
    await world.clock.advance(2_100)
    await set(client)
    expect(record().ttlMs).toBeUndefined()
    expect(record().aliveUntil - record().accessedAt).toBeGreaterThan(50_000)
  })

  describe('as a commit leaves it', () => {
    const of = (fields: Parameters<typeof sessionItem>[0], options = {}, isNew = false) => {
      const clock = new VirtualClock()
      const rules = { ttlMs: 60_000, touchShare: 0.1, isFixedExpiry: false, ...options }
      return { clock, life: new SessionLife(readSession(sessionItem(fields)) as SessionRecord, isNew, clock, rules) }
    }
    const FIXED = { isFixedExpiry: true }

    it('rolls from now on, by the lifetime that was staged last', () => {
      const { clock, life } = of({ ttlMs: 5_000 })
      expect(life.extended).toMatchObject({ aliveUntil: clock.wallMs() + 5_000, ttlMs: 5_000 })
      life.staged(undefined)
      expect(life.ttlMs).toBe(5_000)
      life.staged(9_000)
      expect(life.extended).toMatchObject({ aliveUntil: clock.wallMs() + 9_000, ttlMs: 9_000 })
    })

    it('is counted from the creation where it is fixed, and stays as it was without a lifetime of its own', () => {
      const { life } = of({ createdAt: NOW - 1_000, aliveUntil: NOW + 500 }, FIXED)
      life.staged(undefined)
      expect(life.extendedUntilMs()).toBe(NOW + 500)
      life.staged(9_000)
      expect(life.extended).toMatchObject({ createdAt: NOW - 1_000, aliveUntil: NOW + 8_000, ttlMs: 9_000 })
    })

    it.each([undefined, 9_000])('of a session that is born now counts from now (ttlMs %s)', async (ttlMs) => {
      const { clock, life } = of({ createdAt: 1, aliveUntil: 0, unborn: true }, FIXED, true)
      await clock.advance(7_000)
      expect(life.isOverAt(clock.wallMs(), false)).toBe(false)
      life.staged(ttlMs)
      const createdAt = clock.wallMs()
      await clock.advance(1_000)
      expect(life.extended).toMatchObject({ createdAt, aliveUntil: createdAt + (ttlMs ?? 60_000), ttlMs })
    })

    it('is another one unless it is what is stored', () => {
      const { life } = of({ ttlMs: 5_000 })
      expect([undefined, 5_000, 60_000].map((ttlMs) => isOtherTtl(life, ttlMs))).toEqual([false, false, true])
      // The client's own is not stored with the session.
      expect(isOtherTtl(of({}).life, 60_000)).toBe(true)
    })
  })
})
