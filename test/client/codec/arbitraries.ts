import { Buffer } from 'node:buffer'
import * as fc from 'fast-check'
import type { AttributeValue } from '../../../protocol/dynamodb.js'
import { withPrototype } from './support.js'

/** Names that mean something to JavaScript, to DynamoDB, to its SDK or to the codec. */
const TELLING_NAMES =
  '__proto__ constructor toString hasOwnProperty toJSON then length 0 10 S N M __type $unknown ' +
  '$ $date $map $set $object $dict $number $bigint'

const name = fc.oneof(
  fc.string({ maxLength: 5 }),
  fc.string({ unit: 'binary', maxLength: 3 }),
  fc.constantFrom('', ...TELLING_NAMES.split(' ')),
)

const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, min: 1e-132, max: 1e-128 }),
  fc.double({ noNaN: true, min: 1e124, max: 1e128 }),
  fc.constantFrom(-0, 0, 1e21, 1e-7, 1e126, -1e126, 1e-130, 5e-324, Number.MAX_VALUE, -Number.MAX_VALUE),
)

const scalar = fc.oneof(
  { arbitrary: number, weight: 4 },
  { arbitrary: name, weight: 4 },
  fc.constantFrom(null, true, false),
  fc.bigInt(),
  fc.uint8Array({ maxLength: 8 }),
  fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
  fc.date({ noInvalidDate: true }),
)

type Properties = readonly (readonly [string, unknown])[]

export function objectOf(prototype: object | null, properties: Properties): object {
  const object = withPrototype(prototype, {})
  for (const [key, value] of properties) {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
  }
  return object
}

/** Any value that the codec supports, small, and of every mixture. */
export const supported: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown; properties: Properties }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'medium' },
    { arbitrary: scalar, weight: 5 },
    { arbitrary: fc.array(tie('value'), { maxLength: 4 }), weight: 2 },
    {
      arbitrary: tie('properties').map((properties) => objectOf(Object.prototype, properties as Properties)),
      weight: 3,
    },
    tie('properties').map((properties) => objectOf(null, properties as Properties)),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
    fc.array(tie('value'), { maxLength: 3 }).map((members) => new Set(members)),
  ),
  properties: fc.array(fc.tuple(name, tie('value')), { maxLength: 4 }),
})).value

const TAGS = ['$number', '$bigint', '$buffer', '$date', '$map', '$set', '$object', '$dict', '$else']

/** What may stand in a table: mostly as this codec writes it, but anything that DynamoDB and a stray writer can do. */
export const stored: fc.Arbitrary<AttributeValue> = fc.letrec<{ value: AttributeValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'medium' },
    { arbitrary: fc.string({ maxLength: 4 }).map((S) => ({ S })), weight: 3 },
    fc.constantFrom('0', '-0', '1e130', '12', '-7.50', '1E+3').map((S) => ({ S })),
    { arbitrary: fc.integer().map((N) => ({ N: String(N) })), weight: 3 },
    fc.constantFrom('1.50', '1000000000000000000000', '0.10000000000000000001', '1e400').map((N) => ({ N })),
    fc.constantFrom<AttributeValue>(
      { NULL: true },
      { BOOL: true },
      { BOOL: false },
      { SS: ['a'] } as never,
      {} as never,
    ),
    fc.uint8Array({ maxLength: 4 }).map((B) => ({ B })),
    { arbitrary: fc.array(tie('value'), { maxLength: 4 }).map((L) => ({ L })), weight: 4 },
    fc.dictionary(name, tie('value'), { maxKeys: 3 }).map((M) => ({ M })),
    {
      arbitrary: fc.tuple(fc.constantFrom(...TAGS), tie('value')).map(([tag, value]) => ({ M: { [tag]: value } })),
      weight: 3,
    },
  ),
})).value
