import { inspect } from 'node:util'
import { runInNewContext } from 'node:vm'
import { type } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import type { SchemaError } from '../../../client/errors/index.js'
import { World } from '../../support/world.js'

interface Cart {
  items: string[]
  total: number
}

const ID = 'an id'
const libraries = {
  zod: z.object({ items: z.array(z.string()), total: z.number().min(0) }),
  valibot: v.object({ items: v.array(v.string()), total: v.pipe(v.number(), v.minValue(0)) }),
  arktype: type({ items: 'string[]', total: 'number >= 0' }),
}

describe.each(Object.entries(libraries))('schemas of %s', (_name, schema) => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  it('accept what matches, and refuse what does not before anything happens', async () => {
    const client = world.client<{ cart: Cart; free: unknown }>({ schemas: { cart: schema } })
    const cart = { items: ['apple'], total: 2 }
    await world.finish(
      client.access(ID, 'all', ({ state }) => {
        state.cart = cart
        state.free = 'anything'
      }),
    )
    const bad = client.access(ID, 'all', ({ state }) => {
      if (state.cart) state.cart.total = -1
      state.free = 'something else'
    })
    const error: SchemaError = await world.finish(bad).then(
      () => undefined as never,
      (caught) => caught,
    )
    expect(error).toMatchObject({ code: 'SCHEMA_MISMATCH', effect: 'none', attribute: 'cart' })
    expect(error.issues).toEqual([{ message: expect.any(String), path: ['total'] }])
    expect(error.message).toBe("attribute 'cart' does not match its schema at cart.total: see 'issues'")
    expect(inspect(error)).not.toContain(error.issues[0]?.message)
    expect((await client.peek(ID))?.state).toEqual({ cart, free: 'anything' })
  })
})

describe('schemas', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  const current = z.object({ lines: z.array(z.object({ name: z.string(), count: z.number() })) })
  const former = z.object({ items: z.array(z.string()) })
  const migrating = z.union([
    current,
    former.transform(({ items }) => ({ lines: items.map((name) => ({ name, count: 1 })) })),
  ])
  const storeFormer = async () => {
    const old = world.client<{ cart: unknown }>()
    await world.finish(old.access(ID, 'all', ({ state }) => void (state.cart = { items: ['apple'] })))
    await world.finish(old.release(ID))
    return old
  }
  const migrated = { lines: [{ name: 'apple', count: 1 }] }

  it('migrate an old shape for readers, who write nothing', async () => {
    await storeFormer()
    const client = world.client<{ cart: z.output<typeof current> }>({ schemas: { cart: migrating } })
    expect(await world.finish(client.access(ID, { read: ['cart'] }, ({ state }) => state.cart))).toEqual(migrated)
    expect((await client.peek(ID))?.state.cart).toEqual(migrated)
    expect(world.traffic.updates.filter(({ update }) => update.includes('attrs.'))).toHaveLength(1)
  })

  it('store the new shape with the first access that reads it for writing', async () => {
    const old = await storeFormer()
    const client = world.client<{ cart: z.output<typeof current> }>({ schemas: { cart: migrating } })
    await world.finish(client.access(ID, { write: ['cart'] }, ({ state }) => state.cart?.lines.length))
    expect((await old.peek(ID))?.state.cart).toEqual(migrated)
    const before = world.traffic.updates.length
    await world.finish(client.access(ID, { write: ['cart'] }, ({ state }) => state.cart?.lines.length))
    expect(world.traffic.updates).toHaveLength(before)
  })

  it('fill in and strip what they say, in what is stored too', async () => {
    const schema = z.object({ theme: z.string().default('light') })
    const client = world.client<{ settings: { theme?: string; junk?: number } }>({ schemas: { settings: schema } })
    await world.finish(client.access(ID, 'all', ({ state }) => void (state.settings = { junk: 1 })))
    const plain = world.client<{ settings: unknown }>()
    expect((await plain.peek(ID))?.state.settings).toEqual({ theme: 'light' })
  })

  it('a stored value that does not match can still be replaced or deleted', async () => {
    const old = world.client<{ count: unknown }>()
    await world.finish(old.access(ID, 'all', ({ state }) => void (state.count = 'many')))
    const client = world.client<{ count: number }>({ schemas: { count: z.number() } })
    const read = client.access(ID, { read: ['count'] }, ({ state }) => state.count)
    await expect(world.finish(read)).rejects.toMatchObject({ code: 'SCHEMA_MISMATCH', attribute: 'count' })
    await world.finish(client.access(ID, { write: ['count'] }, ({ state }) => void (state.count = 1)))
    expect((await client.peek(ID))?.state.count).toBe(1)
  })

  it('must be synchronous', async () => {
    const client = world.client<{ count: number }>({ schemas: { count: z.number().refine(async () => false) } })
    const write = client.access(ID, 'all', ({ state }) => void (state.count = 1))
    await expect(world.finish(write)).rejects.toThrow("the schema of 'count' is asynchronous")
  })

  it('must be synchronous, whatever kind of promise they return', async () => {
    const foreign: Promise<never> = runInNewContext('Promise.reject(new Error("of another realm"))')
    const validate = () => foreign
    const client = world.client<{ count: number }>({
      schemas: { count: { '~standard': { version: 1, vendor: 'own', validate } } },
    })
    const write = client.access(ID, 'all', ({ state }) => void (state.count = 1))
    await expect(world.finish(write)).rejects.toThrow("the schema of 'count' is asynchronous")
  })

  it.each([[null], ['text'], [{ cart: {} }], [{ cart: undefined }], [{ '': z.string() }]])(
    'are refused at once where they are none: %p',
    (schemas) => {
      expect(() => world.client({ schemas: schemas as never })).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      )
    },
  )
})
