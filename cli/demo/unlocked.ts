import { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import type { HoldfastConfig } from '../../client/options/store-config.js'
import { LOCAL_OPERATOR } from '../../local/fixed.js'

/** Sessions as stores without a lock keep them: a request reads the session, and writes it back when it is done. */
export class UnlockedSessions {
  private readonly dynamo: DynamoDBClient

  constructor(
    { dynamoDbEndpoint = '', region }: HoldfastConfig,
    private readonly table: string,
  ) {
    // An application's own keys reach only the tables of the stack.
    this.dynamo = new DynamoDBClient({ endpoint: dynamoDbEndpoint, region, credentials: LOCAL_OPERATOR })
  }

  async createTable(): Promise<void> {
    const creation = new CreateTableCommand({
      TableName: this.table,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    })
    await this.dynamo.send(creation)
  }

  async read(id: string): Promise<number> {
    const request = new GetItemCommand({ TableName: this.table, Key: { id: { S: id } }, ConsistentRead: true })
    return Number((await this.dynamo.send(request)).Item?.items?.N ?? 0)
  }

  async write(id: string, items: number): Promise<void> {
    const Item = { id: { S: id }, items: { N: String(items) } }
    await this.dynamo.send(new PutItemCommand({ TableName: this.table, Item }))
  }

  close(): void {
    this.dynamo.destroy()
  }
}
