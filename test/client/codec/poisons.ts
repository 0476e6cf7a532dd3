import { Buffer } from 'node:buffer'
import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import { objectOf, supported } from './arbitraries.js'
import { nested, withPrototype } from './support.js'

interface Poison {
  /** Makes it anew; `around` are the containers that it will lie in, from the outside in. */
  readonly make: (around: readonly unknown[]) => unknown
  /** What must become of it: to come back exactly, or to be refused, at this place in it or at any. */
  readonly fate: 'kept' | { readonly refusedAt: string }
}

export const ANYWHERE = 'anywhere'

const kept = (make: () => unknown): Poison => ({ make, fate: 'kept' })
const refused = (make: Poison['make'], refusedAt = ''): Poison => ({ make, fate: { refusedAt } })

const fails = (): never => {
  throw new RangeError('a trap or getter ran')
}
const trapsThatFail = Object.fromEntries(Object.getOwnPropertyNames(Reflect).map((trap) => [trap, fails]))
const getter = (value: object, name: PropertyKey): object =>
  Object.defineProperty(value, name, { get: fails, enumerable: true, configurable: true })

/** Makes values in another realm. */
const foreign: { readonly [kind: string]: (...args: unknown[]) => object } = runInNewContext(`({
  object: () => ({}),
  realm: () => ({ Object, Map, Set, Date, Uint8Array }),
  class: () => class Object {},
  instance: () => new (class Object {})(),
  child: () => Object.create({}),
  list: () => new (class extends Array {})(),
  map: () => new (class extends Map {})(),
  regExp: () => /x/,
  promise: () => Promise.resolve(),
  error: () => new Error('x'),
  text: () => Object('x'),
  functions: () => [() => 1],
})`)
const realm = foreign.realm?.() as { readonly [type: string]: { readonly prototype: object } }
const make = (kind: string) => () => foreign[kind]?.()
const foreignPrototype = (type: string) => realm[type]?.prototype as object

/** What has all the looks of another realm's Object.prototype that can be forged. */
const forged = (maker: unknown): object =>
  Object.defineProperties(Object.create(null), {
    ...Object.getOwnPropertyDescriptors(Object.prototype),
    constructor: { value: maker, writable: true, configurable: true },
  })
const HUGE = 10n ** 10_000n

class Point {
  x = 1
}

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

function filled<T>(value: T, fill: (value: T) => unknown): T {
  fill(value)
  return value
}

