import {
  type AttributeDefinition,
  type BillingMode,
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  type KeySchemaElement,
  ResourceNotFoundException,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb'
import { LocalStartError } from '../errors.js'
import { known, type Resource, type Resources } from './resources.js'

/** A table as the template describes it. */
export interface TableSpec {
  readonly logicalId: string
  readonly name: string
  readonly arn: string
  readonly keys: KeySchemaElement[]
  readonly attributes: AttributeDefinition[]
  readonly billing: BillingMode
  readonly isProtected: boolean
  /** The attribute that items expire by, or undefined. */
  readonly ttlAttribute: string | undefined
}

interface TableProperties {
  readonly KeySchema: KeySchemaElement[]
  readonly AttributeDefinitions: AttributeDefinition[]
  readonly BillingMode?: BillingMode
  readonly DeletionProtectionEnabled?: boolean
  readonly TimeToLiveSpecification?: { readonly AttributeName: string; readonly Enabled: boolean }
}

const USED = [
  'KeySchema',
  'AttributeDefinitions',
  'BillingMode',
  'DeletionProtectionEnabled',
  'TimeToLiveSpecification',
]
/** Backups, encryption and tags change nothing that a request could see, and DynamoDB Local has none of them. */
const IGNORED = ['TableName', 'PointInTimeRecoverySpecification', 'SSESpecification', 'Tags', 'TableClass']

export const readTables = (resources: Resources): TableSpec[] =>
  resources.ofType('AWS::DynamoDB::Table').map((table) => readTable(table, resources))

function readTable(table: Resource, resources: Resources): TableSpec {
  const properties = known(table, USED, IGNORED) as unknown as TableProperties
  const ttl = properties.TimeToLiveSpecification
  return {
    logicalId: table.logicalId,
    name: table.id,
    arn: resources.attribute(table.logicalId, 'Arn'),
    keys: properties.KeySchema,
    attributes: properties.AttributeDefinitions,
    // Provisioned throughput would be a property that is not known here.
    billing: properties.BillingMode ?? 'PROVISIONED',
    isProtected: properties.DeletionProtectionEnabled ?? false,
    ttlAttribute: ttl?.Enabled === true ? ttl.AttributeName : undefined,
  }
}

/**
 * Creates these tables. A table that exists already, in the data folder of an earlier start, is kept if it still fits.
 * `areNew`: there can be none, since the key of `client` is new, unless all keys have the same tables.
 */
export async function createTables(
  client: DynamoDBClient,
  tables: readonly TableSpec[],
  areNew = false,
): Promise<void> {
  await Promise.all(tables.map((table) => createTable(client, table, areNew)))
}

/** Deletes these tables with all that they hold, protected or not. */
export async function deleteTables(client: DynamoDBClient, tables: readonly TableSpec[]): Promise<void> {
  await Promise.all(
    tables.map(async ({ name: TableName, isProtected }) => {
      if (isProtected) await client.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: false }))
      await client.send(new DeleteTableCommand({ TableName }))
    }),
  )
}

async function createTable(client: DynamoDBClient, table: TableSpec, isNew: boolean): Promise<void> {
  const existing = await keysOf(client, table.name)
  if (existing === undefined) {
    await client.send(
      new CreateTableCommand({
        TableName: table.name,
        KeySchema: table.keys,
        AttributeDefinitions: table.attributes,
        BillingMode: table.billing,
        DeletionProtectionEnabled: table.isProtected,
      }),
    )
  } else if (isNew) {
    throw new LocalStartError(
      `DynamoDB Local has a table '${table.name}' of another stack: start it without -sharedDb, so that each stack has tables ` +
        'of its own. If that stack is gone, start it again',
    )
  } else if (describe(existing) !== describe(table.keys)) {
    throw new LocalStartError(
      `the data folder has a table '${table.name}' with the key ${describe(existing)}, ` +
        `and the template wants ${describe(table.keys)}: use another folder`,
    )
  }
  if (table.ttlAttribute !== undefined) await enableTtl(client, table.name, table.ttlAttribute)
}

async function keysOf(client: DynamoDBClient, name: string): Promise<KeySchemaElement[] | undefined> {
  try {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: name }))
    return Table?.KeySchema
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined
    throw error
  }
}

async function enableTtl(client: DynamoDBClient, name: string, attribute: string): Promise<void> {
  const { TimeToLiveDescription } = await client.send(new DescribeTimeToLiveCommand({ TableName: name }))
  // DynamoDB refuses to enable it twice.
  if (TimeToLiveDescription?.TimeToLiveStatus === 'ENABLED') return
  await client.send(
    new UpdateTimeToLiveCommand({
      TableName: name,
      TimeToLiveSpecification: { AttributeName: attribute, Enabled: true },
    }),
  )
}

const describe = (keys: readonly KeySchemaElement[]): string =>
  keys.map(({ AttributeName, KeyType }) => `${AttributeName} (${KeyType})`).join(', ')
