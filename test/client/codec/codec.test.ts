import { Buffer } from 'node:buffer'
import { BIGINT_DIGITS_MAX, ENCODED_LEVELS_MAX } from '../../../client/codec/format.js'
import { decodeValue, encodeValue } from '../../../client/codec/index.js'
import type { AttributeValue } from '../../../protocol/dynamodb.js'
import { isSameValue, nested, refusal, roundTrip, withPrototype } from './support.js'

/** An object with an own property `__proto__`, as JSON.parse makes it. */
const withOwnProto = (): object => JSON.parse('{"__proto__": {"admin": true}, "name": "x"}')

describe('a value that is ordinary JSON', () => {
  test.each<[string, unknown, AttributeValue]>([
    ['null', null, { NULL: true }],
    ['true', true, { BOOL: true }],
    ['false', false, { BOOL: false }],
    ['a string', 'grün 😀', { S: 'grün 😀' }],
    ['an empty string', '', { S: '' }],
    ['an integer', 42, { N: '42' }],
    ['a fraction', -0.1, { N: '-0.1' }],
    ['an array', [1, ['a']], { L: [{ N: '1' }, { L: [{ S: 'a' }] }] }],
    ['an empty array', [], { L: [] }],
    ['a plain object', { id: 7, tags: ['a'] }, { M: { id: { N: '7' }, tags: { L: [{ S: 'a' }] } } }],
    ['an empty object', {}, { M: {} }],
  ])('is stored in the form that DynamoDB has for it: %s', (_, value, stored) => {
    expect(encodeValue(value, 'cart')).toStrictEqual(stored)
    expect(decodeValue(stored)).toStrictEqual(value)
  })
})

describe('a value beyond JSON', () => {
  const bytes = new Uint8Array([0, 127, 255])
  test.each<[string, unknown, AttributeValue]>([
    ['-0', -0, { M: { $number: { S: '-0' } } }],
    ['a number too large for N', 1e126, { M: { $number: { S: '1e+126' } } }],
    ['a number too small for N', -5e-324, { M: { $number: { S: '-5e-324' } } }],
    ['a bigint', -(2n ** 70n), { M: { $bigint: { S: '-1180591620717411303424' } } }],
    ['a bigint zero', 0n, { M: { $bigint: { S: '0' } } }],
    ['a Uint8Array', bytes, { B: bytes }],
    ['an empty Uint8Array', new Uint8Array(), { B: new Uint8Array() }],
    ['a Buffer', Buffer.from(bytes), { M: { $buffer: { B: bytes } } }],
    ['a Date', new Date(1_700_000_000_123), { M: { $date: { N: '1700000000123' } } }],
    ['the earliest Date', new Date(-8.64e15), { M: { $date: { N: '-8640000000000000' } } }],
    ['a Map', new Map([['a', 1]]), { M: { $map: { L: [{ S: 'a' }, { N: '1' }] } } }],
    ['a Set', new Set(['b', null]), { M: { $set: { L: [{ S: 'b' }, { NULL: true }] } } }],
    ['an object without prototype', withPrototype(null, { a: 1 }), { M: { $dict: { L: [{ S: 'a' }, { N: '1' }] } } }],
  ])('is stored with a tag and comes back with its type: %s', (_, value, stored) => {
    expect(encodeValue(value, 'cart')).toStrictEqual(stored)
    expect(isSameValue(value, roundTrip(value))).toBe(true)
  })

  test('a Map keeps its order, and takes anything as a key', () => {
    const value = new Map<unknown, unknown>([
      ['z', 1],
      [1, new Map([[null, new Set([new Set(['deep'])])]])],
      [{ an: 'object' }, 'a'],
      [['an', 'array'], new Date(0)],
      ['1', 2n],
    ])
    expect(isSameValue(value, roundTrip(value))).toBe(true)
  })

  test('a view into a larger buffer is stored without its surroundings', () => {
    const view = new Uint8Array([1, 2, 3, 4, 5]).subarray(1, 3)
    const back = roundTrip(view) as Uint8Array
    expect([...back]).toEqual([2, 3])
    expect(back.buffer.byteLength).toBe(2)
  })

  test('a bigint may have as many digits as the limit says', () => {
    const largest = 10n ** BigInt(BIGINT_DIGITS_MAX) - 1n
    expect(roundTrip(largest)).toBe(largest)
    expect(roundTrip(-largest)).toBe(-largest)
  })
})

