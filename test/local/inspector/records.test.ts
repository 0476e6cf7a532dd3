import type { DynamoDBClient, ScanCommandInput } from '@aws-sdk/client-dynamodb'
import { SCAN_PAGE_RECORDS_MAX, SESSIONS_MAX } from '../../../inspector/limits.js'
import { readRecords } from '../../../local/inspector/records.js'

const hashOf = (index: number) => String(index).padStart(43, 'h')
const n = (value: number) => ({ N: String(value) })

/** Tables that give one page of records after another, and what was asked of them. */
function tablesWith(sessions: readonly object[], isEndless = false) {
  const asked: ScanCommandInput[] = []
  const send = async ({ input }: { readonly input: ScanCommandInput }) => {
    asked.push(input)
    if (input.TableName === 'locks') return { Items: [] }
    const Items = isEndless ? Array.from({ length: SCAN_PAGE_RECORDS_MAX }, () => ({})) : sessions
    return { Items, ...(isEndless ? { LastEvaluatedKey: {} } : {}) }
  }
  return { client: { send } as unknown as DynamoDBClient, asked }
}

const read = (client: DynamoDBClient) => readRecords(client, 'locks', 'sessions')

test('a session that is over, or not born yet, has no life, whatever its record had before', async () => {
  const record = (index: number, more = {}) => ({
    pk: { S: `shop#${hashOf(index)}` },
    fence: n(7),
    aliveUntil: n(9),
    ...more,
  })
  const { client, asked } = tablesWith([
    record(1),
    record(2, { destroyedAt: n(8) }),
    record(3, { unborn: { BOOL: true } }),
  ])
  const facts = await read(client)
  expect(facts.map((fact) => fact.kind === 'state' && [fact.operation, fact.epoch, fact.aliveUntil])).toEqual([
    ['record', 7, 9],
    ['record', 7, 0],
    ['record', 7, 0],
  ])
  // No attribute is read.
  expect(asked.at(-1)?.ProjectionExpression).toBe('pk, fence, aliveUntil, destroyedAt, unborn')
})

test('no more records are read than sessions are known', async () => {
  const { client, asked } = tablesWith([], true)
  await read(client)
  expect(asked.length - 1).toBe(SESSIONS_MAX / SCAN_PAGE_RECORDS_MAX)
})
