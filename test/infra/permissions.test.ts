import { Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Holdfast } from '../../infra/index.js'
import { allowed, allowedToApplications, allowedToRole, policies } from './permissions.js'
import { createApp, type Part, synthesize } from './synthesis.js'

const API = 'arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<Socket/Api>/live'
const PUSH = `execute-api:ManageConnections ${API}/POST/@connections/*`
const LOCKS = '<Tables/Locks.Arn>'
const SESSIONS = '<Tables/Sessions.Arn>'

/** Connections have no name before they exist, so that the right to push to them ends in a wildcard. */
const WILDCARDS_THAT_MUST_BE = [PUSH]

const stack = synthesize()

const logging = (name: string) =>
  ['CreateLogStream', 'PutLogEvents'].map((action) => `logs:${action} <Functions/${name}Log.Arn>`)

test.each([
  ['Connection', [`dynamodb:DeleteItem ${LOCKS}`, `dynamodb:GetItem ${LOCKS}`, `dynamodb:UpdateItem ${LOCKS}`]],
  ['Grant', [`dynamodb:GetItem ${LOCKS}`, `dynamodb:UpdateItem ${LOCKS}`, PUSH]],
  ['Release', [`dynamodb:GetItem ${LOCKS}`, `dynamodb:UpdateItem ${LOCKS}`, PUSH]],
  ['Https', [`dynamodb:DeleteItem ${LOCKS}`, `dynamodb:GetItem ${LOCKS}`, `dynamodb:UpdateItem ${LOCKS}`, PUSH]],
])('the function %s may do exactly what it needs', (name, expected) => {
  expect(stack.text(stack.one(`Functions/${name}`).Properties.Role)).toBe(`<Functions/${name}Role.Arn>`)
  expect(allowedToRole(stack, `Functions/${name}Role`)).toEqual([...expected, ...logging(name)].toSorted())
})

test('no function can touch a session', () => {
  const touching = policies(stack)
    .filter(([path]) => path.startsWith('Functions/'))
    .flatMap(([, policy]) => allowed(stack, policy))
    .filter((line) => line.includes('Sessions'))
  expect(touching).toEqual([])
  expect(stack.ofType('AWS::DynamoDB::Table').map(([, table]) => table.Properties.ResourcePolicy)).toEqual([
    undefined,
    undefined,
  ])
})

test('roles have no rights but those above, and only Lambda takes them on', () => {
  const roles = stack.ofType('AWS::IAM::Role')
  expect(roles).toHaveLength(4)
  for (const [path, { Properties }] of roles) {
    expect([path, Object.keys(Properties)]).toEqual([path, ['AssumeRolePolicyDocument']])
    expect(Properties.AssumeRolePolicyDocument.Statement).toEqual([
      { Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } },
    ])
  }
})

test('no policy has a wildcard where one can do without', () => {
  const lines = policies(stack).flatMap(([, policy]) => allowed(stack, policy))
  expect(lines.length).toBeGreaterThan(0)
  expect(new Set(lines.filter((line) => line.includes('*')))).toEqual(new Set(WILDCARDS_THAT_MUST_BE))
})

test('an application may connect, send messages over HTTPS and use sessions, and nothing else', () => {
  expect(allowedToApplications(stack)).toEqual([
    `dynamodb:GetItem ${SESSIONS}`,
    `dynamodb:UpdateItem ${SESSIONS}`,
    `execute-api:Invoke ${API}/$connect`,
    'lambda:InvokeFunction <Functions/Https.Arn> if {"Bool":{"lambda:InvokedViaFunctionUrl":"true"}}',
    'lambda:InvokeFunctionUrl <Functions/Https.Arn> if {"StringEquals":{"lambda:FunctionUrlAuthType":"AWS_IAM"}}',
  ])
})

test('a role of the own CDK app gets the same rights by one call', () => {
  const own = new Stack(createApp(), 'Own')
  const role = new Role(own, 'Server', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') })
  const holdfast = new Holdfast(own, 'Holdfast')

  const grant = holdfast.grantAccess(role)

  expect(grant.success).toBe(true)
  const actions = Object.values(Template.fromStack(own).findResources('AWS::IAM::Policy'))
    .filter(({ Properties }) => JSON.stringify(Properties.Roles).includes('Server'))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement.flatMap(({ Action }: Part) => Action))
  expect((actions as string[]).toSorted()).toEqual([
    'dynamodb:GetItem',
    'dynamodb:UpdateItem',
    'execute-api:Invoke',
    'lambda:InvokeFunction',
    'lambda:InvokeFunctionUrl',
  ])
})
