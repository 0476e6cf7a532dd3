import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { createHoldfast } from '../../../client/index.js'
import { DynamoDbLocal } from '../../../local/dynamodb/server.js'
import { type LocalStack, startLocalStack } from '../../../local/index.js'
import { sharedDynamoDb } from '../../support/shared-dynamodb.js'

const START_TIMEOUT_MS = 60_000
const ID = 'the same id in each stack'

type State = { count?: number }

/** Adds one, as an application of this stack. */
async function add({ config, credentials }: LocalStack): Promise<number> {
  const holdfast = createHoldfast<State>({ namespace: 'shop', config, credentials })
  try {
    return await holdfast.access(ID, { write: ['count'] }, ({ state }) => {
      state.count = (state.count ?? 0) + 1
      return state.count
    })
  } finally {
    await holdfast.close()
  }
}

test(
  'stacks on one DynamoDB Local see nothing of each other',
  async () => {
    const dynamoDbLocal = await sharedDynamoDb()
    await using first = await startLocalStack({ dynamoDbLocal })
    await using second = await startLocalStack({ dynamoDbLocal })
    expect(await add(first)).toBe(1)
    expect(await add(first)).toBe(2)
    expect(await fetchTables(first)).toMatchObject({ TableNames: { length: 2 } })
    expect(await add(second)).toBe(1)
    // To stop it would end it for the other stack, too: this one is cut off instead.
    await first.dynamodb.stop()
    await expect(fetchTables(first)).rejects.toThrow(/socket hang up|ECONNRESET/)
    expect(await add(second)).toBe(2)
    await first.dynamodb.start()
    expect(await add(first)).toBe(3)
  },
  START_TIMEOUT_MS,
)

test(
  'a stack that stops leaves none of its tables, and touches none of another',
  async () => {
    // All keys have the same tables here, so that the test sees those of the stack.
    const dynamodb = new DynamoDbLocal({ isShared: true })
    await dynamodb.start()
    const client = clientOf(dynamodb.endpoint, 'eu-central-1', { accessKeyId: 'any', secretAccessKey: 'any' })
    const tables = async () => (await client.send(new ListTablesCommand({}))).TableNames
    try {
      const dynamoDbLocal = dynamodb.endpoint
      const stack = await startLocalStack({ dynamoDbLocal })
      expect(await tables()).toHaveLength(2)
      await expect(startLocalStack({ dynamoDbLocal })).rejects.toMatchObject({
        code: 'LOCAL_START',
        message: expect.stringContaining('start it without -sharedDb'),
      })
      expect(await tables()).toHaveLength(2)
      // Also where it is cut off.
      await stack.dynamodb.stop()
      await stack.stop()
      expect(await tables()).toEqual([])
      const steps: string[] = []
      const last = await startLocalStack({ dynamoDbLocal, onProgress: (step) => steps.push(step) })
      await dynamodb.stop()
      await last.stop()
      expect(steps.at(-1)).toMatch(/^its tables stay in DynamoDB Local: .*no DynamoDB Local answers/)
    } finally {
      client.destroy()
      await dynamodb.stop()
    }
  },
  START_TIMEOUT_MS,
)

test('where none answers, the error says at which address', async () => {
  // Nothing listens on this port of any machine.
  const address = 'http://127.0.0.1:1'
  await expect(startLocalStack({ dynamoDbLocal: address })).rejects.toMatchObject({
    code: 'LOCAL_START',
    message: expect.stringContaining(address),
  })
})

test.each([
  [{ dynamoDbLocal: 'dynamodb:8000' }, /dynamoDbLocal.*http:\/\//],
  [{ dynamoDbLocal: 'http://127.0.0.1:8000', dataDir: 'data' }, /dataDir.*none together with 'dynamoDbLocal'/],
])('%j is refused before anything starts', async (options, message) => {
  await expect(startLocalStack(options)).rejects.toThrow(message)
})

const clientOf = (endpoint: string, region: string, credentials: LocalStack['credentials']): DynamoDBClient =>
  new DynamoDBClient({ endpoint, region, credentials, maxAttempts: 1 })

async function fetchTables({ config, adminCredentials }: LocalStack): Promise<unknown> {
  const client = clientOf(config.dynamoDbEndpoint, config.region, adminCredentials)
  try {
    return await client.send(new ListTablesCommand({}))
  } finally {
    client.destroy()
  }
}
