import { BatchWriteItemCommand, type DynamoDBClient, paginateScan, type WriteRequest } from '@aws-sdk/client-dynamodb'
import { INCARNATION_KEY } from '../protocol/keys.js'
import { inRounds } from './batches.js'
import { DELETE_BATCH_MAX } from './limits.js'
import { type OperatorOptions, withClient } from './options.js'
import { startNextIncarnation } from './start-next-incarnation.js'
import { locksOf } from './store.js'

/** What {@link emptyLocks} has done. */
export interface Emptied {
  /** The records that were deleted. */
  readonly deleted: number
  /** The incarnation that was raised afterwards. */
  readonly incarnation: number
}

/**
 * Deletes every record of the Locks table, and raises its incarnation: no lock, queue or process is known afterwards, and
 * each process drops all that it holds, and goes on under a new process id. For a table whose records are damaged, or were
 * restored from a backup. Sessions stay as they are, and no acknowledged write is lost: fences are in the Sessions table.
 *
 * The hazards: accesses that run at that moment fail with `SESSION_LOST`, reason `evicted`. Until a process has heard of it,
 * up to 10 s and a quarter of a lease later, it may read its older copy of a session that another has got; it cannot write.
 *
 * It needs `dynamodb:Scan`, `BatchWriteItem`, `GetItem` and `UpdateItem` on the Locks table. A call that failed must be repeated.
 *
 * @throws the AWS SDK's errors
 * @example
 * const { deleted } = await emptyLocks({ locksTable, region: 'eu-west-1' })
 */
export const emptyLocks = (options: OperatorOptions): Promise<Emptied> =>
  withClient(options, async (client) => {
    const deleted = await deleteAll(client, options.locksTable)
    // Afterwards: so a process that said hello, or was granted a lock, while the records went hears of it.
    return { deleted, incarnation: await startNextIncarnation(locksOf(client, options)) }
  })

async function deleteAll(client: DynamoDBClient, table: string): Promise<number> {
  let deleted = 0
  for await (const { Items = [] } of paginateScan({ client }, { TableName: table, ProjectionExpression: 'pk' })) {
    // The incarnation only rises, so its record stays.
    const keys = Items.filter(({ pk }) => pk?.S !== INCARNATION_KEY)
    for (let first = 0; first < keys.length; first += DELETE_BATCH_MAX) {
      const requests = keys.slice(first, first + DELETE_BATCH_MAX).map((Key) => ({ DeleteRequest: { Key } }))
      await inRounds<WriteRequest>(requests, async (left) => {
        const command = new BatchWriteItemCommand({ RequestItems: { [table]: [...left] } })
        return (await client.send(command)).UnprocessedItems?.[table] ?? []
      })
      deleted += requests.length
    }
  }
  return deleted
}
