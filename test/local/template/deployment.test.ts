import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../../local/package-root.cjs'
import { localize, readDeployment } from '../../../local/template/deployment.js'
import { evaluate } from '../../../local/template/intrinsics.js'
import { ownerOf } from '../../../local/template/rights.js'
import { selectRoute } from '../../../local/template/routes.js'
import { type FixtureTemplate, writeAssembly } from '../assembly.js'

const scope = {
  ref: (name: string) => `ref(${name})`,
  attribute: (id: string, name: string) => `${id}.${name}`,
}

describe('intrinsic functions', () => {
  test.each([
    ['Ref', { Ref: 'A' }, 'ref(A)'],
    ['Fn::GetAtt of a list', { 'Fn::GetAtt': ['A', 'Arn'] }, 'A.Arn'],
    ['Fn::GetAtt of text', { 'Fn::GetAtt': 'A.Nested.Arn' }, 'A.Nested.Arn'],
    ['Fn::Join', { 'Fn::Join': ['-', ['a', { Ref: 'B' }, 1]] }, 'a-ref(B)-1'],
    ['Fn::Split', { 'Fn::Split': ['-', 'a-b'] }, ['a', 'b']],
    ['Fn::Select', { 'Fn::Select': ['1', { 'Fn::Split': ['/', 'a/b'] }] }, 'b'],
    ['Fn::Sub', { 'Fn::Sub': `\${A}, \${B.Arn}, \${!C}, $D` }, `ref(A), B.Arn, \${C}, $D`],
    [
      'Fn::Sub with variables',
      { 'Fn::Sub': [`\${x}/\${AWS::Region}`, { x: { Ref: 'X' } }] },
      'ref(X)/ref(AWS::Region)',
    ],
    ['nested values', { a: [{ Ref: 'A' }], b: { c: null } }, { a: ['ref(A)'], b: { c: null } }],
  ])('%s is evaluated', (_, value, expected) => {
    expect(evaluate(value, scope)).toEqual(expected)
  })

  test.each([
    ['that is unknown', { 'Fn::ImportValue': 'x' }, "'Fn::ImportValue'"],
    ['with a condition', { 'Fn::If': ['c', 'a', 'b'] }, "'Fn::If'"],
    ['that selects beyond the end', { 'Fn::Select': [2, ['a']] }, 'item 2 of 1'],
    ['that joins what is no list', { 'Fn::Join': ['', 'a'] }, "'Fn::Join' expects a list"],
    ['that joins what is no text', { 'Fn::Join': ['', [{}]] }, "'Fn::Join' expects text"],
  ])('one %s is an error that names it', (_, value, message) => {
    expect(() => evaluate(value, scope)).toThrow(message)
  })
})

