import type { Holdfast } from '../../../client/holdfast.js'
import { settle, VirtualClock, World } from '../../support/world.js'

interface Counter {
  count: number
}

const ID = 'an id'

describe('the life of sessions and clients', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  const add = (client: Holdfast<Counter>, id = ID) =>
    world.finish(
      client.access(id, { write: ['count'] }, (session) => {
        const { isNew } = session
        session.state.count = (session.state.count ?? 0) + 1
        return { isNew, count: session.state.count }
      }),
    )
  const read = (client: Holdfast<Counter>, id = ID) =>
    world.finish(client.access(id, { read: ['count'] }, ({ state }) => state.count))
  const sessions = () => [...world.memory.items('sessions').values()]

  it('a session begins with its first access, and says so', async () => {
    const client = world.client<Counter>()
    expect(await add(client)).toEqual({ isNew: true, count: 1 })
    expect(await add(client)).toEqual({ isNew: false, count: 2 })
  })

  it('a session that must exist is not created', async () => {
    const client = world.client<Counter>()
    const access = client.access(ID, 'all', () => {}, { ifMissing: 'fail' })
    await expect(world.finish(access)).rejects.toMatchObject({ code: 'SESSION_MISSING', effect: 'none' })
    expect(sessions()).toEqual([])
    expect(await world.finish(client.peek(ID))).toBeUndefined()
    expect(await world.finish(client.destroy(ID))).toBe(false)
  })

  it('an expired session is gone for everybody, though its item is still there', async () => {
    const [first, second] = [world.client<Counter>({ ttlMs: 10_000 }), world.client<Counter>({ ttlMs: 10_000 })]
    await add(first)
    await world.clock.advance(10_001)
    expect(sessions()).toHaveLength(1)
    expect(await world.finish(second.peek(ID))).toBeUndefined()
    expect(await add(second)).toEqual({ isNew: true, count: 1 })
    await world.clock.advance(10_001)
    // Also for the process that holds it.
    expect(await add(second)).toEqual({ isNew: true, count: 1 })
  })

  it('an access that a fixed life ends on the way commits nothing, also where it only reads', async () => {
    const client = world.client<Counter>({ ttlMs: 5_000, expiry: 'fixed' })
    await add(client)
    const late = client.access(ID, { write: ['count'] }, async ({ state }) => {
      await world.clock.advance(6_000)
      state.count = 99
    })
    await expect(world.finish(late)).rejects.toMatchObject({ reason: 'expired', effect: 'none' })
    await add(client)
    const reading = client.access(ID, { read: ['count'] }, () => world.clock.advance(6_000))
    await expect(world.finish(reading)).rejects.toMatchObject({ reason: 'expired', effect: 'none' })
  })

  it('reading extends a life with few writes', async () => {
    const client = world.client<Counter>({ ttlMs: 100_000, touchShare: 0.5 })
    await add(client)
    const before = world.traffic.updates.length
    for (let second = 0; second < 200; second += 1) {
      expect(await read(client)).toBe(1)
      await world.clock.advance(1_000)
    }
    const writes = world.traffic.updates.length - before
    expect(writes).toBeGreaterThanOrEqual(3)
    expect(writes).toBeLessThanOrEqual(4)
  })

  it('every grant is told to have ended, as released or as lost, and nothing is lost by intent', async () => {
    const client = world.client<Counter>()
    const told = { granted: 0, released: 0, lost: 0 }
    for (const event of ['granted', 'released', 'lost'] as const) client.on(event, () => void (told[event] += 1))
    for (const id of ['kept', 'released', 'destroyed', 'rotated']) await add(client, id)
    await world.finish(client.release('released'))
    await world.finish(client.destroy('destroyed'))
    await world.finish(client.rotate('rotated'))
    const missing = client.access('missing', 'all', () => {}, { ifMissing: 'fail' })
    await expect(world.finish(missing)).rejects.toMatchObject({ code: 'SESSION_MISSING' })
    await world.finish(client.close())
    await settle()
    expect(told).toEqual({ granted: 5, released: 5, lost: 0 })
  })

  it('with fixed expiry a session ends at its time, however much it is used', async () => {
    const client = world.client<Counter>({ ttlMs: 10_000, expiry: 'fixed' })
    for (let second = 1; second <= 9; second += 1) {
      expect(await add(client)).toEqual({ isNew: second === 1, count: second })
      await world.clock.advance(1_000)
    }
    await world.clock.advance(1_000)
    expect(await add(client)).toEqual({ isNew: true, count: 1 })
  })

  it('reading does not extend a fixed life, and writes nothing', async () => {
    const client = world.client<Counter>({ ttlMs: 10_000, expiry: 'fixed' })
    await add(client)
    await world.clock.advance(9_000)
    const before = world.traffic.updates.length
    expect(await read(client)).toBe(1)
    expect(world.traffic.updates).toHaveLength(before)
    await world.clock.advance(1_001)
    expect(await read(client)).toBeUndefined()
  })

  it('a session knows when it was created and last used, and how often committed', async () => {
    const [first, second] = [world.client<Counter>(), world.client<Counter>()]
    const look = (client: Holdfast<Counter>) =>
      world.finish(
        client.access(ID, { read: ['count'] }, ({ createdAt, lastAccessAt, rev }) => ({
          createdMs: createdAt.getTime(),
          lastMs: lastAccessAt.getTime(),
          rev,
        })),
      )
    const beforeMs = world.clock.wallMs()
    await add(first)
    const createdMs = (await look(first)).createdMs
    expect(createdMs - beforeMs).toBeLessThan(1_000)
    await world.clock.advance(5_000)
    const usedMs = world.clock.wallMs()
    await add(first)
    await world.clock.advance(3_000)
    const seenByHolder = await look(first)
    expect(seenByHolder).toMatchObject({ createdMs, rev: 2 })
    expect(seenByHolder.lastMs - usedMs).toBeLessThan(1_000)
    const seenByNext = await look(second)
    expect(seenByNext).toMatchObject({ createdMs, rev: 2 })
    expect(seenByNext.lastMs - usedMs).toBeLessThan(1_000)
  })

  it('a destroyed session is empty for the next, and nobody revives it', async () => {
    const [first, second] = [world.client<Counter>(), world.client<Counter>()]
    await add(first)
    expect(await world.finish(first.destroy(ID))).toBe(true)
    expect(await world.finish(second.peek(ID))).toBeUndefined()
    expect(await world.finish(second.destroy(ID))).toBe(false)
    expect(await add(second)).toEqual({ isNew: true, count: 1 })
  })

  it('accesses that wait while a session is destroyed are told so, and later ones get a new one', async () => {
    const client = world.client<Counter>()
    await add(client)
    const destroyed = client.destroy(ID)
    const waiting = Promise.allSettled([add(client)])
    await world.finish(destroyed)
    expect(await waiting).toMatchObject([{ reason: { code: 'SESSION_MISSING', reason: 'destroyed' } }])
    expect(await add(client)).toEqual({ isNew: true, count: 1 })
  })

  it('a session that nobody uses is released', async () => {
    const client = world.client<Counter>({ idleReleaseMs: 60_000 })
    await add(client)
    await world.clock.advance(50_000)
    await read(client)
    await world.clock.advance(50_000)
    expect(client.health().heldSessions).toBe(1)
    await world.clock.advance(11_000)
    expect(client.health().heldSessions).toBe(0)
    expect(await add(client)).toEqual({ isNew: false, count: 2 })
  })

  it('beyond the cap the least recently used session is released', async () => {
    const client = world.client<Counter>({ heldSessionsMax: 2 })
    await add(client, 'a')
    await add(client, 'b')
    await read(client, 'a')
    await add(client, 'c')
    expect(client.health().heldSessions).toBe(2)
    world.traffic.sent.length = 0
    await read(client, 'a')
    await read(client, 'c')
    expect(world.traffic.sent).toEqual([])
    await read(client, 'b')
    expect(world.traffic.sent.some((text) => text.includes('acquire'))).toBe(true)
  })

  it('with perAccess a session is given back after each access', async () => {
    const client = world.client<Counter>({ holdPolicy: 'perAccess' })
    const released = new Promise((resolve) => client.on('released', resolve))
    await add(client)
    await released
    expect(client.health().heldSessions).toBe(0)
    expect(await add(client)).toEqual({ isNew: false, count: 2 })
  })

  it('a process that was frozen beyond its lease goes on under a new name, and uses nothing that it had kept', async () => {
    const clock = new VirtualClock()
    const [frozen, other] = [world.client<Counter>({}, clock), world.client<Counter>()]
    const connected = new Promise((resolve) => frozen.on('connection', resolve))
    const first = frozen.access(ID, { write: ['count'] }, ({ state }) => (state.count = 1))
    await clock.advance(100)
    await connected
    expect(await first).toBe(1)
    const losses: unknown[] = []
    frozen.on('lost', ({ error }) => losses.push(error))
    // Nothing of the frozen process runs, while time passes for all others.
    world.partition(frozen)
    expect(
      await world.finish(
        other.access(ID, { write: ['count'] }, ({ state }) => (state.count = 2)),
        60_000,
      ),
    ).toBe(2)
    clock.freeze(60_000)
    world.partition(frozen, false)
    const late = frozen.access(ID, { read: ['count'] }, ({ state }) => state.count)
    for (let turn = 0; turn < 40; turn += 1) {
      await clock.advance(500)
      await world.clock.advance(500)
    }
    expect(await late).toBe(2)
    expect(losses).toMatchObject([{ reason: 'leaseExpired' }])
    await Promise.all([frozen.close(), clock.advance(10_000)])
  })

  it('a Locks table that was emptied makes a client drop what it holds', async () => {
    const client = world.client<Counter>()
    await add(client)
    const lost = new Promise((resolve) => client.on('lost', resolve))
    for (const key of world.memory.items('locks').keys()) await world.memory.remove('locks', key)
    await world.clock.advance(world.timing.leaseMs)
    await lost
    expect(await add(client)).toEqual({ isNew: false, count: 2 })
  })

  it('closing lets running accesses end, refuses new ones, and is done once', async () => {
    const client = world.client<Counter>()
    await add(client)
    let end = () => {}
    const running = client.access(ID, { write: ['count'] }, async ({ state }) => {
      await new Promise<void>((resolve) => {
        end = resolve
      })
      return (state.count = 5)
    })
    await settle()
    const closing = client.close()
    expect(client.close()).toBe(closing)
    await expect(client.access(ID, 'all', () => {})).rejects.toMatchObject({ code: 'CLOSED' })
    end()
    expect(await world.finish(running)).toBe(5)
    await world.finish(closing)
    expect(client.health().state).toBe('closed')
    expect((await world.client<Counter>().peek(ID))?.state.count).toBe(5)
  })

  it('closing aborts what runs longer than drainMs, with nothing committed', async () => {
    const client = world.client<Counter>()
    await add(client)
    const endless = client.access(ID, { write: ['count'] }, async ({ state }) => {
      state.count = 99
      await new Promise(() => {})
    })
    endless.catch(() => {})
    await world.finish(client.close({ drainMs: 1_000 }), 5_000)
    await expect(endless).rejects.toMatchObject({ effect: 'none' })
    expect((await world.client<Counter>().peek(ID))?.state.count).toBe(1)
  })

  it('after everything has ended, the tables hold no holder and no waiter', async () => {
    const clients = [1, 2, 3, 4].map(() => world.client<Counter>())
    await Promise.all(clients.flatMap((client, index) => ['a', 'b', 'c'].map((id) => add(client, `${id}${index % 2}`))))
    for (const client of clients) {
      for (const id of ['a0', 'b0', 'c0', 'a1', 'b1', 'c1']) await world.finish(client.release(id), 10_000)
    }
    await world.clock.advance(10_000)
    const locks = [...world.memory.items('locks').values()].filter((item) => 'holder' in item)
    expect(locks).toHaveLength(6)
    for (const lock of locks) expect(lock).toMatchObject({ holder: { M: { p: { S: '' } } }, waiters: { L: [] } })
  })
})
