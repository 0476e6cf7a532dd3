import { createOtherTable } from '../../bench/frame/other-table.js'
import type { LocalStack } from '../../local/index.js'
import { step } from '../shop/command.js'
import { firstCrashed, type ServerProcess, SHOP_SERVER, startServers, stopAll } from '../shop/processes.js'
import { showLive } from './live.js'
import { Load, type LoadOptions, type LoadResult } from './load.js'

/** One side of the comparison, and how it did. */
export interface Side {
  readonly name: string
  readonly load: LoadResult
  /** Requests to DynamoDB while it was measured, by servers and functions alike. */
  readonly dynamoDbRequests: number
  /** Grants of sessions while it was measured: every one had another holder before. */
  readonly handoffs: number | undefined
}

const SERVERS = 3

/** A side that Holdfast is compared with. Its servers keep their sessions in a table of their own. */
export interface ComparedSide {
  readonly name: string
  readonly description: string
  readonly script: URL
  readonly table: string
}

export const EXPRESS_SESSION: ComparedSide = {
  name: 'express-session',
  description: 'express-session with connect-dynamodb',
  script: new URL('express-session-server.js', import.meta.url),
  table: 'express-sessions',
}

export const DOCUMENT_CLIENT: ComparedSide = {
  name: 'document client',
  description: 'get, change, put with the DynamoDB document client',
  script: new URL('document-client-server.js', import.meta.url),
  table: 'document-sessions',
}

export async function runHoldfast(stack: LocalStack, options: LoadOptions, signal: AbortSignal): Promise<Side> {
  return { name: 'Holdfast', ...(await runSide(stack, SHOP_SERVER, stack.env, options, signal)) }
}

export async function runCompared(
  stack: LocalStack,
  { name, script, table }: ComparedSide,
  options: LoadOptions,
  signal: AbortSignal,
): Promise<Side> {
  const environment = await prepareTable(stack, table)
  return { name, ...(await runSide(stack, script, environment, options, signal)), handoffs: undefined }
}

/** Creates a table of sessions, and returns the environment of the servers that use it. */
export const prepareTable = async (stack: LocalStack, table: string): Promise<Readonly<Record<string, string>>> => ({
  ...(await createOtherTable(stack, table, ['id'])),
  SESSIONS_TABLE: table,
})

/** Every side runs here, one after the other: as many processes, the same load, the same measures. */
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
