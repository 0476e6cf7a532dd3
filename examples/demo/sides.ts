import { BillingMode, CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { LocalStack } from '../../local/index.js'
import { step } from '../shop/command.js'
import { firstCrashed, type ServerProcess, SHOP_SERVER, startServers, stopAll } from '../shop/processes.js'
import { showLive } from './live.js'
import { Load, type LoadOptions, type LoadResult } from './load.js'

/** One side of the comparison, and how it did. */
export interface Side {
  readonly name: string
  readonly load: LoadResult
  /** Requests to DynamoDB while it was measured, whoever made them. */
  readonly dynamoDbRequests: number
  /** Grants of sessions while it was measured: every one had another holder before. */
  readonly handoffs: number | undefined
}

const SERVERS = 3
export const EXPRESS_SESSION_SERVER = new URL('express-session-server.js', import.meta.url)
const COMPARED_TABLE = 'express-sessions'

export async function runHoldfast(stack: LocalStack, options: LoadOptions, signal: AbortSignal): Promise<Side> {
  return { name: 'Holdfast', ...(await runSide(stack, SHOP_SERVER, stack.env, options, signal)) }
}

/** With credentials that may do anything: the store's tables are not its own. */
export async function runExpressSession(stack: LocalStack, options: LoadOptions, signal: AbortSignal): Promise<Side> {
  const { accessKeyId, secretAccessKey } = stack.adminCredentials
  await createTable(stack)
  const environment = {
    ...stack.env,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    DYNAMODB_ENDPOINT: stack.config.dynamoDbEndpoint,
    SESSIONS_TABLE: COMPARED_TABLE,
  }
  const side = await runSide(stack, EXPRESS_SESSION_SERVER, environment, options, signal)
  return { name: 'express-session', ...side, handoffs: undefined }
}

async function createTable({ config, adminCredentials: credentials }: LocalStack): Promise<void> {
  const client = new DynamoDBClient({ endpoint: config.dynamoDbEndpoint, region: config.region, credentials })
  const table = new CreateTableCommand({
    TableName: COMPARED_TABLE,
    BillingMode: BillingMode.PAY_PER_REQUEST,
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
  })
  await client.send(table).finally(() => client.destroy())
}

/** Both sides run here, one after the other: the same processes, the same load, the same measures. */
async function runSide(
  stack: LocalStack,
  script: URL,
  environment: Readonly<Record<string, string>>,
  options: LoadOptions,
  interrupted: AbortSignal,
): Promise<Omit<Side, 'name'>> {
  const servers = await startServers(SERVERS, script, environment)
  const crash = new AbortController()
  void firstCrashed(servers).then((name) => crash.abort(new Error(`${name} ended by itself`)))
  const origins = servers.map(({ origin }) => origin)
  step(`three servers answer on ${origins.join(', ')}`)
  const load = new Load(origins, options, AbortSignal.any([interrupted, crash.signal]))
  const endLive = showLive(servers, load)
  try {
    let before = stack.requests.snapshot()
    let dynamoDbRequests = 0
    let grantsBefore = Promise.resolve(0)
    let grantsAfter = grantsBefore
    const result = await load.run(
      () => {
        before = stack.requests.snapshot()
        grantsBefore = grantsOf(servers)
      },
      () => {
        dynamoDbRequests = countDynamoDb(stack, before)
        grantsAfter = grantsOf(servers)
      },
    )
    return { load: result, dynamoDbRequests, handoffs: (await grantsAfter) - (await grantsBefore) }
  } catch (error) {
    if (crash.signal.aborted) throw crash.signal.reason
    throw error
  } finally {
    endLive()
    await stopAll(servers)
  }
}

async function grantsOf(servers: readonly ServerProcess[]): Promise<number> {
  const standings = await Promise.all(servers.map((server) => server.standing()))
  return standings.reduce((sum, { grants }) => sum + grants, 0)
}

const countDynamoDb = (stack: LocalStack, since: ReturnType<LocalStack['requests']['snapshot']>): number =>
  stack.requests
    .since(since)
    .filter(({ target }) => target !== '@connections')
    .reduce((sum, { count }) => sum + count, 0)