describe('numbers', () => {
  test('those at the edges of what N holds stay exact', () => {
    const edges = [
      1e-130,
      1.1e-130,
      9.99999999999999e125,
      Number.MAX_SAFE_INTEGER,
      2 ** 53 + 2,
      1e21,
      1e-7,
      0.1 + 0.2,
      0,
    ]
    for (const edge of [...edges, ...edges.map((value) => -value)]) expect(roundTrip(edge)).toBe(edge)
    for (const edge of edges) expect(encodeValue(edge, 'n')).toHaveProperty('N')
  })

  test('those beyond the edges stay exact, too', () => {
    for (const value of [9.99999999999999e-131, 1e126, Number.MAX_VALUE, Number.MIN_VALUE, -Number.MAX_VALUE]) {
      expect(encodeValue(value, 'n')).toHaveProperty('M.$number')
      expect(roundTrip(value)).toBe(value)
    }
  })

  test.each([
    ['1000000000000000000000', 1e21],
    ['0.0000001', 1e-7],
    ['1E+2', 100],
    ['100.50', 100.5],
    ['-0', 0],
    ['0.000', 0],
    [`0.${'0'.repeat(129)}1`, 1e-130],
  ])('an N in another notation is read: %s', (text, value) => {
    expect(Object.is(decodeValue({ N: text }), value)).toBe(true)
  })

  test.each([
    '0.1000000000000000055511151231257827',
    '12345678901234567890123456789012345678',
    '1e400',
    '9007199254740993',
  ])('an N that is no double exactly is not rounded but reported: %s', (text) => {
    expect(() => decodeValue({ N: text })).toThrow('a number that JavaScript cannot hold exactly')
  })
})

describe('a plain object', () => {
  test.each([
    ['a property named __proto__', withOwnProto()],
    ['a property that every object inherits', { constructor: 'mine', toString: 1, hasOwnProperty: null }],
    ['an empty name', { '': 1 }],
    ['a very long name', { ['n'.repeat(70_000)]: 1 }],
    ['names that only look like indices', { 10: 'a', 9: 'b' }],
    ['a property named toJSON', { toJSON: 'no function' }],
    ['names that DynamoDB uses', { S: { N: '1' }, M: 'x', $date: 1 }],
    ['nothing', {}],
  ])('survives with %s', (_, value) => {
    const back = roundTrip(value)
    expect(isSameValue(value, back)).toBe(true)
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype)
    expect('admin' in (back as object)).toBe(false)
  })

  test.each(['$number', '$bigint', '$buffer', '$date', '$map', '$set', '$object', '$dict', '$', '$unknown'])(
    'that looks like the tag %s stays a plain object',
    (tag) => {
      const look = { [tag]: [1, 'a'] }
      const twice = { [tag]: { [tag]: '5' } }
      expect(isSameValue(look, roundTrip(look))).toBe(true)
      expect(isSameValue(twice, roundTrip(twice))).toBe(true)
      expect(isSameValue(twice, decodeValue(roundTrip(encodeValue(twice, 'a')) as AttributeValue))).toBe(true)
    },
  )

  test.each(['__proto__', 'constructor', 'valueOf', '', 'n'.repeat(256)])(
    'is stored as a list where a name does not suit a map: %.20s',
    (name) => {
      const stored = { M: { $object: { L: [{ S: 'a' }, { N: '1' }, { S: name }, { NULL: true }] } } }
      const value = JSON.parse(`{"a": 1, ${JSON.stringify(name)}: null}`)
      expect(encodeValue(value, 'cart')).toStrictEqual(stored)
      expect(isSameValue(value, roundTrip(value))).toBe(true)
    },
  )

  test('may be frozen', () => {
    const frozen = Object.freeze({ list: Object.freeze([1]) })
    expect(roundTrip(frozen)).toStrictEqual({ list: [1] })
  })

  test('without a prototype stays without one, whatever its names are', () => {
    const value = withPrototype(null, { ...withOwnProto(), '': 1, a: withPrototype(null, {}) })
    const own = Object.defineProperty(withPrototype(null, { a: 1 }), '__proto__', { value: 5, enumerable: true })
    expect(isSameValue(value, roundTrip(value))).toBe(true)
    expect(isSameValue(own, roundTrip(own))).toBe(true)
  })
})

