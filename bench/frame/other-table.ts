import { BillingMode, CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { LocalStack } from '../../local/index.js'

/**
 * Creates a table for those who do not use Holdfast, with a key and perhaps a sort key, and returns the environment of
 * their processes.
 */
export async function createOtherTable(
  { config, env, adminCredentials: credentials }: LocalStack,
  table: string,
  keys: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const client = new DynamoDBClient({ endpoint: config.dynamoDbEndpoint, region: config.region, credentials })
  const creation = new CreateTableCommand({
    TableName: table,
    BillingMode: BillingMode.PAY_PER_REQUEST,
    KeySchema: keys.map((name, index) => ({ AttributeName: name, KeyType: index === 0 ? 'HASH' : 'RANGE' })),
    AttributeDefinitions: keys.map((name) => ({ AttributeName: name, AttributeType: 'S' })),
  })
  await client.send(creation).finally(() => client.destroy())
  return {
    ...env,
    // These may do anything: an application's own credentials reach only the tables of the store.
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    DYNAMODB_ENDPOINT: config.dynamoDbEndpoint,
  }
}
