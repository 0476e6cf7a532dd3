import { Buffer } from 'node:buffer'
import { BIGINT_DIGITS_MAX } from '../../../client/codec/format.js'
import { decodeValue, encodedSizeBytes, encodeValue, equalEncoded } from '../../../client/codec/index.js'
import type { AttributeValue } from '../../../protocol/dynamodb.js'
import { withPrototype } from './support.js'

describe('what is stored but was not written by this codec is reported, never guessed at', () => {
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['no type', {}],
    ['two types', { S: 'a', N: '1' }],
    ['a set of strings', { SS: ['a'] }],
    ['a string that is none', { S: 5 }],
    ['a boolean that is none', { BOOL: 'true' }],
    ['a NULL that is false', { NULL: false }],
    ['a number that is none', { N: 'abc' }],
    ['a number in hexadecimal', { N: '0x10' }],
    ['an empty number', { N: '' }],
    ['infinity', { N: 'Infinity' }],
    ['a binary in text', { B: 'AAAA' }],
    ['a list with nothing in it', { L: [null] }],
    ['a list that is none', { L: {} }],
    ['a map that is none', { M: null }],
    ['a map with a prototype for a name', { M: JSON.parse('{"__proto__": {"S": "a"}, "b": {"S": "c"}}') }],
    ['an unknown tag', { M: { $regexp: { S: 'a' } } }],
    ['a tag without content', { M: { $date: undefined } }],
    ['a number that fits N', { M: { $number: { S: '1' } } }],
    ['a number that is none', { M: { $number: { S: 'NaN' } } }],
    ['a number in another notation', { M: { $number: { S: '10e125' } } }],
    ['a number that is a number', { M: { $number: { N: '1' } } }],
    ['a bigint with a fraction', { M: { $bigint: { S: '1.5' } } }],
    ['a bigint in hexadecimal', { M: { $bigint: { S: '0x10' } } }],
    ['an empty bigint', { M: { $bigint: { S: '' } } }],
    ['a bigint of minus zero', { M: { $bigint: { S: '-0' } } }],
    ['a bigint beyond the limit', { M: { $bigint: { S: '1'.repeat(BIGINT_DIGITS_MAX + 1) } } }],
    ['a buffer in text', { M: { $buffer: { S: 'AAAA' } } }],
    ['a date in text', { M: { $date: { S: '2020-01-01' } } }],
    ['a date between two milliseconds', { M: { $date: { N: '1.5' } } }],
    ['a date beyond time', { M: { $date: { N: '8640000000000001' } } }],
    ['a Map that is none', { M: { $map: { M: {} } } }],
    ['a Map with half an entry', { M: { $map: { L: [{ S: 'a' }] } } }],
    ['a Map with a key twice', { M: { $map: { L: [{ S: 'a' }, { N: '1' }, { S: 'a' }, { N: '1' }] } } }],
    ['a Set with a member twice', { M: { $set: { L: [{ N: '1' }, { N: '1.0' }] } } }],
    ['an object with a number for a name', { M: { $object: { L: [{ N: '1' }, { N: '1' }] } } }],
    ['an object with half a property', { M: { $dict: { L: [{ S: 'a' }] } } }],
  ])('%s', (_, stored) => {
    expect(() => decodeValue(stored as AttributeValue)).toThrow('a stored record is not as this version writes it')
    expect(() => decodeValue({ L: [stored as AttributeValue] })).toThrow(/an attribute has/)
  })

  test('the prototype of all objects stays as it was', () => {
    const stored = { M: { $object: { L: [{ S: '__proto__' }, { M: { polluted: { BOOL: true } } }] } } } as const
    const back = decodeValue(stored) as object
    expect(Object.hasOwn(back, '__proto__')).toBe(true)
    expect('polluted' in back).toBe(false)
    expect('polluted' in {}).toBe(false)
  })
})

