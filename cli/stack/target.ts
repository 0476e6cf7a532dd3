import { readFileSync } from 'node:fs'
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { compileConfig, type HoldfastConfig, isLocalStack } from '../../client/options/store-config.js'
import { LOCAL_OPERATOR } from '../../local/fixed.js'
import { bounded } from '../../store/bounded-client.js'
import { Failure, usage } from '../failure.js'
import { REQUEST_TIMEOUT_MS, REQUEST_TRIES } from '../limits.js'
import type { Terminal } from '../terminal.js'
import type { StackOptions } from './options.js'
import { CURES } from './problems.js'

/** The stack that a command talks to, local or deployed. */
export interface Target {
  readonly config: HoldfastConfig
  readonly isLocal: boolean
  /** With the rights of the operator. It bounds and repeats requests. */
  readonly dynamo: DynamoDBClient
  /** Credentials of a real client, as its option `credentials`. */
  readonly clientCredentials: DynamoDBClient['config']['credentials'] | undefined
  locksTable(): Promise<string>
  close(): void
}

export function openTarget(options: StackOptions, terminal: Terminal): Target {
  const config = configOf(options, terminal)
  const isLocal = isLocalStack(config)
  const isKeyed = config.credentials !== undefined && options.profile === undefined
  const made = new DynamoDBClient({
    region: config.region,
    ...(config.dynamoDbEndpoint === undefined ? {} : { endpoint: config.dynamoDbEndpoint }),
    ...(options.profile === undefined ? {} : { profile: options.profile }),
    ...(isKeyed ? { credentials: LOCAL_OPERATOR } : {}),
    maxAttempts: REQUEST_TRIES,
  })
  const dynamo = bounded(made, REQUEST_TIMEOUT_MS)
  const named = options.locksTable ?? terminal.environment.HOLDFAST_LOCKS_TABLE ?? ''
  let found: Promise<string> | undefined
  return {
    config,
    isLocal,
    dynamo,
    clientCredentials: isKeyed ? undefined : dynamo.config.credentials,
    locksTable() {
      found ??= named === '' ? findLocksTable(dynamo, config.sessionsTable) : Promise.resolve(named)
      return found
    },
    close: () => dynamo.destroy(),
  }
}

/** The configuration of the options, or of the environment. `--region` goes before its region. */
function configOf({ config: given, region }: StackOptions, terminal: Terminal): HoldfastConfig {
  const text = given === undefined || given.trimStart().startsWith('{') ? given : read(given)
  const config = compileConfig(text, terminal.environment.HOLDFAST_CONFIG)
  return region === undefined ? config : { ...config, region }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw usage(
      `--config is neither JSON nor a file that can be read: ${(error as NodeJS.ErrnoException).code}`,
      "Give the stack's output HoldfastConfig, or a file with it.",
    )
  }
}

/**
 * The table that CloudFormation made beside the Sessions table: their names differ from the word on. The configuration
 * of an application does not name it, since only the functions use it.
 */
async function findLocksTable(dynamo: DynamoDBClient, sessionsTable: string): Promise<string> {
  const end = sessionsTable.lastIndexOf('Sessions')
  const prefix = `${sessionsTable.slice(0, Math.max(end, 0))}Locks`
  const names = end < 0 ? [] : await tablesFrom(dynamo, prefix)
  const [name, ...others] = names
  if (name !== undefined && others.length === 0) return name
  const why = names.length === 0 ? `no table '${prefix}…' is there` : `several tables are called '${prefix}…'`
  throw new Failure(
    'LOCKS_TABLE_UNKNOWN',
    `the name of the Locks table is not known: ${why}`,
    CURES.LOCKS_TABLE_UNKNOWN,
  )
}

async function tablesFrom(dynamo: DynamoDBClient, prefix: string): Promise<readonly string[]> {
  // Names come in order, and the first of them may be the prefix itself.
  const { TableNames = [] } = await dynamo.send(new ListTablesCommand({ ExclusiveStartTableName: prefix.slice(0, -1) }))
  return TableNames.filter((name) => name.startsWith(prefix))
}
