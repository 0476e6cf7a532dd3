import { Buffer } from 'node:buffer'
import { runInNewContext } from 'node:vm'
import { BIGINT_DIGITS_MAX } from '../../../client/codec/format.js'
import { nested, refusal, withPrototype } from './support.js'

class Money {
  constructor(readonly cents: number) {}
  toJSON(): number {
    return this.cents
  }
}
class Dictionary extends Map {}
class List extends Array {}
class Bytes extends Uint8Array {}

const throwing = (): never => {
  throw new RangeError('a trap or getter ran')
}
const hostileTraps = Object.fromEntries(
  Object.getOwnPropertyNames(Reflect).map((trap) => [trap, throwing]),
) as ProxyHandler<object>

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable([], {})
  revoke()
  return proxy
}

function detached(): Uint8Array {
  const bytes = new Uint8Array(8)
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
  return bytes
}

function sparse(): unknown[] {
  const array = [1, 2, 3]
  delete array[1]
  return array
}

const extended = (value: object, properties: object): object => Object.assign(value, properties)
const define = (value: object, name: PropertyKey, property: PropertyDescriptor): object =>
  Object.defineProperty(value, name, property)

describe('a value that would not come back exactly is refused', () => {
  // As functions, so that no test's title is made of a value that throws when it is looked at.
  const refused: [unknown, string][] = [
    [undefined, "undefined cannot be stored: use null, leave it out, or set undefinedValues to 'drop'"],
    [Number.NaN, 'NaN cannot be stored'],
    [Number.POSITIVE_INFINITY, 'Infinity cannot be stored'],
    [Number.NEGATIVE_INFINITY, '-Infinity cannot be stored'],
    [() => 1, 'a function cannot be stored'],
    [Money, 'a function cannot be stored'],
    [Symbol('s'), 'a symbol cannot be stored'],
    [10n ** BigInt(BIGINT_DIGITS_MAX), 'a bigint of more than 10000 digits cannot be stored'],
    [-(10n ** BigInt(BIGINT_DIGITS_MAX)), 'a bigint of more than 10000 digits cannot be stored'],
    ['a\ud800', 'a string with a lone surrogate cannot be stored'],
    ['\udc00\ud800', 'a string with a lone surrogate cannot be stored'],
    [new Money(5), 'an instance of Money cannot be stored'],
    [new Dictionary(), 'an instance of Dictionary cannot be stored'],
    [List.from([1]), 'an instance of List cannot be stored'],
    [new Bytes(1), 'an instance of Bytes cannot be stored'],
    [/x/, 'an instance of RegExp cannot be stored'],
    [new Error('x'), 'an instance of Error cannot be stored'],
    [Promise.resolve(), 'an instance of Promise cannot be stored'],
    [new WeakMap(), 'an instance of WeakMap cannot be stored'],
    [new Float64Array(1), 'an instance of Float64Array cannot be stored'],
    [new Uint8ClampedArray(1), 'an instance of Uint8ClampedArray cannot be stored'],
    [new ArrayBuffer(1), 'an instance of ArrayBuffer cannot be stored'],
    [new SharedArrayBuffer(1), 'an instance of SharedArrayBuffer cannot be stored'],
    [new DataView(new ArrayBuffer(1)), 'an instance of DataView cannot be stored'],
    [Object(1), 'an instance of Number cannot be stored'],
    [Object('s'), 'an instance of String cannot be stored'],
    [Object(1n), 'an instance of BigInt cannot be stored'],
    [new URL('http://localhost'), 'an instance of URL cannot be stored'],
    [Object.create({ inherited: 1 }), 'an object with an unusual prototype cannot be stored'],
    [Object.create(new Proxy({}, hostileTraps)), 'an object with an unusual prototype cannot be stored'],
    [Object.create(Map.prototype), 'an object that only looks like Map cannot be stored'],
    [withPrototype(Date.prototype, {}), 'an object that only looks like Date cannot be stored'],
    [withPrototype(Map.prototype, new Set()), 'an object that only looks like Map cannot be stored'],
    [withPrototype(Set.prototype, new Map()), 'an object that only looks like Set cannot be stored'],
    [withPrototype(Buffer.prototype, new Int8Array(1)), 'an object that only looks like Buffer cannot be stored'],
    [withPrototype(Array.prototype, {}), 'an object that only looks like Array cannot be stored'],
    [
      withPrototype(Uint8Array.prototype, new Int8Array(1)),
      'an object that only looks like Uint8Array cannot be stored',
    ],
    [runInNewContext('new (class Foo {})()'), 'an instance of Foo cannot be stored'],
    [runInNewContext('new (class Foo extends Map {})()'), 'an instance of Foo cannot be stored'],
    [runInNewContext('/x/'), 'an instance of RegExp cannot be stored'],
    [runInNewContext('Object.create(Map.prototype)'), 'an object that only looks like Map cannot be stored'],
    [runInNewContext('new (class Map {})()'), 'an instance of another Map cannot be stored'],
    [runInNewContext('Object.create({ constructor: Object })'), 'an instance of another Object cannot be stored'],
    [new Date(Number.NaN), 'an invalid Date cannot be stored'],
    [new Proxy({}, {}), 'a Proxy cannot be stored'],
    [new Proxy([], hostileTraps), 'a Proxy cannot be stored'],
    [revoked(), 'a Proxy cannot be stored'],
    [detached(), 'a detached Uint8Array cannot be stored'],
    [extended(new Date(0), { zone: 'UTC' }), 'a Date with the property "zone" cannot be stored'],
    [extended(new Map(), { size2: 1 }), 'a Map with the property "size2" cannot be stored'],
    [define(new Set(), 'size', { get: throwing }), 'a Set with the property "size" cannot be stored'],
    [extended([1, 2], { total: 3 }), 'an array with the property "total" cannot be stored'],
    [define([1], 'raw', { value: [1] }), 'an array with the property "raw" cannot be stored'],
    [extended(sparse(), { total: 3 }), 'an array with the property "total" cannot be stored'],
    [extended([1], { 4294967295: 3 }), 'an array with the property [string] cannot be stored'],
    [extended([1], { [Symbol('tag')]: 1 }), 'an array with the property Symbol(tag) cannot be stored'],
    [extended(new Uint8Array(2), { name: 'x' }), 'a Uint8Array with further properties cannot be stored'],
    [extended(Buffer.alloc(2), { name: 'x' }), 'a Uint8Array with further properties cannot be stored'],
    [
      define(new Uint8Array(2), 'length', { get: throwing, enumerable: true }),
      'a Uint8Array with further properties cannot be stored',
    ],
    [
      define(new Uint8Array(2), 'byteLength', { get: throwing, enumerable: true }),
      'a Uint8Array with further properties cannot be stored',
    ],
    [
      extended(new Uint8Array(2), { [Symbol('tag')]: 1 }),
      'a Uint8Array with the property Symbol(tag) cannot be stored',
    ],
    [{ [Symbol('hidden')]: 1 }, 'an object with the property Symbol(hidden) cannot be stored'],
    [
      withPrototype(null, { [Symbol.iterator]: 1 }),
      'an object with the property Symbol(Symbol.iterator) cannot be stored',
    ],
  ]
  test.each(refused.map(([value, problem]) => [problem, () => value] as const))('%#: %s', (problem, make) => {
    const value = make()
    expect(refusal(value)).toBe(`cart: ${problem}`)
    expect(refusal({ items: [value] })).toBe(`cart.items[0]: ${problem}`)
  })

  const refusedInside: [unknown, string][] = [
    [{ items: [0, 1, 2, { price: Number.NaN }] }, 'cart.items[3].price: NaN cannot be stored'],
    [{ 'two words': { 'it"s': undefined } }, 'cart[string][string]: undefined'],
    [{ $größe: { 0: () => 1 } }, 'cart.$größe[string]: a function cannot be stored'],
    [[[], [[Symbol.iterator]]], 'cart[1][0][0]: a symbol cannot be stored'],
    [
      new Map<unknown, unknown>([
        ['a', 1],
        ['b', { c: Number.NaN }],
      ]),
      'cart.values()[1].c: NaN cannot be stored',
    ],
    [new Map([['a', 1], [[/x/], 2] as never]), 'cart.keys()[1][0]: an instance of RegExp cannot be stored'],
    [new Set([1, { a: undefined }]), 'cart.values()[1].a: undefined'],
    [withPrototype(null, { a: { b: Number.NaN } }), 'cart.a.b: NaN cannot be stored'],
    [{ $date: Number.NaN }, 'cart.$date: NaN cannot be stored'],
    [Object.fromEntries([['__proto__', [/x/]]]), 'cart.__proto__[0]: an instance of RegExp cannot be stored'],
    [{ a: sparse() }, 'cart.a[1]: a hole in an array cannot be stored: use null'],
    [Array(3), 'cart[0]: a hole in an array cannot be stored: use null'],
    [{ a: { '\ud800': 1 } }, 'cart.a[string]: a name with a lone surrogate cannot be stored'],
    [{ a: define({}, 'x', { get: throwing, enumerable: true }) }, 'cart.a.x: a getter or setter cannot be stored'],
    [{ a: define({}, 'x', { set: throwing, enumerable: true }) }, 'cart.a.x: a getter or setter cannot be stored'],
    [define([1, 2], 1, { get: throwing, enumerable: true }), 'cart[1]: a getter or setter cannot be stored'],
    [define({ a: 1 }, 'x', { value: 1 }), 'cart.x: a property that is not enumerable cannot be stored'],
    [define([1, 2], 1, { value: 1, enumerable: false }), 'cart[1]: a property that is not enumerable cannot be stored'],
    [{ toJSON: () => 1 }, 'cart.toJSON: a function cannot be stored'],
    [{ ['n'.repeat(100)]: undefined }, 'cart[string]: undefined'],
  ]
  test.each(refusedInside.map(([value, message]) => [message, () => value] as const))('%#: %s', (message, make) => {
    const value = make()
    expect(refusal(value).startsWith(message)).toBe(true)
    expect(refusal(value).slice(message.length)).toMatch(/^$|^ cannot be stored: use null, leave it out, or /)
  })

  test('nothing of the value runs meanwhile', () => {
    let runs = 0
    const spy = (): number => {
      runs += 1
      return 1
    }
    class Spy {
      static get name(): string {
        return String(spy())
      }
      get value(): number {
        return spy()
      }
      toString = spy
      valueOf = spy
      toJSON = spy
    }
    const traps = Object.fromEntries(Object.getOwnPropertyNames(Reflect).map((trap) => [trap, spy]))
    const values = [
      new Spy(),
      new Proxy([], traps as ProxyHandler<never[]>),
      Object.create(new Proxy({}, traps as ProxyHandler<object>)),
      Object.create({ constructor: new Proxy(Spy, traps as ProxyHandler<typeof Spy>) }),
      { toString: spy },
      define({}, 'a', { get: spy, enumerable: true }),
      define(new Map(), 'size', { get: spy }),
      define(new Date(), 'getTime', { get: spy }),
      define(new Uint8Array(1), 'length', { get: spy, enumerable: true }),
    ]
    for (const value of values) expect(refusal(value)).toContain('cannot be stored')
    expect(runs).toBe(0)
  })

  test('even where it hides among a million others', () => {
    const huge: unknown[] = Array(1_000_000).fill(null)
    expect(refusal({ huge })).toBe("cart.huge: a value far beyond DynamoDB's 400 KB cannot be stored")
    expect(refusal([new Uint8Array(5 * 1024 * 1024)])).toMatch(/^cart\[0\]: a value far beyond/)
  })
})

