import * as fc from 'fast-check'
import type { AttributeValue, Item } from '../../../protocol/dynamodb.js'

/** Random values, and items of a few attributes: `a` and `b` of any kind, a list `l`, a map `m`, a string `s`. */

const SMALL_NUMBERS = '0 1 -1 2 10 100 1.5 0.1 -0.25 1.50 1e3 12E-1 -0 007 .5'.split(' ')
const LARGE_NUMBERS = ['9007199254740993', '4503599627370496', '999999999999999', '-999999999999999', '1e125', '9e125']
const LONG_NUMBERS = ['12345678901234567890123456789012345678', '9'.repeat(38), '0.000000000000001', '1e-130']
const WRONG_NUMBERS = ['', ...'abc 1e126 1e-131 123456789012345678901234567890123456789 1..2 NaN 1e'.split(' ')]
const TEXTS = ['', 'h', 'hello', 'ell', 'é😀', '\uffff', '😀', 'ello', 'x#y']

export const number = fc
  .constantFrom(...SMALL_NUMBERS, ...LARGE_NUMBERS, ...LONG_NUMBERS)
  .map((N): AttributeValue => ({ N }))
export const small = fc.constantFrom('0', '1', '2', '3').map((N): AttributeValue => ({ N }))
export const text = fc.constantFrom(...TEXTS).map((S): AttributeValue => ({ S }))
const bytes = fc.uint8Array({ maxLength: 3, max: 3 }).map((B): AttributeValue => ({ B }))
const bool = fc.boolean().map((BOOL): AttributeValue => ({ BOOL }))
export const scalar = fc.oneof(number, small, small, text, bytes, bool, fc.constant<AttributeValue>({ NULL: true }))
export const { value } = fc.letrec<{ value: AttributeValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }).map((L): AttributeValue => ({ L })),
    fc
      .dictionary(fc.constantFrom('x', 'y', 'z'), tie('value'), { maxKeys: 2, noNullPrototype: true })
      .map((M): AttributeValue => ({ M })),
  ),
}))
export const list = fc.array(fc.oneof(small, value), { maxLength: 4 }).map((L): AttributeValue => ({ L }))
export const map = fc
  .record({ x: fc.oneof(small, value), y: value }, { requiredKeys: [] })
  .map((M): AttributeValue => ({ M }))
export const wrongValue = fc.oneof(
  fc.constantFrom(...WRONG_NUMBERS).map((N): AttributeValue => ({ N })),
  fc.constant<AttributeValue>({ M: { '': { N: '1' } } }),
  fc.constant<AttributeValue>({ L: [{ N: 'abc' }] }),
)

export const item: fc.Arbitrary<Item | undefined> = fc.option(
  fc.record({ a: fc.oneof(number, value), b: value, l: list, m: map, s: text }, { requiredKeys: [] }),
  { nil: undefined, freq: 6 },
)
