import { NestedAccessError } from '../../../client/errors/index.js'
import { codeOf, FAILED, fail, ID, OTHER, type Shop, useNestedStage } from './nested.js'

describe('a nested access that fails', () => {
  const on = useNestedStage({ cart: { items: ['a'] }, count: 1 })
  const { finish, stored } = on

  /** Runs work as a nested access that fails, inside an access, and returns what is stored afterwards. */
  const failInside = async (work: Parameters<typeof on.holdfast.access<void, 'all'>>[2], before = () => {}) => {
    await finish(
      on.holdfast.access(ID, 'all', async () => {
        before()
        const nested = on.holdfast.access(ID, 'all', async (session) => {
          await work(session)
          fail()
        })
        expect(await codeOf(nested)).toBe(FAILED)
      }),
    )
    return stored()
  }

  it.each<[string, Parameters<typeof on.holdfast.access<void, 'all'>>[2]]>([
    ['an assignment', ({ state }) => void (state.count = 2)],
    ['a new attribute', ({ state }) => void (state.note = 'new')],
    ['a deletion', (session) => session.delete('cart')],
    ['a change in place', ({ state }) => void state.cart?.items.push('b')],
    [
      'a change in place, and an assignment',
      ({ state }) => {
        state.cart?.items.push('b')
        state.cart = { items: ['c'] }
      },
    ],
    ['a value that cannot be stored', ({ state }) => Object.assign(state, { cart: { items: [() => {}] } })],
    [
      'a nested access of its own that ended well',
      ({ state }) =>
        on.holdfast.access(ID, { write: ['cart'] }, (inner) => {
          state.count = 3
          inner.state.cart?.items.push('deeper')
        }),
    ],
  ])('leaves nothing of %s', async (_what, work) => {
    const before = on.world.traffic.updates.length
    expect(await failInside(work)).toEqual({ cart: { items: ['a'] }, count: 1 })
    expect(on.world.traffic.updates.length).toBe(before)
  })

  it('leaves what the outer work had changed before', async () => {
    const access = on.holdfast.access(ID, 'all', async (session) => {
      const { cart } = session.state
      cart?.items.push('outer')
      session.state.count = 5
      session.state.tags = new Set(['t'])
      session.delete('note')
      const nested = on.holdfast.access(ID, 'all', ({ state }) => {
        state.cart = { items: ['inner'] }
        state.count = 6
        state.tags?.add('inner')
        state.note = 'inner'
        fail()
      })
      await codeOf(nested)
      // Its contents were not touched, so it is still a value of the access.
      expect(session.state.cart).toBe(cart)
      cart?.items.push('after')
      expect({ ...session.state }).toEqual({
        cart: { items: ['a', 'outer', 'after'] },
        count: 5,
        tags: new Set(['t']),
      })
    })
    await finish(access)
    expect(await stored()).toEqual({ cart: { items: ['a', 'outer', 'after'] }, count: 5, tags: new Set(['t']) })
  })

  it('by a synchronous throw has been undone when the call returns', async () => {
    const seen = on.holdfast.access(ID, 'all', async ({ state }) => {
      const nested = codeOf(
        on.holdfast.access(ID, 'all', (inner) => {
          inner.state.count = 7
          fail()
        }),
      )
      const { count } = state
      await nested
      return count
    })
    expect(await finish(seen)).toBe(1)
  })

  /** The outer work has an object that a nested access assigned which failed. */
  const withOld = async (afterwards: (old: Shop['cart']) => unknown) => {
    let old: Shop['cart'] | undefined
    const nested = on.holdfast.access(ID, 'all', ({ state }) => {
      old = { items: ['inner'] }
      state.cart = old
      return fail()
    })
    await codeOf(nested)
    await afterwards(old as Shop['cart'])
  }

  it('takes its own objects back: a change to one is not lost silently', async () => {
    const lost = finish(on.holdfast.access(ID, 'all', () => withOld((old) => old.items.push('lost'))))
    await expect(lost).rejects.toBeInstanceOf(NestedAccessError)
    await expect(lost).rejects.toThrow("attribute 'cart' had before a nested access failed")
    expect(await stored()).toEqual({ cart: { items: ['a'] }, count: 1 })
    await finish(on.holdfast.access(ID, 'all', ({ state }) => withOld(() => state.cart?.items.push('kept'))))
    expect((await stored())?.cart).toEqual({ items: ['a', 'kept'] })
  })

  it('takes no object back that is in a value again, or still', async () => {
    const cart = { items: ['again'] }
    const access = on.holdfast.access(ID, 'all', async ({ state }) => {
      const set = (isFailing: boolean) =>
        on.holdfast.access(ID, 'all', (inner) => {
          inner.state.cart = cart
          Object.assign(inner.state, { note: inner.state.tags })
          if (isFailing) fail()
        })
      state.tags = new Set(['a'])
      await codeOf(set(true))
      state.tags.add('b')
      await set(false)
      cart.items.push('kept')
    })
    await finish(access)
    const tags = new Set(['a', 'b'])
    expect(await stored()).toEqual({ cart: { items: ['again', 'kept'] }, count: 1, note: tags, tags })
  })

  it.each<[string, (old: Shop['cart']) => unknown]>([
    ['in a part of the object', (old) => old.items.push('lost')],
    ['to a value that cannot be stored', (old) => Object.assign(old, { bad: () => {} })],
  ])('whose lost change %s was told by commit() once leaves the outer access to go on', async (_what, change) => {
    const access = on.holdfast.access(ID, 'all', async (session) => {
      session.state.note = 'outer'
      await withOld(change)
      expect(await codeOf(session.commit())).toBe('NESTED_ACCESS')
      session.state.cart?.items.push('kept')
    })
    await finish(access)
    expect((await stored())?.cart).toEqual({ items: ['a', 'kept'] })
  })

  it('is told of a lost change where it ends, if the access that failed was nested in it', async () => {
    const access = on.holdfast.access(ID, 'all', async ({ state }) => {
      state.note = 'outer'
      const middle = on.holdfast.access(ID, 'all', async (session) => {
        session.state.count = 9
        await withOld((old) => old.items.push('lost'))
      })
      expect(await codeOf(middle)).toBe('NESTED_ACCESS')
    })
    await finish(access)
    expect(await stored()).toEqual({ cart: { items: ['a'] }, count: 1, note: 'outer' })
  })

  it('leaves what it has committed, and nothing after that', async () => {
    const state = await failInside(async (session) => {
      session.state.count = 2
      session.state.cart?.items.push('committed')
      await session.commit()
      session.state.count = 3
      session.state.cart?.items.push('later')
    })
    expect(state).toEqual({ cart: { items: ['a', 'committed'] }, count: 2 })
  })

  it.each([
    ['it', undefined],
    ['one nested in it', { durability: 'access' }],
  ] as const)('leaves what %s has committed where that was stored before', async (_, deeper) => {
    const access = on.holdfast.access(ID, 'all', async ({ state }) => {
      state.count = 2
      state.note = 'outer'
      const nested = on.holdfast.access(ID, 'all', async (session) => {
        const revert = (inner: Partial<Shop>) => {
          inner.count = 1
          delete inner.note
        }
        if (deeper !== undefined) await on.holdfast.access(ID, 'all', ({ state: inner }) => revert(inner), deeper)
        else {
          revert(session.state)
          await session.commit()
        }
        session.state.count = 3
        fail()
      })
      expect(await codeOf(nested)).toBe(FAILED)
      expect(state).toEqual({ cart: { items: ['a'] }, count: 1 })
    })
    await finish(access)
    expect(await stored()).toEqual({ cart: { items: ['a'] }, count: 1 })
  })

  it('deep inside undoes its own part alone', async () => {
    const access = on.holdfast.access(ID, 'all', () =>
      on.holdfast.access(ID, 'all', async ({ state }) => {
        state.count = 2
        await codeOf(
          on.holdfast.access(ID, 'all', ({ state: inner }) => {
            inner.count = 3
            fail()
          }),
        )
        expect(state.count).toBe(2)
      }),
    )
    await finish(access)
    expect((await stored())?.count).toBe(2)
  })

  it('as an accessMany undoes its part of every session', async () => {
    const access = on.holdfast.accessMany([ID, OTHER], 'all', async ([one]) => {
      one.state.note = 'outer'
      const nested = on.holdfast.accessMany([OTHER, ID], 'all', (sessions) => {
        for (const { state } of sessions) state.count = 8
        fail()
      })
      expect(await codeOf(nested)).toBe(FAILED)
      await on.holdfast.access(OTHER, 'all', ({ state }) => void (state.note = 'single'))
    })
    await finish(access)
    expect(await stored()).toMatchObject({ count: 1, note: 'outer' })
    expect(await stored(OTHER)).toEqual({ note: 'single' })
  })
})
