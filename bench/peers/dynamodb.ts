import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocument } from '@aws-sdk/lib-dynamodb'
import { SESSIONS_TABLE } from './names.js'
import type { CountedSession, Values } from './peer.js'

/** The SDK as it is, with the address and the credentials of the environment. */
export const dynamoDb = (): DynamoDBClient => new DynamoDBClient({ endpoint: process.env.DYNAMODB_ENDPOINT ?? '' })

/** Sessions as items of a table. */
export class DynamoDbValues implements Values {
  constructor(private readonly document: DynamoDBDocument) {}

  async get(id: string): Promise<CountedSession> {
    const { Item } = await this.document.get({ TableName: SESSIONS_TABLE, Key: { id }, ConsistentRead: true })
    return { count: Number(Item?.count ?? 0) }
  }

  async put(id: string, session: CountedSession): Promise<void> {
    await this.document.put({ TableName: SESSIONS_TABLE, Item: { id, ...session } })
  }
}

export const documentOf = (client: DynamoDBClient): DynamoDBDocument => DynamoDBDocument.from(client)
