import { ACCESS } from './grantees.js'
import type { Part, Template } from './promises.js'
import type { Granted } from './rights.js'

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
  (type: string, text: string, edit: (properties: Part) => void) =>
  (template: Template): void => {
    for (const [id, resource] of Object.entries(template.Resources))
      if (resource.Type === type && id.includes(text)) edit(resource.Properties)
  }

const POLICY = 'AWS::IAM::Policy'

/** The statements about tables, of a policy. */
const onTables = ({ PolicyDocument }: Part): readonly Part[] =>
  PolicyDocument.Statement.filter(({ Action }: Part) => JSON.stringify(Action).includes('dynamodb:'))

/** Takes a right away. */
const withoutRight = ({ who, action }: Pick<Granted, 'who' | 'action'>): Break => ({
  name: `${action}@${who}`,
  found: new RegExp(`^${who} may not ${action}$`),
  apply: who === ACCESS ? withoutAccess(action) : without(action, who),
})

const without = (action: string, who: string) =>
  change(POLICY, who, ({ PolicyDocument }) => {
    for (const statement of PolicyDocument.Statement)
      if (Array.isArray(statement.Action)) statement.Action = statement.Action.filter((one: string) => one !== action)
      else if (statement.Action === action) statement.Action = []
  })

/** The rights of applications are in the text of the output. */
const withoutAccess =
  (action: string) =>
  ({ Outputs }: Template): void => {
    const output = Outputs?.AccessPolicy
    const whole = new RegExp(`${action}(?![A-Za-z])`, 'g')
    output.Value = JSON.parse(JSON.stringify(output.Value).replaceAll(whole, 'none:Nothing'))
  }

/** Gives a right that nobody needs. */
const withRight = (action: string, who: string): Break => ({
  name: `+${action}@${who}`,
  found: new RegExp(`^${who} may ${action}, and never does`),
  apply: change(POLICY, who, (properties) => {
    for (const statement of onTables(properties)) statement.Action = [statement.Action, action].flat()
  }),
})

/** Each right of `granted` taken away by itself, so that each is seen to be needed. */
export const withoutEach = (granted: readonly Granted[]): readonly Break[] => [
  ...new Map(granted.map((right) => [`${right.action}@${right.who}`, withoutRight(right)])).values(),
]

export const BREAKS: readonly Break[] = [
  withRight('dynamodb:Scan', 'Grant'),
  withRight('dynamodb:DeleteItem', 'Release'),
  withRight('dynamodb:Query', 'Connection'),
  withRight('dynamodb:PutItem', 'Import'),
  withRight('dynamodb:DeleteItem', 'Shop'),
  withRight('dynamodb:GetItem', 'Operators'),
  withRight('dynamodb:DeleteItem', 'Operators'),
  withRight('dynamodb:UpdateTable', 'Https'),
  {
    name: 'sessions for a function',
    found: /^Grant may dynamodb:GetItem, and never does: .*Sessions/,
    apply: (template) => {
      const [sessions] = Object.keys(template.Resources).filter((id) => id.includes('TablesSessions'))
      const addTable = (statement: Part) =>
        void (statement.Resource = [statement.Resource, { 'Fn::GetAtt': [sessions, 'Arn'] }].flat())
      change(POLICY, 'Grant', (properties) => onTables(properties).forEach(addTable))(template)
    },
  },
  {
    name: 'a function that closes connections',
    found: /^Release may execute-api:ManageConnections, and never does: .*DELETE/,
    apply: change(POLICY, 'Release', (properties) => {
      const statements: readonly Part[] = properties.PolicyDocument.Statement
      const addMethod = (statement: Part) => {
        const closing = JSON.parse(JSON.stringify(statement.Resource).replace('POST', 'DELETE'))
        statement.Resource = [statement.Resource, closing]
      }
      statements.filter(({ Action }) => Action === 'execute-api:ManageConnections').forEach(addMethod)
    }),
  },
  {
    name: 'a role that is not confined',
    found: /^Shop may dynamodb:GetItem, and never does: .*other#1/,
    apply: change(POLICY, 'Shop', (properties) => {
      for (const statement of onTables(properties)) delete statement.Condition
    }),
  },
  {
    name: 'a namespace that begins like another',
    found: /^Import may dynamodb:GetItem, and never does: .*imports#1/,
    apply: change(POLICY, 'Import', (properties) => {
      for (const { Condition } of onTables(properties))
        Condition['ForAllValues:StringLike']['dynamodb:LeadingKeys'] = ['import*']
    }),
  },
  {
    name: 'a function that is invoked with any event',
    found: /^Shop may lambda:InvokeFunction, and never does/,
    apply: change(POLICY, 'Shop', ({ PolicyDocument }) => {
      for (const statement of PolicyDocument.Statement)
        if (statement.Action === 'lambda:InvokeFunction') delete statement.Condition
    }),
  },
  {
    name: 'messages over HTTPS without a signature',
    found: /^a message over HTTPS needs a signature/,
    apply: change('AWS::Lambda::Url', '', (url) => void (url.AuthType = 'NONE')),
  },
  {
    name: 'a namespace too many',
    found: /^Shop may dynamodb:UpdateItem, and never does: .*blog#\*/,
    apply: change(POLICY, 'Shop', (properties) => {
      for (const { Condition } of onTables(properties))
        Condition['ForAllValues:StringLike']['dynamodb:LeadingKeys'].push('blog#*')
    }),
  },
  {
    name: 'an operator that changes locks',
    found: /^Operators may dynamodb:UpdateItem, and never does: .*S#1/,
    apply: change(POLICY, 'Operators', (properties) => {
      for (const { Action, Condition } of onTables(properties))
        if (Action === 'dynamodb:UpdateItem') Condition['ForAllValues:StringLike']['dynamodb:LeadingKeys'].push('S#*')
    }),
  },
  {
    name: 'no keys at all pass a condition on keys',
    found: /^a condition on keys demands that there are some: Shop/,
    apply: change(POLICY, 'Shop', (properties) => {
      for (const { Condition } of onTables(properties)) delete Condition.Null
    }),
  },
  {
    name: 'functions that confine nobody',
    found: /^functions confine whom policies confine: Shop/,
    apply: change(FUNCTION, 'Grant', ({ Environment }) => void (Environment.Variables.HOLDFAST_NAMESPACES = '[]')),
  },
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
    apply: change(POLICY, 'Release', ({ PolicyDocument }) => void (PolicyDocument.Statement[0].Resource = '*')),
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
