import type { Holdfast } from '../../../client/holdfast.js'
import { settle } from '../../support/world.js'
import { ID, missing, type Shop, useShopStage } from './shop.js'

describe('a session that its own access ends', () => {
  const on = useShopStage()
  const { fill, stored } = on

  describe('by destroy()', () => {
    it('is gone when that resolves, without its uncommitted changes, and its object ends', async () => {
      const client = on.world.client<Shop>()
      await fill(client)
      const access = client.access(ID, 'all', async (session) => {
        session.state.user = 'Ada'
        await session.destroy()
        expect(await stored()).toBeUndefined()
        for (const use of [
          () => session.state.cart,
          () => void (session.state.user = 'Bob'),
          () => session.delete('user'),
        ]) {
          expect(use).toThrow(/session\.destroy\(\) was called/)
        }
        for (const call of [session.commit(), session.lock('all'), session.destroy(), session.rotate()]) {
          await expect(call).rejects.toMatchObject({ code: 'ACCESS_ENDED' })
        }
        return 'logged out'
      })
      expect(await on.world.finish(access)).toBe('logged out')
      expect(await stored()).toBeUndefined()
      expect(client.health().heldSessions).toBe(0)
      await expect(on.world.finish(client.access(ID, 'all', () => {}, { ifMissing: 'fail' }))).rejects.toMatchObject(
        missing('destroyed'),
      )
      expect(await on.world.finish(client.access(ID, 'all', ({ isNew }) => isNew))).toBe(true)
    })

    it('lets nobody in between: those who wait are told so at once, and see nothing of it', async () => {
      const [client, other] = [on.world.client<Shop>(), on.world.client<Shop>()]
      await fill(client)
      const seen: unknown[] = []
      const look = (from: Holdfast<Shop>, ifMissing: 'create' | 'fail') =>
        from.access(ID, { all: 'read' }, ({ state }) => void seen.push({ ...state }), { ifMissing, timeoutMs: 20_000 })
      let go = () => {}
      const access = client.access(ID, 'all', async (session) => {
        await new Promise<void>((resolve) => (go = resolve))
        await session.destroy()
      })
      await settle()
      const elsewhere = look(other, 'create')
      const here = Promise.allSettled([
        look(client, 'create'),
        look(client, 'fail'),
        client.rotate(ID),
        client.destroy(ID),
      ])
      await settle()
      go()
      await on.world.finish(access)
      const [create, fail, rotate, destroy] = await here
      for (const outcome of [create, fail, rotate]) expect(outcome).toMatchObject({ reason: missing('destroyed') })
      expect(destroy).toMatchObject({ value: false })
      await on.world.finish(elsewhere, 30_000)
      expect(seen).toEqual([{}])
    })

    it('is awaited where the work does not await it, and its failure fails the access', async () => {
      const client = on.world.client<Shop>()
      await fill(client)
      await on.world.finish(client.access(ID, 'all', (session) => void session.destroy()))
      expect(await stored()).toBeUndefined()
      await fill(client)
      on.world.onStateWrite = () => Promise.reject(new Error('no answer'))
      const access = client.access(ID, 'all', (session) => session.destroy())
      await expect(on.world.finish(access, 60_000)).rejects.toMatchObject({ code: 'COMMIT_UNKNOWN' })
      on.world.onStateWrite = (_update, write) => write()
      expect(client.health().heldSessions).toBe(0)
      expect(await stored()).toEqual({ cart: ['apple'] })
    })

    it('ends one session of several, and the others are committed', async () => {
      const client = on.world.client<Shop>()
      for (const id of ['one', 'two']) await fill(client, id)
      const access = client.accessMany(['one', 'two'], 'all', async ([one, two]) => {
        await one.destroy()
        two.state.user = 'Ada'
      })
      await on.world.finish(access)
      expect([await stored('one'), await stored('two')]).toEqual([undefined, { cart: ['apple'], user: 'Ada' }])
    })

    it('of an open session, which then needs no disposal', async () => {
      const client = on.world.client<Shop>()
      await fill(client)
      const session = await on.world.finish(client.open(ID, 'all'))
      await on.world.finish(session.destroy())
      await session[Symbol.asyncDispose]()
      const startedAt = on.world.clock.monotonicMs()
      await on.world.finish(client.close(), 20_000)
      expect(on.world.clock.monotonicMs() - startedAt).toBeLessThan(1_000)
    })
  })

  it.each(['destroy', 'rotate'] as const)('needs locks on everything for writing: %s', async (call) => {
    const client = on.world.client<Shop>()
    await fill(client)
    for (const locks of [{ write: ['cart'] }, { all: 'read' }, { all: 'read', write: ['cart'] }] as const) {
      const access = client.access(ID, locks, async (session) => {
        await expect(session[call]()).rejects.toMatchObject({ code: 'NOT_LOCKED', attribute: '*' })
        await session.lock('all')
      })
      await on.world.finish(access)
    }
    expect(await stored()).toEqual({ cart: ['apple'] })
    await on.world.finish(
      client.access(ID, { read: ['cart'] }, async (session) => {
        const whole = await session.lock('all')
        await whole[call]()
      }),
    )
    expect(await stored()).toBeUndefined()
  })

  it.each(['destroy', 'rotate'] as const)('only by the outermost of nested accesses: %s', async (call) => {
    const client = on.world.client<Shop>()
    await fill(client)
    const access = client.access(ID, 'all', async (session) => {
      await expect(client.access(ID, 'all', (inner) => inner[call]().then(() => undefined))).rejects.toMatchObject({
        code: 'NESTED_ACCESS',
      })
      session.state.user = 'Ada'
    })
    await on.world.finish(access)
    expect(await stored()).toEqual({ cart: ['apple'], user: 'Ada' })
  })
})
