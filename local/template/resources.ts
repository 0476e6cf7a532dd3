import { createHash } from 'node:crypto'
import { TemplateError } from '../errors.js'
import { evaluate, type Scope } from './intrinsics.js'

/** The account and region that a local stack is in. */
export const ACCOUNT_ID = '000000000000'
export const REGION = 'us-east-1'
const PARTITION = 'aws'
const URL_SUFFIX = 'amazonaws.com'

/** The parts of a template that the local stack uses, in CloudFormation's form. */
export interface RawTemplate {
  readonly Resources?: Readonly<Record<string, RawResource>>
  readonly Parameters?: Readonly<Record<string, { readonly Default?: unknown }>>
  readonly Outputs?: Readonly<Record<string, { readonly Value?: unknown }>>
}

export interface RawResource {
  readonly Type: string
  readonly Condition?: string
  readonly Properties?: Readonly<Record<string, unknown>>
}

/** A resource with its intrinsic functions evaluated. */
export interface Resource {
  readonly logicalId: string
  readonly type: string
  /** The value of `Ref`. */
  readonly id: string
  readonly properties: Readonly<Record<string, unknown>>
}

/** How a type of resource is named: the property that may set its name, its ARN, and whether `Ref` is that ARN. */
interface Naming {
  readonly property?: string
  readonly arn?: (name: string) => string
  readonly isRefArn?: boolean
}

/** Counts uses of the CDK; it deploys nothing. */
const CDK_METADATA = 'AWS::CDK::Metadata'

const arn = (service: string, region: string, account: string, resource: string) =>
  `arn:${PARTITION}:${service}:${region}:${account}:${resource}`

const NAMING: Readonly<Record<string, Naming>> = {
  'AWS::DynamoDB::Table': {
    property: 'TableName',
    arn: (name) => arn('dynamodb', REGION, ACCOUNT_ID, `table/${name}`),
  },
  'AWS::Lambda::Function': {
    property: 'FunctionName',
    arn: (name) => arn('lambda', REGION, ACCOUNT_ID, `function:${name}`),
  },
  'AWS::IAM::Role': { property: 'RoleName', arn: (name) => arn('iam', '', ACCOUNT_ID, `role/${name}`) },
  'AWS::IAM::User': { property: 'UserName', arn: (name) => arn('iam', '', ACCOUNT_ID, `user/${name}`) },
  'AWS::IAM::ManagedPolicy': {
    property: 'ManagedPolicyName',
    arn: (name) => arn('iam', '', ACCOUNT_ID, `policy/${name}`),
    isRefArn: true,
  },
  'AWS::IAM::Policy': {},
  'AWS::Logs::LogGroup': {
    property: 'LogGroupName',
    arn: (name) => arn('logs', REGION, ACCOUNT_ID, `log-group:${name}:*`),
  },
  'AWS::ApiGatewayV2::Api': {},
  'AWS::ApiGatewayV2::Stage': { property: 'StageName' },
  'AWS::ApiGatewayV2::Route': {},
  'AWS::ApiGatewayV2::RouteResponse': {},
  'AWS::ApiGatewayV2::Integration': {},
  'AWS::ApiGatewayV2::Deployment': {},
  'AWS::Lambda::Permission': {},
  'AWS::Lambda::Url': {},
  'AWS::CloudWatch::Alarm': { property: 'AlarmName', arn: (name) => arn('cloudwatch', REGION, ACCOUNT_ID, name) },
  'AWS::CloudWatch::Dashboard': { property: 'DashboardName' },
  [CDK_METADATA]: {},
}

/** The resources of one template: evaluates their properties and resolves their references. */
export class Resources implements Scope {
  constructor(
    private readonly template: RawTemplate,
    readonly stackName: string,
  ) {
    for (const [logicalId, { Type, Condition }] of Object.entries(template.Resources ?? {})) {
      if (NAMING[Type] === undefined) {
        throw new TemplateError(`the template holds a ${Type} ('${logicalId}'), which the local stack cannot run`)
      }
      if (Condition !== undefined && Type !== CDK_METADATA) {
        throw new TemplateError(`'${logicalId}' has a condition ('${Condition}'), which is not supported`)
      }
    }
  }

