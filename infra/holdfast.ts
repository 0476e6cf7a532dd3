import { RemovalPolicy, Stack } from 'aws-cdk-lib'
import type { WebSocketApi, WebSocketStage } from 'aws-cdk-lib/aws-apigatewayv2'
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch'
import type { ITable } from 'aws-cdk-lib/aws-dynamodb'
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam'
import { RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import { PROCESSES_DEFAULT, PROCESSES_MAX } from '../protocol/limits.js'
import { leaseMsFor, type Size } from '../protocol/size.js'
import { compileTiming } from '../protocol/timing.js'
import { Alarms } from './alarms.js'
import { addDashboard } from './dashboard.js'
import { allowLogs } from './encryption.js'
import { Functions, type HoldfastFunctions } from './functions.js'
import { Grants } from './grants.js'
import { FunctionUrl, hasFunctionUrls } from './https.js'
import { attributesOf, type HoldfastAttributes, type IHoldfast, ImportedHoldfast } from './imported.js'
import { StoreMetrics } from './metrics.js'
import type { HoldfastProps } from './props.js'
import { Socket } from './socket.js'
import { grantOn, Tables } from './tables.js'
import { checkThrottle, routeThrottles, type Throttle } from './throttles.js'

/**
 * Time times price of a handoff's calls is least here, by `npm run bench -- start`: with 256 MB they take half as long
 * again, with 1,024 MB they cost a third more.
 */
const MEMORY_MB = 512

/**
 * A Holdfast session store: two tables, a WebSocket API, three functions, and one with a URL of its own.
 *
 * @example
 * const holdfast = new Holdfast(this, 'Holdfast')
 * holdfast.grants.connect(server.taskRole)
 * container.addEnvironment('HOLDFAST_CONFIG', holdfast.config)
 */
export class Holdfast extends StoreMetrics implements IHoldfast {
  /**
   * A store that another CDK app deployed, in this account.
   *
   * @example
   * const holdfast = Holdfast.fromAttributes(this, 'Holdfast', { apiId: 'a1b2c3d4e5', sessionsTableName: 'sessions' })
   */
  static fromAttributes(scope: Construct, id: string, attributes: HoldfastAttributes): IHoldfast {
    return new ImportedHoldfast(scope, id, attributes)
  }

  /**
   * A store that another CDK app deployed, in this account, by its configuration: the output `HoldfastConfig`. Where the
   * Sessions table has a key of its own, it must be given too: without the right to it, DynamoDB refuses all requests.
   * Without `httpsFunctionArn` applications use the WebSocket alone.
   *
   * @example
   * const holdfast = Holdfast.fromConfig(this, 'Holdfast', process.env.HOLDFAST_CONFIG ?? '')
   * holdfast.grants.connect(server.taskRole)
   * @throws {RangeError} where the configuration is not known at synthesis, or its url is a domain name of its own.
   */
  static fromConfig(
    scope: Construct,
    id: string,
    config: string,
    options: Pick<HoldfastAttributes, 'encryptionKey' | 'httpsFunctionArn'> = {},
  ): IHoldfast {
    return new ImportedHoldfast(scope, id, { ...attributesOf(config), ...options })
  }

  /** The address that clients connect to: `wss://…/live`, or the domain name. */
  readonly url: string
  readonly config: string
  /** Locks and queues. No user data is in it. */
  readonly locksTable: ITable
  readonly sessionsTable: ITable
  /** The WebSocket API of the store. */
  readonly api: WebSocketApi
  /** The one stage of `api`. */
  readonly stage: WebSocketStage
  /** The functions of the store, for alarms and the like. */
  readonly functions: HoldfastFunctions
  readonly grants: Grants
  /** The alarms, where `alarms` is set. */
  readonly alarms: readonly Alarm[]
  private readonly socket: Socket
  private readonly functionUrl: FunctionUrl | undefined

  constructor(scope: Construct, id: string, props: HoldfastProps = {}) {
    super(scope, id)
    const stack = Stack.of(this)
    const { encryption, encryptionKey, warmThroughput } = props
    const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
    const retention = props.logRetention ?? RetentionDays.ONE_MONTH
    const logs = { retention, removalPolicy, ...(encryptionKey === undefined ? {} : { encryptionKey }) }
    if (encryptionKey !== undefined) allowLogs(this, encryptionKey)
    const tables = new Tables(this, 'Tables', {
      locks: props.locksTable,
      sessions: props.sessionsTable,
      removalPolicy,
      deletionProtection: props.deletionProtection ?? true,
      encryption,
      encryptionKey,
      warmThroughput,
    })
    this.locksTable = tables.locks
    this.sessionsTable = tables.sessions
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
      accessLogs: props.accessLogs === true ? logs : undefined,
      domainName: props.domainName,
    })
    this.grants = new Grants(this, tables, this.socket, () => [
      { action: 'execute-api:Invoke', resourceArn: this.socket.arn('$connect') },
      ...(this.functionUrl?.rights ?? []),
    ])
    const functions = new Functions(this, 'Functions', {
      environment: {
        HOLDFAST_LOCKS_TABLE: this.locksTable.tableName,
        HOLDFAST_CALLBACK_URL: this.socket.callbackUrl,
        HOLDFAST_API: this.socket.source,
        HOLDFAST_TIMING: JSON.stringify(timing),
        HOLDFAST_NAMESPACES: this.grants.confinements,
        ...(props.metrics === false ? { HOLDFAST_METRICS: 'off' } : {}),
      },
      memorySizeMb: props.memorySizeMb ?? MEMORY_MB,
      logs,
      encryptionKey,
      tracing: props.tracing,
      grantConcurrencyMax: props.grantConcurrencyMax,
      https: props.https ?? hasFunctionUrls(stack),
    })
    this.functions = functions
    this.api = this.socket.api
    this.stage = this.socket.stage
    this.connect(functions)
    this.alarms = this.monitor(props, functions)
    this.functionUrl = functions.https && new FunctionUrl(functions.https)
    this.url = this.socket.url
    this.config = stack.toJsonString({
      url: this.url,
      region: stack.region,
      sessionsTable: this.sessionsTable.tableName,
      ...(this.functionUrl === undefined ? {} : { httpsUrl: this.functionUrl.url }),
    })
    for (const role of props.applicationRoles ?? []) this.grants.connect(role)
  }

  /** The same as `grants.connect` for all namespaces. */
  grantAccess(grantee: IGrantable): Grant {
    return this.grants.connect(grantee)
  }

  protected get metricsApi(): string {
    return this.socket.source
  }

  private monitor({ alarms, dashboard }: HoldfastProps, functions: Functions): readonly Alarm[] {
    const { locksTable, sessionsTable } = this
    const { apiId } = this.api
    const monitored = { store: this, functions: functions.byName, locksTable, sessionsTable, apiId }
    const made = alarms === true ? new Alarms(this, 'Alarms', monitored).all : []
    if (dashboard === true) addDashboard(this, 'Dashboard', monitored, made)
    return made
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