describe('a template', () => {
  test('is read as what it deploys', () => {
    const deployment = readDeployment(writeAssembly())
    const { api, functions, tables, outputs } = deployment
    expect(tables).toEqual([
      expect.objectContaining({ name: 'Fixture-Locks', ttlAttribute: 'expiresAt', isProtected: true }),
      expect.objectContaining({ name: 'Fixture-Sessions', billing: 'PAY_PER_REQUEST' }),
    ])
    expect(functions).toMatchObject([
      { logicalId: 'Main', timeoutMs: 5_000, handler: 'handler', file: expect.stringMatching(/main\/index\.mjs$/) },
      { logicalId: 'Slow', timeoutMs: 1_000, statements: [] },
    ])
    expect(api.routes.get('$connect')).toMatchObject({ isSigned: true, functionId: 'Main', answers: false })
    expect(api.routes.get('slow')).toMatchObject({
      isSigned: false,
      functionId: 'Slow',
      answers: true,
      timeoutMs: 29_000,
    })
    expect(api.routes.get('oneWay')).toMatchObject({ answers: false })
    expect(selectRoute(api, '{"type":"slow"}')?.key).toBe('slow')
    expect(localize(outputs.HoldfastConfig ?? '', api.id, 1234)).toBe(
      '{"url":"ws://127.0.0.1:1234/live","region":"us-east-1","sessionsTable":"Fixture-Sessions"}',
    )
  })

  test('gives roles and users what its policies allow them, also those that it does not make', () => {
    const arn = (text: string) => `arn:aws:iam::000000000000:${text}`
    const { rights, functions } = readDeployment(
      writeAssembly(({ Resources }) => {
        Resources.User = resource('AWS::IAM::User', { UserName: 'importer' })
        const PolicyDocument = { Statement: { Effect: 'Allow', Action: 'execute-api:Invoke', Resource: '*' } }
        Resources.Access = resource('AWS::IAM::ManagedPolicy', { PolicyDocument })
        Resources.Reader = resource('AWS::IAM::Role', { ManagedPolicyArns: [{ Ref: 'Access' }] })
        Object.assign(Resources.MainPolicy?.Properties ?? {}, { Users: [{ Ref: 'User' }], Roles: ['elsewhere'] })
      }),
    )
    const actionsOf = (text: string) => rights.get(arn(text))?.flatMap(({ actions }) => actions)
    const pushes = ['dynamodb:GetItem', 'execute-api:ManageConnections']
    expect([actionsOf('user/importer'), actionsOf('role/elsewhere')]).toEqual([pushes, pushes])
    expect(actionsOf('role/Fixture-Reader')).toEqual(['execute-api:Invoke'])
    expect([actionsOf('role/Fixture-MainRole'), actionsOf('role/unknown')]).toEqual([[], undefined])
    expect(functions[0]).toMatchObject({ roleName: 'Fixture-MainRole', statements: [] })
  })

  test.each([
    ['importer', 'arn:aws:iam::000000000000:user/importer'],
    ['arn:aws:sts::000000000000:assumed-role/shop/task', 'arn:aws:iam::000000000000:role/shop'],
    ['arn:aws:sts::123456789012:assumed-role/shop/task', 'arn:aws:iam::123456789012:role/shop'],
    ['arn:aws:iam::123456789012:user/importer', 'arn:aws:iam::123456789012:user/importer'],
  ])('knows %s as %s', (nameOrArn, owner) => {
    expect(ownerOf(nameOrArn)).toBe(owner)
  })

  test('yields the same names at every start', () => {
    expect(readDeployment(writeAssembly()).api.id).toBe(readDeployment(writeAssembly()).api.id)
  })

  test.each<[string, (template: FixtureTemplate) => void, RegExp]>([
    ['an unknown type', (t) => (t.Resources.Queue = resource('AWS::SQS::Queue')), /AWS::SQS::Queue \('Queue'\)/],
    [
      'an unknown property of a table',
      set('Locks', 'GlobalSecondaryIndexes', []),
      /'Locks' sets 'GlobalSecondaryIndexes'/,
    ],
    ['an unknown property of a function', set('Main', 'Layers', []), /'Main' sets 'Layers'/],
    ['a function in another language', set('Main', 'Runtime', 'python3.13'), /python3.13/],
    ['a function without code', set('Main', 'Code', { S3Key: 'x' }), /no code/],
    ['a handler that does not exist', set('Main', 'Handler', 'other.handler'), /no module 'other'/],
    ['another authorization', set('Connect', 'AuthorizationType', 'CUSTOM'), /'CUSTOM'/],
    ['a route that leads nowhere', set('Echo', 'Target', 'integrations/x'), /no integration/],
    ['an integration without a function', set('MainIntegration', 'IntegrationType', 'MOCK'), /not the proxy/],
    ['another route selection', set('Api', 'RouteSelectionExpression', '$request.header.x'), /route selection/],
    ['a REST-like API', set('Api', 'ProtocolType', 'HTTP'), /not WEBSOCKET/],
    ['a reference to nothing', set('Main', 'FunctionName', { Ref: 'Nothing' }), /'Nothing'/],
    ['an attribute that is none', set('Main', 'FunctionName', { 'Fn::GetAtt': ['Locks', 'X'] }), /'Locks.X'/],
    ['a policy for a group', set('MainPolicy', 'Groups', ['operators']), /'MainPolicy' is for a group/],
    ['an unknown policy', set('MainRole', 'ManagedPolicyArns', ['arn:aws:iam::aws:policy/X']), /policy arn.*policy\/X/],
    ['no permission to invoke', (t) => delete t.Resources.SlowPermission, /lets API Gateway invoke 'Slow'.*'slow'/],
    ['no policy for applications', (t) => delete t.Outputs.AccessPolicy, /no output 'AccessPolicy'/],
    [
      'a policy that is none',
      (t) => (t.Outputs.AccessPolicy = { Value: 'arn:x' }),
      /'AccessPolicy' is no policy document/,
    ],
    [
      'a policy with a strange condition',
      (t) =>
        (t.Outputs.AccessPolicy = {
          Value: '{"Statement":[{"Effect":"Allow","Condition":{"Bool":{"aws:x":"true"}}}]}',
        }),
      /'AccessPolicy' has a condition that is not supported/,
    ],
    ['no API', (t) => delete t.Resources.Stage, /exactly one AWS::ApiGatewayV2::Stage/],
    ['a conditional resource', (t) => Object.assign(t.Resources.Locks ?? {}, { Condition: 'C' }), /condition \('C'\)/],
  ])('with %s is refused by name', (_, change, message) => {
    const folder = writeAssembly(change)
    expect(() => readDeployment(folder)).toThrow(message)
    expect(() => readDeployment(folder)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_TEMPLATE' }))
  })

  test('that is not there is told with what writes one', () => {
    expect(() => readDeployment(join(packageRoot, 'nowhere'))).toThrow(/manifest\.json does not exist: run 'cdk synth'/)
  })

  test('of this package can be run', () => {
    const folder = join(packageRoot, 'dist/cdk.out')
    expect(existsSync(folder)).toBe(true)
    const { api, functions } = readDeployment(folder)
    expect(api.routes.get('$connect')?.isSigned).toBe(true)
    expect(functions).toHaveLength(4)
  })
})

const resource = (Type: string, Properties: Record<string, unknown> = {}) => ({ Type, Properties })

function set(id: string, property: string, value: unknown) {
  return ({ Resources }: FixtureTemplate) => {
    const found = Resources[id]
    if (found === undefined) throw new Error(`no ${id} in the fixture`)
    found.Properties[property] = value
  }
}
