import { z } from 'zod'
import type { Holdfast } from '../../../client/holdfast.js'
import { settle, World } from '../../support/world.js'

type Anything = Record<string, unknown>

const ID = 'an id'
const never = () => new Promise<void>(() => {})
const denied = () =>
  Object.assign(new Error('denied'), { name: 'AccessDeniedException', $metadata: { httpStatusCode: 400 } })

/** What a caller is told must be what happened, also where several things end at once. */
describe('the outcome that is told', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  const put = (client: Holdfast<Anything>, state: Anything, id = ID) =>
    world.finish(client.access(id, 'all', (session) => void Object.assign(session.state, state)))
  const stored = async (id = ID) => (await world.finish(world.client<Anything>().peek(id)))?.state
  /** A client that has made the session, which is written at once, and writes all later changes behind. */
  const lazy = async () => {
    const client = world.client<Anything>({ durability: 'release', flushMs: 60_000 })
    await put(client, { a: 0 })
    return client
  }
  const setAll = (client: Holdfast<Anything>, ids: readonly string[]) =>
    client.accessMany(ids, 'all', (all) => {
      for (const { state } of all) state.a = 9
    })

  it('close() writes what was written behind, though another access has to be aborted', async () => {
    const client = await lazy()
    await put(client, { a: 1 })
    expect(await stored()).toEqual({ a: 0 })
    client.access(ID, { write: ['b'] }, never).catch(() => {})
    await settle()
    await world.finish(client.close({ drainMs: 100 }), 5_000)
    expect(await stored()).toEqual({ a: 1 })
  })

  it('another process finds what was written behind, though an access outstayed maxBusyMs', async () => {
    const [first, second] = [await lazy(), world.client<Anything>()]
    let end = () => {}
    const changing = first.access(ID, { write: ['a'] }, async ({ state }) => {
      await new Promise<void>((resolve) => {
        end = resolve
      })
      state.a = 1
    })
    first.access(ID, { write: ['b'] }, never).catch(() => {})
    await settle()
    const read = second.access(ID, { all: 'read' }, ({ state }) => state.a, { timeoutMs: 200_000 })
    // It ends in the last moment before the session is taken away.
    const { busyAfterMs, maxBusyMs, clientMarginMs } = world.timing
    await world.clock.advance(busyAfterMs + maxBusyMs - clientMarginMs - 500)
    end()
    await world.finish(changing, 10)
    expect(await world.finish(read, 200_000)).toBe(1)
  })

  it('a failed rotation has changed nothing, however much was written behind', async () => {
    const client = await lazy()
    await put(client, Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`a${index}`, index])))
    expect(await stored()).toEqual({ a: 0 })
    world.onStateTransact = () => Promise.reject(denied())
    const rotating = client.rotate(ID, ({ state }) => void (state.user = 'Ada'))
    await expect(world.finish(rotating, 30_000)).rejects.toMatchObject({ effect: 'none' })
    expect(await stored()).toMatchObject({ a: 0, a100: 100 })
    expect((await stored())?.user).toBeUndefined()
  })

  it('a rotation counts on from what was written behind', async () => {
    const client = await lazy()
    const born = (await world.finish(client.peek(ID)))?.rev ?? 0
    await put(client, { a: 1 })
    let before = 0
    world.onStateTransact = async (_updates, write) => {
      before = (await world.client<Anything>().peek(ID))?.rev ?? 0
      return write()
    }
    const id = await world.finish(client.rotate(ID))
    expect(before).toBe(born + 1)
    expect((await world.finish(client.peek(id)))?.rev).toBe(before + 1)
    expect(await world.finish(client.access(id, 'all', ({ rev }) => rev))).toBe(before + 1)
  })

  it('a rotated session is still passed through its schemas', async () => {
    await put(world.client<Anything>(), { cart: { items: ['apple'] } })
    const lines = z.object({ lines: z.array(z.string()) })
    const items = z.object({ items: z.array(z.string()) }).transform((cart) => ({ lines: cart.items }))
    const client = world.client<Anything>({ schemas: { cart: z.union([lines, items]) } })
    const id = await world.finish(client.rotate(ID))
    const read = client.access(id, { read: ['cart'] }, ({ state }) => state.cart)
    expect(await world.finish(read)).toEqual({ lines: ['apple'] })
  })

  it('what a schema changes in place is stored', async () => {
    const validate = (value: unknown) => {
      ;(value as string[]).sort()
      return { value }
    }
    const client = world.client<Anything>({
      schemas: { list: { '~standard': { version: 1, vendor: 'test', validate } } },
    })
    await put(client, { list: ['b', 'a'] })
    expect(await stored()).toEqual({ list: ['a', 'b'] })
  })

  it('an accessMany of which one commit is refused and another unknown is unknown', async () => {
    const client = world.client<Anything>()
    for (const id of ['one', 'two']) await put(client, { a: 0 }, id)
    const first = world.traffic.updates[0]?.key
    world.onStateWrite = async (update, write) => {
      if (update.key === first) throw denied()
      await write()
      throw new Error('no answer')
    }
    await expect(world.finish(setAll(client, ['one', 'two']), 60_000)).rejects.toMatchObject({ effect: 'unknown' })
    expect(await stored('two')).toEqual({ a: 9 })
  })

  it('an accessMany whose lease lapses between its commits is told, and hangs nowhere', async () => {
    const client = world.client<Anything>()
    const ids = ['one', 'two', 'three']
    for (const id of ids) await put(client, { a: 0 }, id)
    let isFirst = true
    world.onStateWrite = (_update, write) => {
      if (isFirst) world.clock.freeze(world.timing.leaseMs)
      isFirst = false
      return write()
    }
    await expect(world.finish(setAll(client, ids), 10_000)).rejects.toMatchObject({ code: 'PARTIAL_COMMIT' })
    expect(await Promise.all(ids.map((id) => stored(id)))).toEqual([{ a: 9 }, { a: 0 }, { a: 0 }])
  })

  it('of two commits under way, one that may have landed makes the loss unknown', async () => {
    const client = world.client<Anything>()
    await put(client, { a: 0 })
    let writes = 0
    world.onStateWrite = async (update, write) => {
      if (!update.update.includes('attrs.')) return write()
      writes += 1
      if (writes === 1) await write()
      throw new Error('no answer')
    }
    const access = client.access(ID, 'all', async (session) => {
      session.state.a = 1
      session.commit().catch(() => {})
      session.state.b = 2
      session.commit().catch(() => {})
      await never()
    })
    access.catch(() => {})
    await settle()
    world.clock.freeze(world.timing.leaseMs)
    await expect(world.finish(access, 60_000)).rejects.toMatchObject({ effect: 'unknown' })
    world.onStateWrite = (_update, write) => write()
    expect(await stored()).toEqual({ a: 1 })
  })

  it('what an access has left running is not inside it any more, once it commits', async () => {
    const client = world.client<Anything>()
    await put(client, { a: 0 })
    const reply = world.stallStateWrites()
    let begin = () => {}
    let left: Promise<unknown> = Promise.resolve()
    const outer = client.access(ID, { write: ['a'] }, ({ state }) => {
      state.a = 1
      left = new Promise<void>((resolve) => {
        begin = resolve
      }).then(() => client.access(ID, { read: ['a'] }, (session) => session.state.a))
    })
    await settle()
    begin()
    await settle()
    reply()
    await world.finish(outer)
    expect(await world.finish(left)).toBe(1)
  })

  it('a release inside an access to the session is refused, since it would wait for itself', async () => {
    const client = world.client<Anything>()
    const access = client.access(ID, 'all', () => client.release(ID))
    await expect(world.finish(access, 10_000)).rejects.toMatchObject({ code: 'NESTED_ACCESS' })
    await world.finish(client.access(ID, 'all', () => client.release('another')))
  })

  it('reading through open() extends the life of a session', async () => {
    const client = world.client<Anything>({ ttlMs: 1_000 })
    await put(client, { a: 1 })
    for (let turn = 0; turn < 10; turn += 1) {
      const session = await world.finish(client.open(ID, { read: ['a'] }))
      expect(session.state.a).toBe(1)
      await session[Symbol.asyncDispose]()
      await world.clock.advance(200)
    }
  })

  it('a reader that waited until the session had expired is given the next life, not its state', async () => {
    const client = world.client<Anything>({ ttlMs: 1_000, expiry: 'fixed' })
    await put(client, { a: 1 })
    let end = () => {}
    const writing = client.access(ID, { write: ['a'] }, () => new Promise<void>((resolve) => (end = resolve)))
    writing.catch(() => {})
    const queued = client.access(ID, { read: ['a'] }, ({ state }) => state.a)
    queued.catch(() => {})
    await world.clock.advance(5_000)
    end()
    expect(await world.finish(queued, 10_000)).toBeUndefined()
    await expect(writing).rejects.toMatchObject({ code: 'SESSION_LOST', reason: 'expired' })
  })
})
