import { createHash } from 'node:crypto'
import {
  DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { confinedAssembly, serverOf } from './confined-assembly.js'
import { LocalStackSuite } from './local-stack-suite.js'
import { RawClient } from './raw-client.js'

interface Page {
  visits: number
}

const ID = 'a session'
const keyIn = (namespace: string) => `${namespace}#${createHash('sha256').update(ID).digest('base64url')}`
const FORBIDDEN = { code: 'REFUSED', reason: 'FORBIDDEN', retryable: false, effect: 'none' }
const DENIED = { name: 'AccessDeniedException' }
const assembly = confinedAssembly()

describe('a role that is confined to a namespace', () => {
  const suite = new LocalStackSuite<Page>({ assembly })
  const credentialsOf = (role: string) => suite.stack.addApplication(serverOf(role))

  it('has all of that namespace', async () => {
    const shop = suite.client({ namespace: 'shop', credentials: credentialsOf('shop') })
    const visit = () => shop.access(ID, { write: ['visits'] }, ({ state }) => (state.visits = (state.visits ?? 0) + 1))
    expect([await visit(), await visit()]).toEqual([1, 2])
    expect((await shop.peek(ID))?.state.visits).toBe(2)
    expect(await shop.destroy(ID)).toBe(true)
  })

  it('is refused every call for another one, with one reason', async () => {
    const blog = suite.client({ namespace: 'blog', credentials: credentialsOf('blog') })
    await blog.access(ID, 'all', ({ state }) => void (state.visits = 7))
    const intruder = suite.client({ namespace: 'blog', credentials: credentialsOf('shop'), timeoutMs: 5_000 })
    const calls = [
      () => intruder.access(ID, 'all', () => 'in'),
      () => intruder.access(ID, 'all', () => 'in', { ifMissing: 'fail' }),
      () => intruder.access('of nobody', 'all', () => 'in'),
      () => intruder.create({ visits: 1 }),
      () => intruder.rotate(ID),
      () => intruder.peek(ID),
      () => intruder.destroy(ID),
    ]
    for (const call of calls) await expect(call()).rejects.toMatchObject(FORBIDDEN)
    expect(await blog.access(ID, 'all', ({ state }) => state.visits)).toBe(7)
  })

  it('is refused by the functions for every message about a session there', async () => {
    const credentials = credentialsOf('shop')
    const raw = await suite.connect((stack) => RawClient.join({ ...stack, credentials }))
    const session = keyIn('blog')
    for (const message of [
      { type: 'acquire', session, r: 1 },
      { type: 'acquire', session, r: 1, nudge: true },
      { type: 'cancel', session, r: 1 },
      { type: 'release', session, epoch: 1, r: 1 },
      { type: 'busy', session, epoch: 1 },
      { type: 'keep', session, epoch: 1 },
    ]) {
      raw.send(message)
      expect(await raw.next('refused')).toMatchObject({ code: 'FORBIDDEN', of: message.type, session })
    }
    raw.send({ type: 'acquire', session: keyIn('shop'), r: 2 })
    expect(await raw.next('granted')).toMatchObject({ r: 2 })
  })

  it('is refused by DynamoDB for every item there, also beside its own', async () => {
    const { region, dynamoDbEndpoint: endpoint, sessionsTable: TableName } = suite.stack.config
    const client = new DynamoDBClient({ region, endpoint, credentials: credentialsOf('shop') })
    const key = (namespace: string) => ({ pk: { S: keyIn(namespace) } })
    const update = (namespace: string) => ({
      TableName,
      Key: key(namespace),
      UpdateExpression: 'SET x = :x',
      ExpressionAttributeValues: { ':x': { N: '1' } },
    })
    const values = { ':pk': { S: keyIn('blog') } }
    const query = { TableName, KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: values }
    try {
      await client.send(new GetItemCommand({ TableName, Key: key('shop') }))
      const both = [{ Update: update('shop') }, { Update: update('blog') }]
      const requests = [
        () => client.send(new GetItemCommand({ TableName, Key: key('blog') })),
        () => client.send(new GetItemCommand({ TableName, Key: key('shops') })),
        () => client.send(new UpdateItemCommand(update('blog'))),
        () => client.send(new TransactWriteItemsCommand({ TransactItems: both })),
        () => client.send(new QueryCommand(query)),
        () => client.send(new ScanCommand({ TableName })),
      ]
      for (const request of requests) await expect(request()).rejects.toMatchObject(DENIED)
    } finally {
      client.destroy()
    }
  })

  it.each([
    ['a user', 'shop-import'],
    ['a user by its ARN', 'arn:aws:iam::000000000000:user/shop-import'],
    ['a role that another stack makes', serverOf('elsewhere')],
  ])('may be %s', async (_, nameOrArn) => {
    const credentials = suite.stack.addApplication(nameOrArn)
    const [own, other] = ['shop', 'blog'].map((namespace) => suite.client({ namespace, credentials, timeoutMs: 5_000 }))
    expect(await own?.access('of others', 'all', () => 'in')).toBe('in')
    await expect(other?.access('of others', 'all', () => 'in')).rejects.toMatchObject(FORBIDDEN)
    await expect(other?.peek('of others')).rejects.toMatchObject(FORBIDDEN)
  })

  it('does not confine others: a role without namespaces has all', async () => {
    for (const namespace of ['shop', 'blog', 'other']) {
      const client = suite.client({ namespace })
      expect(await client.access('of all', 'all', () => 'in')).toBe('in')
    }
  })
})
