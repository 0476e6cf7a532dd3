import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type AttributeValue, DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import type { LocalStack } from '../../local/index.js'

type Item = Record<string, AttributeValue>

/** What is wrong with the lock records when every client is closed: nobody may wait for anything any more. */
export async function queues(stack: LocalStack): Promise<string[]> {
  const { region, dynamoDbEndpoint: endpoint } = stack.config
  const client = new DynamoDBClient({ region, endpoint, credentials: stack.adminCredentials })
  try {
    const locks = (await scan(client, stack.locksTable)).filter(({ pk }) => pk?.S?.startsWith('S#'))
    if (locks.length === 0) return ['there are no lock records to look at']
    const waiting = locks.filter(({ waiters }) => waiters?.L?.length !== 0)
    return waiting.length === 0 ? [] : [`${waiting.length} of ${locks.length} lock records still have waiters`]
  } finally {
    client.destroy()
  }
}

async function scan(client: DynamoDBClient, table: string): Promise<Item[]> {
  const items: Item[] = []
  let from: Item | undefined
  do {
    const page = await client.send(
      new ScanCommand({
        TableName: table,
        ConsistentRead: true,
        ProjectionExpression: 'pk, waiters',
        ...(from === undefined ? {} : { ExclusiveStartKey: from }),
      }),
    )
    items.push(...(page.Items ?? []))
    from = page.LastEvaluatedKey
  } while (from !== undefined)
  return items
}

/** Processes that should be gone: those of DynamoDB Local with its data in this folder, and children of this process. */
export async function leftovers(folder: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'ppid=,args='])
  return stdout.split('\n').flatMap((line) => {
    const [, parent, command = ''] = /^\s*(\d+) (.*)$/.exec(line) ?? []
    const isOurs = (folder !== '' && command.includes(`-dbPath ${folder}`)) || Number(parent) === process.pid
    return isOurs && !command.startsWith('ps ') ? [`a process is left: ${command.slice(0, 80)}`] : []
  })
}
