import { settle } from '../../support/world.js'
import { ID, missing, type Shop, useShopStage } from './shop.js'

describe('a session that its own access rotates', () => {
  const on = useShopStage()
  const { fill, stored } = on

  it('goes on under the new id, with the same locks and the same state', async () => {
    const [client, other] = [on.world.client<Shop>(), on.world.client<Shop>()]
    await fill(client)
    const access = client.access(ID, 'all', async (session) => {
      const before = { epoch: session.epoch, rev: session.rev, createdAt: session.createdAt }
      const { cart } = session.state
      cart?.push('pear')
      const id = await session.rotate()
      expect(await stored(id)).toEqual({ cart: ['apple', 'pear'] })
      expect(session.state.cart).toBe(cart)
      expect(session).toMatchObject({ createdAt: before.createdAt, rev: before.rev + 1, isNew: false })
      session.state.user = 'Ada'
      cart?.push('plum')
      return id
    })
    const id = await on.world.finish(access)
    expect(await stored(id)).toEqual({ cart: ['apple', 'pear', 'plum'], user: 'Ada' })
    expect(await stored()).toBeUndefined()
    for (const each of [client, other]) {
      await expect(
        on.world.finish(
          each.access(ID, 'all', () => {}),
          5_000,
        ),
      ).rejects.toMatchObject(missing('rotated'))
      expect(
        await on.world.finish(
          each.access(id, 'all', ({ state }) => state.user),
          5_000,
        ),
      ).toBe('Ada')
    }
  })

  it('keeps the new id to itself until it ends', async () => {
    const client = on.world.client<Shop>()
    await fill(client)
    const to = 'the next'
    let order = ''
    const access = client.access(ID, 'all', async (session) => {
      await session.rotate({ to })
      session.state.user = 'Ada'
      await settle()
      order += 'ended '
    })
    await on.world.clock.advance(20)
    const waiting = client.access(to, { read: ['user'] }, ({ state }) => {
      order += 'entered'
      return state.user
    })
    await on.world.finish(access)
    expect(await on.world.finish(waiting)).toBe('Ada')
    expect(order).toBe('ended entered')
  })

  it('those who wait for the old id are told so at once', async () => {
    const client = on.world.client<Shop>()
    await fill(client)
    let go = () => {}
    const access = client.access(ID, 'all', async (session) => {
      await new Promise<void>((resolve) => (go = resolve))
      await session.rotate()
      await new Promise<void>((resolve) => (go = resolve))
    })
    await settle()
    const waiting = client.access(ID, { read: ['cart'] }, () => {})
    const told = Promise.allSettled([waiting])
    go()
    await on.world.clock.advance(50)
    expect(await told).toMatchObject([{ reason: missing('rotated') }])
    go()
    await on.world.finish(access)
  })

  it('joins accesses to the new id inside it, and not those to the old one', async () => {
    const client = on.world.client<Shop>()
    await fill(client)
    const access = client.access(ID, 'all', async (session) => {
      const id = await session.rotate()
      await client.access(id, { write: ['user'] }, ({ state }) => void (state.user = 'Ada'))
      expect(session.state.user).toBe('Ada')
      await expect(client.access(ID, 'all', () => {})).rejects.toMatchObject({ code: 'NESTED_ACCESS' })
      return id
    })
    expect(await stored(await on.world.finish(access))).toEqual({ cart: ['apple'], user: 'Ada' })
  })

  it('can be done again, by the first access too, and is awaited where the work does not await it', async () => {
    const client = on.world.client<Shop>()
    const ids: string[] = []
    await on.world.finish(
      client.access('fresh', 'all', async (session) => {
        session.state.user = 'Ada'
        ids.push(await session.rotate(), await session.rotate())
        void session.rotate({ to: 'the last' })
      }),
    )
    for (const id of ['fresh', ...ids]) expect(await stored(id)).toBeUndefined()
    expect(await stored('the last')).toEqual({ user: 'Ada' })
  })

  it('has one signal, which is aborted by a loss under the new id, and the access fails at once', async () => {
    const [first, second] = [on.world.client<Shop>(), on.world.client<Shop>()]
    await fill(first)
    const to = 'the next'
    let signal: AbortSignal | undefined
    let epochs: number[] = []
    const access = first.access(ID, 'all', async (session) => {
      ;({ signal } = session)
      epochs = [session.epoch]
      await session.rotate({ to })
      epochs.push(session.epoch)
      expect(session.signal).toBe(signal)
      await new Promise(() => {})
    })
    const failed = Promise.allSettled([access])
    await on.world.clock.advance(100)
    expect(epochs).toHaveLength(2)
    on.world.partition(first)
    await on.world.finish(
      second.access(to, 'all', () => {}, { timeoutMs: 120_000 }),
      120_000,
    )
    expect(await failed).toMatchObject([{ reason: { code: 'SESSION_LOST' } }])
    expect(signal?.aborted).toBe(true)
  })

  it('where `to` is in use, or a change cannot be stored, changes nothing, and the access goes on', async () => {
    const client = on.world.client<Shop>()
    await fill(client)
    await fill(client, 'taken')
    const access = client.access(ID, 'all', async (session) => {
      await expect(session.rotate({ to: 'taken' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
      await expect(session.rotate({ to: ID })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
      await expect(session.rotate({ from: 'x' } as object)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
      session.state.user = (() => {}) as never
      await expect(session.rotate()).rejects.toMatchObject({ code: 'INVALID_VALUE' })
      session.state.user = 'Ada'
    })
    await on.world.finish(access)
    expect(await stored()).toEqual({ cart: ['apple'], user: 'Ada' })
  })

  it('moves one of several sessions, and all are committed', async () => {
    const client = on.world.client<Shop>()
    for (const id of ['one', 'two']) await fill(client, id)
    const access = client.accessMany(['one', 'two'], 'all', async ([one, two]) => {
      const id = await one.rotate()
      one.state.user = 'Ada'
      two.state.user = 'Bob'
      return id
    })
    const id = await on.world.finish(access)
    expect([await stored(id), await stored('two')]).toMatchObject([{ user: 'Ada' }, { user: 'Bob' }])
  })

  it('does not move one of several sessions to another of them, or two to one id', async () => {
    const client = on.world.client<Shop>()
    await fill(client, 'one')
    const access = client.accessMany(['one', 'two', 'three'], 'all', async ([one, two, three]) => {
      const refused = { code: 'INVALID_ARGUMENT', message: expect.stringContaining('another session of this access') }
      await expect(one.rotate({ to: 'two' })).rejects.toMatchObject(refused)
      two.state.user = 'Ada'
      const moved = two.rotate({ to: 'next' })
      await expect(one.rotate({ to: 'next' })).rejects.toMatchObject(refused)
      await moved
      await expect(three.rotate({ to: 'next' })).rejects.toMatchObject(refused)
      await expect(three.rotate({ to: 'taken' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
      // An id that was not got may be tried again.
      await expect(three.rotate({ to: 'taken' })).rejects.toThrow('in use')
    })
    await fill(client, 'taken')
    await on.world.finish(access)
    expect([await stored('one'), await stored('two'), await stored('next'), await stored('taken')]).toEqual([
      { cart: ['apple'] },
      undefined,
      { user: 'Ada' },
      { cart: ['apple'] },
    ])
  })

  it('of an open session, which is closed under its new id', async () => {
    const client = on.world.client<Shop>()
    await fill(client)
    const session = await on.world.finish(client.open(ID, 'all'))
    const id = await on.world.finish(session.rotate())
    session.state.user = 'Ada'
    await on.world.finish(session.close())
    expect(await stored(id)).toEqual({ cart: ['apple'], user: 'Ada' })
  })
})
