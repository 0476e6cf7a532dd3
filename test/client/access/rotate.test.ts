import type { Holdfast } from '../../../client/holdfast.js'
import { settle, World } from '../../support/world.js'

interface Shop {
  cart: string[]
  user: { name: string }
}

const ID = 'the id that an attacker knows'

describe('rotate', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  const fill = (client: Holdfast<Shop>) =>
    world.finish(client.access(ID, { write: ['cart'] }, ({ state }) => void (state.cart = ['apple'])))
  const read = (client: Holdfast<Shop>, id: string, options = {}) =>
    world.finish(client.access(id, { all: 'read' }, ({ state }) => ({ ...state }), options))
  const login = (client: Holdfast<Shop>, options = {}) =>
    client.rotate(ID, ({ state }) => void (state.user = { name: 'Ada' }), options)

  it('moves the state under a new id, with what was changed on the way, for every process', async () => {
    const [first, second] = [world.client<Shop>(), world.client<Shop>()]
    await fill(first)
    const before = await first.peek(ID)
    const id = await world.finish(login(first))
    expect(id).not.toBe(ID)
    for (const client of [first, second]) {
      expect(await read(client, id)).toEqual({ cart: ['apple'], user: { name: 'Ada' } })
    }
    const after = await second.peek(id)
    expect(after?.createdAt).toEqual(before?.createdAt)
    expect(after?.rev).toBeGreaterThan(before?.rev ?? 0)
  })

  it('leaves an access that goes on what it was told of the last access before it', async () => {
    const client = world.client<Shop>()
    await fill(client)
    await world.clock.advance(60_000)
    const [before, after] = await world.finish(
      client.access(ID, 'all', async (session) => {
        const told = session.lastAccessAt
        await session.rotate()
        return [told, session.lastAccessAt]
      }),
    )
    expect(world.clock.wallMs() - before.getTime()).toBeGreaterThanOrEqual(60_000)
    expect(after).toEqual(before)
  })

  it('leaves the old id dead for everybody, whatever they ask for', async () => {
    const [first, second] = [world.client<Shop>(), world.client<Shop>()]
    await fill(first)
    await world.finish(login(first))
    for (const client of [first, second]) {
      for (const ifMissing of ['create', 'fail']) {
        await expect(read(client, ID, { ifMissing })).rejects.toMatchObject({
          code: 'SESSION_MISSING',
          reason: 'rotated',
        })
      }
      expect(await world.finish(client.peek(ID))).toBeUndefined()
      expect(await world.finish(client.destroy(ID))).toBe(false)
    }
    expect(world.memory.items('sessions').size).toBe(2)
  })

  it('waits for those who use the session, and fails those who come after', async () => {
    const [first, second] = [world.client<Shop>(), world.client<Shop>()]
    await fill(first)
    let end = () => {}
    const running = first.access(ID, { write: ['cart'] }, async ({ state }) => {
      await new Promise<void>((resolve) => {
        end = resolve
      })
      state.cart = ['apple', 'pear']
    })
    await settle()
    const rotating = login(first)
    const [here, elsewhere] = [read(first, ID), read(second, ID)]
    const late = Promise.allSettled([here, elsewhere])
    end()
    await world.finish(running)
    const id = await world.finish(rotating)
    expect(await late).toMatchObject([{ reason: { reason: 'rotated' } }, { reason: { reason: 'rotated' } }])
    expect(await read(second, id)).toEqual({ cart: ['apple', 'pear'], user: { name: 'Ada' } })
  })

  it('changes nothing, and leaves nothing, where the work fails', async () => {
    const client = world.client<Shop>()
    await fill(client)
    const rotating = client.rotate(ID, ({ state }) => {
      state.user = { name: 'Ada' }
      throw new Error('wrong password')
    })
    await expect(world.finish(rotating)).rejects.toThrow('wrong password')
    expect(await read(client, ID)).toEqual({ cart: ['apple'] })
    expect(world.memory.items('sessions').size).toBe(1)
  })

  it('finds its transaction landed though the answer was lost', async () => {
    const client = world.client<Shop>()
    await fill(client)
    let lost = 0
    world.onStateTransact = async (_updates, write) => {
      const outcome = await write()
      lost += 1
      if (lost < 3) throw new Error('no answer')
      return outcome
    }
    const id = await world.finish(login(client), 30_000)
    expect(lost).toBe(3)
    expect(await read(client, id)).toEqual({ cart: ['apple'], user: { name: 'Ada' } })
    expect((await world.finish(world.client<Shop>().peek(id)))?.state.user).toEqual({ name: 'Ada' })
  })

  it('says unknown where nobody can tell, and both ids then tell', async () => {
    const client = world.client<Shop>()
    await fill(client)
    world.onStateTransact = async (_updates, write) => {
      await write()
      throw new Error('no answer')
    }
    const to = 'the next id'
    await expect(world.finish(login(client, { to }), 60_000)).rejects.toMatchObject({ code: 'COMMIT_UNKNOWN' })
    expect(client.health().heldSessions).toBe(0)
    expect(await read(client, to)).toMatchObject({ user: { name: 'Ada' } })
    await expect(read(client, ID)).rejects.toMatchObject({ reason: 'rotated' })
  })

  it('a failed transaction leaves the session as it was, and no empty one behind', async () => {
    const client = world.client<Shop>()
    await fill(client)
    world.onStateTransact = () =>
      Promise.reject(
        Object.assign(new Error('denied'), { name: 'AccessDeniedException', $metadata: { httpStatusCode: 400 } }),
      )
    const to = 'the next id'
    await expect(world.finish(login(client, { to }), 30_000)).rejects.toMatchObject({
      code: 'REFUSED',
      effect: 'none',
    })
    await settle()
    expect(await read(client, ID)).toEqual({ cart: ['apple'] })
    expect(await world.finish(client.peek(to))).toBeUndefined()
  })

  it('a process that lost the session unawares rotates nothing', async () => {
    const [first, second] = [world.client<Shop>(), world.client<Shop>()]
    await fill(first)
    let end = () => {}
    const rotating = first.rotate(ID, () => new Promise<void>((resolve) => (end = resolve)))
    rotating.catch(() => {})
    await settle()
    world.partition(first)
    const taken = second.access(ID, { write: ['cart'] }, ({ state }) => void (state.cart = ['pear']), {
      timeoutMs: 120_000,
    })
    await world.finish(taken, 120_000)
    end()
    await expect(world.finish(rotating, 120_000)).rejects.toMatchObject({ code: 'SESSION_LOST', effect: 'none' })
    expect((await second.peek(ID))?.state).toEqual({ cart: ['pear'] })
  })

  it('writes what was written behind first', async () => {
    const client = world.client<Shop>({ durability: 'release', flushMs: 60_000 })
    // The first access is written at once.
    await fill(client)
    await world.finish(client.access(ID, { write: ['cart'] }, ({ state }) => void (state.cart = ['pear'])))
    const stored = async () => (await world.client<Shop>().peek(ID))?.state
    expect(await world.finish(stored())).toEqual({ cart: ['apple'] })
    const before = jest.fn()
    world.onStateTransact = async (_updates, write) => {
      before(await stored())
      return write()
    }
    const id = await world.finish(login(client))
    expect(before.mock.calls).toEqual([[{ cart: ['pear'] }]])
    expect((await world.finish(world.client<Shop>().peek(id)))?.state).toEqual({
      cart: ['pear'],
      user: { name: 'Ada' },
    })
  })

  it('refuses an id that is in use, the same id, and a session that is not there', async () => {
    const client = world.client<Shop>()
    await fill(client)
    const to = 'taken'
    await world.finish(client.access(to, 'all', ({ state }) => void (state.cart = ['plum'])))
    await expect(world.finish(login(client, { to }))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await read(client, to)).toEqual({ cart: ['plum'] })
    expect(await read(client, ID)).toEqual({ cart: ['apple'] })
    await expect(login(client, { to: ID })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(world.finish(client.rotate('unknown'))).rejects.toMatchObject({
      code: 'SESSION_MISSING',
      reason: 'unknown',
    })
    const nested = client.access(ID, 'all', () => client.rotate(ID))
    await expect(world.finish(nested)).rejects.toMatchObject({ code: 'NESTED_ACCESS' })
  })

  it('a queued access to a destroyed session is told so at once, whatever it asks, and a retry makes a new one', async () => {
    const first = world.client<Shop>()
    await fill(first)
    let end = () => {}
    const running = first.access(ID, { read: ['cart'] }, () => new Promise<void>((resolve) => (end = resolve)))
    await settle()
    const destroying = first.destroy(ID)
    const look = (client: Holdfast<Shop>, ifMissing: 'create' | 'fail') =>
      client.access(ID, { all: 'read' }, ({ state, isNew }) => ({ ...state, isNew }), { ifMissing })
    const waiting = [look(first, 'fail'), look(first, 'create')]
    const settled = Promise.allSettled(waiting)
    end()
    await world.finish(running)
    expect(await world.finish(destroying)).toBe(true)
    for (const outcome of await settled) {
      expect(outcome).toMatchObject({ reason: { code: 'SESSION_MISSING', reason: 'destroyed', missingSinceMs: 0 } })
    }
    expect(await world.finish(look(first, 'create'))).toEqual({ isNew: true })
  })
})
