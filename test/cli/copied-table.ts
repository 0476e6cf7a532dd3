import {
  type AttributeValue,
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  paginateScan,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'

type Item = Record<string, AttributeValue>

async function itemsOf(client: DynamoDBClient, TableName: string): Promise<Item[]> {
  const items: Item[] = []
  for await (const { Items = [] } of paginateScan({ client }, { TableName, ConsistentRead: true })) items.push(...Items)
  return items
}

/** A table as DynamoDB restores it from a backup of another one. */
export async function copyTable(client: DynamoDBClient, from: string, to: string): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName: to,
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  )
  const items = await itemsOf(client, from)
  for (let first = 0; first < items.length; first += 25) {
    const requests = items.slice(first, first + 25).map((Item) => ({ PutRequest: { Item } }))
    await client.send(new BatchWriteItemCommand({ RequestItems: { [to]: requests } }))
  }
}

export async function deleteRecords(client: DynamoDBClient, table: string, keys: readonly string[]): Promise<void> {
  await Promise.all(
    keys.map((key) => client.send(new DeleteItemCommand({ TableName: table, Key: { pk: { S: key } } }))),
  )
}

/** Makes all lock records look as if this time had passed since. */
export async function ageLocks(client: DynamoDBClient, table: string, ms: number): Promise<void> {
  const locks = (await itemsOf(client, table)).filter(({ pk }) => pk?.S?.startsWith('S#'))
  for (const { pk = { S: '' }, expiresAt } of locks) {
    const aged = { N: String(Number(expiresAt?.N) - ms / 1_000) }
    const change = { UpdateExpression: 'SET expiresAt = :aged', ExpressionAttributeValues: { ':aged': aged } }
    await client.send(new UpdateItemCommand({ TableName: table, Key: { pk }, ...change }))
  }
}
