import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Database } from '../dynamodb/database.js'
import type { Credentials } from '../iam/principals.js'
import { REGION } from './resources.js'
import { createTables, deleteTables, type TableSpec } from './tables.js'

/** The tables of one stack, in a DynamoDB Local of its own or in one that others use, too. */
export class StackTables {
  private areLeft = false

  constructor(
    private readonly database: Database,
    private readonly specs: readonly TableSpec[],
    private readonly operator: Credentials,
  ) {}

  get count(): number {
    return this.specs.length
  }

  /** A client that goes past the proxy: nothing counts it. */
  client(): DynamoDBClient {
    const { endpoint, accessKeyId } = this.database
    return new DynamoDBClient({ endpoint, region: REGION, credentials: { ...this.operator, accessKeyId } })
  }

  async create(client: DynamoDBClient): Promise<void> {
    const { outlivesStack } = this.database
    await createTables(client, this.specs, outlivesStack)
    this.areLeft = outlivesStack
  }

  /** A DynamoDB Local that goes on keeps nothing of this stack, which may be cut off from it now. */
  async removeLeft(): Promise<void> {
    if (!this.areLeft) return
    await this.database.start()
    const client = this.client()
    await deleteTables(client, this.specs).finally(() => client.destroy())
  }
}
