import connectDynamoDb from 'connect-dynamodb'
import session, { type SessionData } from 'express-session'
import { dynamoDb } from './dynamodb.js'
import { CONNECT_DYNAMODB_TABLE } from './names.js'
import type { CountedSession, Peer } from './peer.js'

/**
 * The store of express-session, without a lock, as express-session calls it: get and set for a request that writes. One
 * that only reads gets; that express-session then touches the session as well is left out, in its favour.
 */
export function openConnectDynamoDb(): Peer {
  const client = dynamoDb()
  const Store = connectDynamoDb(session)
  const store = new Store({ client, table: CONNECT_DYNAMODB_TABLE, initialized: true })
  const get = (id: string) =>
    new Promise<CountedSession>((resolve, reject) => {
      store.get(id, (error: Error | undefined | null, data?: object | null) => {
        if (error) reject(error)
        else resolve({ count: 0, ...data })
      })
    })
  // Its own type of `set` knows no session to write.
  const writable: session.Store = store
  const set = (id: string, data: CountedSession) =>
    new Promise<void>((resolve, reject) => {
      const stored: object = { cookie: { originalMaxAge: null }, ...data }
      writable.set(id, stored as SessionData, (error: Error | undefined | null) => (error ? reject(error) : resolve()))
    })
  return {
    read: get,
    async write(id, change) {
      const data = await get(id)
      change(data)
      await set(id, data)
    },
    stop: async () => client.destroy(),
  }
}
