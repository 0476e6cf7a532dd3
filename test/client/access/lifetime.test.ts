import type { Holdfast } from '../../../client/holdfast.js'
import { World } from '../../support/world.js'

interface Shop {
  n: number
}

const ID = 'an id'
const DAY = 86_400_000

describe('the lifetime of one session', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  const lives = async (id = ID) => (await world.finish(world.client().peek(id))) !== undefined
  const untilMs = async (id = ID) => (await world.finish(world.client().peek(id)))?.aliveUntil.getTime()
  const writesOf = async (call: () => Promise<unknown>) => {
    const before = world.traffic.updates.length
    await world.finish(call())
    return world.traffic.updates.length - before
  }
  const begin = (client: Holdfast<Shop>, options = {}) =>
    world.finish(client.access(ID, 'all', ({ state }) => void (state.n = 1), options))

  it.each(['rolling', 'fixed'] as const)(
    'is given by options or set, is stored, and holds for every process: %s',
    async (expiry) => {
      const options = { ttlMs: 10_000, expiry }
      const ways: ((client: Holdfast<Shop>) => Promise<unknown>)[] = [
        (client) => client.access(ID, 'all', () => {}, { ttlMs: 60_000 }),
        (client) => client.access(ID, { read: ['n'] }, (session) => void (session.ttlMs = 60_000)),
        (client) => client.create({ n: 1 }, { id: ID, ttlMs: 60_000 }),
        async (client) => {
          const session = await client.open(ID, { read: ['n'] }, { ttlMs: 60_000 })
          await session.close()
        },
      ]
      for (const way of ways) {
        const client = world.client<Shop>(options)
        await world.finish(way(client))
        await world.finish(client.release(ID))
        await world.clock.advance(40_000)
        expect(await lives()).toBe(true)
        // Another process, whose own lifetime is shorter, extends the life by that of the session, or does not touch it.
        const other = world.client<Shop>(options)
        await world.finish(
          other.access(ID, 'all', (session) => void (session.state.n = session.ttlMs)),
          10_000,
        )
        expect((await world.finish(other.peek(ID)))?.state.n).toBe(60_000)
        await world.clock.advance(30_000)
        expect(await lives()).toBe(expiry === 'rolling')
        await world.finish(other.destroy(ID))
      }
    },
  )

  it('can be made shorter, or longer, and says until when the session lives', async () => {
    const client = world.client<Shop>()
    await begin(client)
    const nowMs = () => world.clock.wallMs()
    for (const ttlMs of [5_000, 30 * DAY, 1_000]) {
      const told = await world.finish(
        client.access(ID, { read: ['n'] }, (session) => {
          expect(session.aliveUntil.getTime()).toBeGreaterThan(nowMs())
          session.ttlMs = ttlMs
          expect(session.ttlMs).toBe(ttlMs)
          expect(session.aliveUntil.getTime()).toBe(nowMs() + ttlMs)
          return session.aliveUntil.getTime()
        }),
      )
      expect(await untilMs()).toBe(told)
    }
    await world.clock.advance(1_100)
    expect(await lives()).toBe(false)
  })

  it('writes nothing where it is the stored one', async () => {
    const client = world.client<Shop>()
    await begin(client, { ttlMs: 60_000 })
    expect(await writesOf(() => client.access(ID, { read: ['n'] }, () => {}, { ttlMs: 60_000 }))).toBe(0)
    expect(await writesOf(() => client.access(ID, { read: ['n'] }, (s) => void (s.ttlMs = 60_000)))).toBe(0)
    expect(await writesOf(() => client.access(ID, { read: ['n'] }, (s) => void (s.ttlMs = 61_000)))).toBe(1)
    expect(await writesOf(() => client.access(ID, { read: ['n'] }, () => {}))).toBe(0)
  })

  it('is written with the changes, by commit() too, in one write', async () => {
    const client = world.client<Shop>()
    await begin(client)
    const change = (session: { ttlMs: number; state: { n?: number } }) => {
      session.state.n = 2
      session.ttlMs = 60_000
    }
    expect(await writesOf(() => client.access(ID, 'all', change))).toBe(1)
    const access = client.access(ID, 'all', async (session) => {
      session.ttlMs = 70_000
      await session.commit()
      throw new Error('application')
    })
    await expect(world.finish(access)).rejects.toThrow('application')
    expect(await untilMs()).toBe(
      world.clock.wallMs() + 70_000 - (world.clock.wallMs() - ((await untilMs()) ?? 0) + 70_000),
    )
  })

  it('is not changed by an access that fails, nor by a nested one that fails', async () => {
    const client = world.client<Shop>()
    await begin(client, { ttlMs: 60_000 })
    const failing = client.access(ID, 'all', (session) => {
      session.ttlMs = 90_000
      throw new Error('application')
    })
    await expect(world.finish(failing)).rejects.toThrow('application')
    await world.finish(
      client.access(ID, 'all', async (session) => {
        const fail = () => {
          throw new Error('application')
        }
        await client.access(ID, 'all', fail, { ttlMs: 90_000 }).catch(() => {})
        expect(session.ttlMs).toBe(60_000)
        await client.access(ID, 'all', (inner) => expect(inner.ttlMs).toBe(70_000), { ttlMs: 70_000 })
        expect(session.ttlMs).toBe(70_000)
      }),
    )
    await world.finish(client.release(ID))
    expect(await world.finish(client.access(ID, { read: ['n'] }, ({ ttlMs }) => ttlMs))).toBe(70_000)
  })

  it('goes along to another id, and may be given there', async () => {
    const client = world.client<Shop>({ ttlMs: 10_000 })
    await begin(client, { ttlMs: 60_000 })
    const second = await world.finish(client.rotate(ID))
    await world.clock.advance(30_000)
    expect(await lives(second)).toBe(true)
    const third = await world.finish(client.rotate(second, () => {}, { ttlMs: 90_000 }))
    await world.clock.advance(80_000)
    expect(await lives(third)).toBe(true)
  })

  it('is refused where it is no lifetime', async () => {
    const client = world.client<Shop>()
    for (const ttlMs of [0, 999, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 401 * DAY, '60000', undefined]) {
      const access = client.access(ID, 'all', (session) => void (session.ttlMs = ttlMs as number))
      await expect(world.finish(access)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
      if (ttlMs === undefined) continue
      await expect(client.access(ID, 'all', () => {}, { ttlMs: ttlMs as number })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      })
    }
    expect(await lives()).toBe(false)
  })

  it('cannot be set when the access has ended', async () => {
    const client = world.client<Shop>()
    const session = await world.finish(client.access(ID, 'all', (one) => [one] as const))
    expect(() => (session[0].ttlMs = 60_000)).toThrow(expect.objectContaining({ code: 'ACCESS_ENDED' }))
  })
})
