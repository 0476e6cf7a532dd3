import { codeOf, fail, ID, OTHER, pushAndFail, type Shop, useNestedStage } from './nested.js'

describe('a nested access that fails', () => {
  const on = useNestedStage({ cart: { items: ['a'] } })
  const { finish, stored } = on

  it('gives objects their content back in place: the outer work may go on with those that it has', async () => {
    const access = on.holdfast.access(ID, 'all', async ({ state }) => {
      const cart = state.cart as Shop['cart']
      const { items } = cart
      await codeOf(
        on.holdfast.access(ID, 'all', (inner) => {
          Object.assign(inner.state.cart as object, { items: [], bad: () => {} })
          return fail()
        }),
      )
      expect(state.cart).toBe(cart)
      items.push('kept')
    })
    await finish(access)
    expect((await stored())?.cart).toEqual({ items: ['a', 'kept'] })
  })

  it('gives all kinds of objects their content back', async () => {
    const values = () => ({
      map: new Map([['k', { v: 1 }]]),
      tags: new Set(['a']),
      at: new Date(5),
      bytes: new Uint8Array([1, 2]),
      list: [1, [2]],
    })
    const other = on.world.client<ReturnType<typeof values>>()
    const access = other.access(OTHER, 'all', async ({ state }) => {
      Object.assign(state, values())
      const before = { ...state }
      await codeOf(
        other.access(OTHER, 'all', (inner) => {
          const { map, tags, at, bytes, list } = inner.state
          Object.assign(map?.get('k') ?? {}, { v: 2 })
          map?.clear()
          tags?.add('b')
          at?.setTime(6)
          bytes?.fill(9)
          list?.reverse()
          inner.delete('list')
          return fail()
        }),
      )
      expect(Object.entries(state).every(([name, value]) => value === before[name as 'map'])).toBe(true)
      expect({ ...state }).toEqual(values())
    })
    await finish(access)
  })

  it('gives an object its content back that another attribute shares', async () => {
    const access = on.holdfast.access(ID, 'all', async ({ state }) => {
      const shared = { items: ['a'] }
      Object.assign(state, { cart: shared, note: shared })
      await codeOf(on.holdfast.access(ID, { write: ['cart'] }, pushAndFail))
    })
    await finish(access)
    expect(await stored()).toMatchObject({ cart: { items: ['a'] }, note: { items: ['a'] } })
  })

  it('replaces objects that it froze', async () => {
    const access = on.holdfast.access(ID, 'all', async ({ state }) => {
      const cart = state.cart as Shop['cart']
      await codeOf(
        on.holdfast.access(ID, 'all', (inner) => {
          inner.state.cart?.items.push('inner')
          Object.freeze(inner.state.cart?.items)
          return fail()
        }),
      )
      expect(state.cart).not.toBe(cart)
      expect(state.cart).toEqual({ items: ['a'] })
    })
    await finish(access)
    expect((await stored())?.cart).toEqual({ items: ['a'] })
  })
})
