import type { Faults } from './dynamodb/proxy.js'
import type { RequestCount, RequestSnapshot } from './dynamodb/request-counts.js'
import type { Credentials } from './iam/principals.js'

/** What an application needs to know of the stack: the deployed configuration, and where DynamoDB is here. */
export interface LocalConfig {
  readonly url: string
  readonly region: string
  readonly sessionsTable: string
  readonly dynamoDbEndpoint: string
}

/** The times after which API Gateway ends connections and gives up on functions. */
export interface GatewayLimits {
  /** @default {@link IDLE_TIMEOUT_MS} */
  readonly idleTimeoutMs?: number
  /** @default {@link CONNECTION_LIFETIME_MS} */
  readonly connectionLifetimeMs?: number
  /** At most what the template gives an integration. @default {@link INTEGRATION_TIMEOUT_MS} */
  readonly integrationTimeoutMs?: number
}

/** What a test may know of a connection. */
export interface ConnectionInfo {
  readonly connectionId: string
  readonly connectedAtMs: number
  readonly userArn: string | undefined
}

/** A message that a function, or whoever may, sends to a connection. */
export interface Push {
  readonly from: string
  readonly connectionId: string
  readonly text: string
}

/** A running local stack. */
export interface LocalStack {
  readonly config: LocalConfig
  /** An application server's: they allow what the deployed policy for applications allows. */
  readonly credentials: Credentials
  /** These allow everything: for tests that look into the tables, or make tables of their own. */
  readonly adminCredentials: Credentials
  /** The variables that an application in a process of its own needs. */
  readonly env: Readonly<Record<string, string>>
  readonly locksTable: string
  readonly managementEndpoint: string
  /** Every request to DynamoDB and to the management endpoint, counted. */
  readonly requests: {
    snapshot(): RequestSnapshot
    since(snapshot?: RequestSnapshot): RequestCount[]
  }
  readonly gateway: {
    connections(): ConnectionInfo[]
    /** Cuts a connection without a close frame. False where there is none of this id. */
    drop(connectionId: string): boolean
    dropAll(): void
    /** From now on loses the pushes that `isLost` picks, while their senders are told of success. Undone by the result. */
    losePushes(isLost: (push: Push) => boolean): () => void
    /** Cuts every connection and stops listening; `start` listens on the same port again. */
    stop(): Promise<void>
    start(): Promise<void>
  }
  readonly dynamodb: {
    /** Ends DynamoDB Local; `start` brings it back on the same endpoint, with its data where it has a folder. */
    stop(): Promise<void>
    start(): Promise<void>
    /** Brings faults upon requests until the result is called. */
    inject(faults: Faults): () => void
  }
  /** Another application with credentials of its own. */
  addApplication(name: string): Credentials
  /** Ends everything: no process, socket or timer is left. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
