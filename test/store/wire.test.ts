import { num, str, type Update } from '../../protocol/dynamodb.js'
import type { DynamoDbStore } from '../../store/dynamodb.js'
import { type Answer, startWireStand } from './wire-stand.js'

/** What the store says to DynamoDB, field by field, and what it makes of the answers. */

const UPDATE: Update = {
  table: 'sessions',
  key: 'a',
  condition: 'n = :n',
  update: 'SET #m = :n',
  names: { '#m': 'm' },
  values: { ':n': num(1) },
  returns: 'new',
}
const WRITE = {
  TableName: 'Sessions',
  Key: { pk: { S: 'a' } },
  ConditionExpression: 'n = :n',
  UpdateExpression: 'SET #m = :n',
  ExpressionAttributeNames: { '#m': 'm' },
  ExpressionAttributeValues: { ':n': { N: '1' } },
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
}

let store: DynamoDbStore
let stop: () => void
let answer: Answer = { status: 200, body: {} }
let said: unknown[] = []

beforeAll(async () => {
  const stand = await startWireStand((operation, body) => {
    said.push([operation, body])
    return answer
  })
  store = stand.store
  stop = stand.stop
})
beforeEach(() => {
  answer = { status: 200, body: {} }
  said = []
})
afterAll(() => stop())

test('an update asks for the new item only where it is wanted', async () => {
  answer = { status: 200, body: { Attributes: { pk: { S: 'a' } } } }
  expect(await store.update(UPDATE)).toEqual({ applied: true, item: { pk: str('a') } })
  await store.update({ ...UPDATE, returns: 'none' })
  expect(said).toEqual([
    ['UpdateItem', { ...WRITE, ReturnValues: 'ALL_NEW' }],
    ['UpdateItem', { ...WRITE, ReturnValues: 'NONE' }],
  ])
})

test('an update whose condition failed has the item with it, where there is one; any other error is thrown', async () => {
  const failed = (name: string, more: object) => ({ status: 400, body: { __type: `com.amazon#${name}`, ...more } })
  answer = failed('ConditionalCheckFailedException', { Item: { pk: { S: 'a' } } })
  expect(await store.update(UPDATE)).toEqual({ applied: false, item: { pk: str('a') } })
  answer = failed('ConditionalCheckFailedException', {})
  expect(await store.update(UPDATE)).toEqual({ applied: false, item: undefined })
  answer = failed('ThrottlingException', {})
  await expect(store.update(UPDATE)).rejects.toMatchObject({ name: 'ThrottlingException' })
  await expect(store.transact([UPDATE])).rejects.toMatchObject({ name: 'ThrottlingException' })
})

test('a read is strongly consistent, and tells what is missing', async () => {
  answer = { status: 200, body: { Item: { pk: { S: 'a' } } } }
  expect(await store.get('sessions', 'a')).toEqual({ pk: str('a') })
  answer = { status: 200, body: {} }
  expect(await store.get('sessions', 'b')).toBeUndefined()
  const read = (key: string) => ['GetItem', { TableName: 'Sessions', Key: { pk: { S: key } }, ConsistentRead: true }]
  expect(said).toEqual([read('a'), read('b')])
})

test('a removal names one item', async () => {
  expect(await store.remove('sessions', 'a')).toBeUndefined()
  expect(said).toEqual([['DeleteItem', { TableName: 'Sessions', Key: { pk: { S: 'a' } } }]])
})

test('a transaction has all its updates, each with its condition', async () => {
  expect(await store.transact([UPDATE, { ...UPDATE, key: 'b' }])).toEqual({ applied: true })
  const TransactItems = ['a', 'b'].map((key) => ({ Update: { ...WRITE, Key: { pk: { S: key } } } }))
  expect(said).toEqual([['TransactWriteItems', { TransactItems, ClientRequestToken: expect.any(String) }]])
})

test('a table that the caller may not touch has no name, and nothing is sent', async () => {
  const problem = "this store was given no name for the table 'locks'"
  await expect(store.get('locks', 'a')).rejects.toThrow(new TypeError(problem))
  await expect(store.remove('locks', 'a')).rejects.toThrow(problem)
  await expect(store.update({ ...UPDATE, table: 'locks' })).rejects.toThrow(problem)
  expect(said).toEqual([])
})
