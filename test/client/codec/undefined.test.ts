import { decodeValue, encodeValue } from '../../../client/codec/index.js'
import { World } from '../../support/world.js'

const stored = (value: unknown): unknown => decodeValue(encodeValue(value, 'v', 'drop'))

describe("undefined inside a value, with undefinedValues: 'drop'", () => {
  // JSON.stringify of this realm tells what JSON does.
  it.each([
    [{ a: undefined }],
    [{ a: 1, b: undefined, c: { d: undefined, e: null } }],
    [[1, undefined, { a: undefined }]],
    [[undefined]],
    [Object.assign([1, 2, 3], { length: 5 })],
    [Array.from({ length: 2 })],
    [{ $date: 5, other: undefined }],
    [{ '': undefined, 'a b': 1 }],
    [{ $map: undefined }],
  ])('becomes what JSON makes of it: %j', (value) => {
    expect(stored(value)).toStrictEqual(JSON.parse(JSON.stringify(value)))
  })

  it('leaves an entry of a Map out, and changes nothing of the value itself', () => {
    const value = new Map<string, unknown>([
      ['a', undefined],
      ['b', { c: undefined, d: 1 }],
    ])
    expect(stored(value)).toStrictEqual(new Map([['b', { d: 1 }]]))
    expect(value.has('a')).toBe(true)
  })

  it('of an object without a prototype is left out, too', () => {
    const value = Object.assign(Object.create(null) as object, { a: undefined, b: 1 })
    expect(stored(value)).toStrictEqual(Object.assign(Object.create(null) as object, { b: 1 }))
  })

  it.each([
    ['a member of a Set', new Set([undefined]), 'v.values()[0]: undefined'],
    ['a key of a Map', new Map([[undefined, 1]]), 'v.keys()[0]: undefined'],
    ['a getter', Object.defineProperty({}, 'a', { enumerable: true, get: () => undefined }), 'v.a: a getter'],
    ['a hidden property', Object.defineProperty({}, 'a', { value: undefined }), 'v.a: a property that is not'],
    ['the whole', undefined, 'v: undefined'],
  ])('is still refused as %s', (_, value, message) => {
    expect(() => encodeValue(value, 'v', 'drop')).toThrow(message)
  })

  it.each([[{ a: undefined }], [[undefined]], [new Map([['a', undefined]])]])('is refused by default: %j', (value) => {
    expect(() => encodeValue(value, 'v')).toThrow('undefined cannot be stored: use null, leave it out, or set')
  })
})

describe('the option undefinedValues of a client', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  it("'drop' holds for assignments, changes in place, create and schemas", async () => {
    const client = world.client({ undefinedValues: 'drop' })
    const id = await world.finish(client.create({ a: { x: undefined, y: 1 }, b: undefined, c: 1 }))
    expect((await world.finish(client.peek(id)))?.state).toEqual({ a: { y: 1 }, c: 1 })
    await world.finish(
      client.access(id, 'all', ({ state }) => {
        ;(state.a as { y?: number }).y = undefined as never
        state.c = undefined
        expect(state.c).toBeUndefined()
      }),
    )
    expect((await world.finish(client.peek(id)))?.state).toStrictEqual({ a: {} })
  })

  it('is refused where it is another, and by default undefined is refused', async () => {
    expect(() => world.client({ undefinedValues: 'null' as never })).toThrow(
      "'undefinedValues' must be 'refuse' or 'drop'",
    )
    const access = world.client().access('id', 'all', ({ state }) => void (state.a = { b: undefined }))
    await expect(world.finish(access)).rejects.toMatchObject({ code: 'INVALID_VALUE', path: 'a.b' })
  })
})
