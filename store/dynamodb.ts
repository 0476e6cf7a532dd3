import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import type { Item, Store, TableName, Update, UpdateOutcome } from '../protocol/item.js'

/** The names of the tables that the caller may touch: functions know only Locks, applications only Sessions. */
export type TableNames = { readonly [T in TableName]?: string }

/** The store on DynamoDB. Every read is strongly consistent; errors are those of the AWS SDK. */
export class DynamoDbStore implements Store {
  constructor(
    private readonly client: DynamoDBClient,
    private readonly tables: TableNames,
  ) {}

  async update(update: Update): Promise<UpdateOutcome> {
    try {
      const { Attributes } = await this.client.send(
        new UpdateItemCommand({
          TableName: this.tableName(update.table),
          Key: { pk: { S: update.key } },
          ConditionExpression: update.condition,
          UpdateExpression: update.update,
          ExpressionAttributeNames: update.names,
          ExpressionAttributeValues: update.values as Record<string, never>,
          ReturnValues: update.returns === 'new' ? 'ALL_NEW' : 'NONE',
          // The failed condition explains itself, which saves a second read.
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      )
      return { applied: true, item: Attributes as Item | undefined }
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException)
        return { applied: false, item: error.Item as Item | undefined }
      throw error
    }
  }

  async get(table: TableName, key: string): Promise<Item | undefined> {
    const { Item } = await this.client.send(
      new GetItemCommand({ TableName: this.tableName(table), Key: { pk: { S: key } }, ConsistentRead: true }),
    )
    return Item as Item | undefined
  }

  async remove(table: TableName, key: string): Promise<void> {
    await this.client.send(new DeleteItemCommand({ TableName: this.tableName(table), Key: { pk: { S: key } } }))
  }

  private tableName(table: TableName): string {
    const name = this.tables[table]
    if (name === undefined) throw new TypeError(`this store was given no name for the table '${table}'`)
    return name
  }
}
