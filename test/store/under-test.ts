import { CreateTableCommand, DeleteItemCommand, PutItemCommand, paginateScan } from '@aws-sdk/client-dynamodb'
import type { Item, Store, TableName } from '../../protocol/dynamodb.js'
import { DynamoDbStore } from '../../store/dynamodb.js'
import { MemoryStore } from '../../store/memory/memory-store.js'
import { Requests } from '../../store/requests.js'
import { emptyDynamoDb } from '../support/shared-dynamodb.js'

/** A store, and ways past it to prepare and to read the tables. */
export interface StoreUnderTest {
  readonly store: Store
  /** Writes a whole item, also over another one. */
  put(table: TableName, key: string, item: Item): Promise<void>
  /** All that a table holds, by key. */
  items(table: TableName): Promise<ReadonlyMap<string, Item>>
  clear(): Promise<void>
  close(): Promise<void>
}

export const makeMemoryStore = async (): Promise<StoreUnderTest> => underTest(new MemoryStore())

export const underTest = (store: MemoryStore): StoreUnderTest => ({
  store,
  put: async (table, key, item) => store.put(table, key, item),
  items: async (table) => store.items(table),
  clear: async () => {
    for (const table of TABLES) for (const key of store.items(table).keys()) await store.remove(table, key)
  },
  close: async () => {},
})

const TABLES: readonly TableName[] = ['locks', 'sessions']
const TABLE_NAMES = { locks: 'Locks', sessions: 'Sessions' }

/** Empty tables in DynamoDB Local. */
export async function makeDynamoDbStore(): Promise<StoreUnderTest> {
  const client = await emptyDynamoDb()
  for (const TableName of Object.values(TABLE_NAMES)) {
    await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      }),
    )
  }
  const items = async (table: TableName): Promise<ReadonlyMap<string, Item>> => {
    const found = new Map<string, Item>()
    for await (const { Items = [] } of paginateScan(
      { client },
      { TableName: TABLE_NAMES[table], ConsistentRead: true },
    )) {
      for (const item of Items as Item[]) found.set((item.pk as { S: string }).S, item)
    }
    return found
  }
  return {
    store: new DynamoDbStore(client, TABLE_NAMES, new Requests({ timeoutMs: 10_000, requestsMax: 50 })),
    items,
    put: async (table, key, item) => {
      const Item = { ...item, pk: { S: key } } as unknown as Record<string, never>
      await client.send(new PutItemCommand({ TableName: TABLE_NAMES[table], Item }))
    },
    clear: async () => {
      for (const table of TABLES) {
        for (const key of (await items(table)).keys()) {
          await client.send(new DeleteItemCommand({ TableName: TABLE_NAMES[table], Key: { pk: { S: key } } }))
        }
      }
    },
    close: async () => client.destroy(),
  }
}
