/** A part of a template, as CloudFormation has it: of any shape, since its schema is in no type. */
// biome-ignore lint/suspicious/noExplicitAny: the one place where a template is let in.
export type Part = any
export interface Template {
  readonly Resources: { readonly [id: string]: { readonly Type: string; readonly [part: string]: Part } }
  readonly Outputs?: { readonly [id: string]: Part }
}

interface Promised {
  readonly name: string
  /** The logical ids of resources that break it. */
  readonly broken: (template: Template) => readonly string[]
}

const ofType = (template: Template, type: string) =>
  Object.entries(template.Resources).filter(([, resource]) => resource.Type === type)

/** The ids of the resources of a type that do not do what is promised of them. */
const failing = (type: string, holds: (properties: Part, resource: Part) => boolean) => (template: Template) =>
  ofType(template, type)
    .filter(([, resource]) => !holds(resource.Properties, resource))
    .map(([id]) => id)

const TABLE = 'AWS::DynamoDB::Table'
const FUNCTION = 'AWS::Lambda::Function'
const STAGE = 'AWS::ApiGatewayV2::Stage'
const LOG_GROUP = 'AWS::Logs::LogGroup'

const list = (value: Part): readonly Part[] => (Array.isArray(value) ? value : value === undefined ? [] : [value])

const isOfLocks = ([id]: readonly [string, Part]): boolean => /TablesLocks/.test(id)

/** Rights that CDK gives together, and AWS has no shorter names for. */
const WILDCARDS_THAT_MUST_BE = /\/@connections\/\*|"kms:(?:ReEncrypt|GenerateDataKey)\*"/

/** A trace is of no resource. */
const isOfTraces = ({ Action }: Part): boolean => list(Action).every((action) => action.startsWith('xray:Put'))

const wildcards = (document: Part): readonly string[] =>
  list(document?.Statement)
    .filter((statement) => !isOfTraces(statement))
    .flatMap(({ Action, Resource }) =>
      [...list(Action), ...list(Resource)].map((part) => JSON.stringify(part)).filter((part) => part.includes('*')),
    )

const policies = (template: Template) => [
  ...ofType(template, 'AWS::IAM::Policy'),
  ...ofType(template, 'AWS::IAM::ManagedPolicy'),
]

/** The actions of all policies. */
export const actionsOf = (template: Template): readonly string[] =>
  policies(template).flatMap(([, { Properties }]) =>
    list(Properties.PolicyDocument.Statement).flatMap(({ Action }) => list(Action)),
  )

const LEADING_KEYS = 'dynamodb:LeadingKeys'
const keysIn = (condition: Part): Part => condition?.['ForAllValues:StringLike']?.[LEADING_KEYS]
/** Confined to some sessions. No function needs to know operators: they have no locks. */
const isOfSessions = ({ Condition, Resource }: Part): boolean =>
  keysIn(Condition) !== undefined && !JSON.stringify(Resource).includes('TablesLocks')

