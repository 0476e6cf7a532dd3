import type { Session } from '../../../client/access/session.js'
import { Gate } from '../../support/counting.js'
import { settle } from '../../support/world.js'
import { codeOf, FAILED, fail, ID, type Shop, useNestedStage } from './nested.js'

describe('a nested access beside another', () => {
  const on = useNestedStage({ cart: { items: ['a'] }, count: 1 })
  const { finish, stored } = on

  const besides = (one: string, two: string) =>
    finish(
      codeOf(
        on.holdfast.access(ID, 'all', async () => {
          const gate = new Gate()
          const write = async (name: 'count' | 'note', isFailing: boolean) => {
            await on.holdfast.access(ID, 'all', async ({ state }) => {
              Object.assign(state, { [name]: name === 'count' ? (state.count ?? 0) + 10 : name })
              await gate.passed
              if (isFailing) fail()
            })
          }
          const both = Promise.all([codeOf(write(one as 'count', true)), codeOf(write(two as 'count', false))])
          await settle()
          gate.open()
          return both
        }),
      ),
    )

  it('undoes its own attributes where it fails, and the other goes on', async () => {
    expect(await besides('count', 'note')).toEqual({ value: [FAILED, { value: undefined }] })
    expect(await stored()).toEqual({ cart: { items: ['a'] }, count: 1, note: 'note' })
  })

  it('fails the outer access where both changed one attribute and one of them fails: nothing is acknowledged in vain', async () => {
    expect(await besides('count', 'count')).toBe('NESTED_ACCESS')
    expect(await stored()).toEqual({ cart: { items: ['a'] }, count: 1 })
  })

  it('fails a nested access around them, which undoes both', async () => {
    const access = on.holdfast.access(ID, 'all', async ({ state }) => {
      state.note = 'outer'
      const gate = new Gate()
      const middle = on.holdfast.access(ID, 'all', async () => {
        const add = (isFailing: boolean) =>
          codeOf(
            on.holdfast.access(ID, { write: ['cart'] }, async (inner) => {
              inner.state.cart?.items.push('x')
              await gate.passed
              if (isFailing) fail()
            }),
          )
        const both = Promise.all([add(false), add(true)])
        await settle()
        gate.open()
        await both
      })
      expect(await codeOf(middle)).toBe('NESTED_ACCESS')
    })
    await finish(access)
    expect(await stored()).toEqual({ cart: { items: ['a'] }, count: 1, note: 'outer' })
  })

  it.each([
    ['fails, too', FAILED],
    ['would end well', undefined],
  ])(
    'fails the outer access where one inside another beside it undoes its change, and that %s',
    async (_what, error) => {
      const access = on.holdfast.access(ID, 'all', async () => {
        const gate = new Gate()
        const push = (item: string) =>
          on.holdfast.access(ID, { write: ['cart'] }, ({ state }) => void state.cart?.items.push(item))
        const beside = on.holdfast.access(ID, 'all', async () => {
          await codeOf(
            on.holdfast.access(ID, { write: ['cart'] }, async (inner) => {
              inner.state.cart?.items.push('inner')
              await gate.passed
              fail()
            }),
          )
          if (error !== undefined) throw error
        })
        await push('acknowledged')
        gate.open()
        expect(await codeOf(beside)).toBe(error ?? 'NESTED_ACCESS')
      })
      expect(await finish(codeOf(access))).toBe('NESTED_ACCESS')
      expect((await stored())?.cart).toEqual({ items: ['a'] })
    },
  )

  it('fails the outer access where that assigned the attribute meanwhile', async () => {
    const access = on.holdfast.access(ID, 'all', async ({ state }) => {
      const gate = new Gate()
      const nested = codeOf(
        on.holdfast.access(ID, 'all', async (inner) => {
          inner.state.count = 2
          await gate.passed
          fail()
        }),
      )
      state.count = 3
      gate.open()
      await nested
    })
    expect(await finish(codeOf(access))).toBe('NESTED_ACCESS')
    expect((await stored())?.count).toBe(1)
  })

  it('changes one attribute with it where both end well', async () => {
    const access = on.holdfast.access(ID, 'all', async () => {
      const push = (item: string) =>
        on.holdfast.access(ID, { write: ['cart'] }, async ({ state }) => {
          await settle()
          state.cart?.items.push(item)
        })
      await Promise.all([push('b'), push('c')])
    })
    await finish(access)
    expect((await stored())?.cart).toEqual({ items: ['a', 'b', 'c'] })
  })

  it.each<[string, (session: Pick<Session, 'commit' | 'rotate'>) => Promise<unknown>]>([
    ['commit()', (session) => session.commit()],
    ['rotate()', (session) => session.rotate()],
  ])('%s refuses what the outer work assigned where a nested access that still runs uses it', async (_call, call) => {
    const access = on.holdfast.access(ID, 'all', async (session) => {
      const gate = new Gate()
      const nested = on.holdfast.access(ID, { write: ['count'] }, async (inner) => {
        const { count } = inner.state
        await gate.passed
        return count
      })
      session.state.count = 5
      await expect(call(session)).rejects.toThrow("attribute 'count' was also used by a nested access that still runs")
      gate.open()
      expect(await nested).toBe(1)
      await session.commit()
      expect((await stored())?.count).toBe(5)
    })
    await finish(access)
  })

  it('fails the outer access where that ends before it, and assigned what it uses', async () => {
    const gate = new Gate()
    let nested: Promise<unknown> = Promise.resolve()
    const access = on.holdfast.access(ID, 'all', async ({ state }) => {
      nested = codeOf(
        on.holdfast.access(ID, { write: ['count'] }, async (inner) => {
          expect(inner.state.count).toBe(1)
          await gate.passed
        }),
      )
      state.count = 5
    })
    expect(await finish(codeOf(access))).toBe('NESTED_ACCESS')
    gate.open()
    expect(await finish(nested)).toBe('ACCESS_ENDED')
    expect((await stored())?.count).toBe(1)
  })

  it("commits with durability 'access' nothing that the other may have changed, which still runs", async () => {
    const access = on.holdfast.access(ID, 'all', async () => {
      const gate = new Gate()
      const failing = codeOf(
        on.holdfast.access(ID, { write: ['cart'] }, async ({ state }) => {
          state.cart?.items.push('failed')
          await gate.passed
          fail()
        }),
      )
      const durable = on.holdfast.access(ID, { write: ['cart'] }, ({ state }) => void state.cart?.items.push('b'), {
        durability: 'access',
      })
      expect(await codeOf(durable)).toBe('NESTED_ACCESS')
      gate.open()
      expect(await failing).toBe(FAILED)
    })
    expect(await finish(codeOf(access))).toBe('NESTED_ACCESS')
    expect((await stored())?.cart).toEqual({ items: ['a'] })
  })

  it.each<[string, (state: Partial<Shop>) => void]>([
    ['in place', ({ cart }) => void cart?.items.push('b')],
    ['by assignment', (state) => void (state.cart = { items: ['b'] })],
    ['by deletion', (state) => void delete state.cart],
  ])('is in no commit() with it: what one changed %s that has ended, and the other uses', async (_how, change) => {
    const access = on.holdfast.access(ID, 'all', async (session) => {
      expect(session.state.cart).toEqual({ items: ['a'] })
      const gate = new Gate()
      const running = on.holdfast.access(ID, { write: ['cart'] }, async ({ state }) => {
        expect(state.cart).toEqual({ items: ['a'] })
        await gate.passed
      })
      await on.holdfast.access(ID, { write: ['cart'] }, ({ state }) => change(state))
      expect(await codeOf(session.commit())).toBe('NESTED_ACCESS')
      gate.open()
      await running
    })
    await finish(access)
    expect((await stored())?.cart).not.toEqual({ items: ['a'] })
  })
})
