import { z } from 'zod'
import { World } from '../../support/world.js'

interface Shop {
  cart: { items: string[] }
  seen: Date
  tags: Map<string, number>
  count: number
}

const ID = 'an id'

describe('peek', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  const fill = () =>
    world.finish(
      world.client<Shop>().access(ID, 'all', ({ state }) => {
        state.cart = { items: ['apple'] }
        state.seen = new Date(5)
        state.tags = new Map([['a', 1]])
        state.count = 1
      }),
    )
  const read = async (options: object = {}) => {
    const seen = await world.finish(world.client<Shop>(options).peek(ID))
    if (seen === undefined) throw new Error('no such session')
    return seen.state
  }
  /** What a read access of the same client sees in its state. */
  const access = <T>(options: object, look: (state: Awaited<ReturnType<typeof read>>) => T) =>
    world.finish(world.client<Shop>(options).access(ID, { all: 'read' }, ({ state }) => look(state as never)))

  it('gives the values of a read access, with their types', async () => {
    await fill()
    const state = await read()
    const values = await access({}, (locked) => ({ ...locked }))
    expect({ ...state }).toEqual(values)
    expect(state).toEqual(values)
    expect(Object.keys(state).sort()).toEqual(Object.keys(values).sort())
    expect(state.seen).toBeInstanceOf(Date)
    expect(state.tags?.get('a')).toBe(1)
    expect(structuredClone({ ...state })).toEqual(values)
  })

  it('gives values that cannot be changed, as a read access does', async () => {
    await fill()
    const changes: ((state: Awaited<ReturnType<typeof read>>) => void)[] = [
      (state) => void ((state as { count?: number }).count = 2),
      (state) => void (state.cart as { items: string[] }).items.push('pear'),
      (state) => void (state.tags as Map<string, number>).set('b', 2),
      (state) => void state.seen?.setTime(6),
    ]
    const outcome = (change: (typeof changes)[number], state: Awaited<ReturnType<typeof read>>) => {
      try {
        change(state)
      } catch (error) {
        return (error as { code?: string }).code ?? (error as Error).constructor.name
      }
      return 'changed'
    }
    const state = await read()
    for (const change of changes) {
      const refused = outcome(change, state)
      expect(refused).toBe(await access({}, (locked) => outcome(change, locked)))
      expect(refused).not.toBe('changed')
    }
    expect(state.cart).toEqual({ items: ['apple'] })
  })

  it('reads on where one attribute does not match its schema, which throws when it is read', async () => {
    await fill()
    const schemas = { count: z.string(), cart: z.object({ items: z.array(z.string()) }) }
    const state = await read({ schemas })
    expect(state.cart).toEqual({ items: ['apple'] })
    expect(Object.keys(state)).toContain('count')
    expect(() => state.count).toThrow(expect.objectContaining({ code: 'SCHEMA_MISMATCH', attribute: 'count' }))
    expect(() => ({ ...state })).toThrow(expect.objectContaining({ code: 'SCHEMA_MISMATCH' }))
    await access({ schemas }, (locked) => expect(() => locked.count).toThrow(/does not match/))
  })

  it('migrates each attribute by its schema', async () => {
    await fill()
    const schemas = { count: z.union([z.number(), z.string()]).transform(String) }
    expect((await read({ schemas })).count).toBe('1')
  })

  it('reads on where one attribute cannot be decoded, which throws when it is read', async () => {
    await fill()
    const { get } = world.memory
    world.memory.get = async (...key) => {
      const item = await get.apply(world.memory, key)
      const attrs = (item as unknown as { attrs: { M: object } }).attrs.M
      return { ...item, attrs: { M: { ...attrs, count: { M: { $date: { S: 'no number' } } } } } }
    }
    const state = await read()
    expect(state.cart).toEqual({ items: ['apple'] })
    expect(() => state.count).toThrow(expect.objectContaining({ code: 'CORRUPT_STATE' }))
  })

  it('tells the lifetime, that of the client where the session has none, and whether it is due to be extended', async () => {
    const client = world.client<Shop>({ ttlMs: 60_000 })
    const facts = async (by = client) => {
      const { ttlMs, isTouchDue } = (await world.finish(by.peek(ID))) ?? {}
      return [ttlMs, isTouchDue]
    }
    await world.finish(client.access(ID, 'all', () => {}))
    expect(client.ttlMs).toBe(60_000)
    expect(await facts()).toEqual([60_000, false])
    await world.clock.advance(6_000)
    expect(await facts()).toEqual([60_000, true])
    expect(await facts(world.client<Shop>({ ttlMs: 50_000 }))).toEqual([50_000, false])
    expect(await facts(world.client<Shop>({ ttlMs: 60_000, touchShare: 0.2 }))).toEqual([60_000, false])
    expect(await facts(world.client<Shop>({ ttlMs: 60_000, expiry: 'fixed' }))).toEqual([60_000, false])
    await world.finish(client.access(ID, 'all', () => {}, { ttlMs: 5_000 }))
    expect(await facts()).toEqual([5_000, false])
  })

  it('costs one read, and nothing else', async () => {
    await fill()
    const { gets, updates, sent } = world.traffic
    const before = [gets.length, updates.length, sent.length]
    await read()
    expect([gets.length, updates.length, sent.length]).toEqual([(before[0] ?? 0) + 1, before[1], before[2]])
  })
})
