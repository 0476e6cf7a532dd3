import type { RemovalPolicy } from 'aws-cdk-lib'
import type { IDomainName } from 'aws-cdk-lib/aws-apigatewayv2'
import type { ITable, TableEncryption, WarmThroughput } from 'aws-cdk-lib/aws-dynamodb'
import type { IRole } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { Tracing } from 'aws-cdk-lib/aws-lambda'
import type { RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Timing } from '../protocol/timing.js'
import type { MonitoringProps } from './metrics.js'

/** What a `Holdfast` is made with. */
export interface HoldfastProps extends MonitoringProps {
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
   * Roles of application servers that may connect, and use sessions of all namespaces: the same as `grants.connect` for
   * each. A role that is made by other means is given as `Role.fromRoleName`. Each must be of the stack's account.
   *
   * @default - none
   */
  readonly applicationRoles?: readonly IRole[]
  /**
   * A domain name for clients to connect to, at its root, such as where a VPC has an endpoint for `execute-api` with private
   * DNS, which answers with 403. It can have no other API. Its DNS record is yours to make. The functions and `evict` go on
   * to use the API's own address.
   *
   * @default - clients connect to the API's own address
   */
  readonly domainName?: IDomainName
  /**
   * A table that exists already, for locks and queues. It must be of this region, have the string key `pk` and the time to
   * live `expiresAt`, be billed on demand, and be of no other use. The hazard: one with replicas, or one that was restored
   * from a backup, gives out locks twice.
   *
   * @default - one is made
   */
  readonly locksTable?: ITable
  /**
   * A table that exists already, for sessions, such as one that was restored. It must be of this region, have the string
   * key `pk` and the time to live `expiresAt`, and no replicas.
   *
   * @default - one is made
   */
  readonly sessionsTable?: ITable
  /**
   * What CloudFormation does with the tables that are made here, and with logs, when they leave the stack. By default it
   * keeps them, except when the deployment that makes them fails.
   *
   * @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
   */
  readonly removalPolicy?: RemovalPolicy
  /**
   * Whether DynamoDB refuses to delete the tables that are made here.
   *
   * @default true
   */
  readonly deletionProtection?: boolean
  /**
   * How the tables that are made here are encrypted at rest.
   *
   * @default - with `encryptionKey` where given, else with a key that DynamoDB owns
   */
  readonly encryption?: TableEncryption
  /**
   * A key of your own for both tables, the environment of the functions and all logs. The functions may use it, and so may
   * all grantees of access. CloudWatch must be allowed to use it too: the policy of a key that this CDK app makes gets that;
   * one that is imported must have it, or the deployment fails.
   *
   * The hazard: where the key is disabled, everything stops at once.
   *
   * @default - none
   */
  readonly encryptionKey?: IKey
  /**
   * The load that the tables that are made here carry from their first second on. DynamoDB charges it once. Without it a
   * new table carries 4,000 writes and 12,000 reads a second, and grows with its load.
   *
   * @default - what a new table carries
   */
  readonly warmThroughput?: WarmThroughput
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
   * Whether X-Ray traces the functions. API Gateway traces no WebSocket API.
   *
   * @default Tracing.DISABLED
   */
  readonly tracing?: Tracing
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
