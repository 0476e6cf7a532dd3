import { RemovalPolicy, Stack } from 'aws-cdk-lib'
import type { Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb'
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import { RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { PROCESSES_DEFAULT, PROCESSES_MAX } from '../protocol/limits.js'
import { leaseMsFor, type Size } from '../protocol/size.js'
import { compileTiming, type Timing } from '../protocol/timing.js'
import { Functions } from './functions.js'
import { Grants } from './grants.js'
import { FunctionUrl, hasFunctionUrls } from './https.js'
import { Socket } from './socket.js'
import { grantOn, Tables } from './tables.js'
import { checkThrottle, routeThrottles, type Throttle } from './throttles.js'

/**
 * Time times price of a handoff's calls is least here, by `npm run bench -- start`: with 256 MB they take half as long
 * again, with 1,024 MB they cost a third more.
 */
const MEMORY_MB = 512

export interface HoldfastProps {
  /**
   * The most application processes at a time: 1 to 1,000,000. It chooses the lease: 15 s up to 2,000 processes, 30 s up
   * to 10,000, 60 s beyond; and how much of `throttleRatePerSecond` is kept for renewals. With a long lease others wait
   * longer for a holder that has died: about the lease and 5 s.
   *
   * @default 1000
   */
  readonly processesMax?: number
  /**
   * The times of the lock protocol, such as `leaseMs`. An unsafe combination is refused at synthesis.
   *
   * @default - the defaults of the protocol, and the lease by `processesMax`
   */
  readonly timing?: Partial<Timing>
  /**
   * What CloudFormation does with the tables and logs when they leave the stack.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy
  /**
   * Whether DynamoDB refuses to delete the tables.
   *
   * @default true
   */
  readonly deletionProtection?: boolean
  /**
   * How the tables are encrypted at rest.
   *
   * @default - with `encryptionKey` where given, else with a key that DynamoDB owns
   */
  readonly encryption?: TableEncryption
  /**
   * A key of your own for both tables. The functions, and all grantees of access, may use it.
   *
   * @default - none
   */
  readonly encryptionKey?: IKey
  /**
   * The memory of each function, in MiB. Lambda gives CPU time in proportion.
   *
   * @default 512
   */
  readonly memorySizeMb?: number
  /**
   * The most instances of the function for acquires, so that a storm of them leaves the rest of the account's concurrency
   * to releases and renewals. Lambda also keeps so many free for this function alone. It refuses that where fewer
   * than 100 would be left for all others, as in an account with a low quota: the deployment fails then.
   *
   * @default - none: all functions share the account's concurrency
   */
  readonly grantConcurrencyMax?: number
  /**
   * How long logs are kept.
   *
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays
  /**
   * Whether API Gateway logs each connection and message, without any content. Off by default, because API Gateway
   * refuses it in a region where the account has set no role for its logs.
   *
   * @default false
   */
  readonly accessLogs?: boolean
  /**
   * Whether CloudWatch gets metrics for each route.
   *
   * @default false
   */
  readonly detailedMetrics?: boolean
  /**
   * Messages per second, over all clients, above which API Gateway throttles. Acquires have half of what renewals leave
   * over. Refused at synthesis where the renewals of `processesMax` processes, times 1.3, need more. The default is within
   * the quota of an account in any region.
   *
   * @default 2000
   */
  readonly throttleRatePerSecond?: number
  /**
   * Messages at once, over all clients, above which API Gateway throttles.
   *
   * @default 1000
   */
  readonly throttleBurst?: number
  /**
   * Whether clients may also send messages over HTTPS, to a function URL: applications in AWS Lambda do, and others while
   * their WebSocket is down. Some regions have no function URLs, and there the deployment would fail.
   *
   * @default true, unless the stack names a region that is known to have no function URLs
   */
  readonly https?: boolean
}

/**
 * A Holdfast session store: two tables, a WebSocket API, three functions, and one with a URL of its own.
 *
 * @example
 * const holdfast = new Holdfast(this, 'Holdfast')
 * holdfast.grants.connect(server.taskRole)
 * container.addEnvironment('HOLDFAST_CONFIG', holdfast.config)
 */
export class Holdfast extends Construct {
  /** The address that clients connect to: `wss://…/live`. */
  readonly url: string
  /** The value of `HOLDFAST_CONFIG` for applications: their whole configuration as one JSON string. */
  readonly config: string
  /** Locks and queues. No user data is in it. */
  readonly locksTable: Table
  /** The sessions themselves. */
  readonly sessionsTable: Table
  /** Gives rights to roles, users and others. */
  readonly grants: Grants
  private readonly socket: Socket
  private readonly functionUrl: FunctionUrl | undefined

  constructor(scope: Construct, id: string, props: HoldfastProps = {}) {
    super(scope, id)
    const stack = Stack.of(this)
    const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN
    const logRetention = props.logRetention ?? RetentionDays.ONE_MONTH
    const tables = new Tables(this, 'Tables', {
      removalPolicy,
      deletionProtection: props.deletionProtection ?? true,
      encryption: props.encryption,
      encryptionKey: props.encryptionKey,
    })
    this.locksTable = tables.locks
    this.sessionsTable = tables.sessions
    this.grants = new Grants(this, tables, () => ({ socket: this.socket, functionUrl: this.functionUrl }))
    const processes = checkedProcesses(props.processesMax ?? PROCESSES_DEFAULT)
    const timing = compileTiming({ leaseMs: leaseMsFor(processes), ...props.timing })
    const size: Size = { processes, leaseMs: timing.leaseMs }
    const throttle: Throttle = {
      ratePerSecond: props.throttleRatePerSecond ?? 2000,
      burst: props.throttleBurst ?? 1000,
    }
    checkThrottle(throttle, size)
    this.socket = new Socket(this, 'Socket', {
      throttle,
      routeThrottles: routeThrottles(throttle, size),
      detailedMetrics: props.detailedMetrics ?? false,
      accessLogs: props.accessLogs === true ? { retention: logRetention, removalPolicy } : undefined,
    })
    const functions = new Functions(this, 'Functions', {
      environment: {
        HOLDFAST_LOCKS_TABLE: this.locksTable.tableName,
        HOLDFAST_CALLBACK_URL: this.socket.callbackUrl,
        HOLDFAST_API: this.socket.source,
        HOLDFAST_TIMING: JSON.stringify(timing),
        HOLDFAST_NAMESPACES: this.grants.confinements,
      },
      memorySizeMb: props.memorySizeMb ?? MEMORY_MB,
      logRetention,
      removalPolicy,
      grantConcurrencyMax: props.grantConcurrencyMax,
      https: props.https ?? hasFunctionUrls(stack),
    })
    this.connect(functions)
    this.functionUrl = functions.https && new FunctionUrl(functions.https)
    this.url = this.socket.url
    this.config = stack.toJsonString({
      url: this.url,
      region: stack.region,
      sessionsTable: this.sessionsTable.tableName,
      ...(this.functionUrl === undefined ? {} : { httpsUrl: this.functionUrl.url }),
    })
  }

  /** The same as `grants.connect` for all namespaces. */
  grantAccess(grantee: IGrantable): Grant {
    return this.grants.connect(grantee)
  }

  private connect(functions: Functions): void {
    const https = functions.https === undefined ? [] : [functions.https]
    for (const handler of [functions.connection, ...https])
      grantOn(this.locksTable, handler, ['GetItem', 'UpdateItem', 'DeleteItem'])
    for (const handler of [functions.grant, functions.release])
      grantOn(this.locksTable, handler, ['GetItem', 'UpdateItem'])
    for (const handler of [functions.grant, functions.release, ...https]) this.socket.grantPush(handler)
    this.socket.addConnectionRoutes(functions.connection)
    this.socket.addMessageRoutes(functions.grant, ['acquire', 'cancel'])
    this.socket.addMessageRoutes(functions.release, ['release', 'busy', 'keep', 'renew', 'retire'])
  }
}

function checkedProcesses(processesMax: number): number {
  if (Number.isInteger(processesMax) && processesMax >= 1 && processesMax <= PROCESSES_MAX) return processesMax
  throw new RangeError(`processesMax must be an integer from 1 to ${PROCESSES_MAX}, received ${processesMax}`)
}
