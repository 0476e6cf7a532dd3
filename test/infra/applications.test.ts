import { App, Stack } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { DomainName } from 'aws-cdk-lib/aws-apigatewayv2'
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Key } from 'aws-cdk-lib/aws-kms'
import { Holdfast, HoldfastStack, type HoldfastStackProps, type IHoldfast } from '../../infra/index.js'
import { readNamespaces } from '../../protocol/process/namespaces.js'
import { createApp, type Part } from './synthesis.js'

const ENV = { account: '123456789012', region: 'eu-west-1' }
const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/k'

const serverIn = (stack: Stack) =>
  new Role(stack, 'Server', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') })

/** What a server may do that `connect` was called for: `<action> <resource>`. */
function granted(stack: Stack): readonly string[] {
  const policies: readonly Part[] = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'))
  return policies
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
    .flatMap(({ Action, Resource }) => [Action].flat().map((action) => `${action} ${textOf(Resource)}`))
    .toSorted()
}

const textOf = (value: Part): string => {
  if (typeof value === 'string') return value
  if (value.Ref !== undefined) return `<${value.Ref}>`
  return value['Fn::Join']?.[1].map(textOf).join('') ?? JSON.stringify(value)
}

describe('a store of another CDK app', () => {
  const connected = (make: (stack: Stack) => IHoldfast) => {
    const stack = new Stack(createApp(), 'Application', { env: ENV })
    const holdfast = make(stack)
    holdfast.grants.connect(serverIn(stack))
    return { stack, holdfast, config: JSON.parse(textOf(stack.resolve(holdfast.config))) }
  }
  const RIGHTS = [
    'dynamodb:GetItem arn:aws:dynamodb:eu-west-1:123456789012:table/sessions',
    'dynamodb:UpdateItem arn:aws:dynamodb:eu-west-1:123456789012:table/sessions',
    'execute-api:Invoke arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/live/$connect',
  ]
  const URL = 'wss://a1b2c3.execute-api.eu-west-1.amazonaws.com/live'
  const CONFIG = { url: URL, region: 'eu-west-1', sessionsTable: 'sessions' }

  test('is known by its attributes, and gives the right to connect to it', () => {
    const { stack, config } = connected((scope) =>
      Holdfast.fromAttributes(scope, 'Holdfast', { apiId: 'a1b2c3', sessionsTableName: 'sessions' }),
    )
    expect(granted(stack)).toEqual(RIGHTS)
    expect(config).toEqual({ ...CONFIG, url: 'wss://a1b2c3.execute-api.eu-west-1.<AWS::URLSuffix>/live' })
  })

  test('is known by its configuration alone', () => {
    const { stack, holdfast, config } = connected((scope) =>
      Holdfast.fromConfig(scope, 'Holdfast', JSON.stringify(CONFIG)),
    )
    expect(granted(stack)).toEqual(RIGHTS)
    expect(config).toEqual(CONFIG)
    expect(holdfast.sessionsTable.tableName).toBe('sessions')
    expect(stack.resolve(holdfast.grants.connectPolicy()).Statement).toHaveLength(2)
  })

  test('may be reached over HTTPS too, where its function is known', () => {
    const httpsUrl = 'https://u1.lambda-url.eu-west-1.on.aws/'
    const config = JSON.stringify({ ...CONFIG, httpsUrl })
    const arn = 'arn:aws:lambda:eu-west-1:123456789012:function:https'
    const without = connected((scope) => Holdfast.fromConfig(scope, 'Holdfast', config))
    expect(without.config).toEqual(CONFIG)
    expect(granted(without.stack)).toEqual(RIGHTS)
    const both = connected((scope) => Holdfast.fromConfig(scope, 'Holdfast', config, { httpsFunctionArn: arn }))
    expect(both.config).toEqual({ ...CONFIG, httpsUrl })
    expect(granted(both.stack)).toEqual([...RIGHTS, `lambda:InvokeFunction ${arn}`, `lambda:InvokeFunctionUrl ${arn}`])
  })

  test('may be in another region', () => {
    const { stack, config } = connected((scope) =>
      Holdfast.fromConfig(scope, 'Holdfast', JSON.stringify(CONFIG).replaceAll('eu-west-1', 'us-east-2')),
    )
    expect(granted(stack)).toEqual(RIGHTS.map((right) => right.replace('eu-west-1', 'us-east-2')))
    expect(config.region).toBe('us-east-2')
  })

  test('may have a domain name, and a key of its own', () => {
    const url = 'wss://sessions.example.com'
    const { stack, config } = connected((scope) =>
      Holdfast.fromAttributes(scope, 'Holdfast', {
        apiId: 'a1b2c3',
        sessionsTableName: 'sessions',
        url,
        encryptionKey: Key.fromKeyArn(scope, 'Key', KEY),
      }),
    )
    expect(config.url).toBe(url)
    expect(granted(stack)).toEqual(expect.arrayContaining([...RIGHTS, `kms:Decrypt ${KEY}`]))
    const byConfig = connected((scope) =>
      Holdfast.fromConfig(scope, 'Holdfast', JSON.stringify(CONFIG), {
        encryptionKey: Key.fromKeyArn(scope, 'Key', KEY),
      }),
    )
    expect(granted(byConfig.stack)).toEqual(granted(stack))
  })

  test.each([
    ['not JSON', '{', "must be the stack's output HoldfastConfig"],
    ['JSON of nothing', 'null', "must be the stack's output HoldfastConfig"],
    ['not whole', JSON.stringify({ ...CONFIG, region: undefined }), "must be the stack's output HoldfastConfig"],
    [
      'of a domain name',
      JSON.stringify({ ...CONFIG, url: 'wss://sessions.example.com' }),
      'use Holdfast.fromAttributes()',
    ],
    ['of another stage', JSON.stringify({ ...CONFIG, url: URL.replace('live', 'test') }), 'does not name the API'],
    ['of a local stack', JSON.stringify({ ...CONFIG, url: 'ws://127.0.0.1:8080/live' }), 'does not name the API'],
  ])('is refused where its configuration is %s', (_, config, message) => {
    expect(() => Holdfast.fromConfig(new Stack(createApp(), 'Application'), 'Holdfast', config)).toThrow(message)
    expect(() => Holdfast.fromConfig(new Stack(createApp(), 'Application'), 'Holdfast', config)).toThrow(RangeError)
  })

  test('is refused where its configuration is known at deployment only', () => {
    const stack = new Stack(createApp(), 'Application')
    const { config } = new Holdfast(stack, 'Holdfast')
    expect(() => Holdfast.fromConfig(stack, 'Other', config)).toThrow('known at deployment only: use Holdfast.from')
  })
})

describe('applications of the same CDK app', () => {
  test('may be in another stack: it refers to the store, and nothing in the store changes', () => {
    const app = createApp()
    const { holdfast } = new HoldfastStack(app, 'Store', { env: ENV })
    const alone = Template.fromStack(new HoldfastStack(createApp(), 'Store', { env: ENV })).toJSON()
    const application = new Stack(app, 'Application', { env: ENV })
    holdfast.grants.connect(serverIn(application))
    const actions = granted(application).map((line) => line.split(' ')[0])
    expect(actions).toEqual([
      'dynamodb:GetItem',
      'dynamodb:UpdateItem',
      'execute-api:Invoke',
      'lambda:InvokeFunction',
      'lambda:InvokeFunctionUrl',
    ])
    const { Resources } = Template.fromStack(Stack.of(holdfast)).toJSON()
    expect(Resources).toEqual(alone.Resources)
    expect(application.dependencies).toEqual([Stack.of(holdfast)])
  })

  test('are confined by their names where they are in another stack, which would need the store, and the store it', () => {
    const app = createApp()
    const { holdfast } = new HoldfastStack(app, 'Store', { env: ENV })
    const store = Stack.of(holdfast)
    holdfast.grants.connect(Role.fromRoleName(store, 'Shop', 'shop'), { namespaces: ['shop'] })
    const template = Template.fromStack(store)
    template.hasResourceProperties('AWS::IAM::Policy', {
      Roles: ['shop'],
      PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Condition: Match.anyValue() })]) },
    })
    const [{ Properties }] = Object.values(template.findResources('AWS::Lambda::Function')) as [Part]
    const written = textOf(Properties.Environment.Variables.HOLDFAST_NAMESPACES).replace('<AWS::Partition>', 'aws')
    expect(readNamespaces(written)).toEqual(
      new Map([['arn:aws:sts::123456789012:assumed-role/shop', new Set(['shop'])]]),
    )
  })
})