/** All that a template must keep, with any props. */
const PROMISES: readonly Promised[] = [
  {
    name: 'tables outlive the stack',
    broken: failing(TABLE, (_, { DeletionPolicy, UpdateReplacePolicy }) =>
      [DeletionPolicy, UpdateReplacePolicy].every((policy) => policy === 'Retain' || policy === 'RetainExceptOnCreate'),
    ),
  },
  { name: 'nobody deletes tables', broken: failing(TABLE, (table) => table.DeletionProtectionEnabled === true) },
  {
    name: 'records end by their time to live',
    broken: failing(
      TABLE,
      ({ TimeToLiveSpecification: ttl }) => ttl?.Enabled === true && ttl.AttributeName === 'expiresAt',
    ),
  },
  {
    name: 'sessions can be recovered, locks cannot',
    broken: (template) =>
      ofType(template, TABLE)
        .filter(
          (entry) =>
            (entry[1].Properties.PointInTimeRecoverySpecification?.PointInTimeRecoveryEnabled === true) ===
            isOfLocks(entry),
        )
        .map(([id]) => id),
  },
  {
    name: 'a key of the own encrypts tables, environments and logs',
    broken: (template) =>
      ofType(template, 'AWS::KMS::Key').length === 0
        ? []
        : [
            ...failing(
              TABLE,
              ({ SSESpecification: sse }) => sse?.SSEEnabled === true && sse.KMSMasterKeyId !== undefined,
            )(template),
            ...failing(FUNCTION, ({ KmsKeyArn }) => KmsKeyArn !== undefined)(template),
            ...failing(LOG_GROUP, ({ KmsKeyId }) => KmsKeyId !== undefined)(template),
          ],
  },
  {
    name: 'the stage throttles',
    broken: failing(
      STAGE,
      ({ DefaultRouteSettings: route }) => route?.ThrottlingRateLimit > 0 && route.ThrottlingBurstLimit > 0,
    ),
  },
  {
    name: 'no message is logged',
    broken: failing(
      STAGE,
      ({ DefaultRouteSettings: route }) => route?.DataTraceEnabled === false && route.LoggingLevel === 'OFF',
    ),
  },
  { name: 'logs end', broken: failing(LOG_GROUP, ({ RetentionInDays }) => RetentionInDays > 0) },
  {
    name: 'a connection needs a signature',
    broken: failing(
      'AWS::ApiGatewayV2::Route',
      ({ RouteKey, AuthorizationType }) => RouteKey !== '$connect' || AuthorizationType === 'AWS_IAM',
    ),
  },
  {
    name: 'a message over HTTPS needs a signature',
    broken: failing('AWS::Lambda::Url', ({ AuthType }) => AuthType === 'AWS_IAM'),
  },
  {
    name: 'a function has a bound, and its log',
    broken: failing(
      FUNCTION,
      ({ Timeout, LoggingConfig: log }) => Timeout === 10 && log?.LogGroup !== undefined && log.LogFormat === 'JSON',
    ),
  },
  {
    name: 'a function runs on a maintained Node.js',
    broken: failing(FUNCTION, ({ Runtime }) => Runtime === 'nodejs24.x'),
  },
  {
    name: 'no right has a wildcard but that to push',
    broken: (template) =>
      policies(template)
        .filter(([, { Properties }]) =>
          wildcards(Properties.PolicyDocument).some((part) => !WILDCARDS_THAT_MUST_BE.test(part)),
        )
        .map(([id]) => id),
  },
  {
    name: 'the policy for applications has no wildcard',
    broken: ({ Outputs = {} }) => {
      const text = JSON.stringify(Outputs.AccessPolicy ?? '').replaceAll(/kms:(?:ReEncrypt|GenerateDataKey)\*/g, '')
      return text.includes('*') ? ['AccessPolicy'] : []
    },
  },
  {
    name: 'a condition on keys demands that there are some',
    broken: (template) =>
      policies(template)
        .filter(([, { Properties }]) =>
          list(Properties.PolicyDocument.Statement).some(
            ({ Condition }) => keysIn(Condition) !== undefined && Condition.Null?.[LEADING_KEYS] !== 'false',
          ),
        )
        .map(([id]) => id),
  },
  {
    name: 'functions confine whom policies confine',
    broken: (template) => {
      const variables = ofType(template, FUNCTION).map(([, { Properties }]) =>
        JSON.stringify(Properties.Environment?.Variables?.HOLDFAST_NAMESPACES ?? ''),
      )
      const isKnown = (name: Part) => variables.every((text) => text.includes(name?.Ref ?? name))
      return policies(template)
        .filter(([, { Properties }]) => {
          const { PolicyDocument, Roles, Users } = Properties
          const confines = list(PolicyDocument.Statement).some(isOfSessions)
          return confines && ![...list(Roles), ...list(Users)].every(isKnown)
        })
        .map(([id]) => id)
    },
  },
  {
    name: 'only API Gateway invokes the functions',
    broken: failing(
      'AWS::Lambda::Permission',
      ({ Principal, SourceArn }) => Principal === 'apigateway.amazonaws.com' && SourceArn !== undefined,
    ),
  },
]

/** The promises that a template breaks, each with the places. */
export const brokenPromises = (template: Template): readonly string[] =>
  PROMISES.flatMap(({ name, broken }) => broken(template).map((id) => `${name}: ${id}`))
