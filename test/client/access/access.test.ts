import { DeadlockError, NestedAccessError } from '../../../client/errors/index.js'
import type { Holdfast } from '../../../client/holdfast.js'
import { Gate } from '../../support/counting.js'
import { settle, World } from '../../support/world.js'

interface Shop {
  cart: { items: string[] }
  profile: { name: string }
  count: number
  note: string
}

const ID = 'an id'

describe('an access', () => {
  let world: World
  let holdfast: Holdfast<Shop>
  beforeEach(() => {
    world = new World()
    holdfast = world.client<Shop>()
  })
  afterEach(() => world.close())

  const finish = <T>(promise: Promise<T>, withinMs?: number): Promise<T> => world.finish(promise, withinMs)
  const stateWrites = () => world.traffic.updates.length

  it('what is read twice under a shared lock is one object, though it cannot be shared with others', async () => {
    const client = world.client<{ tags: Set<string> }>()
    await world.finish(client.access('a', 'all', ({ state }) => void (state.tags = new Set(['x']))))
    const look = () => client.access('a', { read: ['tags'] }, ({ state }) => [state.tags, state.tags])
    const [[once, again], [other]] = [await world.finish(look()), await world.finish(look())] as const
    expect(once).toBe(again)
    expect(once).toEqual(new Set(['x']))
    expect(other).not.toBe(once)
  })

  it('returns what the work returns once its changes are committed', async () => {
    const added = holdfast.access(ID, { write: ['cart'] }, ({ state }) => {
      state.cart = { items: [...(state.cart?.items ?? []), 'apple'] }
      return state.cart.items.length
    })
    expect(await finish(added)).toBe(1)
    expect(await finish(holdfast.peek(ID))).toMatchObject({ state: { cart: { items: ['apple'] } } })
  })

  it('keeps what is changed in place', async () => {
    await finish(holdfast.access(ID, 'all', ({ state }) => void (state.cart = { items: [] })))
    await finish(holdfast.access(ID, { write: ['cart'] }, ({ state }) => void state.cart?.items.push('pear')))
    const items = await finish(holdfast.access(ID, { read: ['cart'] }, ({ state }) => state.cart?.items))
    expect(items).toEqual(['pear'])
  })

  it('writes nothing when it changed nothing, and only what it changed otherwise', async () => {
    await finish(holdfast.create({ count: 1, note: 'x' }))
    await finish(
      holdfast.access(
        ID,
        'all',
        ({ state }) => void Object.assign(state, { count: 1, note: 'x', cart: { items: [] } }),
      ),
    )
    const before = stateWrites()
    await finish(
      holdfast.access(ID, 'all', ({ state }) => {
        state.count = 1
        state.cart?.items.push()
      }),
    )
    expect(stateWrites()).toBe(before)
    await finish(holdfast.access(ID, 'all', ({ state }) => void (state.count = 2)))
    expect(stateWrites()).toBe(before + 1)
    expect(Object.values(world.traffic.updates.at(-1)?.names ?? {})).toEqual(['count'])
  })

  it('sees no attribute that it did not lock, and writes none that it locked for reading', async () => {
    const secretly = (work: (state: Record<string, unknown>) => unknown) =>
      finish(holdfast.access(ID, { write: ['cart'], read: ['profile'] }, ({ state }) => void work(state as never)))
    await expect(secretly((state) => state.count)).rejects.toMatchObject({ code: 'NOT_LOCKED', attribute: 'count' })
    await expect(secretly((state) => (state.count = 1))).rejects.toMatchObject({ code: 'NOT_LOCKED' })
    await expect(secretly((state) => (state.profile = {}))).rejects.toMatchObject({ attribute: 'profile' })
    await expect(secretly((state) => delete state.profile)).rejects.toMatchObject({ attribute: 'profile' })
    await expect(secretly((state) => (state.cart = undefined))).rejects.toThrow(/session\.delete\('cart'\)/)
    await expect(secretly((state) => (state.cart = Number.NaN))).rejects.toThrow('cart: NaN cannot be stored')
    expect(await finish(holdfast.access(ID, 'all', ({ state }) => Object.keys(state)))).toEqual([])
  })

  it('gives readers a value that nobody can change', async () => {
    await finish(holdfast.access(ID, 'all', ({ state }) => void (state.cart = { items: ['a'] })))
    const kept = await finish(holdfast.access(ID, { read: ['cart'] }, ({ state }) => state.cart as { items: string[] }))
    expect(() => kept.items.push('b')).toThrow(TypeError)
    const own = await finish(holdfast.access(ID, { write: ['cart'] }, ({ state }) => state.cart))
    own?.items.push('after the access')
    expect(await finish(holdfast.access(ID, { read: ['cart'] }, ({ state }) => state.cart))).toEqual({ items: ['a'] })
  })

  it('commits any number of attributes at once, and deletes them again', async () => {
    const many = world.client<Record<string, number>>()
    const names = Array.from({ length: 500 }, (_, index) => `attribute ${index}`)
    await finish(many.access(ID, 'all', ({ state }) => void (state.first = 1)))
    await finish(
      many.access(ID, 'all', ({ state }) =>
        Object.assign(state, Object.fromEntries(names.map((name, index) => [name, index]))),
      ),
    )
    expect(Object.keys((await many.peek(ID))?.state ?? {})).toHaveLength(501)
    await finish(
      many.access(ID, 'all', (session) => {
        for (const name of names) session.delete(name)
      }),
    )
    expect((await many.peek(ID))?.state).toEqual({ first: 1 })
  })

  it('deletes attributes', async () => {
    await finish(holdfast.access(ID, 'all', ({ state }) => void Object.assign(state, { count: 1, note: 'x' })))
    await finish(holdfast.access(ID, 'all', (session) => session.delete('count')))
    expect(await finish(holdfast.access(ID, 'all', ({ state }) => ({ ...state })))).toEqual({ note: 'x' })
  })

  it('excludes others from what it writes, and shares what it reads', async () => {
    await finish(holdfast.access(ID, 'all', ({ state }) => void (state.count = 0)))
    const [one, two] = [new Gate(), new Gate()]
    const order: string[] = []
    const writer = holdfast.access(ID, { write: ['count'] }, async () => {
      order.push('writer begins')
      await one.passed
      order.push('writer ends')
    })
    const readers = [1, 2].map((n) =>
      holdfast.access(ID, { read: ['count'] }, async () => {
        order.push(`reader ${n} begins`)
        await two.passed
      }),
    )
    const other = holdfast.access(ID, { write: ['note'] }, () => void order.push('another attribute'))
    await finish(other)
    one.open()
    await settle()
    expect(order).toEqual(['writer begins', 'another attribute', 'writer ends', 'reader 1 begins', 'reader 2 begins'])
    two.open()
    await finish(Promise.all([writer, ...readers]))
  })

  it('joins commits of accesses that end while one is under way', async () => {
    await finish(holdfast.access(ID, 'all', ({ state }) => void (state.count = 0)))
    const before = stateWrites()
    // A write takes a while, as it does over a network.
    world.onStateWrite = async (_update, write) => {
      await settle()
      return write()
    }
    const add = () => holdfast.access(ID, { write: ['count'] }, ({ state }) => (state.count = (state.count ?? 0) + 1))
    const counts = await finish(Promise.all(Array.from({ length: 50 }, add)))
    expect(counts).toEqual(Array.from({ length: 50 }, (_, index) => index + 1))
    expect(stateWrites() - before).toBeLessThanOrEqual(3)
    expect((await holdfast.peek(ID))?.state.count).toBe(50)
  })

  it('that only read resolves no sooner than the commits whose values it saw', async () => {
    await finish(holdfast.access(ID, 'all', ({ state }) => void (state.count = 0)))
    const landed = new Gate()
    world.onStateWrite = async (_update, write) => {
      await landed.passed
      return write()
    }
    const events: string[] = []
    const write = holdfast.access(ID, { write: ['count'] }, ({ state }) => void (state.count = 1))
    const seeing = holdfast.access(ID, { read: ['count'] }, ({ state }) => state.count)
    const blind = holdfast.access(ID, { read: ['note'] }, ({ state }) => state.note)
    void write.then(() => events.push('write'))
    void seeing.then((count) => events.push(`saw ${count}`))
    void blind.then(() => events.push('blind'))
    await settle()
    expect(events).toEqual(['blind'])
    landed.open()
    await finish(Promise.all([write, seeing]))
    expect(events).toEqual(['blind', 'write', 'saw 1'])
  })

  it('can commit on the way, and keeps that when it fails later', async () => {
    const failing = holdfast.access(ID, { write: ['count'] }, async (session) => {
      session.state.count = 1
      await session.commit()
      session.state.count = 2
      throw new Error('later')
    })
    await expect(finish(failing)).rejects.toThrow('later')
    expect((await holdfast.peek(ID))?.state.count).toBe(1)
  })

  it('refuses the use of its session after its end', async () => {
    let escaped: { state: { count?: number }; commit(): Promise<void> } | undefined
    await finish(holdfast.access(ID, { write: ['count'] }, (session) => void (escaped = session)))
    expect(() => escaped?.state.count).toThrow(/has ended/)
    await expect(escaped?.commit()).rejects.toMatchObject({ code: 'ACCESS_ENDED' })
  })

  it('inside another to the same session joins it where the locks suffice, and is refused where they do not', async () => {
    const nested = holdfast.access(ID, { write: ['count'] }, async ({ state }) => {
      state.count = 1
      const seen = await holdfast.access(ID, { read: ['count'] }, (inner) => inner.state.count)
      await expect(holdfast.access(ID, { read: ['note'] }, () => {})).rejects.toBeInstanceOf(NestedAccessError)
      await expect(holdfast.access('another id', 'all', () => {})).rejects.toThrow(/accessMany/)
      await expect(holdfast.destroy(ID)).rejects.toBeInstanceOf(NestedAccessError)
      return seen
    })
    expect(await finish(nested)).toBe(1)
  })

  it('can lock more, and is told of a deadlock at once', async () => {
    await finish(holdfast.access(ID, 'all', ({ state }) => void Object.assign(state, { count: 0, note: '' })))
    const [both, results] = [new Gate(), [] as unknown[]]
    let begun = 0
    const lockOther = (first: 'count' | 'note', second: 'count' | 'note') =>
      holdfast.access(
        ID,
        { write: [first] },
        async (session) => {
          begun += 1
          if (begun === 2) both.open()
          await both.passed
          await session.lock({ write: [second] })
          Object.assign(session.state, { [second]: first })
          return first
        },
        { label: first },
      )
    const outcomes = await finish(Promise.allSettled([lockOther('count', 'note'), lockOther('note', 'count')]))
    for (const outcome of outcomes) results.push(outcome.status === 'fulfilled' ? outcome.value : outcome.reason)
    expect(results[0]).toBe('count')
    expect(results[1]).toBeInstanceOf(DeadlockError)
    expect(results[1]).toMatchObject({
      effect: 'none',
      cycle: expect.arrayContaining([expect.objectContaining({ access: 'note' })]),
    })
  })

  it('refuses a session that would be too large, and lets one shrink', async () => {
    await finish(holdfast.access(ID, 'all', ({ state }) => void (state.note = 'x'.repeat(300_000))))
    const tooLarge = holdfast.access(ID, 'all', ({ state }) => void (state.cart = { items: ['y'.repeat(200_000)] }))
    await expect(finish(tooLarge)).rejects.toMatchObject({ code: 'TOO_LARGE', effect: 'none', limitBytes: 398 * 1024 })
    const tooLargeAlone = holdfast.access(ID, 'all', ({ state }) => void (state.note = 'x'.repeat(500_000)))
    await expect(finish(tooLargeAlone)).rejects.toMatchObject({ attribute: 'note' })
    await finish(holdfast.access(ID, 'all', ({ state }) => void (state.note = 'short')))
    expect((await holdfast.peek(ID))?.state).toEqual({ note: 'short' })
  })
})
