import { BillingMode, CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { type LocalStack, startLocalStack } from '../../local/index.js'
import type { Consumed } from './rounds.js'

/** Failed conditions and reads are requests, too; only writes consume write units. */
const WRITES = new Set(['UpdateItem', 'PutItem', 'DeleteItem', 'TransactWriteItems'])
const GATEWAY = '@connections'

/** The local stack that all sides of a part share: the same DynamoDB Local for everybody. */
export class BenchStack {
  private before

  private constructor(readonly stack: LocalStack) {
    this.before = stack.requests.snapshot()
  }

  static async start(): Promise<BenchStack> {
    return new BenchStack(await startLocalStack())
  }

  /** Returns the requests to DynamoDB, of servers and functions, since this was called last. */
  consumed(): Consumed {
    const counts = this.stack.requests.since(this.before).filter(({ target }) => target !== GATEWAY)
    this.before = this.stack.requests.snapshot()
    let [requests, writeUnits] = [0, 0]
    for (const { operation, count, units } of counts) {
      requests += count
      if (WRITES.has(operation)) writeUnits += units
    }
    return { requests, writeUnits }
  }

  /** Creates a table for a side that does not use Holdfast, and returns the environment of its processes. */
  async createTable(table: string, key = 'id'): Promise<Readonly<Record<string, string>>> {
    const { config, env, adminCredentials: credentials } = this.stack
    const client = new DynamoDBClient({ endpoint: config.dynamoDbEndpoint, region: config.region, credentials })
    const creation = new CreateTableCommand({
      TableName: table,
      BillingMode: BillingMode.PAY_PER_REQUEST,
      KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: key, AttributeType: 'S' }],
    })
    await client.send(creation).finally(() => client.destroy())
    return {
      ...env,
      // These may do anything: an application's own credentials reach only the tables of the store.
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_REGION: config.region,
      DYNAMODB_ENDPOINT: config.dynamoDbEndpoint,
    }
  }

  stop(): Promise<void> {
    return this.stack.stop()
  }
}
