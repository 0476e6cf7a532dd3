import type { DynamoDBDocument } from '@aws-sdk/lib-dynamodb'
import clients, { type Lock, type LockClient } from 'dynamodb-lock-client'
import { DynamoDbValues, documentOf, dynamoDb } from './dynamodb.js'
import { FAIL_CLOSED_TABLE, FAIL_OPEN_TABLE, LEASE_MS } from './names.js'
import { acquired, type Locker, lockedValues, type Peer } from './peer.js'

type Callback = (error: Error | undefined, data?: unknown) => void

/** As its README has it. */
const FAIL_CLOSED = { acquirePeriodMs: 10_000 }
const FAIL_OPEN = { heartbeatPeriodMs: 3_000, leaseDurationMs: LEASE_MS }

/** It waits this long between two looks: about as long as a look takes, so that a lock that was let go is seen at once. */
const FAIL_CLOSED_TUNED = { acquirePeriodMs: 5, retryCount: 1_000_000 }
/**
 * It waits for the rest of a lease that it sees, even if the lock is let go meanwhile: the shorter the lease, the better.
 * A lease this short just outlives a pause of its holder, who then renews it in time. With the local time a lease that
 * was let go costs no wait at all.
 */
const FAIL_OPEN_TUNED = { heartbeatPeriodMs: 50, leaseDurationMs: 150, trustLocalTime: true, retryCount: 1_000_000 }

export function openFailClosed(isTuned: boolean): Peer {
  const client = dynamoDb()
  const document = documentOf(client)
  const table = { dynamodb: asVersion2(document), lockTable: FAIL_CLOSED_TABLE, partitionKey: 'id' }
  const locks = new clients.FailClosed({ ...table, ...(isTuned ? FAIL_CLOSED_TUNED : FAIL_CLOSED) })
  return lockedValues(lockerOf(locks), new DynamoDbValues(document), async () => client.destroy())
}

export function openFailOpen(isTuned: boolean): Peer {
  const client = dynamoDb()
  const document = documentOf(client)
  const table = { dynamodb: asVersion2(document), lockTable: FAIL_OPEN_TABLE, partitionKey: 'id' }
  const locks = new clients.FailOpen({ ...table, ...(isTuned ? FAIL_OPEN_TUNED : FAIL_OPEN) })
  return lockedValues(lockerOf(locks), new DynamoDbValues(document), async () => client.destroy())
}

function lockerOf(locks: LockClient): Locker {
  const acquire = (id: string) =>
    new Promise<Lock>((resolve, reject) => {
      locks.acquireLock(id, (error, lock) => (error === undefined ? resolve(lock) : reject(error)))
    })
  const release = (lock: Lock) =>
    new Promise<void>((resolve, reject) => {
      lock.release((error) => (error === undefined || error === null ? resolve() : reject(error)))
    })
  return {
    async withLock(id, work) {
      const lock = await acquired(() => acquire(id), isHeldByOthers)
      // Somebody took the lock from a holder that seemed gone: what is lost by that is counted.
      lock.on('error', () => {})
      try {
        return await work()
      } finally {
        await release(lock)
      }
    },
  }
}

const isHeldByOthers = (error: unknown): boolean => codeOf(error) === 'FailedToAcquireLock'

const codeOf = (error: unknown): unknown =>
  error !== null && typeof error === 'object' && 'code' in error ? error.code : undefined

/** The library is written for version 2 of the SDK, whose errors have a `code` where those of version 3 have a name. */
function asVersion2(document: DynamoDBDocument): object {
  const coded = (callback: Callback): Callback => {
    return (error, data) => callback(error && Object.assign(error, { code: error.name }), data)
  }
  return {
    get: (input: Parameters<DynamoDBDocument['get']>[0], callback: Callback) => document.get(input, coded(callback)),
    put: (input: Parameters<DynamoDBDocument['put']>[0], callback: Callback) => document.put(input, coded(callback)),
    delete: (input: Parameters<DynamoDBDocument['delete']>[0], callback: Callback) =>
      document.delete(input, coded(callback)),
  }
}
