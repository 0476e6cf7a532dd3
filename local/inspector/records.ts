import { type AttributeValue, type DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import { SCAN_PAGE_RECORDS_MAX, SESSIONS_MAX } from '../../inspector/limits.js'
import type { Fact } from '../../inspector/model/entry.js'
import type { Item } from '../../protocol/dynamodb.js'
import { recordFact, shownSession } from './facts.js'

/** The facts that the tables tell now. Processes come first: locks name them. */
export async function readRecords(client: DynamoDBClient, locksTable: string, sessionsTable: string): Promise<Fact[]> {
  const processes: Fact[] = []
  const locks: Fact[] = []
  for await (const item of recordsOf(client, locksTable)) {
    const key = item.pk
    const fact = key !== undefined && 'S' in key ? recordFact(key.S ?? '', item as Item) : undefined
    if (fact?.kind === 'process') processes.push(fact)
    else if (fact?.kind === 'lock') locks.push({ ...fact, isRead: true })
  }
  const states: Fact[] = []
  // No attribute of a session is read.
  for await (const item of recordsOf(client, sessionsTable, 'pk, fence, aliveUntil, destroyedAt, unborn')) {
    const session = shownSession(item.pk?.S)
    if (session === undefined) continue
    const isOver = item.destroyedAt !== undefined || item.unborn !== undefined
    const [epoch, aliveUntil] = [Number(item.fence?.N ?? 0), isOver ? 0 : Number(item.aliveUntil?.N ?? 0)]
    states.push({ kind: 'state', session, operation: 'record', epoch, outcome: 'ok', aliveUntil })
  }
  return [...processes, ...locks, ...states]
}

async function* recordsOf(client: DynamoDBClient, table: string, fields?: string) {
  let start: Record<string, AttributeValue> | undefined
  let count = 0
  do {
    const { Items = [], LastEvaluatedKey } = await client.send(
      new ScanCommand({
        TableName: table,
        ConsistentRead: true,
        Limit: SCAN_PAGE_RECORDS_MAX,
        ...(fields === undefined ? {} : { ProjectionExpression: fields }),
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      }),
    )
    yield* Items
    count += Items.length
    start = LastEvaluatedKey
  } while (start !== undefined && count < SESSIONS_MAX)
}
