import { Buffer } from 'node:buffer'
import { isDeepStrictEqual } from 'node:util'
import { runInNewContext } from 'node:vm'
import { encodeValue, ReadOnlyGuard } from '../../../client/codec/index.js'
import { NotLockedError } from '../../../client/errors/index.js'
import { refusal, withPrototype } from './support.js'

const DAY = new Date('2026-01-02T03:04:05.678Z')

const makeReadOnly = (value: unknown): boolean => new ReadOnlyGuard('basket').close(value)

function readOnly<T>(value: T): T {
  makeReadOnly(value)
  return value
}

const makers: { readonly [kind: string]: () => object } = {
  Map: () => new Map<unknown, unknown>([['a', [1]]]),
  Set: () => new Set<unknown>(['a', { b: 1 }]),
  Date: () => new Date(DAY),
}
const kinds = Object.entries(makers)

/** What a method that this engine's Map, Set or Date has may be called with, so that it changes what it can. */
const ARGUMENTS: readonly (readonly unknown[])[] = [[], ['a'], ['z', 1], [7], [new Set(['z'])], [() => 'z']]

describe('a read-only value', () => {
  test.each(kinds)('of type %s has no method that changes it', (kind, make) => {
    const value = readOnly(make())
    const methods = Reflect.ownKeys(Object.getPrototypeOf(value)).filter((name) => name !== 'constructor')
    let refused = 0
    for (const name of methods) {
      const method: unknown = Reflect.get(value, name)
      if (typeof method !== 'function') continue
      for (const given of ARGUMENTS) {
        try {
          Reflect.apply(method, value, given)
        } catch (error) {
          refused += error instanceof NotLockedError ? 1 : 0
        }
      }
    }
    expect([kind, value]).toEqual([kind, make()])
    // Three of a Map's and of a Set's methods, at least, and sixteen of a Date's.
    expect(refused).toBeGreaterThanOrEqual((kind === 'Date' ? 16 : 3) * ARGUMENTS.length)
  })

  test.each<[string, (state: ReturnType<typeof everything>) => unknown]>([
    ['set in a Map', ({ map }) => map.set('a', 2)],
    ['delete from a Map', ({ map }) => map.delete('a')],
    ['clear a Map', ({ map }) => map.clear()],
    ['add to a Set', ({ set }) => set.add('z')],
    ['delete from a Set', ({ set }) => set.delete('a')],
    ['clear a Set', ({ set }) => set.clear()],
    ['set a Date', ({ date }) => date.setFullYear(1999)],
    ['set a Date in a Set in a Map', ({ deep }) => [...(deep.get('dates') ?? [])][0]?.setTime(0)],
    [
      'change it by what forEach gives',
      ({ map }) =>
        map.forEach((_value, _key, itself) => {
          itself.clear()
        }),
    ],
  ])('throws the typed error that names the attribute: to %s', (_, change) => {
    const value = readOnly(everything())
    expect(() => change(value)).toThrow(NotLockedError)
    expect(() => change(value)).toThrow(
      expect.objectContaining({ code: 'NOT_LOCKED', attribute: 'basket', effect: 'none', retryable: false }),
    )
    expect(() => change(value)).toThrow(
      /^attribute 'basket' was locked for reading, so this value of it is read-only: /,
    )
    expect(value).toEqual(everything())
  })

  test.each<[string, (state: ReturnType<typeof everything>) => unknown]>([
    ['add a property', (state) => Object.assign(state, { more: 1 })],
    ['push to an array in it', ({ list }) => list.push(3)],
    ['push to an array by the prototype', ({ list }) => Array.prototype.push.call(list, 3)],
    ['change an object that is a key of a Map', ({ byPlace }) => Object.assign([...byPlace.keys()][0] ?? {}, { x: 9 })],
    ['change what an iterator gives', ({ byPlace }) => byPlace.values().next().value?.push('z')],
    ['change an object without a prototype', ({ dict }) => Object.assign(dict, { a: 2 })],
    ['add a property to a Map', ({ map }) => Object.assign(map, { more: 1 })],
    ['give a Map a method of its own', ({ map }) => Object.assign(map, { set: Map.prototype.set })],
    ['define a method of a Map anew', ({ map }) => Object.defineProperty(map, 'set', { value: Map.prototype.set })],
    ['give a Date another prototype', ({ date }) => Object.setPrototypeOf(date, null)],
    ['delete a method of a Set', ({ set }) => delete (set as Partial<Set<string>>).add],
  ])('throws a TypeError as what is frozen does: to %s', (_, change) => {
    const value = readOnly(everything())
    expect(() => change(value)).toThrow(TypeError)
    expect(value).toEqual(everything())
  })

  test('may be shared only where nothing in it can be changed by any means', () => {
    const frozen = { a: [1, { b: 'c' }], d: withPrototype(null, { e: [] as unknown[] }) }
    expect(makeReadOnly(frozen)).toBe(true)
    for (const part of [frozen, frozen.a, frozen.a[1], frozen.d, frozen.d.e]) expect(Object.isFrozen(part)).toBe(true)
    for (const primitive of [null, undefined, 1, 'a', true, 5n]) expect(makeReadOnly(primitive)).toBe(true)
    for (const make of [...Object.values(makers), () => new Uint8Array(1), () => Buffer.alloc(1)]) {
      expect(makeReadOnly(make())).toBe(false)
      expect(makeReadOnly({ a: [make(), { b: 1 }] })).toBe(false)
      expect(makeReadOnly({ a: [{ b: make() }, 'z'] })).toBe(false)
    }
    // These change it in spite of all: that is why it is not shared.
    const map = readOnly(new Map([['a', 1]]))
    Map.prototype.set.call(map, 'a', 2)
    expect(map.get('a')).toBe(2)
  })

  test('is frozen beside its bytes, which cannot be', () => {
    const value = readOnly({ bytes: new Uint8Array([1]), list: [1], buffer: Buffer.from([1]) })
    expect(() => value.list.push(2)).toThrow(TypeError)
    value.bytes[0] = 9
    value.buffer[0] = 9
    expect([value.bytes[0], value.buffer[0]]).toEqual([9, 9])
  })
})

