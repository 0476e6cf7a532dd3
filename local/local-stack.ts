import type { Faults } from './dynamodb/proxy.js'
import type { RequestCount, RequestSnapshot } from './dynamodb/request-counts.js'
import type { GatewayQuotas } from './gateway/quotas.js'
import type { Credentials } from './iam/principals.js'

/**
 * The deployed configuration of an application, with the addresses of this machine: the `config` of `createHoldfast`.
 */
export interface LocalConfig {
  /** The address of the gateway, as in `ws://127.0.0.1:40001/live`. */
  readonly url: string
  /** The address of the function URL, as in `http://127.0.0.1:40003/`; undefined where the stack has none. */
  readonly httpsUrl?: string
  readonly region: string
  readonly sessionsTable: string
  /** The address of DynamoDB, as in `http://127.0.0.1:40002`. */
  readonly dynamoDbEndpoint: string
  /** Only where `holdfast dev` has started the stack: the keys of the application, which are always the same. */
  readonly credentials?: Credentials
}

/**
 * The times after which API Gateway ends connections and gives up on functions, in milliseconds from 1 to 2^31 - 1; and
 * what no document says of it.
 */
export interface GatewayLimits {
  /**
   * A connection without a message in either direction for this long is closed.
   * @default 600000
   */
  readonly idleTimeoutMs?: number
  /**
   * A connection of this age is closed, busy or not.
   * @default 7200000
   */
  readonly connectionLifetimeMs?: number
  /**
   * A function that has not answered a message after this long is given up. The template can only shorten it.
   * @default 29000
   */
  readonly integrationTimeoutMs?: number
  /**
   * Whether the events of messages and of `$disconnect` name the IAM caller too. API Gateway documents it for `$connect`
   * only; a store must work either way.
   * @default false
   */
  readonly repeatsIdentity?: boolean
}

/** One open connection to the gateway. */
export interface ConnectionInfo {
  readonly connectionId: string
  /** When it was opened, in milliseconds since 1970. */
  readonly connectedAtMs: number
  /** The IAM principal that signed for it, or undefined where the route needs no signature. */
  readonly userArn: string | undefined
}

/** A message posted to a connection through the management API, by a function or another permitted caller. */
export interface Push {
  /** The sender: a function's logical id, or a user's name such as `application`. */
  readonly from: string
  /** The receiver. */
  readonly connectionId: string
  /** The message as it was posted: JSON, where Holdfast's functions posted it. */
  readonly text: string
}

/** The page that shows what happens on a local stack, and its timeline. */
export interface LocalInspector {
  /**
   * The address of the page, as in `http://127.0.0.1:40003/hR…/`. It is a secret: everybody on this machine who has it sees
   * which processes hold which sessions, and names of attributes. Never a session id or a value.
   */
  readonly address: string
  /** Where applications tell their attribute locks: `HOLDFAST_INSPECTOR` of the stack's `env`. It is a secret, too. */
  readonly locksAddress: string
  /**
   * Writes the page, with the last ten minutes, as one HTML file that opens without a server: for a test that failed.
   *
   * @example
   * afterEach(async () => {
   *   if (hasFailed) await stack.inspector?.writeTimeline('timeline.html')
   * })
   */
  writeTimeline(file: string): Promise<void>
}

/**
 * A running local stack. It does not keep its process alive: a process with nothing else to do ends, and the stack ends
 * with it. Stop the stack nevertheless when its tests are over: its Java process and its threads run until then.
 *
 * @example
 * await using stack = await startLocalStack()
 * const { config, credentials } = stack
 * const holdfast = createHoldfast({ namespace: 'shop', config, credentials })
 */
