import { randomBytes } from 'node:crypto'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DeleteCommand, DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import { giveSessionId, sessionIdIn, takeSessionId } from '../shop/cookie.js'
import type { ShopSession } from '../shop/shop.js'
import { comparedApp, serveRoutes } from './routes.js'

/**
 * The same shop with the get, change, put that most teams write themselves. Two requests at once both get the session
 * as it was, and the later put writes over the change of the earlier one.
 */
interface StoredSession extends Partial<ShopSession> {
  readonly id: string
}

const client = DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint: process.env.DYNAMODB_ENDPOINT ?? '' }))
const TableName = process.env.SESSIONS_TABLE ?? ''

async function save(session: StoredSession): Promise<void> {
  await client.send(new PutCommand({ TableName, Item: session }))
}

serveRoutes<StoredSession>(comparedApp(), {
  load: async (request, response) => {
    const known = sessionIdIn(request)
    if (known !== undefined) {
      const { Item } = await client.send(new GetCommand({ TableName, Key: { id: known }, ConsistentRead: true }))
      if (Item !== undefined) return Item as StoredSession
    }
    const session = { id: randomBytes(32).toString('base64url') }
    await save(session)
    giveSessionId(response, session.id)
    return session
  },
  save,
  destroy: async (request, response) => {
    const id = sessionIdIn(request)
    if (id !== undefined) await client.send(new DeleteCommand({ TableName, Key: { id } }))
    takeSessionId(response)
  },
})