describe('equalEncoded', () => {
  const different = [
    null,
    true,
    false,
    0,
    -0,
    1,
    -1,
    10,
    100,
    1e21,
    1e22,
    0.1,
    1e-7,
    1e130,
    '',
    '0',
    '1',
    'a',
    'á',
    0n,
    1n,
    10n,
    new Date(0),
    new Date(1),
    new Uint8Array(),
    new Uint8Array([0]),
    new Uint8Array([1]),
    Buffer.alloc(0),
    Buffer.alloc(1),
    [],
    [null],
    [[]],
    [1],
    [1, 2],
    [2, 1],
    [[1], 2],
    {},
    { a: null },
    { a: 1 },
    { b: 1 },
    { a: 1, b: 2 },
    { a: 2, b: 1 },
    { a: {} },
    { a: [] },
    { $date: 0 },
    { $map: [] },
    { $object: [] },
    withPrototype(null, {}),
    withPrototype(null, { a: 1 }),
    new Map(),
    new Set(),
    new Map([['a', 1]]),
    new Set(['a']),
    new Set(['a', 'b']),
    new Set(['b', 'a']),
    new Set([[]]),
  ]

  test('tells every two different values apart, and knows equal ones', () => {
    for (const [i, a] of different.entries()) {
      for (const [j, b] of different.entries()) {
        expect([i, j, equalEncoded(encodeValue(a, 'a'), encodeValue(b, 'b'))]).toEqual([i, j, i === j])
      }
    }
  })

  test('overlooks what DynamoDB changes: the order of names and the notation of numbers', () => {
    const a = { M: { x: { N: '1e+21' }, y: { L: [{ N: '0.0000001' }] } } }
    const b = { M: { y: { L: [{ N: '1e-7' }] }, x: { N: '1000000000000000000000' } } }
    expect(equalEncoded(a, b)).toBe(true)
    expect(equalEncoded({ N: '100' }, { N: '1E2' })).toBe(true)
    expect(equalEncoded({ N: '-1' }, { N: '1.0' })).toBe(false)
    expect(equalEncoded({ N: '9007199254740993' }, { N: '9007199254740992' })).toBe(false)
  })

  test('looks only at own names', () => {
    expect(equalEncoded({ M: { toString: { S: 'a' } } }, { M: { a: { S: 'a' } } })).toBe(false)
  })
})

describe('encodedSizeBytes', () => {
  // As measured at DynamoDB Local's limit for one item.
  test.each<[AttributeValue, number]>([
    [{ N: '0' }, 1],
    [{ N: '1' }, 2],
    [{ N: '100' }, 2],
    [{ N: '123' }, 3],
    [{ N: '1234' }, 3],
    [{ N: '12345' }, 4],
    [{ N: '-1' }, 3],
    [{ N: '-123' }, 4],
    [{ N: '0.1' }, 2],
    [{ N: '0.123' }, 3],
    [{ N: '1.5' }, 3],
    [{ N: '123.456' }, 5],
    [{ N: '1e+21' }, 2],
    [{ N: '1.5e+21' }, 2],
    [{ N: '1e-7' }, 2],
    [{ N: '10010' }, 4],
    [{ N: '100.01' }, 4],
    [{ N: '0.0101' }, 3],
    [{ N: '0.00101' }, 3],
    [{ N: '1700000000000' }, 3],
    [{ N: '12345678901234567' }, 10],
    [{ N: '9.999999999999999e+125' }, 9],
    [{ N: '1.2345678901234567' }, 10],
    [{ N: '1e-130' }, 2],
    [{ N: '-12345678901234567890123456789012345678' }, 21],
    [{ N: '-1.2345678901234567890123456789012345678' }, 21],
    [{ S: '' }, 0],
    [{ S: 'aé😀' }, 7],
    [{ B: new Uint8Array(5) }, 5],
    [{ BOOL: true }, 1],
    [{ NULL: true }, 1],
    [{ L: [] }, 3],
    [{ M: {} }, 3],
    [{ L: [{ NULL: true }, { S: 'abc' }] }, 9],
    [{ M: { ab: { NULL: true }, c: { S: 'xyz' } } }, 12],
    [{ L: [{ L: [{ L: [] }] }] }, 11],
    [{ M: { a: { M: { é: { M: {} } } } } }, 14],
  ])('%j counts %i', (encoded, sizeBytes) => {
    expect(encodedSizeBytes(encoded)).toBe(sizeBytes)
  })
})
