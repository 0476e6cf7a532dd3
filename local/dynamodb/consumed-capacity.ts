import type { Answer } from './answer.js'
import type { DynamoDbRequest } from './request.js'

/** DynamoDB's own account of the capacity that a request consumed, also where its sender did not ask for it. */

/** The requests that DynamoDB accounts for. Others refuse the question. */
const ACCOUNTED: ReadonlySet<string> = new Set([
  'BatchExecuteStatement',
  'BatchGetItem',
  'BatchWriteItem',
  'DeleteItem',
  'ExecuteStatement',
  'ExecuteTransaction',
  'GetItem',
  'PutItem',
  'Query',
  'Scan',
  'TransactGetItems',
  'TransactWriteItems',
  'UpdateItem',
])

/** A request as it is passed on. */
export interface Asked {
  readonly body: Buffer
  /** Whether the sender must not get the account, because it did not ask for it. */
  readonly isSecret: boolean
}

/** An answer as it is passed on. */
export interface Accounted {
  readonly body: Buffer
  /** Read or write units. 0 where DynamoDB does not say, as with a failed condition. */
  readonly units: number
}

interface Account {
  readonly CapacityUnits?: number
}

/** The request, changed so that it asks for the account. */
export function askForUnits({ operation, input }: DynamoDbRequest, body: Buffer): Asked {
  const wanted = input.ReturnConsumedCapacity
  const isSecret = ACCOUNTED.has(operation) && (wanted === undefined || wanted === 'NONE')
  if (!isSecret) return { body, isSecret }
  return { body: Buffer.from(JSON.stringify({ ...input, ReturnConsumedCapacity: 'TOTAL' })), isSecret }
}

/** The units in the answer, and the answer in the form that its receiver expects. */
export function readUnits({ status, body }: Answer, isSecret: boolean): Accounted {
  if (status !== 200 || !body.includes('"ConsumedCapacity"')) return { body, units: 0 }
  const { ConsumedCapacity, ...rest } = JSON.parse(body.toString()) as {
    readonly ConsumedCapacity?: Account | readonly Account[]
  }
  // One account, or one for each table. An attribute, too, may be named like it.
  const accounts = [ConsumedCapacity ?? []].flat()
  const units = accounts.reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0)
  return { body: isSecret ? Buffer.from(JSON.stringify(rest)) : body, units }
}
