import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A template as `cdk synth` would write one, with functions that do as they are told. */
export interface FixtureTemplate {
  Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>
  Outputs: Record<string, { Value: unknown }>
}

const getArn = (logicalId: string) => ({ 'Fn::GetAtt': [logicalId, 'Arn'] })
const apiArn = (path: string) => ({
  'Fn::Sub': [`arn:\${AWS::Partition}:execute-api:\${AWS::Region}:\${AWS::AccountId}:\${Api}/${path}`, {}],
})
const apiUrl = (protocol: string) => ({
  'Fn::Join': [
    '',
    [protocol, { Ref: 'Api' }, '.execute-api.', { Ref: 'AWS::Region' }, '.', { Ref: 'AWS::URLSuffix' }, '/live'],
  ],
})
const policy = (statements: unknown[]) => ({ Version: '2012-10-17', Statement: statements })
const allow = (Action: unknown, Resource: unknown) => ({ Effect: 'Allow', Action, Resource })

/** JSON in which intrinsic functions stand for text. */
function jsonOf(value: unknown) {
  const intrinsics: unknown[] = []
  const text = JSON.stringify(value, (_, part) => {
    const isIntrinsic = typeof part === 'object' && Object.keys(part).some((key) => key.startsWith('Fn::'))
    return isIntrinsic ? `\0${intrinsics.push(part) - 1}\0` : part
  })
  const parts = text.split(String.raw`\u0000`)
  return { 'Fn::Join': ['', parts.map((part, index) => (index % 2 === 0 ? part : intrinsics[Number(part)]))] }
}

const table = () => ({
  Type: 'AWS::DynamoDB::Table',
  Properties: {
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    BillingMode: 'PAY_PER_REQUEST',
    DeletionProtectionEnabled: true,
    TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
  },
})

const lambda = (id: string, timeoutS: number) => ({
  [`${id}Role`]: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: policy([]) } },
  [id]: {
    Type: 'AWS::Lambda::Function',
    Properties: {
      Code: { S3Bucket: 'assets', S3Key: `${id}.zip` },
      Handler: 'index.handler',
      Runtime: 'nodejs24.x',
      MemorySize: 256,
      Timeout: timeoutS,
      Role: getArn(`${id}Role`),
      Environment: { Variables: { HOLDFAST_CALLBACK_URL: apiUrl('https://'), HOLDFAST_TIMING: '{}' } },
    },
  },
  [`${id}Integration`]: {
    Type: 'AWS::ApiGatewayV2::Integration',
    Properties: {
      ApiId: { Ref: 'Api' },
      IntegrationType: 'AWS_PROXY',
      IntegrationUri: {
        'Fn::Join': [
          '',
          ['arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/', getArn(id), '/invocations'],
        ],
      },
    },
  },
  [`${id}Permission`]: {
    Type: 'AWS::Lambda::Permission',
    Properties: {
      Action: 'lambda:InvokeFunction',
      FunctionName: getArn(id),
      Principal: 'apigateway.amazonaws.com',
      SourceArn: apiArn('*'),
    },
  },
})

const route = (id: string, key: string, functionId: string, answers: boolean, authorization = 'NONE') => ({
  [id]: {
    Type: 'AWS::ApiGatewayV2::Route',
    Properties: {
      ApiId: { Ref: 'Api' },
      RouteKey: key,
      AuthorizationType: authorization,
      Target: { 'Fn::Join': ['', ['integrations/', { Ref: `${functionId}Integration` }]] },
      ...(answers ? { RouteResponseSelectionExpression: '$default' } : {}),
    },
  },
  ...(answers
    ? {
        [`${id}Response`]: {
          Type: 'AWS::ApiGatewayV2::RouteResponse',
          Properties: { ApiId: { Ref: 'Api' }, RouteId: { Ref: id }, RouteResponseKey: '$default' },
        },
      }
    : {}),
})

/** Two tables; `Main` answers most routes and may read Locks and push; `Slow` has one second and no rights. */
const fixtureTemplate = (): FixtureTemplate => ({
  Resources: {
    Locks: table(),
    Sessions: table(),
    Api: {
      Type: 'AWS::ApiGatewayV2::Api',
      Properties: { Name: 'Fixture', ProtocolType: 'WEBSOCKET', RouteSelectionExpression: '$request.body.type' },
    },
    Stage: {
      Type: 'AWS::ApiGatewayV2::Stage',
      Properties: { ApiId: { Ref: 'Api' }, StageName: 'live', AutoDeploy: true },
    },
    ...lambda('Main', 5),
    ...lambda('Slow', 1),
    ...route('Connect', '$connect', 'Main', false, 'AWS_IAM'),
    ...route('Disconnect', '$disconnect', 'Main', false),
    ...route('Default', '$default', 'Main', true),
    ...route('Echo', 'echo', 'Main', true),
    ...route('OneWay', 'oneWay', 'Main', false),
    ...route('SlowRoute', 'slow', 'Slow', true),
    MainPolicy: {
      Type: 'AWS::IAM::Policy',
      Properties: {
        PolicyName: 'MainPolicy',
        Roles: [{ Ref: 'MainRole' }],
        PolicyDocument: policy([
          allow(['dynamodb:GetItem'], getArn('Locks')),
          allow('execute-api:ManageConnections', apiArn('live/POST/@connections/*')),
        ]),
      },
    },
  },
  Outputs: {
    AccessPolicy: {
      Value: jsonOf(
        policy([
          allow(['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'], getArn('Sessions')),
          allow('execute-api:Invoke', apiArn('live/$connect')),
        ]),
      ),
    },
    LocksTableName: { Value: { Ref: 'Locks' } },
    HoldfastConfig: {
      Value: {
        'Fn::Join': [
          '',
          [
            '{"url":"',
            apiUrl('wss://'),
            '","region":"',
            { Ref: 'AWS::Region' },
            '","sessionsTable":"',
            { Ref: 'Sessions' },
            '"}',
          ],
        ],
      },
    },
  },
})

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** Writes the fixture, with changes, as an assembly into a folder of its own, which goes with the test file. */
export function writeAssembly(change: (template: FixtureTemplate) => void = () => {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-assembly-'))
  folders.push(folder)
  const template = fixtureTemplate()
  change(template)
  const file = (id: string, path: string) => [
    id,
    { source: { path: join(__dirname, 'fixtures', path) }, destinations: { here: { objectKey: `${id}.zip` } } },
  ]
  const write = (name: string, value: unknown) => writeFileSync(join(folder, name), JSON.stringify(value))
  write('manifest.json', {
    artifacts: {
      'Fixture.assets': { type: 'cdk:asset-manifest', properties: { file: 'Fixture.assets.json' } },
      Fixture: { type: 'aws:cloudformation:stack', properties: { templateFile: 'Fixture.template.json' } },
    },
  })
  write('Fixture.assets.json', { files: Object.fromEntries([file('Main', 'main'), file('Slow', 'slow')]) })
  write('Fixture.template.json', template)
  return folder
}
