import { inspect } from 'node:util'
import { AccessEndedError } from '../../../client/errors/index.js'
import { Gate } from '../../support/counting.js'
import { settle } from '../../support/world.js'
import { codeOf, FAILED, factsOf, fail, ID, type Shop, useNestedStage } from './nested.js'

describe('an access nested in another', () => {
  const on = useNestedStage({ cart: { items: ['a'] }, count: 1 })
  const { finish, stored } = on

  it('that ends well leaves the objects as they are, for the outer work to go on with', async () => {
    const access = on.holdfast.access(ID, 'all', async ({ state }) => {
      const { cart } = state
      await on.holdfast.access(ID, { write: ['cart'] }, (inner) => {
        expect(inner.state.cart).toBe(cart)
        inner.state.cart?.items.push('inner')
      })
      cart?.items.push('outer')
    })
    await finish(access)
    expect((await stored())?.cart).toEqual({ items: ['a', 'inner', 'outer'] })
  })

  it('may use what it locked, as an access that is not nested', async () => {
    const access = on.holdfast.access(ID, 'all', async (outer) => {
      const { state } = outer
      state.cart?.items.push('outer')
      state.count = 2
      state.note = 'not locked'
      const nested = on.holdfast.access(ID, { write: ['count'], read: ['cart', 'tags'] }, async (session) => {
        const inner = session.state as Partial<Shop>
        expect(inner.cart).toEqual({ items: ['a', 'outer'] })
        expect(inner.cart).toBe(inner.cart)
        expect(() => inner.cart?.items.push('x')).toThrow(TypeError)
        expect(() => (inner.cart = { items: [] })).toThrow(/not locked for writing/)
        expect(() => delete inner.cart).toThrow(/not locked for writing/)
        expect(() => inner.note).toThrow(/not locked for reading/)
        expect(inner.tags).toBeUndefined()
        expect(Object.keys(inner)).toEqual(['cart', 'count'])
        expect('count' in inner && !('tags' in inner)).toBe(true)
        expect((await session.lock({ write: ['note'] })).state.note).toBe('not locked')
        expect(session.tryLock({ read: ['tags'] })).toBe(session)
        expect(JSON.stringify(session)).toBe(`{"epoch":${session.epoch},"isEnded":false}`)
        expect(inspect(session)).toContain('Session')
        return factsOf(session)
      })
      return { inner: await nested, outer: factsOf(outer) }
    })
    const { inner, outer } = await finish(access)
    expect(inner).toEqual(outer)
  })

  it('that only read undoes nothing where it fails', async () => {
    const access = on.holdfast.access(ID, 'all', async ({ state }) => {
      const gate = new Gate()
      const nested = codeOf(
        on.holdfast.access(ID, { read: ['cart'] }, async (inner) => {
          expect(inner.state.cart?.items).toEqual(['a'])
          await gate.passed
          fail()
        }),
      )
      state.cart?.items.push('outer')
      state.cart = { items: [...(state.cart?.items ?? []), 'more'] }
      gate.open()
      expect(await nested).toBe(FAILED)
    })
    await finish(access)
    expect((await stored())?.cart).toEqual({ items: ['a', 'outer', 'more'] })
  })

  it('reads under shared locks of the outer access what that reads', async () => {
    const access = on.holdfast.access(ID, { read: ['cart'] }, ({ state }) =>
      on.holdfast.access(ID, { read: ['cart'] }, (inner) => inner.state.cart === state.cart),
    )
    expect(await finish(access)).toBe(true)
  })

  it('refuses the use of its session after its end, while the outer goes on', async () => {
    const access = on.holdfast.access(ID, 'all', async ({ state }) => {
      let escaped: Parameters<Parameters<typeof on.holdfast.access<void, 'all'>>[2]>[0] | undefined
      for (const end of [() => {}, fail]) {
        const nested = on.holdfast.access(ID, 'all', (session) => {
          escaped = session
          end()
        })
        await codeOf(nested)
        expect(() => escaped?.state.count).toThrow(AccessEndedError)
        expect(() => escaped?.delete('count')).toThrow(AccessEndedError)
        expect(() => escaped?.tryLock('all')).toThrow(AccessEndedError)
        expect(await codeOf(escaped?.commit() as Promise<void>)).toBe('ACCESS_ENDED')
        expect(await codeOf(escaped?.lock('all') as Promise<unknown>)).toBe('ACCESS_ENDED')
        expect(inspect(escaped?.state)).toContain('ended: ACCESS_ENDED')
      }
      return state.count
    })
    expect(await finish(access)).toBe(1)
  })

  it('that still runs when the outer access ends has failed: nothing of it is committed', async () => {
    const gate = new Gate()
    let left: Promise<unknown> = Promise.resolve()
    const access = on.holdfast.access(ID, 'all', (session) => {
      session.state.cart?.items.push('outer')
      left = codeOf(
        on.holdfast.access(ID, 'all', async ({ state }) => {
          state.count = 2
          state.cart?.items.push('inner')
          await gate.passed
        }),
      )
    })
    await finish(access)
    gate.open()
    expect(await finish(left)).toBe('ACCESS_ENDED')
    expect(await stored()).toEqual({ cart: { items: ['a', 'outer'] }, count: 1 })
  })

  it('that still runs when a nested one around it ends has failed', async () => {
    const gate = new Gate()
    const access = on.holdfast.access(ID, 'all', async () => {
      let left: Promise<unknown> = Promise.resolve()
      await on.holdfast.access(ID, 'all', ({ state }) => {
        state.note = 'middle'
        left = codeOf(
          on.holdfast.access(ID, 'all', ({ state: inner }) => {
            inner.count = 2
            return gate.passed
          }),
        )
      })
      gate.open()
      return left
    })
    expect(await finish(access)).toBe('ACCESS_ENDED')
    expect(await stored()).toEqual({ cart: { items: ['a'] }, count: 1, note: 'middle' })
  })

  it('is in no commit() of the outer access before it has ended, and in the next one after that', async () => {
    const gate = new Gate()
    const access = on.holdfast.access(ID, 'all', async (session) => {
      session.state.cart?.items.push('outer')
      const nested = on.holdfast.access(ID, 'all', async ({ state }) => {
        state.cart?.items.push('inner')
        state.count = 2
        state.note = 'new'
        await gate.passed
      })
      await session.commit()
      expect(await stored()).toEqual({ cart: { items: ['a', 'outer'] }, count: 1 })
      gate.open()
      await nested
    })
    await finish(access)
    expect(await stored()).toEqual({ cart: { items: ['a', 'outer', 'inner'] }, count: 2, note: 'new' })
  })

  it('is told of the loss of the session at once', async () => {
    let inner: Promise<unknown> = Promise.resolve()
    const access = on.holdfast.access(ID, 'all', () => {
      inner = codeOf(on.holdfast.access(ID, 'all', () => new Promise(() => {})))
      return inner
    })
    const outcome = codeOf(access)
    await settle()
    on.world.partition(on.holdfast)
    expect(await finish(outcome, 60_000)).toBe('SESSION_LOST')
    expect(await finish(inner)).toBe('SESSION_LOST')
    on.world.partition(on.holdfast, false)
  })

  it('may be begun many at once, without a warning of a leak', async () => {
    const warnings: Error[] = []
    const warn = (warning: Error) => void warnings.push(warning)
    process.on('warning', warn)
    const access = on.holdfast.access(ID, 'all', () =>
      Promise.all(Array.from({ length: 30 }, () => on.holdfast.access(ID, { read: ['count'] }, () => settle()))),
    )
    await finish(access)
    await settle()
    process.off('warning', warn)
    expect(warnings).toEqual([])
  })

  it('keeps no commit of an outer access that fails later', async () => {
    const access = on.holdfast.access(ID, 'all', async () => {
      await on.holdfast.access(ID, 'all', ({ state }) => void (state.count = 2))
      fail()
    })
    expect(await finish(codeOf(access))).toBe(FAILED)
    expect((await stored())?.count).toBe(1)
  })
})
