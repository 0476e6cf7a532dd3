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
import type { Store } from '../../protocol/dynamodb.js'
import { DynamoDbStore } from '../../store/dynamodb.js'
import { Requests } from '../../store/requests.js'

type Item = Record<string, AttributeValue>

const REQUEST_TIMEOUT_MS = 5_000

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

  /** The labels of all processes that were ever known, in one order. */
  async processes(): Promise<readonly string[]> {
    const scanned = await this.scan(this.stack.locksTable)
    return scanned.flatMap(({ pk, label }) => (pk?.S?.startsWith('P#') ? [label?.S ?? ''] : [])).toSorted()
  }

  /** The table of locks, as an operator's tool has it. */
  locks(): Store {
    const requests = new Requests({ timeoutMs: REQUEST_TIMEOUT_MS, requestsMax: 10 })
    return new DynamoDbStore(this.client, { locks: this.stack.locksTable }, requests)
  }

  /** Every record of both tables by its key, as text to compare. */
  async everything(): Promise<Map<string, string>> {
    const { locksTable, config } = this.stack
    return new Map([...(await this.all(locksTable)), ...(await this.all(config.sessionsTable))])
  }

  private async all(table: string): Promise<Map<string, string>> {
    const text = (item: Item) => JSON.stringify(Object.entries(item).sort(([a], [b]) => a.localeCompare(b)))
    return new Map((await this.scan(table)).map((item) => [item.pk?.S ?? '', text(item)]))
  }

  private async scan(table: string): Promise<readonly Item[]> {
    const items: Item[] = []
    // The attribute values as they are stored: the document client's plain values would hide some differences.
    for await (const { Items = [] } of paginateScan(
      { client: this.client },
      { TableName: table, ConsistentRead: true },
    )) {
      items.push(...Items)
    }
    return items
  }

  private async get(table: string, pk: string): Promise<Item | undefined> {
    const { Item } = await this.client.send(
      new GetItemCommand({ TableName: table, Key: { pk: { S: pk } }, ConsistentRead: true }),
    )
    return Item
  }
}
