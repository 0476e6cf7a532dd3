import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { createHoldfast, type Holdfast, type HoldfastOptions } from '../../client/index.js'
import { LOCAL_APPLICATION, LOCAL_OPERATOR } from '../../local/fixed.js'
import type { LocalStack, LocalStackOptions } from '../../local/index.js'
import { startFixedStack } from '../../local/start-local-stack.js'
import { compileTiming } from '../../protocol/timing.js'
import { sharedDynamoDb } from '../support/shared-dynamodb.js'
import { endAll } from './programs.js'

export interface Shop {
  cart: { items: string[] }
  secret: string
  count: number
}

const START_TIMEOUT_MS = 60_000
const TIMING = compileTiming({ leaseMs: 4_000, nudgeAfterMs: 1_500 })

/** One stack as `holdfast dev` starts it, for all tests of a file, with clients of an application. */
export class CliStack {
  stack!: LocalStack
  admin!: DynamoDBClient
  private readonly clients: Holdfast<Shop>[] = []

  constructor(options: LocalStackOptions = {}) {
    beforeAll(async () => {
      this.stack = await startFixedStack(
        { dynamoDbLocal: await sharedDynamoDb(), ...options, environment: { HOLDFAST_TIMING: JSON.stringify(TIMING) } },
        { dynamoDbPort: 0, httpsPort: 0, application: LOCAL_APPLICATION, operator: LOCAL_OPERATOR },
      )
      const { dynamoDbEndpoint: endpoint, region } = this.stack.config
      this.admin = new DynamoDBClient({ endpoint, region, credentials: LOCAL_OPERATOR })
    }, START_TIMEOUT_MS)
    afterEach(async () => {
      await Promise.all(this.clients.splice(0).map((client) => client.close({ drainMs: 0 })))
    })
    afterAll(async () => {
      endAll()
      this.admin?.destroy()
      await this.stack?.stop()
    })
  }

  /** What `holdfast dev` prints. */
  get env(): { HOLDFAST_CONFIG: string } {
    return { HOLDFAST_CONFIG: JSON.stringify(this.stack.config) }
  }

  /** A client that has no credentials but those of the configuration. */
  client(label: string, options: Partial<HoldfastOptions<Shop>> = {}): Holdfast<Shop> {
    const client = createHoldfast<Shop>({ namespace: 'shop', config: this.stack.config, label, ...options })
    this.clients.push(client)
    return client
  }
}
