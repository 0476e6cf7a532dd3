import type { Template } from './promises.js'

/** A mistake in the infrastructure, and a part of what the check must then say. */
export interface Break {
  readonly name: string
  readonly found: RegExp
  /** It adds what the local stack cannot run, and so cannot read the rights of. */
  readonly isForeign?: boolean
  readonly apply: (template: Template) => void
}

const TABLE = 'AWS::DynamoDB::Table'
const FUNCTION = 'AWS::Lambda::Function'
const STAGE = 'AWS::ApiGatewayV2::Stage'

/** Changes the properties of each resource of a type whose logical id has this text. */
const change =
  (type: string, text: string, edit: (properties: Template['Resources'][string][string]) => void) =>
  (template: Template): void => {
    for (const [id, resource] of Object.entries(template.Resources))
      if (resource.Type === type && id.includes(text)) edit(resource.Properties)
  }

/** Takes a right away from a function. */
const withoutRight = (action: string, who: string): Break => ({
  name: `${action}@${who}`,
  found: new RegExp(`${who} may not ${action}`),
  apply: change('AWS::IAM::Policy', who, ({ PolicyDocument }) => {
    for (const statement of PolicyDocument.Statement)
      if (Array.isArray(statement.Action)) statement.Action = statement.Action.filter((one: string) => one !== action)
      else if (statement.Action === action) statement.Action = []
  }),
})

/** Takes a right away from applications: it is in the text of the output. */
const withoutAccess = (action: string): Break => ({
  name: `${action}@AccessPolicy`,
  found: new RegExp(`application may not ${action}`),
  apply: ({ Outputs }) => {
    const output = Outputs?.AccessPolicy
    output.Value = JSON.parse(JSON.stringify(output.Value).replaceAll(action, 'none:Nothing'))
  },
})

/** Gives a right that nobody needs. */
const withRight = (action: string, who: string): Break => ({
  name: `+${action}@${who}`,
  found: new RegExp(`${who} may ${action}, and never does`),
  apply: change('AWS::IAM::Policy', who, ({ PolicyDocument }) => {
    for (const statement of PolicyDocument.Statement)
      if (JSON.stringify(statement.Action).includes('dynamodb:')) statement.Action = [statement.Action, action].flat()
  }),
})

export const BREAKS: readonly Break[] = [
  withoutRight('dynamodb:UpdateItem', 'Grant'),
  withoutRight('dynamodb:GetItem', 'Release'),
  withoutRight('dynamodb:DeleteItem', 'Connection'),
  withoutRight('execute-api:ManageConnections', 'Grant'),
  withoutAccess('dynamodb:GetItem'),
  withoutAccess('execute-api:Invoke'),
  withRight('dynamodb:Scan', 'Grant'),
  {
    name: 'no deletion protection',
    found: /nobody deletes tables: .*Sessions/,
    apply: change(TABLE, 'Sessions', (table) => void delete table.DeletionProtectionEnabled),
  },
  {
    name: 'no time to live',
    found: /records end by their time to live: .*Locks/,
    apply: change(TABLE, 'Locks', (table) => void delete table.TimeToLiveSpecification),
  },
  {
    name: 'no recovery of sessions',
    found: /sessions can be recovered, locks cannot: .*Sessions/,
    apply: change(TABLE, 'Sessions', (table) => void delete table.PointInTimeRecoverySpecification),
  },
  {
    name: 'messages in the log',
    found: /no message is logged/,
    apply: change(STAGE, '', (stage) => void (stage.DefaultRouteSettings.DataTraceEnabled = true)),
  },
  {
    name: 'no throttle',
    found: /the stage throttles/,
    apply: change(STAGE, '', (stage) => void delete stage.DefaultRouteSettings.ThrottlingRateLimit),
  },
  {
    name: 'connections without a signature',
    found: /a connection needs a signature/,
    apply: change('AWS::ApiGatewayV2::Route', 'connect', (route) => void (route.AuthorizationType = 'NONE')),
  },
  {
    name: 'logs for ever',
    found: /logs end/,
    apply: change('AWS::Logs::LogGroup', 'Grant', (group) => void delete group.RetentionInDays),
  },
  {
    name: 'a right to everything',
    found: /no right has a wildcard but that to push/,
    apply: change(
      'AWS::IAM::Policy',
      'Release',
      ({ PolicyDocument }) => void (PolicyDocument.Statement[0].Resource = '*'),
    ),
  },
  {
    name: 'all sessions of all stores',
    found: /the policy for applications has no wildcard/,
    apply: ({ Outputs }) => {
      const output = Outputs?.AccessPolicy
      output.Value = JSON.parse(JSON.stringify(output.Value).replace('dynamodb:GetItem', 'dynamodb:*'))
    },
  },
  {
    name: 'an old Node.js',
    found: /a function runs on a maintained Node\.js/,
    apply: change(FUNCTION, 'Grant', (properties) => void (properties.Runtime = 'nodejs18.x')),
  },
  {
    name: 'a public function',
    found: /only API Gateway invokes the functions/,
    apply: change('AWS::Lambda::Permission', 'connectRoute', (permission) => void (permission.Principal = '*')),
  },
  {
    name: 'a key that encrypts nothing',
    found: /a key of the own encrypts tables, environments and logs: .*Sessions/,
    isForeign: true,
    apply: (template) => void Object.assign(template.Resources, { Key: { Type: 'AWS::KMS::Key', Properties: {} } }),
  },
  {
    name: 'a table that a replacement deletes',
    found: /tables outlive the stack: .*Sessions/,
    apply: ({ Resources }) => {
      for (const resource of Object.values(Resources))
        if (resource.Type === TABLE) Object.assign(resource, { UpdateReplacePolicy: 'Delete' })
    },
  },
  {
    name: 'one more log without a key',
    found: /acknowledged at another number of places/,
    apply: (template) =>
      void Object.assign(template.Resources, {
        More: { Type: 'AWS::Logs::LogGroup', Properties: { RetentionInDays: 30 } },
      }),
  },
  {
    name: 'an open bucket',
    found: /^s3_bucket/,
    isForeign: true,
    apply: (template) => void Object.assign(template.Resources, { Open: { Type: 'AWS::S3::Bucket', Properties: {} } }),
  },
]
