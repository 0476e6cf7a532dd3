import {
  type CancellationReason,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import type { EndSignal, Item, Store, TableName, TransactOutcome, Update, UpdateOutcome } from '../protocol/dynamodb.js'
import type { Requests } from './requests.js'

/** The names of the tables that the caller may touch: functions know only Locks, applications only Sessions. */
export type TableNames = { readonly [T in TableName]?: string }

/**
 * The store on DynamoDB. Every read is strongly consistent; errors are those of the AWS SDK, or of `requests`, which
 * bounds each request. The client must send each request once: only then can `requests` know whether it was sent.
 */
export class DynamoDbStore implements Store {
  constructor(
    private readonly client: DynamoDBClient,
    private readonly tables: TableNames,
    private readonly requests: Requests,
  ) {}

  async update(update: Update, signal?: EndSignal): Promise<UpdateOutcome> {
    const command = new UpdateItemCommand({
      ...this.request(update),
      ReturnValues: update.returns === 'new' ? 'ALL_NEW' : 'NONE',
    })
    try {
      const send = (abortSignal: AbortSignal) => this.client.send(command, { abortSignal })
      const { Attributes } = await this.requests.send(command, send, signal)
      return { applied: true, item: Attributes as Item | undefined }
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException)
        return { applied: false, item: error.Item as Item | undefined }
      throw error
    }
  }

  /**
   * No ClientRequestToken is given, so that the SDK makes a new one for every call. By a token of our own DynamoDB would
   * answer a later copy with the success of the first for ten minutes, without a look at the items, and `applied` would
   * no longer mean that the conditions hold. A write that has landed is told by its commitId, at any time.
   */
  async transact(updates: readonly Update[], signal?: EndSignal): Promise<TransactOutcome> {
    const TransactItems = updates.map((update) => ({ Update: this.request(update) }))
    const command = new TransactWriteItemsCommand({ TransactItems })
    try {
      await this.requests.send(command, (abortSignal) => this.client.send(command, { abortSignal }), signal)
      return { applied: true }
    } catch (error) {
      const items = error instanceof TransactionCanceledException ? refusingItems(error) : undefined
      if (items === undefined) throw error
      return { applied: false, items }
    }
  }

  async get(table: TableName, key: string, signal?: EndSignal): Promise<Item | undefined> {
    const TableName = this.tableName(table)
    const command = new GetItemCommand({ TableName, Key: { pk: { S: key } }, ConsistentRead: true })
    const send = (abortSignal: AbortSignal) => this.client.send(command, { abortSignal })
    const { Item } = await this.requests.send(command, send, signal)
    return Item as Item | undefined
  }

  async remove(table: TableName, key: string, signal?: EndSignal): Promise<void> {
    const command = new DeleteItemCommand({ TableName: this.tableName(table), Key: { pk: { S: key } } })
    await this.requests.send(command, (abortSignal) => this.client.send(command, { abortSignal }), signal)
  }

  private request(update: Update) {
    return {
      TableName: this.tableName(update.table),
      Key: { pk: { S: update.key } },
      ConditionExpression: update.condition,
      UpdateExpression: update.update,
      ExpressionAttributeNames: update.names,
      ExpressionAttributeValues: update.values as Record<string, never>,
      // The failed condition explains itself, which saves a second read.
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
    }
  }

  private tableName(table: TableName): string {
    const name = this.tables[table]
    if (name === undefined) throw new TypeError(`this store was given no name for the table '${table}'`)
    return name
  }
}

/** The items whose conditions failed, or undefined where the transaction was cancelled for any other reason as well. */
function refusingItems({ CancellationReasons = [] }: TransactionCanceledException): (Item | undefined)[] | undefined {
  const isRefusal = ({ Code }: CancellationReason) => Code === 'ConditionalCheckFailed'
  if (!CancellationReasons.some(isRefusal)) return undefined
  if (!CancellationReasons.every((reason) => isRefusal(reason) || reason.Code === 'None')) return undefined
  return CancellationReasons.map((reason) => (isRefusal(reason) ? (reason.Item as Item | undefined) : undefined))
}
