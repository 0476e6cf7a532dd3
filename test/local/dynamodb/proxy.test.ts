import {
  ConditionalCheckFailedException,
  CreateTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  GetItemCommand,
  InternalServerError,
  ListTablesCommand,
  PutItemCommand,
  ScanCommand,
  ThrottlingException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import type { Credentials } from '../../../local/iam/principals.js'
import { type LocalStack, startLocalStack } from '../../../local/index.js'
import { readDeployment } from '../../../local/template/deployment.js'
import { createTables, type TableSpec } from '../../../local/template/tables.js'
import { writeAssembly } from '../assembly.js'
import { open } from '../harness.js'

const Key = { pk: { S: 'a' } }

/** Who may do what to which table, how often he did, and what can be made to fail: in front of the real DynamoDB Local. */
describe('the recorder', () => {
  const folder = writeAssembly()
  let stack: LocalStack
  let application: DynamoDBClient
  let admin: DynamoDBClient
  let sessions: string
  let locks: string
  const clients: DynamoDBClient[] = []
  const clientOf = (credentials: Credentials, maxAttempts = 1) => {
    const { region, dynamoDbEndpoint: endpoint } = stack.config
    const client = new DynamoDBClient({ endpoint, region, credentials, maxAttempts })
    clients.push(client)
    return client
  }

  beforeAll(async () => {
    stack = await startLocalStack({ assembly: folder })
    application = clientOf(stack.credentials)
    admin = clientOf(stack.adminCredentials)
    sessions = stack.config.sessionsTable
    locks = stack.locksTable
  })
  afterAll(async () => {
    for (const client of clients) client.destroy()
    await stack.stop()
  })

  test('stands before tables that are as the template says', async () => {
    const { Table } = await admin.send(new DescribeTableCommand({ TableName: locks }))
    expect(Table).toMatchObject({
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
      DeletionProtectionEnabled: true,
    })
    const { TimeToLiveDescription } = await admin.send(new DescribeTimeToLiveCommand({ TableName: locks }))
    expect(TimeToLiveDescription).toEqual({ AttributeName: 'expiresAt', TimeToLiveStatus: 'ENABLED' })
  })

  test('keeps a table that fits the template, and refuses one that does not', async () => {
    const { tables } = readDeployment(folder)
    await createTables(admin, tables)
    const keys = [{ AttributeName: 'id', KeyType: 'HASH' as const }]
    await expect(createTables(admin, [{ ...tables[0], keys } as TableSpec])).rejects.toThrow(
      /has a table 'Fixture-Locks' with the key pk \(HASH\), and the template wants id \(HASH\)/,
    )
  })

  test('counts by caller, table, operation and outcome, and sums the units', async () => {
    const before = stack.requests.snapshot()
    await application.send(new PutItemCommand({ TableName: sessions, Item: { ...Key, n: { N: '1' } } }))
    await application.send(new GetItemCommand({ TableName: sessions, Key }))
    await application.send(new GetItemCommand({ TableName: sessions, Key }))
    const failing = new UpdateItemCommand({
      TableName: sessions,
      Key,
      UpdateExpression: 'SET n = :n',
      ConditionExpression: 'n > :n',
      ExpressionAttributeValues: { ':n': { N: '5' } },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    })
    const failed = await application.send(failing).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(ConditionalCheckFailedException)
    expect((failed as ConditionalCheckFailedException).Item?.n).toEqual({ N: '1' })

    const of = { caller: 'application', target: sessions }
    expect(stack.requests.since(before)).toEqual([
      { ...of, operation: 'PutItem', outcome: 'ok', count: 1, units: 1 },
      { ...of, operation: 'GetItem', outcome: 'ok', count: 2, units: 1 },
      { ...of, operation: 'UpdateItem', outcome: 'ConditionalCheckFailedException', count: 1, units: 0 },
    ])
    expect(stack.requests.since(stack.requests.snapshot())).toEqual([])
  })

  test('shows the consumed capacity to those who asked for it only, and sums it for all', async () => {
    const Item = { pk: { S: 'large' }, text: { S: 'x'.repeat(3_000) }, ConsumedCapacity: { S: 'an attribute' } }
    const before = stack.requests.snapshot()
    for (const ReturnConsumedCapacity of [undefined, 'NONE', 'TOTAL', 'INDEXES'] as const) {
      const asked = ReturnConsumedCapacity === undefined ? {} : { ReturnConsumedCapacity }
      const shown = ReturnConsumedCapacity === 'TOTAL' || ReturnConsumedCapacity === 'INDEXES'
      const put = await application.send(new PutItemCommand({ TableName: sessions, Item, ...asked }))
      expect(put.ConsumedCapacity?.CapacityUnits).toBe(shown ? 3 : undefined)
      const read = { TableName: sessions, Key: { pk: { S: 'large' } }, ConsistentRead: true }
      const got = await application.send(new GetItemCommand({ ...read, ...asked }))
      expect(got.ConsumedCapacity?.CapacityUnits).toBe(shown ? 1 : undefined)
      expect(got.Item).toEqual(Item)
    }
    expect(stack.requests.since(before)).toMatchObject([
      { operation: 'PutItem', outcome: 'ok', count: 4, units: 12 },
      { operation: 'GetItem', outcome: 'ok', count: 4, units: 4 },
    ])
  })

  test('shows a fault the request as it was sent, and sums the units of a write whose answer is lost', async () => {
    const inputs: Readonly<Record<string, unknown>>[] = []
    const restore = stack.dynamodb.inject({
      afterForward: ({ input }) => {
        inputs.push(input)
        return 'drop'
      },
    })
    const before = stack.requests.snapshot()
    const put = new PutItemCommand({ TableName: sessions, Item: { pk: { S: 'unseen' } } })
    await expect(application.send(put)).rejects.toThrow('socket hang up')
    restore()
    expect(inputs).toEqual([{ TableName: sessions, Item: { pk: { S: 'unseen' } } }])
    expect(stack.requests.since(before)).toMatchObject([{ operation: 'PutItem', count: 1, units: 1 }])
  })

  test('lets an application use Sessions as the template allows, and nothing else', async () => {
    const denied = expect.objectContaining({
      name: 'AccessDeniedException',
      $metadata: expect.objectContaining({ httpStatusCode: 400 }),
    })
    const before = stack.requests.snapshot()
    await expect(application.send(new GetItemCommand({ TableName: locks, Key }))).rejects.toEqual(denied)
    await expect(application.send(new PutItemCommand({ TableName: locks, Item: Key }))).rejects.toEqual(denied)
    await expect(application.send(new ScanCommand({ TableName: sessions }))).rejects.toEqual(denied)
    await expect(application.send(new ListTablesCommand({}))).rejects.toEqual(denied)
    expect(stack.requests.since(before).map(({ outcome }) => outcome)).toEqual(Array(4).fill('AccessDeniedException'))
    const message = /user\/application is not authorized to perform: dynamodb:GetItem on resource: arn:aws:dynamodb/
    await expect(application.send(new GetItemCommand({ TableName: locks, Key }))).rejects.toThrow(message)
  })

  test('asks of a transaction what each of its parts needs', async () => {
    const put = (TableName: string) => ({ Put: { TableName, Item: { pk: { S: 'transacted' } } } })
    const remove = { Delete: { TableName: sessions, Key: { pk: { S: 'other' } } } }
    const update = (TableName: string) => ({ Update: { TableName, Key, UpdateExpression: 'REMOVE m' } })
    const before = stack.requests.snapshot()
    await application.send(new TransactWriteItemsCommand({ TransactItems: [put(sessions)] }))
    await application.send(new TransactWriteItemsCommand({ TransactItems: [update(sessions)] }))
    // A transaction takes twice the units of its writes.
    expect(stack.requests.since(before)).toMatchObject([
      { target: sessions, operation: 'TransactWriteItems', count: 2, units: 4 },
    ])
    for (const [parts, action] of [
      [[put(sessions), put(locks)], 'PutItem'],
      [[put(sessions), remove], 'DeleteItem'],
      [[update(sessions), update(locks)], 'UpdateItem'],
    ] as const) {
      const transaction = application.send(new TransactWriteItemsCommand({ TransactItems: [...parts] }))
      const message = expect.stringContaining(`perform: dynamodb:${action} on`)
      await expect(transaction).rejects.toMatchObject({ name: 'AccessDeniedException', message })
    }
  })

  test('lets a function do what its role allows, and counts it under its name', async () => {
    const client = await open(stack.config.url, stack.credentials)
    const before = stack.requests.snapshot()
    expect(await client.ask({ type: 'echo', do: 'get', table: locks })).toEqual({ get: 'ok' })
    expect(await client.ask({ type: 'echo', do: 'get', table: sessions })).toEqual({ get: 'AccessDeniedException' })
    expect(await client.ask({ type: 'echo', do: 'put', table: locks })).toEqual({ put: 'AccessDeniedException' })
    expect(stack.requests.since(before)).toContainEqual({
      caller: 'Main',
      target: locks,
      operation: 'GetItem',
      outcome: 'ok',
      count: 1,
      units: 0.5,
    })
    client.socket.close()
  })

  test('lets an administrator do everything', async () => {
    await admin.send(
      new CreateTableCommand({
        TableName: 'Another',
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      }),
    )
    const { TableNames } = await admin.send(new ListTablesCommand({}))
    expect(TableNames).toEqual(['Another', locks, sessions].sort())
  })

  test('refuses who is unknown, or signs with a wrong secret', async () => {
    const unknown = clientOf({ accessKeyId: 'NOBODY', secretAccessKey: 'x' })
    const wrong = clientOf({ ...stack.adminCredentials, secretAccessKey: 'x' })
    await expect(unknown.send(new ListTablesCommand({}))).rejects.toMatchObject({ name: 'UnrecognizedClientException' })
    await expect(wrong.send(new ListTablesCommand({}))).rejects.toMatchObject({ name: 'InvalidSignatureException' })
  })

  test('lets another application in with credentials of its own', async () => {
    const before = stack.requests.snapshot()
    const second = clientOf(stack.addApplication('second'))
    await second.send(new GetItemCommand({ TableName: sessions, Key }))
    expect(stack.requests.since(before)).toMatchObject([{ caller: 'second', operation: 'GetItem' }])
  })

  test('loses the answer of a write that was applied', async () => {
    const restore = stack.dynamodb.inject({
      afterForward: ({ caller, operation }) =>
        caller === 'application' && operation === 'PutItem' ? 'drop' : undefined,
    })
    const put = new PutItemCommand({ TableName: sessions, Item: { pk: { S: 'landed' } } })
    await expect(application.send(put)).rejects.toThrow('socket hang up')
    restore()
    const { Item } = await application.send(new GetItemCommand({ TableName: sessions, Key: { pk: { S: 'landed' } } }))
    expect(Item).toEqual({ pk: { S: 'landed' } })
  })

  test('reports an applied write as failed', async () => {
    const restore = stack.dynamodb.inject({ afterForward: () => ({ refuse: 'InternalServerError' }) })
    const put = new PutItemCommand({ TableName: sessions, Item: { pk: { S: 'denied' } } })
    await expect(application.send(put)).rejects.toThrow(InternalServerError)
    restore()
    const { Item } = await application.send(new GetItemCommand({ TableName: sessions, Key: { pk: { S: 'denied' } } }))
    expect(Item).toEqual({ pk: { S: 'denied' } })
  })

  test('keeps a request from being applied: throttled, cut off or held back', async () => {
    const put = (id: string) => application.send(new PutItemCommand({ TableName: sessions, Item: { pk: { S: id } } }))
    const isThere = async (id: string) =>
      (await application.send(new GetItemCommand({ TableName: sessions, Key: { pk: { S: id } } }))).Item !== undefined
    const of = (id: string, fault: 'drop' | { refuse: string } | Promise<undefined>) => ({
      beforeForward: ({ input }: { readonly input: unknown }) =>
        JSON.stringify(input).includes(`"Item":{"pk":{"S":"${id}"}}`) ? fault : undefined,
    })
    const restores = [
      stack.dynamodb.inject(of('throttled', { refuse: 'ThrottlingException' })),
      stack.dynamodb.inject(of('cut', 'drop')),
    ]
    await expect(put('throttled')).rejects.toThrow(ThrottlingException)
    await expect(put('cut')).rejects.toThrow('socket hang up')
    expect([await isThere('throttled'), await isThere('cut')]).toEqual([false, false])

    let letGo = () => {}
    const held = new Promise<undefined>((resolve) => {
      letGo = () => resolve(undefined)
    })
    restores.push(stack.dynamodb.inject(of('held', held)))
    const landing = put('held')
    expect(await isThere('held')).toBe(false)
    letGo()
    await landing
    expect(await isThere('held')).toBe(true)
    for (const restore of restores) restore()
  })

  test('shows a DynamoDB that is down as a network that fails', async () => {
    // Java may take long to start on a loaded machine.
    const patient = clientOf(stack.adminCredentials, 15)
    await stack.dynamodb.stop()
    await expect(admin.send(new ListTablesCommand({}))).rejects.toThrow('socket hang up')
    const listing = patient.send(new ListTablesCommand({}))
    await stack.dynamodb.start()
    // In memory: what was there is gone, and it answers again on the same endpoint.
    expect((await listing).TableNames).toEqual([])
  }, 90_000)
})
