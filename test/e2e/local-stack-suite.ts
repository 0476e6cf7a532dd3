import { createHoldfast, type Holdfast, type HoldfastOptions, type StorableAttributes } from '../../client/index.js'
import { type LocalStack, type LocalStackOptions, startLocalStack } from '../../local/index.js'
import { sharedDynamoDb } from '../support/shared-dynamodb.js'
import { AppProcess } from './processes.js'
import { RawClient } from './raw-client.js'
import { Tables } from './tables.js'

const START_TIMEOUT_MS = 60_000

/** Leases so long that no renewal falls into a test. */
export const NO_RENEWALS = { HOLDFAST_TIMING: JSON.stringify({ leaseMs: 600_000, storeMarginMs: 2_000 }) }

/**
 * One local stack for all tests of a suite, and what they make on it. Clients and processes end after each test, or
 * after the last one where `clientsLive` is `suite`: their end costs requests, too, which would be counted.
 */
export class LocalStackSuite<S extends StorableAttributes<S>> {
  stack!: LocalStack
  tables!: Tables
  private readonly clients: Holdfast<S>[] = []
  private readonly rawClients: RawClient[] = []
  private readonly processes: AppProcess[] = []

  /** To be made where the suite is described. */
  constructor(options: LocalStackOptions = {}, clientsLive: 'test' | 'suite' = 'test') {
    beforeAll(async () => {
      this.stack = await startLocalStack({ dynamoDbLocal: await sharedDynamoDb(), ...options })
      this.tables = new Tables(this.stack)
    }, START_TIMEOUT_MS)
    if (clientsLive === 'test') afterEach(() => this.closeAll())
    afterAll(async () => {
      await this.closeAll()
      this.tables?.close()
      await this.stack?.stop()
    })
  }

  /** A client of the application server. */
  client(options: Partial<HoldfastOptions<S>> = {}): Holdfast<S> {
    const { config, credentials } = this.stack
    const made = createHoldfast<S>({ namespace: 'e2e', config, credentials, ...options } as HoldfastOptions<S>)
    this.clients.push(made)
    return made
  }

  /** A connection that says only what the test says. */
  async connect(open = RawClient.connect): Promise<RawClient> {
    const connected = await open(this.stack)
    this.rawClients.push(connected)
    return connected
  }

  /** The same, of a process that has said hello. */
  join(): Promise<RawClient> {
    return this.connect(RawClient.join)
  }

  /** An application server in a process of its own, which does what the test says. */
  async spawn(options: object = {}, script = 'hold.mjs'): Promise<AppProcess> {
    const spawned = new AppProcess(this.stack, script, options)
    this.processes.push(spawned)
    await spawned.waitFor(({ event }) => event === 'ready')
    return spawned
  }

  /** Processes first: a client that closes would wait for what a frozen one holds. */
  private async closeAll(): Promise<void> {
    await Promise.all(this.processes.splice(0).map((process) => process.kill()))
    for (const raw of this.rawClients.splice(0)) raw.close()
    await Promise.all(this.clients.splice(0).map((client) => client.close()))
  }
}