export const POISONS: { readonly [name: string]: Poison } = {
  undefined: refused(() => undefined),
  NaN: refused(() => Number.NaN),
  infinity: refused(() => Number.NEGATIVE_INFINITY),
  function: refused(() => fails),
  class: refused(() => Date),
  symbol: refused(() => Symbol.iterator),
  'lone surrogate': refused(() => 'x\udfff'),
  'lone surrogate in a name': refused(() => ({ a: 1, '\ud800': 1 }), '[string]'),
  'bigint beyond the limit': refused(() => HUGE),
  'class instance': refused(() => new Point()),
  'instance with a failing getter': refused(() => Object.create(getter({}, 'constructor'))),
  'subclass of Map': refused(() => new (class extends Map {})()),
  'subclass of Uint8Array': refused(() => new (class extends Uint8Array {})(2)),
  'prototype of Map without a Map': refused(() => Object.create(Map.prototype)),
  'prototype of Date on a Set': refused(() => withPrototype(Date.prototype, new Set())),
  'prototype that is a proxy': refused(() => Object.create(new Proxy({}, trapsThatFail))),
  'proxy that fails': refused(() => new Proxy({}, trapsThatFail)),
  'array proxy that fails': refused(() => new Proxy([], trapsThatFail)),
  'proxy that behaves': refused(() => new Proxy({ a: 1 }, {})),
  'proxy revoked': refused(revokedProxy),
  'boxed number': refused(() => Object(1)),
  'boxed string': refused(() => Object('s')),
  'regular expression': refused(() => /x/g),
  error: refused(() => new TypeError('x')),
  promise: refused(() => Promise.resolve(1)),
  'weak map': refused(() => new WeakMap()),
  'other typed array': refused(() => new Int16Array(2)),
  'array buffer': refused(() => new ArrayBuffer(2)),
  "another realm's instance": refused(make('instance')),
  "another realm's inheriting object": refused(make('child')),
  "another realm's subclass of Array": refused(make('list')),
  "another realm's subclass of Map": refused(make('map')),
  "another realm's regular expression": refused(make('regExp')),
  "another realm's promise": refused(make('promise')),
  "another realm's error": refused(make('error')),
  "another realm's boxed string": refused(make('text')),
  "another realm's function": refused(make('functions'), '[0]'),
  "another realm's Map.prototype without a Map": refused(() => Object.create(foreignPrototype('Map'))),
  "another realm's Map.prototype on a Set": refused(() => withPrototype(foreignPrototype('Map'), new Set())),
  "another realm's Date.prototype on an array": refused(() => withPrototype(foreignPrototype('Date'), [])),
  "another realm's Uint8Array.prototype on others": refused(() =>
    withPrototype(foreignPrototype('Uint8Array'), new Int8Array(1)),
  ),
  "another realm's object with a failing getter": refused(() => getter(make('object')() as object, 'a'), '.a'),
  "a proxy of another realm's object": refused(() => new Proxy(make('object')() as object, trapsThatFail)),
  "a proxy of another realm's prototype": refused(() =>
    Object.create(new Proxy(foreignPrototype('Object'), trapsThatFail)),
  ),
  'prototype forged with a class': refused(() => Object.create(forged(foreign.class?.()))),
  'prototype forged with this realm': refused(() => Object.create(forged(Object))),
  'prototype forged with another realm': refused(() => Object.create(forged(realm.Object))),
  'prototype forged with a bound constructor': refused(() => {
    const prototype = forged(undefined)
    const bound = Object.defineProperty(Object.bind(null), 'prototype', { value: prototype })
    return Object.create(
      Object.assign(prototype, { constructor: Object.defineProperty(bound, 'name', { value: 'Object' }) }),
    )
  }),
  'prototype forged with a proxy': refused(() => Object.create(forged(new Proxy(Object, trapsThatFail)))),
  'prototype forged with a failing getter': refused(() => Object.create(getter(Object.create(null), 'constructor'))),
  'date with a constructor of its own': refused(() =>
    Object.defineProperty(new Date(0), 'constructor', { value: Date }),
  ),
  'invalid date': refused(() => new Date(Number.NaN)),
  'date with a property': refused(() => Object.assign(new Date(0), { a: 1 })),
  'date with a failing getTime': refused(() => getter(new Date(0), 'getTime')),
  'map with a failing size': refused(() => getter(new Map(), 'size')),
  'set with a failing iterator': refused(() => getter(new Set(), Symbol.iterator)),
  'bytes with a property': refused(() => Object.assign(new Uint8Array(2), { a: 1 })),
  'bytes with a failing length': refused(() => getter(new Uint8Array(2), 'length')),
  'bytes with a failing constructor': refused(() => getter(Buffer.alloc(2), 'constructor')),
  'array with a hole': refused(() => filled([1, 2, 3], (array) => delete array[1]), '[1]'),
  'array with a property': refused(() => Object.assign([1], { a: 1 })),
  'array with a symbol': refused(() => Object.assign([1], { [Symbol.iterator]: fails })),
  'array with a failing element': refused(() => getter([1, 2], 1), '[1]'),
  'object with a failing getter': refused(() => getter({ a: 1 }, 'b'), '.b'),
  'object with a failing __proto__': refused(() => getter({}, '__proto__'), '.__proto__'),
  'object with a symbol': refused(() => ({ [Symbol.toPrimitive]: fails })),
  'object with a hidden property': refused(() => Object.defineProperty({}, 'a', { value: 1 }), '.a'),
  'object with toJSON': refused(() => ({ toJSON: fails }), '.toJSON'),
  arguments: refused(function () {
    // biome-ignore lint/complexity/noArguments: it is what is refused.
    return arguments
  }),
  'global object': refused(() => globalThis, ANYWHERE),
  'itself in a list': refused(() => filled([1] as unknown[], (array) => array.push(array)), '[1]'),
  'itself in a property': refused(() => filled({} as { a?: object }, (object) => (object.a = object)), '.a'),
  'itself as a key': refused(() => filled(new Map(), (map) => map.set(map, 1)), '.keys()[0]'),
  'itself as a member': refused(() => filled(new Set(), (set) => set.add([set])), '.values()[0][0]'),
  'what it lies in': refused((around) => around[0]),
  'what it lies in, further in': refused((around) => [around.at(-1)], '[0]'),
  'too many levels': refused(() => nested(31, (inner) => [inner]), ANYWHERE),
  'too many levels of maps': refused(() => nested(31, (inner) => new Map([[inner, 1]])), ANYWHERE),
  'own __proto__': kept(() => JSON.parse('{"__proto__": {"polluted": true}}')),
  'own __proto__ in a dictionary': kept(() => objectOf(null, [['__proto__', { polluted: true }]])),
  'own constructor': kept(() => JSON.parse('{"constructor": {"prototype": {"polluted": true}}}')),
  'name of every inherited thing': kept(() =>
    objectOf(
      Object.prototype,
      Object.getOwnPropertyNames(Object.prototype).map((name) => [name, name]),
    ),
  ),
  'look of a tag': kept(() => ({ $map: [['__proto__', { polluted: true }]] })),
  'look of a nested tag': kept(() => ({ $object: { $object: { $date: 1 } } })),
  'look of an encoded value': kept(() => ({ M: { $bigint: { S: '1' } } })),
  'pair of surrogates': kept(() => '\ud83d\ude00'),
  'minus zero': kept(() => [-0, new Set([1, { z: -0 }])]),
  'frozen object': kept(() => Object.freeze({ a: Object.freeze([1]) })),
  'sealed map': kept(() => Object.seal(new Map([['a', 1]]))),
  'same object twice': kept(() => filled([] as unknown[], (array) => array.push({ a: 1 }, ...array, ...array))),
}