describe('a circular reference', () => {
  test('of an object or an array to itself is refused at the place that refers back', () => {
    const object: Record<string, unknown> = { a: 1 }
    object.self = object
    const array: unknown[] = [1]
    array.push(array)
    expect(refusal(object)).toBe('cart.self: a circular reference cannot be stored')
    expect(refusal({ array })).toBe('cart.array[1]: a circular reference cannot be stored')
  })

  test('is named as such even where a scalar beside it is the first that is too deep', () => {
    const value: unknown[] = [new Date(0)]
    value.push(value)
    expect(refusal(value)).toBe('cart[1]: a circular reference cannot be stored')
  })

  test('through a Map, a Set and an object is refused at the place that refers back', () => {
    const set = new Set<unknown>()
    const value = { deep: [new Map([['k', { set }]])] }
    set.add(1).add(value.deep)
    expect(refusal(value)).toBe('cart.deep[0].values()[0].set.values()[1]: a circular reference cannot be stored')
  })

  test('of a Map as its own key is refused', () => {
    const map = new Map<unknown, unknown>([['a', 1]])
    map.set(map, 1)
    expect(refusal({ map })).toBe('cart.map.keys()[1]: a circular reference cannot be stored')
  })

  test('is named as such even where the value is too large before it is too deep', () => {
    const value: unknown[] = Array(100_000).fill(null)
    value.push(value)
    expect(refusal(value)).toBe('cart[100000]: a circular reference cannot be stored')
  })
})

test('an object that occurs many times over is refused before its copies fill the memory', () => {
  const bomb = nested(25, (inner) => [inner, inner])
  expect(refusal(bomb)).toContain("a value far beyond DynamoDB's 400 KB cannot be stored")
})

test.each([
  ['a Map', new Map([[1, 2]])],
  ['a Set', new Set([1])],
  ['a Date', new Date(5)],
  ['a boxed number', new Number(7)],
  ['bytes', new Uint8Array([7])],
  ['a regular expression', /x/],
])('%s with the prototype of a plain object, or none, is not stored without its contents', (_, value) => {
  for (const prototype of [Object.prototype, null]) {
    const refused = refusal(Object.setPrototypeOf(value, prototype))
    expect(refused).toMatch(/an object with an exchanged prototype cannot be stored|not enumerable/)
  }
})
