import type { Holdfast } from '../../../client/holdfast.js'
import { settle, World } from '../../support/world.js'

interface Counter {
  count: number
}

const ID = 'an id'
const FAIL = { ifMissing: 'fail' } as const
const MISSING = { code: 'SESSION_MISSING', effect: 'none' }

describe('a session is born by the first access that succeeds', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  const read = (client: Holdfast<Counter>, options = {}) =>
    world.finish(
      client.access(ID, { read: ['count'] }, ({ state, isNew }) => [state.count, isNew], options),
      30_000,
    )
  const fail = (client: Holdfast<Counter>) =>
    expect(
      world.finish(
        client.access(ID, 'all', ({ state }) => {
          state.count = 1
          throw new Error('application')
        }),
      ),
    ).rejects.toThrow('application')
  const writes = () => world.traffic.updates.length
  const found = async () => (await world.finish(world.client<Counter>().peek(ID))) !== undefined

  it('a failed access leaves none behind, for its own process and for others', async () => {
    const [first, second] = [world.client<Counter>(), world.client<Counter>()]
    await fail(first)
    await fail(first)
    expect(await found()).toBe(false)
    for (const client of [first, second]) {
      await expect(read(client, FAIL)).rejects.toMatchObject({
        ...MISSING,
        reason: 'unknown',
        missingSinceMs: undefined,
      })
      expect(await world.finish(client.destroy(ID), 30_000)).toBe(false)
      await expect(world.finish(client.rotate(ID), 30_000)).rejects.toMatchObject(MISSING)
    }
    expect(await read(second)).toEqual([undefined, true])
    expect(await read(first)).toEqual([undefined, false])
  })

  it.each([[{}], [{ id: ID }]])(
    'create(%j) makes one with two writes: the claim afresh and the commit',
    async (options) => {
      const client = world.client<Counter>()
      const id = await world.finish(client.create({ count: 1 }, options))
      expect(writes()).toBe(2)
      expect(await client.access(id, 'all', ({ state }) => state.count)).toBe(1)
    },
  )

  it('create() of one that has been made since it looked claims that, and is refused', async () => {
    const [first, second] = [world.client<Counter>(), world.client<Counter>()]
    const session = await world.finish(first.open(ID, 'all'))
    const creating = second.create({ count: 2 }, { id: ID })
    creating.catch(() => {})
    await world.clock.advance(1_000)
    session.state.count = 1
    await world.finish(session.close())
    await expect(world.finish(creating, 30_000)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await read(second)).toEqual([1, false])
  })

  it.each<[string, (client: Holdfast<Counter>) => Promise<unknown>]>([
    [
      'is refused for its values',
      (client) => client.access(ID, 'all', ({ state }) => void Object.assign(state, { count: () => 1 })),
    ],
    [
      'is lost',
      async (client) => {
        client.access(ID, 'all', () => new Promise(() => {})).catch(() => {})
        await settle()
        return client.close({ drainMs: 0 })
      },
    ],
    ['never ends it', async (client) => (await client.open(ID, 'all'))[Symbol.asyncDispose]()],
    [
      'is given up before it begins',
      async (client) => {
        const controller = new AbortController()
        world.onStateWrite = (_update, write) => {
          controller.abort()
          return write()
        }
        return client.access(ID, 'all', () => {}, { signal: controller.signal })
      },
    ],
    [
      'finds its only write refused',
      (client) => {
        world.onStateWrite = (update, write) =>
          update.update.includes('unborn = ')
            ? write()
            : update.condition.includes(':last')
              ? Promise.reject(
                  Object.assign(new Error('no'), { name: 'AccessDeniedException', $metadata: { httpStatusCode: 400 } }),
                )
              : write()
        return client.access(ID, 'all', () => {})
      },
    ],
  ])('an access that %s leaves none behind', async (_how, access) => {
    await world.finish(
      access(world.client<Counter>()).catch(() => {}),
      30_000,
    )
    await settle()
    world.onStateWrite = (_update, write) => write()
    expect(await found()).toBe(false)
    expect(await read(world.client<Counter>())).toEqual([undefined, true])
  })

  it('one that changes nothing writes once more, and waits for that', async () => {
    const client = world.client<Counter>()
    const stored = client.access(ID, 'all', () => {}).then(() => writes())
    expect(await world.finish(stored)).toBe(3)
    expect(await found()).toBe(true)
    expect(await read(client, FAIL)).toEqual([undefined, false])
    expect(writes()).toBe(3)
  })

  it('commit() is enough, whatever happens then', async () => {
    const client = world.client<Counter>()
    const failing = client.access(ID, 'all', async (session) => {
      await session.commit()
      throw new Error('application')
    })
    await expect(world.finish(failing)).rejects.toThrow('application')
    expect(await found()).toBe(true)
  })

  it('is not written behind: another process finds it at once, also what the same access stored', async () => {
    const client = world.client<Counter>({ durability: 'release', flushMs: 60_000 })
    await world.finish(client.access(ID, 'all', ({ state }) => void (state.count = 1)))
    expect(await found()).toBe(true)
    expect((await world.client<Counter>().peek(ID))?.state).toEqual({ count: 1 })
    expect(await read(world.client<Counter>(), FAIL)).toEqual([1, false])
  })

  it('an access with write-back awaits a birth that is under way', async () => {
    const client = world.client<Counter>({ durability: 'release', flushMs: 60_000 })
    let land = () => {}
    const landed = new Promise<void>((resolve) => (land = resolve))
    world.onStateWrite = async (update, write) => {
      if (update.update.includes('rev + :one')) await landed
      return write()
    }
    const order: string[] = []
    const access = (name: string) => client.access(ID, { read: ['count'] }, () => {}).then(() => order.push(name))
    const both = [access('first'), access('second')]
    await world.clock.advance(1_000)
    expect(order).toEqual([])
    land()
    await world.finish(Promise.all(both))
    expect(order).toEqual(['first', 'second'])
  })

  it('an access that must find one waits for the first one, and is told how that ended', async () => {
    const client = world.client<Counter>()
    for (const outcome of ['fails', 'succeeds']) {
      let end = () => {}
      const first = client.access(ID, 'all', async () => {
        await new Promise<void>((resolve) => {
          end = resolve
        })
        if (outcome === 'fails') throw new Error('application')
      })
      first.catch(() => {})
      await settle()
      const waiting = read(client, FAIL)
      const settled = Promise.allSettled([waiting])
      await settle()
      end()
      expect(await settled).toMatchObject([outcome === 'fails' ? { reason: MISSING } : { value: [undefined, false] }])
    }
  })

  it('an unborn session that is held for long is neither expired nor born too early', async () => {
    const client = world.client<Counter>({ ttlMs: 2_000, expiry: 'fixed' })
    const lost = jest.fn()
    client.on('lost', lost)
    await fail(client)
    await world.clock.advance(10_000)
    const bornMs = world.clock.wallMs()
    expect(await read(client)).toEqual([undefined, true])
    expect(lost).not.toHaveBeenCalled()
    const peeked = await client.peek(ID)
    expect(peeked?.createdAt.getTime()).toBeGreaterThanOrEqual(bornMs)
    expect(peeked?.aliveUntil.getTime()).toBe((peeked?.createdAt.getTime() ?? 0) + 2_000)
  })

  it('an accessMany of which only a birth has landed says so', async () => {
    const client = world.client<Counter>()
    await world.finish(client.access('old', 'all', () => {}))
    const key = world.traffic.updates[0]?.key
    world.onStateWrite = (update, write) =>
      update.key === key
        ? Promise.reject(
            Object.assign(new Error('no'), { name: 'AccessDeniedException', $metadata: { httpStatusCode: 400 } }),
          )
        : write()
    const both = client.accessMany(['old', 'new'], 'all', ([old]) => void ((old as { state: Counter }).state.count = 1))
    await expect(world.finish(both, 30_000)).rejects.toMatchObject({ code: 'PARTIAL_COMMIT' })
  })

  it('a session that ended says since when, also where an access failed to begin it again', async () => {
    const [first, second] = [world.client<Counter>({ ttlMs: 60_000 }), world.client<Counter>()]
    const make = () =>
      world.finish(
        first.access(ID, 'all', ({ state }) => void (state.count = 1)),
        30_000,
      )
    const since = async (client: Holdfast<Counter>, reason: string) => {
      const error = await read(client, FAIL).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ ...MISSING, reason })
      return (error as { missingSinceMs: number }).missingSinceMs
    }
    await make()
    await world.clock.advance(90_000)
    await fail(first)
    const expired = await since(second, 'expired')
    expect(Math.abs(expired - 30_000)).toBeLessThan(2_000)
    await make()
    await world.finish(first.destroy(ID), 30_000)
    await world.clock.advance(7_000)
    await fail(second)
    for (const client of [second, first])
      expect(Math.abs((await since(client, 'destroyed')) - 7_000)).toBeLessThan(2_000)
    await make()
    await world.finish(first.rotate(ID), 30_000)
    await world.clock.advance(5_000)
    for (const client of [first, second]) expect(Math.abs((await since(client, 'rotated')) - 5_000)).toBeLessThan(2_000)
  })

  it('a rotation that fails leaves nothing under the new id, and does not write there again', async () => {
    const client = world.client<Counter>()
    await world.finish(client.access(ID, 'all', () => {}))
    world.onStateTransact = () =>
      Promise.reject(
        Object.assign(new Error('no'), { name: 'AccessDeniedException', $metadata: { httpStatusCode: 400 } }),
      )
    const before = writes()
    await expect(
      world.finish(
        client.rotate(ID, () => {}, { to: 'next' }),
        30_000,
      ),
    ).rejects.toMatchObject({
      effect: 'none',
    })
    // The claim afresh, and the two writes that were refused together.
    expect(writes() - before).toBe(3)
    expect(await world.finish(client.peek('next'))).toBeUndefined()
  })
})