describe('to everybody else a read-only value is the plain one that it looks like:', () => {
  const value = readOnly(everything())

  test('to comparisons', () => {
    expect(isDeepStrictEqual(value, everything())).toBe(true)
    expect(value).toEqual(everything())
    expect(value).toStrictEqual(everything())
    expect(value.map).not.toEqual(new Map([['a', 2]]))
    expect(Object.getPrototypeOf(value.map)).toBe(Map.prototype)
  })

  test('to JSON.stringify', () => {
    expect(JSON.stringify(value)).toBe(JSON.stringify(everything()))
    expect(JSON.stringify(value.date)).toBe('"2026-01-02T03:04:05.678Z"')
  })

  test('to structuredClone, whose copies can be changed', () => {
    const copy = structuredClone(value)
    expect(isDeepStrictEqual(JSON.stringify(copy), JSON.stringify(value))).toBe(true)
    copy.map.set('a', 2)
    copy.date.setTime(0)
    copy.list.push(3)
    expect([copy.map.get('a'), copy.date.getTime(), copy.list.length]).toEqual([2, 0, 3])
    expect(value).toEqual(everything())
  })

  test('to constructors, whose copies can be changed', () => {
    const [map, set, date] = [new Map(value.map), new Set(value.set), new Date(value.date)]
    map.set('a', 2)
    set.clear()
    date.setTime(0)
    expect(value).toEqual(everything())
  })

  test('to the codec, also to that of another copy of this package', () => {
    expect(encodeValue(value, 'another')).toStrictEqual(encodeValue(everything(), 'another'))
    const other = anotherCopy()
    expect(other).not.toBe(encodeValue)
    expect(other(value, 'another')).toStrictEqual(encodeValue(everything(), 'another'))
  })
})

describe('the codec still refuses', () => {
  test.each<[string, () => unknown]>([
    ['a property that is no refusing method', () => Object.assign(new Map(), { more: 1 })],
    ['a method of the application', () => Object.assign(new Map(), { set: () => {} })],
    ['a refusing method under another name', () => Object.assign(new Map(), { more: readOnly(new Map()).set })],
    ['a getter', () => Object.defineProperty(new Map(), 'set', { get: () => readOnly(new Map()).set })],
    ['a Proxy of a refusing method', () => Object.assign(new Map(), { set: new Proxy(readOnly(new Map()).set, {}) })],
    ['a subclass of another realm', () => runInNewContext('new (class Foreign extends Map {})()')],
  ])('a Map with %s', (_, make) => {
    expect(refusal(make())).toMatch(/^cart: (a Map with the property "(set|more)"|an instance of Foreign) cannot be/)
  })
})

/** One of each kind, inside one another. */
function everything() {
  return {
    map: new Map([['a', 1]]),
    set: new Set(['a', 'b']),
    date: new Date(DAY),
    list: [1, 2],
    byPlace: new Map([[{ x: 1 }, ['a']]]),
    deep: new Map([['dates', new Set([new Date(DAY)])]]),
    dict: withPrototype(null, { a: 1 }),
  }
}

function anotherCopy(): typeof encodeValue {
  let copy = encodeValue
  jest.isolateModules(() => {
    copy = jest.requireActual<typeof import('../../../client/codec/index.js')>(
      '../../../client/codec/index.js',
    ).encodeValue
  })
  return copy
}