describe('roles that the store is made with', () => {
  const store = (props: (stack: Stack) => HoldfastStackProps) => {
    const roles = new Stack(createApp(), 'Roles', { env: ENV })
    return new HoldfastStack(roles, 'Store', { env: ENV, ...props(roles) })
  }

  test('may connect', () => {
    const stack = store((scope) => ({
      applicationRoles: ['one', 'two'].map((name) => Role.fromRoleName(scope, name, name)),
    }))
    // Policies stand beside the roles that they are attached to.
    const policies = Object.values(
      Template.fromStack(Stack.of(stack.node.scope as Stack)).findResources('AWS::IAM::Policy'),
    )
    expect(policies.map(({ Properties }) => [Properties.Roles, Properties.PolicyDocument.Statement.length])).toEqual([
      [['one'], 4],
      [['two'], 4],
    ])
  })

  test('are refused where they are of another account', () => {
    const foreign = 'arn:aws:iam::999999999999:role/one'
    expect(() => store((scope) => ({ applicationRoles: [Role.fromRoleArn(scope, 'one', foreign)] }))).toThrow(
      'applications must be of the account of the store, 123456789012, received a grantee of 999999999999',
    )
  })
})

describe('the policy for applications outside of CDK', () => {
  test('takes the key of the Sessions table along', () => {
    const stack = new Stack(new App(), 'Own', { env: ENV })
    const holdfast = new Holdfast(stack, 'Holdfast', { encryptionKey: Key.fromKeyArn(stack, 'Key', KEY) })
    const { Statement } = stack.resolve(holdfast.grants.connectPolicy())
    expect(Statement.map(({ Action }: Part) => [Action].flat()[0])).toEqual([
      'dynamodb:GetItem',
      'kms:Decrypt',
      'execute-api:Invoke',
      'lambda:InvokeFunctionUrl',
      'lambda:InvokeFunction',
    ])
  })

  test('is a copy: changing it changes nothing of others', () => {
    const stack = new Stack(new App(), 'Own', { env: ENV })
    const holdfast = new Holdfast(stack, 'Holdfast')
    expect(holdfast.grants.connectPolicy()).not.toBe(holdfast.grants.connectPolicy())
  })
})