export interface LocalStack {
  /** The option `config` of `createHoldfast`. */
  readonly config: LocalConfig
  /** The credentials of an application server. They allow exactly what the deployed policy for applications allows. */
  readonly credentials: Credentials
  /** These credentials allow everything: for tests that look into the tables, or make tables of their own. */
  readonly adminCredentials: Credentials
  /**
   * The environment variables of an application in a process of its own. Variables that would take precedence over
   * these credentials are set to the empty string.
   *
   * @example
   * fork('server.js', { env: { ...process.env, ...stack.env } })
   */
  readonly env: Readonly<Record<string, string>>
  /** The name of the table of locks and queues. That of the sessions is `config.sessionsTable`. */
  readonly locksTable: string
  /** The address of the management API, for an `ApiGatewayManagementApiClient`. */
  readonly managementEndpoint: string
  /**
   * All requests to DynamoDB, to the management API and to the function URL (`https`), counted by caller, target, operation
   * and outcome.
   *
   * @example
   * const before = stack.requests.snapshot()
   * await holdfast.access(id, 'all', work)
   * expect(stack.requests.since(before)).toEqual([])
   */
  readonly requests: {
    /** The counts now. */
    snapshot(): RequestSnapshot
    /**
     * The requests since a snapshot.
     * @default - since the stack was ready
     */
    since(snapshot?: RequestSnapshot): RequestCount[]
  }
  /** The WebSocket API, and its faults. */
  readonly gateway: {
    /** The connections that are open now. */
    connections(): ConnectionInfo[]
    /** Cuts a connection without a close frame. Returns false where there is none with this id. */
    drop(connectionId: string): boolean
    /** Cuts all connections without a close frame. Clients connect again by themselves. */
    dropAll(): void
    /**
     * Loses the pushes for which `isLost` returns true; their senders get an answer of success. The returned function
     * ends this.
     */
    losePushes(isLost: (push: Push) => boolean): () => void
    /**
     * Throttles by these quotas, besides those of the stack: what is beyond them is answered as API Gateway does. The
     * returned function ends this.
     *
     * @throws {InvalidArgumentError} for a quota that is unknown or wrong.
     * @example
     * const end = stack.gateway.throttle({ routes: { acquire: { perSecond: 1, burst: 1 } } })
     */
    throttle(quotas: GatewayQuotas): () => void
    /** Cuts all connections and stops listening. */
    stop(): Promise<void>
    /**
     * Listens again on the same port.
     * @throws {InvalidArgumentError} after `stop()` of the stack.
     * @throws {LocalStartError} when another process has taken the port meanwhile.
     */
    start(): Promise<void>
  }
  /** The function URL, and its faults. */
  readonly https: {
    /** Cuts all connections and stops listening. */
    stop(): Promise<void>
    /**
     * Listens again on the same port.
     * @throws {InvalidArgumentError} after `stop()` of the stack.
     */
    start(): Promise<void>
  }
  /** The database, and its faults. */
  readonly dynamodb: {
    /** Ends DynamoDB Local: requests break as in an outage. Without `dataDir` all data and tables are gone. */
    stop(): Promise<void>
    /**
     * Starts DynamoDB Local again on the same endpoint, with the data of `dataDir`.
     * @throws {InvalidArgumentError} after `stop()` of the stack.
     * @throws {LocalStartError} when it does not start.
     */
    start(): Promise<void>
    /**
     * Applies faults to requests. The returned function ends them.
     *
     * @example
     * const end = stack.dynamodb.inject({
     *   beforeForward: ({ operation }) =>
     *     operation === 'UpdateItem' ? { refuse: 'ThrottlingException' } : undefined,
     * })
     */
    inject(faults: Faults): () => void
  }
  /** What the option `inspector` asked for; undefined without it. */
  readonly inspector: LocalInspector | undefined
  /**
   * Adds an application with credentials of its own, which allow the same as `credentials`. A name stands for an IAM user,
   * an ARN for itself: `arn:aws:sts::123456789012:assumed-role/Shop/server-1`, a session of a role of any account. A role
   * or a user that the template makes, or names in a policy, has its own rights instead. With `quotas: { iamSpreadMs }` they
   * are refused for so long.
   */
  addApplication(nameOrArn: string): Credentials
  /** Ends everything: no process, thread, socket or temporary file is left. May be called twice. */
  stop(): Promise<void>
  /** The same as `stop()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}
