import { parseArgs } from 'node:util'
import { BillingMode, CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { type LocalStack, startLocalStack } from '../../local/testing.js'
import { drive, type LoadOptions } from './driver.js'
import { type ServerProcess, startServers, stopAll } from './processes.js'
import { isFree, type Side, stickyReads, table } from './table.js'

/** `npm run demo`: the same load on Holdfast and on express-session, one after the other, and a table of both. */
const ANY_PORTS = [0, 0, 0]
const LIVE_PERIOD_MS = 1_000
const COMPARED_TABLE = 'express-sessions'
const STICKY_READS_FREE_MIN = 0.9

const step = (line: string): void => console.log(`holdfast: ${line}`)

function readOptions(): LoadOptions {
  const { values } = parseArgs({
    options: {
      users: { type: 'string', default: '40' },
      seconds: { type: 'string', default: '20' },
      overlap: { type: 'string', default: '3' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    },
  })
  const number = (name: keyof typeof values): number => {
    const value = Number(values[name])
    if (!Number.isInteger(value) || value < 1)
      throw new RangeError(`--${name} must be an integer from 1, received ${values[name]}`)
    return value
  }
  return { users: number('users'), seconds: number('seconds'), overlap: number('overlap'), seed: number('seed') }
}

/** Requests to DynamoDB on any table but the other side's, whoever made them. */
const countRequests = (stack: LocalStack, since: ReturnType<LocalStack['requests']['snapshot']>): number =>
  stack.requests
    .since(since)
    .filter(({ target }) => target !== '@connections')
    .reduce((sum, { count }) => sum + count, 0)

/** Shows what is held where while the load runs: one line that is written over, or a line a second into a file. */
function showLive(servers: readonly ServerProcess[]): () => void {
  const startedAt = performance.now()
  const timer = setInterval(() => {
    const held = servers.map(({ name, standing }) => `${name} holds ${standing.held}`).join(', ')
    const waiting = servers.reduce((sum, { standing }) => sum + standing.waiting, 0)
    const handoffs = servers.reduce((sum, { standing }) => sum + standing.handoffs, 0)
    const seconds = Math.round((performance.now() - startedAt) / 1_000)
    const line = `  ${seconds} s: ${held}; ${handoffs} handoffs; ${waiting} sessions waited for`
    process.stdout.write(process.stdout.isTTY ? `\r\u001b[K${line}` : `${line}\n`)
  }, LIVE_PERIOD_MS)
  return () => {
    clearInterval(timer)
    if (process.stdout.isTTY) process.stdout.write('\n')
  }
}

async function runHoldfast(stack: LocalStack, options: LoadOptions): Promise<Side> {
  const servers = await startServers('server.js', ANY_PORTS, stack.env)
  step(`three servers answer on ${servers.map(({ origin }) => origin).join(', ')}`)
  const before = stack.requests.snapshot()
  const endLive = showLive(servers)
  try {
    const load = await drive(
      servers.map(({ origin }) => origin),
      options,
    )
    const dynamoDbRequests = countRequests(stack, before)
    await new Promise((resolve) => setTimeout(resolve, LIVE_PERIOD_MS))
    const handoffs = servers.reduce((sum, { standing }) => sum + standing.handoffs, 0)
    return { name: 'Holdfast', load, dynamoDbRequests, handoffs }
  } finally {
    endLive()
    await stopAll(servers)
  }
}

async function runExpressSession(stack: LocalStack, options: LoadOptions): Promise<Side> {
  const { accessKeyId, secretAccessKey } = stack.adminCredentials
  const { dynamoDbEndpoint: endpoint, region } = stack.config
  const aws = new DynamoDBClient({ endpoint, region, credentials: stack.adminCredentials })
  await aws.send(
    new CreateTableCommand({
      TableName: COMPARED_TABLE,
      BillingMode: BillingMode.PAY_PER_REQUEST,
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    }),
  )
  aws.destroy()
  const servers = await startServers('express-session-server.js', ANY_PORTS, {
    DYNAMODB_ENDPOINT: endpoint,
    SESSIONS_TABLE: COMPARED_TABLE,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  })
  const before = stack.requests.snapshot()
  try {
    const load = await drive(
      servers.map(({ origin }) => origin),
      options,
    )
    return { name: 'express-session', load, dynamoDbRequests: countRequests(stack, before), handoffs: undefined }
  } finally {
    await stopAll(servers)
  }
}

async function run(): Promise<void> {
  const options = readOptions()
  const stack = await startLocalStack({ onProgress: step })
  try {
    step(
      `${options.users} users, up to ${options.overlap} requests of each at once, ${options.seconds} s, seed ${options.seed}`,
    )
    const ours = await runHoldfast(stack, options)
    step(`the same load on express-session with connect-dynamodb, ${options.seconds} s`)
    const theirs = await runExpressSession(stack, options)
    console.log(`\n${table([ours, theirs])}\n`)
    const reads = stickyReads(ours.load)
    const isKept = reads.filter(isFree).length >= STICKY_READS_FREE_MIN * reads.length
    if (ours.load.lostUpdates > 0 || !isKept) process.exitCode = 1
    step(ours.load.lostUpdates === 0 ? 'no update was lost' : `${ours.load.lostUpdates} updates were lost`)
    if (!isKept)
      step(`fewer than ${STICKY_READS_FREE_MIN * 100} % of the reads of users who stay were served from memory`)
  } finally {
    await stack.stop()
  }
}

// The AWS SDK's notice about Node.js versions to come would stand in the middle of what is shown.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
await run()
