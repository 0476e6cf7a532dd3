import {
  type AttributeValue,
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  DescribeTableCommand,
  type DynamoDBClient,
  PutItemCommand,
  paginateScan,
} from '@aws-sdk/client-dynamodb'
import { type Item, num, str } from '../../protocol/dynamodb.js'
import { keyOf } from '../../protocol/record-fields.js'
import type { SessionRecord } from '../../protocol/state/record.js'
import { inRounds } from '../batches.js'
import { READ_BATCH_MAX } from '../limits.js'

type Key = Record<string, AttributeValue>

/** The time of which a table is a copy, where DynamoDB has restored it: the point in time, or that of its backup. */
export async function restoredAt(client: DynamoDBClient, table: string): Promise<number | undefined> {
  const { Table } = await client.send(new DescribeTableCommand({ TableName: table }))
  return Table?.RestoreSummary?.RestoreDateTime?.getTime()
}

/** All items of a table, in parts that one BatchGetItem can look up elsewhere. */
export async function* partsOf(client: DynamoDBClient, table: string): AsyncGenerator<readonly Item[]> {
  for await (const { Items = [] } of paginateScan({ client }, { TableName: table, ConsistentRead: true })) {
    for (let first = 0; first < Items.length; first += READ_BATCH_MAX) {
      yield Items.slice(first, first + READ_BATCH_MAX) as Item[]
    }
  }
}

/** The items of these keys that are there, by their keys. */
export async function itemsOf(
  client: DynamoDBClient,
  table: string,
  keys: readonly string[],
): Promise<ReadonlyMap<string, Item>> {
  const items = new Map<string, Item>()
  await inRounds<Key>(
    keys.map((key) => ({ pk: { S: key } })),
    async (left) => {
      const RequestItems = { [table]: { Keys: [...left], ConsistentRead: true } }
      const { Responses, UnprocessedKeys } = await client.send(new BatchGetItemCommand({ RequestItems }))
      for (const item of (Responses?.[table] ?? []) as Item[]) items.set(keyOf(item), item)
      return UnprocessedKeys?.[table]?.Keys ?? []
    },
  )
  return items
}

/** The write of one session of a copy. */
interface Taking {
  readonly item: Item
  readonly copy: SessionRecord
  /** The record in the live table, as it was seen. */
  readonly live: SessionRecord | undefined
  /** New and random. */
  readonly commitId: string
}

/**
 * Puts the state of a copy in the place of what was seen; returns false where that has changed meanwhile. The fence never
 * falls, and no commit of a hold that began before lands on it: `commitId` is another one.
 */
export async function take(
  client: DynamoDBClient,
  table: string,
  { item, copy, live, commitId }: Taking,
): Promise<boolean> {
  const fence = num(Math.max(copy.fence, live?.fence ?? 0))
  const rev = num(Math.max(copy.rev, live?.rev ?? 0) + 1)
  const seen =
    live === undefined
      ? { ConditionExpression: 'attribute_not_exists(fence)' }
      : {
          ConditionExpression: 'fence = :fence AND commitId = :commit AND rev = :rev',
          ExpressionAttributeValues: {
            ':fence': num(live.fence),
            ':commit': str(live.commitId),
            ':rev': num(live.rev),
          },
        }
  const Item = { ...item, fence, rev, commitId: str(commitId) } as unknown as Record<string, never>
  try {
    await client.send(new PutItemCommand({ TableName: table, Item, ...(seen as object) }))
    return true
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false
    throw error
  }
}
