import { ACCOUNT_ID, REGION } from '../template/resources.js'

/** A request to DynamoDB, with the permissions that its sender needs. */
export interface DynamoDbRequest {
  /** As in `UpdateItem`. */
  readonly operation: string
  /** The table, or the tables joined by commas, or `*` where the request names no table. */
  readonly target: string
  readonly needs: readonly Need[]
  /** The request as JSON. */
  readonly input: Readonly<Record<string, unknown>>
}

interface Need {
  readonly action: string
  readonly resource: string
  /** The keys of the items; undefined where the request names none. */
  readonly keys: readonly string[] | undefined
}

/** In a transaction each item needs the permission that it would need alone. */
const TRANSACTED: Readonly<Record<string, string>> = {
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  Get: 'GetItem',
  ConditionCheck: 'ConditionCheckItem',
}

/** Reads a request from its header `x-amz-target` and its body. Throws a SyntaxError where the body is not JSON. */
export function readDynamoDbRequest(amzTarget: string, body: string): DynamoDbRequest {
  const operation = amzTarget.split('.')[1] ?? ''
  const input = JSON.parse(body) as Readonly<Record<string, unknown>>
  const uses = usesOf(operation, input)
  const tables = [...new Set(uses.map(({ table }) => table))]
  return {
    operation,
    target: tables.join(','),
    needs: uses.map(({ action, table, index, keys }) => ({
      keys,
      action: `dynamodb:${action}`,
      resource: `arn:aws:dynamodb:${REGION}:${ACCOUNT_ID}:table/${table}${index === undefined ? '' : `/index/${index}`}`,
    })),
    input,
  }
}

interface Use {
  readonly action: string
  readonly table: string
  readonly index?: string | undefined
  readonly keys: readonly string[] | undefined
}

/** The partition key of every table of the stack. */
const KEY = 'pk'

/** The key of one item, in a request that names it. */
function keysOf(part: Readonly<Record<string, unknown>>): readonly string[] | undefined {
  const item = (part.Key ?? part.Item) as Readonly<Record<string, { readonly S?: unknown } | undefined>> | undefined
  const key = item?.[KEY]?.S
  return typeof key === 'string' ? [key] : undefined
}

function usesOf(operation: string, input: Readonly<Record<string, unknown>>): Use[] {
  const { TableName, IndexName, RequestItems, TransactItems } = input
  if (Array.isArray(TransactItems)) {
    return TransactItems.flatMap((item: Readonly<Record<string, { readonly TableName?: unknown }>>) =>
      Object.entries(item).map(([kind, part]) => ({
        action: TRANSACTED[kind] ?? operation,
        table: nameOf(part.TableName),
        keys: keysOf(part),
      })),
    )
  }
  if (typeof RequestItems === 'object' && RequestItems !== null) {
    return Object.keys(RequestItems).map((table) => ({ action: operation, table: nameOf(table), keys: undefined }))
  }
  const index = typeof IndexName === 'string' ? IndexName : undefined
  return [{ action: operation, table: nameOf(TableName), index, keys: keysOf(input) }]
}

/** A table may be named by its ARN too. */
const nameOf = (table: unknown): string => (typeof table === 'string' ? (table.split('/').at(-1) ?? table) : '*')