describe('a copy', () => {
  test('is not reached by later changes to the value, nor reaches it', () => {
    const value = { list: [1], bytes: new Uint8Array([1]), map: new Map([['a', [1]]]) }
    const encoded = encodeValue(value, 'cart')
    value.list.push(2)
    value.bytes[0] = 9
    value.map.clear()
    const first = decodeValue(encoded) as typeof value
    expect(first).toEqual({ list: [1], bytes: new Uint8Array([1]), map: new Map([['a', [1]]]) })
    first.bytes[0] = 7
    first.list.push(7)
    expect(decodeValue(encoded)).toEqual({ list: [1], bytes: new Uint8Array([1]), map: new Map([['a', [1]]]) })
  })

  test('of an object that occurs twice has two equal objects', () => {
    const shared = { a: [1] }
    const back = roundTrip({ x: shared, y: [shared, shared] }) as { x: object; y: [object, object] }
    expect(back).toStrictEqual({ x: { a: [1] }, y: [{ a: [1] }, { a: [1] }] })
    expect(new Set([back.x, back.y[0], back.y[1]]).size).toBe(3)
  })
})

describe('depth', () => {
  const TOO_DEEP = 'a value nested more than 30 levels deep cannot be stored'

  test('an array or a plain object takes one level', () => {
    const lists = (levels: number): unknown => nested(levels, (inner) => [inner])
    const objects = (levels: number): unknown => nested(levels, (inner) => ({ a: inner, b: 1 }))
    expect(isSameValue(lists(ENCODED_LEVELS_MAX), roundTrip(lists(ENCODED_LEVELS_MAX)))).toBe(true)
    expect(isSameValue(objects(ENCODED_LEVELS_MAX), roundTrip(objects(ENCODED_LEVELS_MAX)))).toBe(true)
    expect(refusal(lists(ENCODED_LEVELS_MAX + 1))).toBe(`cart${'[0]'.repeat(30)}: ${TOO_DEEP}`)
    expect(refusal(objects(ENCODED_LEVELS_MAX + 1))).toBe(`cart${'.a'.repeat(30)}: ${TOO_DEEP}`)
  })

  test('a Map, a Set, an object without prototype and one with odd names take two', () => {
    const wraps: ((inner: unknown) => unknown)[] = [
      (inner) => new Map([['a', inner]]),
      (inner) => new Map([[inner, 'a']]),
      (inner) => new Set([inner]),
      (inner) => withPrototype(null, { a: inner }),
      (inner) => ({ '': inner }),
    ]
    for (const wrap of wraps) {
      const deepest = nested(ENCODED_LEVELS_MAX / 2, wrap)
      expect(isSameValue(deepest, roundTrip(deepest))).toBe(true)
      expect(refusal([deepest])).toContain(TOO_DEEP)
      expect(refusal(nested(ENCODED_LEVELS_MAX / 2, wrap, []))).toContain(TOO_DEEP)
    }
  })

  test('a tagged scalar takes one', () => {
    for (const scalar of [new Date(0), 5n, -0, Buffer.from('a')]) {
      const deepest = nested(ENCODED_LEVELS_MAX - 1, (inner) => [inner], scalar)
      expect(isSameValue(deepest, roundTrip(deepest))).toBe(true)
      expect(refusal([deepest])).toBe(`cart${'[0]'.repeat(30)}: ${TOO_DEEP}`)
    }
  })
})
