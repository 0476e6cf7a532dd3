import {
  CreateTableCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import * as fc from 'fast-check'
import { ENCODED_LEVELS_MAX } from '../../../client/codec/format.js'
import { decodeValue, encodedSizeBytes, encodeValue, equalEncoded } from '../../../client/codec/index.js'
import type { AttributeValue } from '../../../protocol/dynamodb.js'
import { emptyDynamoDb } from '../../support/shared-dynamodb.js'
import { supported } from './arbitraries.js'
import { isSameValue, nested, withPrototype } from './support.js'

const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
console.info(`codec through DynamoDB: SEED=${seed}`)

const SAMPLE = 400
const PER_ITEM = 20
const ITEM_BYTES_MAX = 400 * 1024

let client: DynamoDBClient

beforeAll(async () => {
  client = await emptyDynamoDb()
  await client.send(
    new CreateTableCommand({
      TableName: 'Codec',
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  )
}, 60_000)

afterAll(() => client?.destroy())

type Attributes = readonly AttributeValue[]

const namesOf = (attributes: Attributes): readonly string[] => attributes.map((_, index) => `a${index}`)
const itemOf = (pk: string, attributes: Attributes): Record<string, AttributeValue> => ({
  pk: { S: pk },
  attrs: { M: Object.fromEntries(attributes.map((attribute, index) => [`a${index}`, attribute])) },
})

async function put(pk: string, attributes: Attributes, padding = ''): Promise<void> {
  const Item = { ...itemOf(pk, attributes), padding: { S: padding } } as unknown as Record<string, never>
  await client.send(new PutItemCommand({ TableName: 'Codec', Item }))
}

/** Sets attributes as a commit does, then reads them as the next holder would. */
async function travel(pk: string, attributes: Attributes): Promise<readonly (AttributeValue | undefined)[]> {
  await put(pk, [])
  const names = namesOf(attributes)
  await client.send(
    new UpdateItemCommand({
      TableName: 'Codec',
      Key: { pk: { S: pk } },
      UpdateExpression: `SET ${names.map((name) => `attrs.#${name} = :${name}`).join(', ')}`,
      ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
      ExpressionAttributeValues: Object.fromEntries(
        names.map((name, index) => [`:${name}`, attributes[index] as never]),
      ),
    }),
  )
  const { Item } = await client.send(
    new GetItemCommand({ TableName: 'Codec', Key: { pk: { S: pk } }, ConsistentRead: true }),
  )
  return names.map((name) => Item?.attrs?.M?.[name] as AttributeValue | undefined)
}

async function expectToTravel(pk: string, values: readonly unknown[]): Promise<void> {
  const sent = values.map((value) => encodeValue(value, 'v'))
  const received = await travel(pk, sent)
  const changed = values.flatMap((value, index) => {
    const [before, after] = [sent[index] as AttributeValue, received[index] as AttributeValue]
    const back = decodeValue(after)
    const isSame = (Object.is(value, back) || isSameValue(value, back)) && equalEncoded(before, after)
    return isSame ? [] : [`${JSON.stringify(before)} came back as ${JSON.stringify(after)}`]
  })
  expect(changed).toEqual([])
  expect(received).toHaveLength(values.length)
}

test(`${SAMPLE} values come back from DynamoDB equal, and are recognised as unchanged`, async () => {
  const values = fc.sample(supported, { seed, numRuns: SAMPLE })
  expect(values.length).toBe(SAMPLE)
  for (let start = 0; start < SAMPLE; start += PER_ITEM) {
    await expectToTravel(`sample ${start}`, values.slice(start, start + PER_ITEM))
  }
}, 60_000)

test('values at the edges come back from DynamoDB equal', async () => {
  const numbers = [1e-130, 1.1e-130, 9.99999999999999e125, 1e126, 5e-324, Number.MAX_VALUE, 1e21, 1e-7, 0.1 + 0.2, 0]
  await expectToTravel('numbers', [...numbers, ...numbers.map((number) => -number), 2 ** 53 + 2, 2 ** 0.5])
  const names = [
    '__proto__',
    'constructor',
    '',
    'x'.repeat(255),
    'x'.repeat(256),
    '😀'.repeat(127),
    '\0',
    'a.b',
    '#a',
    ':a',
  ]
  await expectToTravel(
    'names',
    names.map((name) => JSON.parse(`{${JSON.stringify(name)}: [1], "other": null}`)),
  )
  await expectToTravel('strings', ['', '\0', '\ufeffa', '\u2028', '\ufffe\uffff', 'e\u0301', '\u00e9', '😀', '\x7f"\\'])
  await expectToTravel('others', [
    10n ** 10_000n - 1n,
    new Date(8.64e15),
    new Uint8Array(),
    new Map(),
    new Set(),
    [],
    {},
  ])
})

const CONTAINERS: { readonly [name: string]: readonly [levels: number, wrap: (inner: unknown) => unknown] } = {
  'an array': [1, (inner) => [inner]],
  'a plain object': [1, (inner) => ({ a: inner })],
  'an object with an odd name': [2, (inner) => ({ '': inner })],
  'an object without prototype': [2, (inner) => withPrototype(null, { a: inner })],
  'a Map': [2, (inner) => new Map([['k', inner]])],
  'a Map as key': [2, (inner) => new Map([[inner, 1]])],
  'a Set': [2, (inner) => new Set([inner])],
}

test.each(Object.keys(CONTAINERS))('DynamoDB takes %s at the deepest level that is allowed', async (name) => {
  const [levels, wrap] = CONTAINERS[name] ?? [0, String]
  const deepest = nested(ENCODED_LEVELS_MAX / levels, wrap)
  expect(() => encodeValue(wrap(deepest), 'v')).toThrow('levels deep')
  await expectToTravel(name, [deepest])
})

test('DynamoDB takes not one level more', async () => {
  const deepest = encodeValue(
    nested(ENCODED_LEVELS_MAX, (inner) => [inner]),
    'v',
  )
  await travel('deepest', [deepest])
  await expect(travel('too deep', [{ L: [deepest] }])).rejects.toThrow('Nesting Levels have exceeded supported limits')
})

test('the size of an encoded value is what DynamoDB counts, to the byte', async () => {
  const values = fc.sample(supported, { seed: seed + 1, numRuns: 10 * PER_ITEM })
  for (let start = 0; start < values.length; start += PER_ITEM) {
    const pk = `size ${start}`
    const attributes = values.slice(start, start + PER_ITEM).map((value) => encodeValue(value, 'v'))
    const item = itemOf(pk, attributes)
    const sizeBytes = Object.entries(item).reduce((sum, [name, part]) => sum + name.length + encodedSizeBytes(part), 0)
    const room = ITEM_BYTES_MAX - sizeBytes - 'padding'.length
    await put(pk, attributes, 'x'.repeat(room))
    await expect(put(pk, attributes, 'x'.repeat(room + 1))).rejects.toThrow('Item size')
  }
}, 60_000)
