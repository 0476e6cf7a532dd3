import { Stack, Token } from 'aws-cdk-lib'
import { type ITable, Table } from 'aws-cdk-lib/aws-dynamodb'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import { Construct, type IConstruct } from 'constructs'
import { ApplicationGrants } from './application-grants.js'
import { rightsToSend } from './https.js'
import { STAGE, stageArn } from './stage-arn.js'

/** A store, as applications use it: one of this stack, of another, or of another CDK app. */
export interface IHoldfast extends IConstruct {
  /** The address that clients connect to: `wss://…`. */
  readonly url: string
  /** The value of `HOLDFAST_CONFIG` for applications: their whole configuration as one JSON string. */
  readonly config: string
  /** The sessions themselves. */
  readonly sessionsTable: ITable
  /** Gives rights to roles, users and others. */
  readonly grants: ApplicationGrants
}

/** What is known of a store that was deployed by another CDK app. */
export interface HoldfastAttributes {
  /** The id of its WebSocket API. */
  readonly apiId: string
  /** The name of its Sessions table: the output `SessionsTableName`. */
  readonly sessionsTableName: string
  /**
   * The address that clients connect to: the output `Url`. Needed where the store has a domain name of its own.
   *
   * @default - the API's own address
   */
  readonly url?: string
  /**
   * The function URL of the store, for messages over HTTPS. It counts only together with `httpsFunctionArn`.
   *
   * @default - applications use the WebSocket alone
   */
  readonly httpsUrl?: string
  /**
   * The function of `httpsUrl`, which rights name: the output `HttpsFunctionArn`.
   *
   * @default - applications use the WebSocket alone
   */
  readonly httpsFunctionArn?: string
  /**
   * The region of the store. Its account is that of the stack.
   *
   * @default - the region of the stack
   */
  readonly region?: string
  /**
   * The key of the Sessions table, where it has one of its own.
   *
   * @default - none
   */
  readonly encryptionKey?: IKey
}

/** A store that another CDK app deployed: applications can be given what they need, and nothing of it is changed. */
export class ImportedHoldfast extends Construct implements IHoldfast {
  readonly url: string
  readonly config: string
  readonly sessionsTable: ITable
  readonly grants: ApplicationGrants

  constructor(scope: Construct, id: string, attributes: HoldfastAttributes) {
    super(scope, id)
    const { apiId, sessionsTableName, encryptionKey, httpsUrl, httpsFunctionArn } = attributes
    const stack = Stack.of(this)
    const region = attributes.region ?? stack.region
    this.url = attributes.url ?? `wss://${apiId}.execute-api.${region}.${stack.urlSuffix}/${STAGE}`
    this.sessionsTable = Table.fromTableAttributes(this, 'Sessions', {
      tableArn: stack.formatArn({ service: 'dynamodb', region, resource: 'table', resourceName: sessionsTableName }),
      ...(encryptionKey === undefined ? {} : { encryptionKey }),
    })
    const rights = [
      { action: 'execute-api:Invoke', resourceArn: stageArn(stack, { apiId, region }, '$connect') },
      ...(httpsFunctionArn === undefined ? [] : rightsToSend(httpsFunctionArn)),
    ]
    this.grants = new ApplicationGrants(this.sessionsTable, () => rights)
    this.config = stack.toJsonString({
      url: this.url,
      region,
      sessionsTable: sessionsTableName,
      ...(httpsFunctionArn === undefined ? {} : { httpsUrl }),
    })
  }
}

/** The API's own address, as this package makes it. */
const ADDRESS = /^wss:\/\/([a-z0-9]+)\.execute-api\.[a-z0-9-]+\.[a-z0-9.-]+\/live$/

/**
 * Reads the configuration of a store. Throws a RangeError where it does not say which store that is: it must be known at
 * synthesis, and name the API's own address.
 */
export function attributesOf(config: string): HoldfastAttributes {
  const fail = (problem: string): never => {
    throw new RangeError(`the configuration ${problem}: use Holdfast.fromAttributes()`)
  }
  if (Token.isUnresolved(config)) return fail('is known at deployment only')
  const { url, region, sessionsTable, httpsUrl } = parsed(config)
  if (![url, region, sessionsTable].every((value) => typeof value === 'string'))
    throw new RangeError("the configuration must be the stack's output HoldfastConfig, as it is")
  const apiId = ADDRESS.exec(url as string)?.[1] ?? fail(`has the url ${String(url)}, which does not name the API`)
  return {
    apiId,
    url: url as string,
    region: region as string,
    sessionsTableName: sessionsTable as string,
    ...(typeof httpsUrl === 'string' ? { httpsUrl } : {}),
  }
}

function parsed(config: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(config)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  } catch {
    return {}
  }
}
