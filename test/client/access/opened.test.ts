import type { Holdfast } from '../../../client/holdfast.js'
import { settle, World } from '../../support/world.js'

interface Shop {
  n: number
  m: number
}

const ID = 'an id'

describe('a session that is opened', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  const stored = async (id = ID) => {
    const seen = await world.finish(world.client<Shop>().peek(id))
    return seen === undefined ? undefined : { ...seen.state }
  }
  const open = (client: Holdfast<Shop>, options = {}) => world.finish(client.open(ID, 'all', options))

  describe('and closed', () => {
    it('commits, and its object ends', async () => {
      const client = world.client<Shop>()
      const session = await open(client)
      session.state.n = 1
      await world.finish(session.close())
      expect(await stored()).toEqual({ n: 1 })
      expect(() => session.state.n).toThrow(/has ended/)
      await session.close()
      await session[Symbol.asyncDispose]()
      expect(await stored()).toEqual({ n: 1 })
    })

    it('frees its locks at once, and resolves when all that it saw is in DynamoDB', async () => {
      const client = world.client<Shop>()
      await world.finish(client.access(ID, 'all', ({ state }) => void (state.n = 0)))
      let land = () => {}
      const landed = new Promise<void>((resolve) => (land = resolve))
      world.onStateWrite = async (_update, write) => {
        await landed
        return write()
      }
      const order: string[] = []
      const first = await open(client)
      first.state.n = 1
      const closed = first.close().then(() => order.push('first'))
      const second = await open(client)
      expect(second.state.n).toBe(1)
      const alsoClosed = second.close().then(() => order.push('second'))
      await settle()
      expect(order).toEqual([])
      land()
      await world.finish(Promise.all([closed, alsoClosed]))
      expect(order).toEqual(['first', 'second'])
    })

    it('shares its commit with those that are closed meanwhile', async () => {
      const client = world.client<Shop>()
      await world.finish(client.access(ID, 'all', ({ state }) => void (state.n = 0)))
      const before = world.traffic.updates.length
      world.onStateWrite = async (_update, write) => {
        await new Promise<void>((resolve) => world.clock.after(10, resolve))
        return write()
      }
      const uses = Array.from({ length: 20 }, async () => {
        const session = await client.open(ID, { write: ['n'] })
        session.state.n = (session.state.n ?? 0) + 1
        await session.close()
      })
      await world.finish(Promise.all(uses))
      expect(await stored()).toEqual({ n: 20 })
      expect(world.traffic.updates.length - before).toBeLessThanOrEqual(2)
    })

    it('is still open where a value cannot be stored, and can be closed then', async () => {
      const client = world.client<Shop>()
      const session = await open(client)
      session.state.n = (() => {}) as never
      await expect(session.close()).rejects.toMatchObject({ code: 'INVALID_VALUE' })
      session.state.n = 2
      await world.finish(session.close())
      expect(await stored()).toEqual({ n: 2 })
    })

    it('fails where it was lost, or disposed of before, and leaves nothing behind', async () => {
      const [client, other] = [world.client<Shop>(), world.client<Shop>()]
      const disposed = await open(client)
      await disposed[Symbol.asyncDispose]()
      await expect(disposed.close()).rejects.toMatchObject({ code: 'ACCESS_ENDED' })
      const lost = await open(client)
      lost.state.n = 1
      world.partition(client)
      await world.finish(
        other.access(ID, 'all', () => {}, { timeoutMs: 120_000 }),
        120_000,
      )
      await expect(lost.close()).rejects.toMatchObject({ code: 'SESSION_LOST' })
      await expect(lost.close()).rejects.toMatchObject({ code: 'SESSION_LOST' })
      await lost[Symbol.asyncDispose]()
      const startedAt = world.clock.monotonicMs()
      await world.finish(client.close(), 60_000)
      // Nothing is waited for that still ran.
      expect(world.clock.monotonicMs() - startedAt).toBeLessThan(9_000)
    })

    it('is waited for by close() of the client', async () => {
      const client = world.client<Shop>()
      const session = await open(client)
      session.state.n = 1
      const closing = client.close()
      await world.clock.advance(1_000)
      await world.finish(session.close())
      await world.finish(closing)
      expect(await stored()).toEqual({ n: 1 })
    })

    it('resolves at once with write-back', async () => {
      const client = world.client<Shop>()
      await world.finish(client.access(ID, 'all', ({ state }) => void (state.n = 0)))
      const session = await open(client, { durability: 'release' })
      session.state.n = 1
      const before = world.traffic.updates.length
      await session.close()
      expect(world.traffic.updates.length).toBe(before)
      await world.clock.advance(1_100)
      expect(await stored()).toEqual({ n: 1 })
    })
  })

  describe('and run', () => {
    it('lets accesses to it join, which change it and are committed with it', async () => {
      const client = world.client<Shop>()
      const session = await open(client)
      const result = await world.finish(
        session.run(async () => {
          await client.access(ID, { write: ['n'] }, ({ state }) => void (state.n = 1))
          await settle()
          return client.access(ID, { read: ['n'] }, ({ state }) => state.n)
        }),
      )
      expect(result).toBe(1)
      expect(await stored()).toBeUndefined()
      session.state.m = 2
      await world.finish(session.close())
      expect(await stored()).toEqual({ n: 1, m: 2 })
    })

    it('lets accesses to others wait, and refuses those that would wait for it', async () => {
      const client = world.client<Shop>()
      const busy = await world.finish(client.open('other', 'all'))
      const session = await world.finish(client.open(ID, { write: ['n'] }))
      const running = session.run(async () => {
        const waiting = client.access('other', 'all', ({ state }) => void (state.n = 3))
        await expect(client.access('other', 'all', () => {}, { timeoutMs: 100 })).rejects.toMatchObject({
          code: 'WAIT_TIMEOUT',
        })
        await expect(client.access(ID, { write: ['m'] }, () => {})).rejects.toMatchObject({ code: 'NESTED_ACCESS' })
        for (const call of [
          client.accessMany([ID, 'other'], { write: ['n'] }, () => {}),
          client.destroy(ID),
          client.rotate(ID),
          client.release(ID),
        ]) {
          await expect(call).rejects.toMatchObject({ code: 'NESTED_ACCESS' })
        }
        expect(await client.destroy('no session')).toBe(false)
        await waiting
      })
      await world.clock.advance(200)
      await world.finish(busy.close())
      await world.finish(running, 5_000)
      await world.finish(session.close())
      expect(await stored('other')).toEqual({ n: 3 })
    })

    it('has ended for tasks that go on when it was closed, and when the work has ended', async () => {
      const client = world.client<Shop>()
      const session = await open(client)
      let go = () => {}
      const gate = new Promise<void>((resolve) => (go = resolve))
      const late: Promise<unknown>[] = []
      await session.run(() => {
        late.push(gate.then(() => client.access(ID, 'all', ({ state }) => void (state.n = 1))))
      })
      const running = session.run(async () => {
        await session.close()
        await client.access(ID, 'all', ({ state }) => void (state.m = 2))
      })
      await world.finish(running)
      go()
      await world.finish(Promise.all(late))
      expect(await stored()).toEqual({ n: 1, m: 2 })
    })

    it('passes on what the work throws, and stays open', async () => {
      const client = world.client<Shop>()
      const session = await open(client)
      session.state.n = 1
      const failing = session.run(() => {
        throw new Error('application')
      })
      await expect(failing).rejects.toThrow('application')
      await expect(session.run('work' as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
      await world.finish(session.close())
      await expect(session.run(() => {})).rejects.toMatchObject({ code: 'ACCESS_ENDED' })
      expect(await stored()).toEqual({ n: 1 })
    })

    it('goes on under a new id', async () => {
      const client = world.client<Shop>()
      const session = await open(client)
      const id = await world.finish(
        session.run(async () => {
          const next = await session.rotate()
          await client.access(next, 'all', ({ state }) => void (state.n = 1))
          return next
        }),
      )
      await world.finish(session.close())
      expect(await stored(id)).toEqual({ n: 1 })
    })

    it('changes nothing inside an access, nested or not', async () => {
      const client = world.client<Shop>()
      await world.finish(
        client.access(ID, 'all', (session) =>
          session.run(async () => {
            await client.access(ID, 'all', (inner) => inner.run(() => void (inner.state.n = 1)))
            await expect(client.access('other', 'all', () => {})).rejects.toMatchObject({ code: 'NESTED_ACCESS' })
          }),
        ),
      )
      expect(await stored()).toEqual({ n: 1 })
    })
  })
})