  ofType(type: string): Resource[] {
    const found = Object.entries(this.template.Resources ?? {}).filter(([, resource]) => resource.Type === type)
    return found.map(([logicalId, resource]) => ({
      logicalId,
      type,
      id: this.ref(logicalId),
      properties: evaluate(resource.Properties ?? {}, this) as Readonly<Record<string, unknown>>,
    }))
  }

  outputs(): Record<string, string> {
    const outputs = Object.entries(this.template.Outputs ?? {})
    return Object.fromEntries(outputs.map(([name, { Value }]) => [name, String(evaluate(Value, this))]))
  }

  ref(name: string): string {
    const resource = this.template.Resources?.[name]
    if (resource !== undefined) {
      const { isRefArn } = NAMING[resource.Type] ?? {}
      return isRefArn === true ? this.attribute(name, 'Arn') : this.nameOf(name, resource)
    }
    const parameter = this.template.Parameters?.[name]
    if (typeof parameter?.Default === 'string') return parameter.Default
    const pseudo = this.pseudo()[name]
    if (pseudo !== undefined) return pseudo
    throw new TemplateError(`the template refers to '${name}', which is no resource and has no default`)
  }

  attribute(logicalId: string, attribute: string): string {
    const resource = this.template.Resources?.[logicalId]
    const toArn = NAMING[resource?.Type ?? '']?.arn
    if (resource !== undefined && toArn !== undefined && attribute === 'Arn') {
      return toArn(this.nameOf(logicalId, resource))
    }
    if (resource?.Type === 'AWS::Lambda::Url' && attribute === 'FunctionUrl') {
      return `https://${functionUrlHost(this.nameOf(logicalId, resource))}/`
    }
    const type = resource === undefined ? 'no resource of the template' : `a ${resource.Type}`
    throw new TemplateError(`the template refers to '${logicalId}.${attribute}', and '${logicalId}' is ${type}`)
  }

  private nameOf(logicalId: string, { Type, Properties }: RawResource): string {
    const { property } = NAMING[Type] ?? {}
    const given = property === undefined ? undefined : Properties?.[property]
    if (given !== undefined) return String(evaluate(given, this))
    if (Type.startsWith('AWS::ApiGatewayV2::') || Type === 'AWS::Lambda::Url')
      return shortId(`${this.stackName}/${logicalId}`)
    return `${this.stackName}-${logicalId}`
  }

  private pseudo(): Readonly<Record<string, string>> {
    return {
      'AWS::AccountId': ACCOUNT_ID,
      'AWS::Partition': PARTITION,
      'AWS::Region': REGION,
      'AWS::StackName': this.stackName,
      'AWS::StackId': arn('cloudformation', REGION, ACCOUNT_ID, `stack/${this.stackName}/local`),
      'AWS::URLSuffix': URL_SUFFIX,
    }
  }
}

/** An id like API Gateway's, of ten letters and digits. The same resource has the same id at every start. */
const shortId = (path: string): string =>
  BigInt(`0x${createHash('sha256').update(path).digest('hex')}`)
    .toString(36)
    .slice(0, 10)

/**
 * The properties of a resource by name. A property that is in neither list is an error: it may change the resource's
 * behaviour in a way that the local stack does not follow.
 */
export function known(
  { logicalId, type, properties }: Resource,
  used: readonly string[],
  ignored: readonly string[],
): Readonly<Record<string, unknown>> {
  const stranger = Object.keys(properties).find((name) => !used.includes(name) && !ignored.includes(name))
  if (stranger === undefined) return properties
  throw new TemplateError(`${type} '${logicalId}' sets '${stranger}', which the local stack does not know`)
}

/** The hostname that the API would have. */
export const apiHost = (apiId: string): string => `${apiId}.execute-api.${REGION}.${URL_SUFFIX}`

/** The hostname that a function URL of this id would have. */
export const functionUrlHost = (id: string): string => `${id}.lambda-url.${REGION}.on.aws`