/**
 * How to build a value with one poison in it. It is data, so that a failure can be shown and made smaller; the value
 * itself is built where it is used.
 */
export interface Recipe {
  /** The containers around the poison, from the outside in, each with a value to stand beside it. */
  readonly wraps: readonly { readonly kind: Wrap; readonly beside: unknown }[]
  readonly poison: string
}

type Wrap = (typeof WRAPS)[number]
const WRAPS = ['first', 'last', 'property', 'odd name', 'tag name', 'dictionary', 'key', 'map value', 'member'] as const

/** Made once: making a value takes longer than all that is done with it. */
const SOME_SUPPORTED = fc.sample(supported, { seed: 1, numRuns: 500 })

export const recipe: fc.Arbitrary<Recipe> = fc.record({
  wraps: fc.array(fc.record({ kind: fc.constantFrom(...WRAPS), beside: fc.constantFrom(...SOME_SUPPORTED) }), {
    maxLength: 4,
  }),
  poison: fc.constantFrom(...Object.keys(POISONS)),
})

/** Builds the value, and says how a path shows the place of the poison in it. */
export function build({ wraps, poison }: Recipe, around: readonly unknown[] = []): { value: unknown; at: string } {
  const [outermost, ...further] = wraps
  if (outermost === undefined) return { value: POISONS[poison]?.make(around), at: '' }
  let at = ''
  const fill = (container: unknown): unknown => {
    const inside = build({ wraps: further, poison }, [...around, container])
    at = inside.at
    return inside.value
  }
  const { container, step } = wrap(outermost.kind, outermost.beside, fill)
  return { value: container, at: step + at }
}

type Fill = (container: unknown) => unknown

function wrap(kind: Wrap, beside: unknown, fill: Fill): { readonly container: unknown; readonly step: string } {
  switch (kind) {
    case 'first':
      return { container: filled([] as unknown[], (array) => array.push(fill(array), beside)), step: '[0]' }
    case 'last':
      return { container: filled([beside], (array) => array.push(fill(array))), step: '[1]' }
    case 'property':
      return { container: withProperty({ b: beside }, 'a', fill), step: '.a' }
    case 'odd name':
      return { container: withProperty({ __proto: beside }, '', fill), step: '[string]' }
    case 'tag name':
      return { container: withProperty({}, '$date', fill), step: '.$date' }
    case 'dictionary':
      return { container: withProperty(Object.create(null), 'a b', fill), step: '[string]' }
    case 'key':
      return {
        container: filled(new Map([['first', beside]] as never), (map) => map.set(fill(map), 1)),
        step: '.keys()[1]',
      }
    case 'map value':
      return { container: filled(new Map(), (map) => map.set('a', fill(map))), step: '.values()[0]' }
    case 'member':
      return { container: filled(new Set(['first'] as unknown[]), (set) => set.add(fill(set))), step: '.values()[1]' }
  }
}

const withProperty = (object: object, name: string, fill: Fill): object =>
  filled(object, () => Object.assign(object, { [name]: fill(object) }))
