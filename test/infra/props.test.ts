import { RemovalPolicy, Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { type ITable, Table } from 'aws-cdk-lib/aws-dynamodb'
import { Key } from 'aws-cdk-lib/aws-kms'
import { Tracing } from 'aws-cdk-lib/aws-lambda'
import { Holdfast, type HoldfastProps } from '../../infra/index.js'
import { createApp, type Part } from './synthesis.js'

const TABLE = 'AWS::DynamoDB::Table'
const FUNCTION = 'AWS::Lambda::Function'
const LOG = 'AWS::Logs::LogGroup'

function deploy(props: (stack: Stack) => HoldfastProps) {
  const stack = new Stack(createApp(), 'Own', { env: { account: '123456789012', region: 'eu-west-1' } })
  const holdfast = new Holdfast(stack, 'Holdfast', props(stack))
  const ofType = (type: string): readonly Part[] => Object.values(Template.fromStack(stack).findResources(type))
  return { stack, holdfast, ofType }
}

const statements = (ofType: (type: string) => readonly Part[]): readonly Part[] =>
  ofType('AWS::IAM::Policy').flatMap(({ Properties }) => Properties.PolicyDocument.Statement)

describe('one key', () => {
  const { stack, holdfast, ofType } = deploy((scope) => ({
    encryptionKey: new Key(scope, 'Key'),
    accessLogs: true,
  }))
  const keyArn = stack.resolve((holdfast.locksTable.encryptionKey as Key).keyArn)

  test('encrypts both tables, the environment of each function and every log', () => {
    expect(ofType(TABLE).map(({ Properties }) => Properties.SSESpecification.KMSMasterKeyId)).toEqual([keyArn, keyArn])
    expect(ofType(FUNCTION).map(({ Properties }) => Properties.KmsKeyArn)).toEqual([keyArn, keyArn, keyArn, keyArn])
    expect(ofType(LOG).map(({ Properties }) => Properties.KmsKeyId)).toEqual([keyArn, keyArn, keyArn, keyArn, keyArn])
  })

  test('lets CloudWatch use it, for logs of this account and region alone', () => {
    const [{ Properties }] = ofType('AWS::KMS::Key') as [Part]
    const ofLogs = Properties.KeyPolicy.Statement.filter(({ Principal }: Part) => Principal.Service !== undefined)
    expect(ofLogs).toEqual([
      expect.objectContaining({
        Effect: 'Allow',
        Principal: { Service: { 'Fn::Join': ['', ['logs.eu-west-1.', { Ref: 'AWS::URLSuffix' }]] } },
        Condition: {
          ArnLike: { 'kms:EncryptionContext:aws:logs:arn': 'arn:aws:logs:eu-west-1:123456789012:log-group:*' },
        },
      }),
    ])
  })
})

test('a key goes to the functions also where the tables are not made here: it has their environment', () => {
  const { ofType } = deploy((scope) => ({
    encryptionKey: new Key(scope, 'Key'),
    locksTable: Table.fromTableName(scope, 'Locks', 'locks'),
    sessionsTable: Table.fromTableName(scope, 'Sessions', 'sessions'),
  }))
  expect(statements(ofType).filter(({ Action }) => Action === 'kms:Decrypt')).toHaveLength(4)
})

test('tables that exist are used as they are, and nothing is made in their place', () => {
  const key = 'arn:aws:kms:eu-west-1:123456789012:key/of-the-table'
  const { stack, holdfast, ofType } = deploy((scope) => ({
    locksTable: Table.fromTableName(scope, 'Locks', 'my-locks'),
    sessionsTable: Table.fromTableAttributes(scope, 'Sessions', {
      tableName: 'my-sessions',
      encryptionKey: Key.fromKeyArn(scope, 'Key', key),
    }),
  }))
  expect(ofType(TABLE)).toEqual([])
  for (const { Properties } of ofType(FUNCTION))
    expect(Properties.Environment.Variables.HOLDFAST_LOCKS_TABLE).toBe('my-locks')
  expect(stack.resolve(holdfast.config)).toMatchObject({ 'Fn::Join': ['', expect.any(Array)] })
  expect(JSON.stringify(stack.resolve(holdfast.config))).toContain('\\"sessionsTable\\":\\"my-sessions\\"')
  const onTables = statements(ofType).filter(({ Action }) => JSON.stringify(Action).includes('dynamodb:'))
  expect(onTables).toHaveLength(4)
  expect(JSON.stringify(onTables)).not.toContain('my-sessions')
  // The key of the Sessions table is the applications', not the functions'.
  expect(JSON.stringify(statements(ofType))).not.toContain('of-the-table')
})

test('one table may exist and the other be made', () => {
  const { ofType } = deploy((scope) => ({ sessionsTable: Table.fromTableName(scope, 'Sessions', 'restored') }))
  const [locks, ...more] = ofType(TABLE)
  expect(more).toEqual([])
  expect(locks.Properties.PointInTimeRecoverySpecification).toEqual({ PointInTimeRecoveryEnabled: false })
})

test('tables that are made may be warm from the start', () => {
  const { ofType } = deploy(() => ({ warmThroughput: { readUnitsPerSecond: 20_000, writeUnitsPerSecond: 10_000 } }))
  const warm = { ReadUnitsPerSecond: 20_000, WriteUnitsPerSecond: 10_000 }
  expect(ofType(TABLE).map(({ Properties }) => Properties.WarmThroughput)).toEqual([warm, warm])
  expect(deploy(() => ({})).ofType(TABLE)[0]?.Properties.WarmThroughput).toBeUndefined()
})

test('functions may be traced, and send traces then', () => {
  const { ofType } = deploy(() => ({ tracing: Tracing.ACTIVE }))
  expect(ofType(FUNCTION).map(({ Properties }) => Properties.TracingConfig)).toEqual(
    Array.from({ length: 4 }, () => ({ Mode: 'Active' })),
  )
  const toSend = statements(ofType).filter(({ Action }) => JSON.stringify(Action).includes('xray:PutTraceSegments'))
  expect(toSend).toHaveLength(4)
})

test('the removal policy holds for tables and all logs, and never for more than was asked', () => {
  const policies = (removalPolicy?: RemovalPolicy) => {
    const { ofType } = deploy(() => ({ accessLogs: true, ...(removalPolicy === undefined ? {} : { removalPolicy }) }))
    return new Set(
      [...ofType(TABLE), ...ofType(LOG)].map(({ DeletionPolicy: d, UpdateReplacePolicy: u }) => `${d} ${u}`),
    )
  }
  expect(policies()).toEqual(new Set(['RetainExceptOnCreate Retain']))
  expect(policies(RemovalPolicy.RETAIN)).toEqual(new Set(['Retain Retain']))
  expect(policies(RemovalPolicy.DESTROY)).toEqual(new Set(['Delete Delete']))
})

test('what was made can be reached', () => {
  const { stack, holdfast } = deploy(() => ({}))
  const tables: readonly ITable[] = [holdfast.locksTable, holdfast.sessionsTable]
  expect(tables.map(({ tableName }) => stack.resolve(tableName).Ref)).toEqual([
    'HoldfastTablesLocksA1D1796D',
    'HoldfastTablesSessions6BB34B6C',
  ])
  expect(stack.resolve(holdfast.api.apiId)).toEqual({ Ref: 'HoldfastSocketApiE4C3FAA6' })
  expect(holdfast.stage.stageName).toBe('live')
  const names = Object.entries(holdfast.functions).filter(([name]) =>
    ['connection', 'grant', 'release', 'https'].includes(name),
  )
  expect(names.map(([, made]) => stack.resolve(made.functionName).Ref)).toEqual([
    expect.stringContaining('Connection'),
    expect.stringContaining('Grant'),
    expect.stringContaining('Release'),
    expect.stringContaining('Https'),
  ])
})
