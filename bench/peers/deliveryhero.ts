import { dynamoDBLockClientFactory } from '@deliveryhero/dynamodb-lock'
import { DynamoDbValues, documentOf, dynamoDb } from './dynamodb.js'
import { DELIVERYHERO_KEYS, DELIVERYHERO_TABLE } from './names.js'
import { lockedValues, type Peer } from './peer.js'

const GROUP = 'session'

/**
 * As it is, it waits for the whole lease of 20 s that it sees. With the local time it looks again after a wait of its own,
 * which may be about as long as a look takes; the lease can stay, since it then waits for it only where a holder is gone.
 */
const TUNED = { trustLocalTime: true, waitDurationInMs: 5 }

export function openDeliveryHero(isTuned: boolean): Peer {
  const client = dynamoDb()
  const document = documentOf(client)
  const table = {
    tableName: DELIVERYHERO_TABLE,
    partitionKey: DELIVERYHERO_KEYS.key,
    sortKey: DELIVERYHERO_KEYS.sortKey,
  }
  const locks = dynamoDBLockClientFactory(document, table)
  const locker = {
    async withLock<T>(id: string, work: () => Promise<T>): Promise<T> {
      const lock = await locks.lock(GROUP, id, isTuned ? TUNED : {})
      try {
        return await work()
      } finally {
        await locks.releaseLock(lock)
      }
    },
  }
  return lockedValues(locker, new DynamoDbValues(document), async () => client.destroy())
}
