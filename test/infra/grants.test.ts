import { Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { ManagedPolicy, Role, ServicePrincipal, User } from 'aws-cdk-lib/aws-iam'
import { Holdfast } from '../../infra/index.js'
import { readNamespaces } from '../../protocol/process/namespaces.js'
import { createApp, type Part } from './synthesis.js'

function deploy() {
  const stack = new Stack(createApp(), 'Own', { env: { account: '123456789012', region: 'eu-west-1' } })
  const holdfast = new Holdfast(stack, 'Holdfast')
  const role = (roleName: string) =>
    new Role(stack, roleName, { roleName, assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') })
  return { stack, holdfast, role }
}

const statementsOf = (stack: Stack, role: string): readonly Part[] =>
  Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'))
    .filter(({ Properties }) => JSON.stringify(Properties.Roles ?? []).includes(`"${role}`))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)

/** The variable of each function, with its intrinsics written out for the partition `aws`. */
function variables(stack: Stack): readonly (string | undefined)[] {
  const template = Template.fromStack(stack)
  const written = (value: Part): string => {
    if (typeof value === 'string') return value
    if (value.Ref === 'AWS::Partition') return 'aws'
    if (value.Ref !== undefined) return template.toJSON().Resources[value.Ref].Properties.RoleName
    if (value['Fn::GetAtt'] !== undefined) return `arn-of-${value['Fn::GetAtt'][0].replace(/[0-9A-F]{8}$/, '')}`
    return value['Fn::Join'][1].map(written).join(value['Fn::Join'][0])
  }
  return Object.values(template.findResources('AWS::Lambda::Function')).map(({ Properties }) => {
    const value = Properties.Environment.Variables.HOLDFAST_NAMESPACES
    return value === undefined ? undefined : written(value)
  })
}

describe('the right to connect', () => {
  test('for some namespaces is confined to their items, and known to each function', () => {
    const { stack, holdfast, role } = deploy()
    holdfast.grants.connect(role('shop'), { namespaces: ['shop', 'cart.v2'] })
    holdfast.grants.connect(new User(stack, 'blogger'), { namespaces: ['blog'] })
    const sessions = statementsOf(stack, 'shop').find(({ Action }) => Action.includes('dynamodb:GetItem'))
    expect(sessions).toMatchObject({
      Action: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
      Condition: {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['shop#*', 'cart.v2#*'] },
        Null: { 'dynamodb:LeadingKeys': 'false' },
      },
    })
    const each = variables(stack)
    expect(each).toHaveLength(4)
    expect(new Set(each).size).toBe(1)
    expect(readNamespaces(each[0] ?? '')).toEqual(
      new Map([
        ['arn:aws:sts::123456789012:assumed-role/shop', new Set(['shop', 'cart.v2'])],
        ['arn-of-blogger', new Set(['blog'])],
      ]),
    )
  })

  test('for all namespaces has no condition on keys, and tells the functions nothing', () => {
    const { stack, holdfast, role } = deploy()
    holdfast.grants.connect(role('shop'))
    holdfast.grantAccess(role('blog'))
    for (const name of ['shop', 'blog']) {
      const rights = statementsOf(stack, name).map(({ Action, Condition }) => [Action, Condition])
      expect(rights).toEqual([
        [['dynamodb:GetItem', 'dynamodb:UpdateItem'], undefined],
        ['execute-api:Invoke', undefined],
        ['lambda:InvokeFunctionUrl', { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } }],
        ['lambda:InvokeFunction', { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } }],
      ])
    }
    expect(variables(stack)).toEqual([undefined, undefined, undefined, undefined])
  })

  test.each([[[]], [['my shop']], [['shop', '']], [['*']], [['shop#']]])(
    'is refused for a namespace that is none: %j',
    (namespaces) => {
      const { holdfast, role } = deploy()
      expect(() => holdfast.grants.connect(role('shop'), { namespaces })).toThrow(RangeError)
    },
  )

  test('for some namespaces is refused to a policy, which has no name that the functions could know', () => {
    const { stack, holdfast } = deploy()
    const policy = new ManagedPolicy(stack, 'Policy')
    expect(() => holdfast.grants.connect(policy, { namespaces: ['shop'] })).toThrow('a role or a user only')
  })
})

test('the right to operate is to look at locks, to change processes and the incarnation, and to close connections, and nothing else', () => {
  const { stack, holdfast, role } = deploy()
  holdfast.grants.operate(role('operators'))
  const [scan, changes, reads, connections, ...more] = statementsOf(stack, 'operators')
  expect(more).toEqual([])
  const only = (keys: readonly string[]) => ({
    'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': keys },
    Null: { 'dynamodb:LeadingKeys': 'false' },
  })
  expect(scan).toMatchObject({ Action: 'dynamodb:Scan' })
  expect(changes).toMatchObject({ Action: 'dynamodb:UpdateItem', Condition: only(['P#*', 'incarnation']) })
  expect(reads).toMatchObject({ Action: 'dynamodb:GetItem', Condition: only(['incarnation']) })
  for (const { Resource } of [scan, changes, reads]) expect(JSON.stringify(Resource)).toMatch(/^[^S]*TablesLocks[^S]*$/)
  expect(connections).toMatchObject({ Action: 'execute-api:ManageConnections' })
  expect(JSON.stringify(connections.Resource)).toContain('/live/DELETE/@connections/*')
})