test('a domain name serves clients at its root, and the functions go on to use the address of the API', () => {
  const stack = new Stack(createApp(), 'Own', { env: ENV })
  const certificate = Certificate.fromCertificateArn(
    stack,
    'Certificate',
    `arn:aws:acm:eu-west-1:${ENV.account}:certificate/c`,
  )
  const domainName = new DomainName(stack, 'Domain', { domainName: 'sessions.example.com', certificate })
  const holdfast = new Holdfast(stack, 'Holdfast', { domainName })
  const template = Template.fromStack(stack)
  template.resourceCountIs('AWS::ApiGatewayV2::ApiMapping', 1)
  template.hasResource('AWS::ApiGatewayV2::ApiMapping', {
    DependsOn: Match.arrayWith(['HoldfastSocketStageDBD01A98']),
    Properties: {
      ApiId: { Ref: 'HoldfastSocketApiE4C3FAA6' },
      DomainName: { Ref: Match.stringLikeRegexp('Domain') },
      Stage: 'live',
      ApiMappingKey: Match.absent(),
    },
  })
  expect(textOf(stack.resolve(holdfast.url))).toMatch(/^wss:\/\/<Domain\w+>$/)
  expect(textOf(stack.resolve(holdfast.config))).toContain(`"url":"${textOf(stack.resolve(holdfast.url))}"`)
  for (const { Properties } of Object.values(template.findResources('AWS::Lambda::Function')))
    expect(textOf(Properties.Environment.Variables.HOLDFAST_CALLBACK_URL)).toBe(
      'https://<HoldfastSocketApiE4C3FAA6>.execute-api.eu-west-1.<AWS::URLSuffix>/live',
    )
})
