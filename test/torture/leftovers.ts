import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb'
import type { LocalStack } from '../../local/index.js'

/** The faults of the lock records when every client is closed: nobody may be queued any more. */
export async function queues({ config, locksTable, adminCredentials: credentials }: LocalStack): Promise<string[]> {
  const client = new DynamoDBClient({ region: config.region, endpoint: config.dynamoDbEndpoint, credentials })
  const locks: { readonly waiters?: readonly unknown[] }[] = []
  try {
    const scan = {
      TableName: locksTable,
      ConsistentRead: true,
      FilterExpression: 'begins_with(pk, :lock)',
      ExpressionAttributeValues: { ':lock': 'S#' },
      ProjectionExpression: 'waiters',
    }
    for await (const { Items = [] } of paginateScan({ client: DynamoDBDocumentClient.from(client) }, scan)) {
      locks.push(...(Items as typeof locks))
    }
  } finally {
    client.destroy()
  }
  if (locks.length === 0) return ['there are no lock records to look at']
  const waiting = locks.filter(({ waiters }) => waiters?.length !== 0)
  return waiting.length === 0 ? [] : [`${waiting.length} of ${locks.length} lock records still have waiters`]
}

/** Processes that should be gone: DynamoDB Local with its data in this folder, and children of this process. */
export async function leftovers(folder: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'ppid=,args='])
  return stdout.split('\n').flatMap((line) => {
    const [, parent, command = ''] = /^\s*(\d+) (.*)$/.exec(line) ?? []
    const isOurs = (folder !== '' && command.includes(`-dbPath ${folder}`)) || Number(parent) === process.pid
    return isOurs && !command.startsWith('ps ') ? [`a process is left: ${command.slice(0, 80)}`] : []
  })
}
