import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'

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
  const client = new DynamoDBClient({
    region,
    ...(credentials === undefined ? {} : { credentials }),
    ...(dynamoDbEndpoint === undefined ? {} : { endpoint: dynamoDbEndpoint }),
  })
  try {
    return await work(client)
  } finally {
    client.destroy()
  }
}
