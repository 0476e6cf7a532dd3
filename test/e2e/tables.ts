import { createHash } from 'node:crypto'
import {
  type AttributeValue,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  paginateScan,
} from '@aws-sdk/client-dynamodb'
import type { LocalStack } from '../../local/index.js'

type Item = Record<string, AttributeValue>

export const sessionKey = (id: string): string => `e2e#${createHash('sha256').update(id).digest('base64url')}`

/** The tables as an operator sees them, past all permissions: for tests that damage records or compare them. */
export class Tables {
  private readonly client: DynamoDBClient

  constructor(private readonly stack: LocalStack) {
    this.client = new DynamoDBClient({
      endpoint: stack.config.dynamoDbEndpoint,
      region: stack.config.region,
      credentials: stack.adminCredentials,
    })
  }

  close(): void {
    this.client.destroy()
  }

  lock(id: string): Promise<Item | undefined> {
    return this.get(this.stack.locksTable, `S#${sessionKey(id)}`)
  }

  session(id: string): Promise<Item | undefined> {
    return this.get(this.stack.config.sessionsTable, sessionKey(id))
  }

  async putLock(item: Item): Promise<void> {
    await this.client.send(new PutItemCommand({ TableName: this.stack.locksTable, Item: item }))
  }

  async deleteLock(id: string): Promise<void> {
    const Key = { pk: { S: `S#${sessionKey(id)}` } }
    await this.client.send(new DeleteItemCommand({ TableName: this.stack.locksTable, Key }))
  }

  /** Every lock record, in one order, as text to compare. */
  async allLocks(): Promise<string> {
    const locks = [...(await this.all(this.stack.locksTable))].filter(([key]) => key.startsWith('S#'))
    return locks
      .map(([, text]) => text)
      .sort()
      .join('\n')
  }

  /** Every record of both tables by its key, as text to compare. */
  async everything(): Promise<Map<string, string>> {
    const { locksTable, config } = this.stack
    return new Map([...(await this.all(locksTable)), ...(await this.all(config.sessionsTable))])
  }

  private async all(table: string): Promise<Map<string, string>> {
    const text = (item: Item) => JSON.stringify(Object.entries(item).sort(([a], [b]) => a.localeCompare(b)))
    const texts = new Map<string, string>()
    // The attribute values as they are stored: the document client's plain values would hide some differences.
    for await (const { Items = [] } of paginateScan(
      { client: this.client },
      { TableName: table, ConsistentRead: true },
    )) {
      for (const item of Items) texts.set(item.pk?.S ?? '', text(item))
    }
    return texts
  }

  private async get(table: string, pk: string): Promise<Item | undefined> {
    const { Item } = await this.client.send(
      new GetItemCommand({ TableName: table, Key: { pk: { S: pk } }, ConsistentRead: true }),
    )
    return Item
  }
}
