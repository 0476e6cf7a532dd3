import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'

import { bounded } from '../store/bounded-client.js'
import { REQUEST_TIMEOUT_MS } from './limits.js'

/** Where the store of a deployment is, and the operator's own credentials. */
export interface OperatorOptions {
  /** The name of the Locks table: the output `LocksTableName` of the stack. */
  readonly locksTable: string
  readonly region: string
  /** @default - the AWS SDK's default chain */
  readonly credentials?: NonNullable<DynamoDBClientConfig['credentials']>
  /** @default - the endpoint of DynamoDB in the region */
  readonly dynamoDbEndpoint?: string
}

/** The client of one call of an operator, which ends with it. */
export async function withClient<T>(
  { region, credentials, dynamoDbEndpoint }: OperatorOptions,
  work: (client: DynamoDBClient) => Promise<T>,
): Promise<T> {
  const made = new DynamoDBClient({
    region,
    ...(credentials === undefined ? {} : { credentials }),
    ...(dynamoDbEndpoint === undefined ? {} : { endpoint: dynamoDbEndpoint }),
  })
  const client = bounded(made, REQUEST_TIMEOUT_MS)
  try {
    return await work(client)
  } finally {
    client.destroy()
  }
}
