import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'

/** The address of the DynamoDB Local that all test files share. It starts with the first that asks. */
export async function sharedDynamoDb(): Promise<string> {
  const [response] = (await once(get(String(process.env.HOLDFAST_TEST_DYNAMODB), { agent: false }), 'response')) as [
    IncomingMessage,
  ]
  const said = await text(response)
  if (response.statusCode !== 200) throw new Error(said)
  return said
}

/** A client of it that finds no tables but its own. */
export async function emptyDynamoDb(): Promise<DynamoDBClient> {
  const credentials = { accessKeyId: `TEST${randomBytes(8).toString('hex')}`, secretAccessKey: 'of a test' }
  return new DynamoDBClient({ endpoint: await sharedDynamoDb(), region: 'eu-west-1', credentials, maxAttempts: 1 })
}
