import { ID, Servers } from './servers.js'

class Price {
  constructor(readonly cents: number) {}
  toJSON(key: string) {
    return { key, cents: this.cents }
  }
}

describe("values as JSON has them (values: 'json')", () => {
  let servers: Servers
  beforeEach(() => {
    servers = new Servers()
  })
  afterEach(() => servers.stop())

  const ODD: readonly (readonly [string, unknown])[] = [
    ['a date', new Date(17)],
    ['a date inside', { at: [new Date(17)] }],
    ['toJSON', new Price(5)],
    ['toJSON inside', [new Price(5)]],
    ['undefined', undefined],
    ['undefined inside', { a: undefined, b: [undefined] }],
    ['a function', () => 1],
    ['a symbol', Symbol('a')],
    ['a function inside', { a: () => 1, b: [() => 1] }],
    ['NaN', Number.NaN],
    ['infinity inside', [Number.POSITIVE_INFINITY]],
    ['minus zero', -0],
    ['a map', new Map([[1, 2]])],
    ['a set inside', { set: new Set([1]) }],
    ['bytes', new Uint8Array([1, 2])],
    ['a boxed text', Object('text')],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 })],
    ['null', null],
    ['keys of objects in prototypes', { constructor: 1, toString: 'x' }],
    ['a key with a dollar', { $date: 1, $: { $$: 2 } }],
  ]
  it.each(ODD)('%s', async (_what, value) => {
    const server = servers.server()
    const expected = JSON.parse(JSON.stringify({ kept: 1, value }))
    await servers.make(server, { kept: 1, value })
    const request = servers.request(server)
    const loaded = await request.load(ID)
    expect(loaded?.values).toStrictEqual(expected)
    // Neither what was given nor what was loaded is a change.
    expect(await servers.costOf(() => request.save(ID, { kept: 1, value }))).toEqual([])
    expect(await servers.costOf(() => request.save(ID, { ...loaded?.values }))).toEqual([])
  })

  it('takes the order of keys for no change, and that of elements for one', async () => {
    const server = servers.server()
    await servers.make(server, { a: { x: 1, y: [{ p: 1, q: 2 }] }, b: [1, 2] })
    const request = await servers.loaded(server)
    const reordered = { b: [1, 2], a: { y: [{ q: 2, p: 1 }], x: 1 } }
    expect(await servers.costOf(() => request.save(ID, reordered))).toEqual([])
    expect(await servers.costOf(() => request.save(ID, { ...reordered, b: [2, 1] }))).toEqual([
      'application UpdateItem',
    ])
    expect(await servers.committed()).toEqual({ a: { x: 1, y: [{ p: 1, q: 2 }] }, b: [2, 1] })
  })

  it('leaves other types of values alone that were not changed', async () => {
    const server = servers.server()
    const stored = { at: new Date(17), map: new Map([[1, new Set(['a'])]]), n: 1 }
    await servers.client().create(stored, { id: ID })
    const request = servers.request(server)
    const loaded = await request.load(ID)
    expect(loaded?.values).toEqual({ at: new Date(17).toJSON(), map: {}, n: 1 })
    await request.save(ID, { ...loaded?.values, n: 2 })
    expect(await servers.committed()).toEqual({ ...stored, n: 2 })
  })

  it('drops reserved names at load and at save, and leaves them stored', async () => {
    const server = servers.server({ isReserved: (name) => ['cookie', 'regenerate'].includes(name) })
    await servers.client().create({ regenerate: 'stored', n: 1 }, { id: ID })
    const request = servers.request(server)
    expect((await request.load(ID))?.values).toEqual({ n: 1 })
    await request.save(ID, { n: 2, cookie: { path: '/' }, regenerate: 'new', hasOwnProperty: 1, toString: 2 })
    expect(await servers.committed()).toEqual({ regenerate: 'stored', n: 2 })
  })

  it('is not misled by a name that would change a prototype', async () => {
    const server = servers.server()
    const values = JSON.parse('{"n":1,"__proto__":{"admin":true},"deep":{"n":1}}')
    await servers.make(server, { n: 0 })
    const request = await servers.loaded(server)
    await request.save(ID, values)
    const loaded = await request.reload(ID)
    expect(loaded?.values).toEqual({ n: 1, deep: { n: 1 } })
    expect('admin' in (loaded?.values ?? {})).toBe(false)
  })

  it.each([
    ['an empty name', { '': 1 }],
    ['a name that is too long', { ['x'.repeat(256)]: 1 }],
    ['a malformed name', { '\ud800': 1 }],
    ['the name prototype', { prototype: 1 }],
  ])('refuses %s, and writes nothing', async (_what, wrong) => {
    const server = servers.server()
    await servers.make(server, { n: 1 })
    const request = await servers.loaded(server)
    await expect(request.save(ID, { ...wrong, n: 2 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await servers.committed()).toEqual({ n: 1 })
    await request.save(ID, { n: 3 })
    expect(await servers.committed()).toEqual({ n: 3 })
  })

  const circle: unknown[] = []
  circle.push({ 'secret-0815': circle })
  const fails = {
    toJSON() {
      throw new Error('secret-0815')
    },
  }
  it.each([
    ['a bigint', { note: 'secret-0815', total: [1n] }, 'total'],
    ['a circle', { list: circle }, 'list'],
    ['a toJSON that fails', { user: fails }, 'user'],
    ['a text that is no Unicode', { text: ['secret-0815\ud800'] }, 'text[0]'],
  ])('refuses %s by its name, and shows no value', async (_what, wrong, path) => {
    const request = servers.request(servers.server())
    const error: unknown = await request.save(ID, wrong).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'INVALID_VALUE', path })
    expect(String((error as Error).stack)).not.toContain('secret-0815')
    expect(await servers.committed()).toBeUndefined()
  })

  it('refuses values that are no object in JSON', async () => {
    const list = Object.assign([], { toJSON: () => [1] }) as unknown as Record<string, unknown>
    await expect(servers.request(servers.server()).save(ID, list)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

describe("values as they are (values: 'exact')", () => {
  let servers: Servers
  beforeEach(() => {
    servers = new Servers()
  })
  afterEach(() => servers.stop())
  const exact = () => servers.server({ values: 'exact' })

  it('keeps the types that can be stored', async () => {
    const values = { at: new Date(17), map: new Map([[1, new Set([2n])]]), bytes: new Uint8Array([1]), nan: Number.NaN }
    const server = exact()
    const { nan: _, ...storable } = values
    await servers.make(server, storable)
    const request = servers.request(server)
    const loaded = await request.load(ID)
    expect(loaded?.values).toEqual(storable)
    expect(await servers.costOf(() => request.save(ID, { ...loaded?.values }))).toEqual([])
    await expect(request.save(ID, values)).rejects.toMatchObject({ code: 'INVALID_VALUE', path: 'nan' })
    await expect(request.save(ID, { a: undefined })).rejects.toMatchObject({ code: 'INVALID_VALUE', path: 'a' })
    await expect(request.save(ID, { a: () => 1 })).rejects.toMatchObject({ code: 'INVALID_VALUE', path: 'a' })
    expect(await servers.committed()).toEqual(storable)
  })

  it('writes nothing of what the request changes in place without a save', async () => {
    const server = exact()
    const cart = { items: ['apple'] }
    const request = servers.request(server)
    await request.save(ID, { cart })
    cart.items.push('pear')
    await request.touch(ID)
    expect(await servers.committed()).toEqual({ cart: { items: ['apple'] } })
    await request.save(ID, { cart })
    expect(await servers.committed()).toEqual({ cart: { items: ['apple', 'pear'] } })
  })
})
