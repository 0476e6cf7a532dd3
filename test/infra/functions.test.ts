import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { TableEncryption } from 'aws-cdk-lib/aws-dynamodb'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Key } from 'aws-cdk-lib/aws-kms'
import {
  DYNAMODB_TIMEOUT_MS,
  DYNAMODB_TRIES_MAX,
  MESSAGE_TIME_MAX_MS,
  PUSH_TIMEOUT_MS,
} from '../../functions/limits.js'
import { Holdfast } from '../../infra/index.js'
import { packageRoot } from '../../local/package-root.cjs'
import { compileTiming } from '../../protocol/timing.js'
import { allowedToApplications, allowedToRole } from './permissions.js'
import { createApp, type Part, synthesize } from './synthesis.js'

const FUNCTIONS = ['Connection', 'Grant', 'Release', 'Https']

const stack = synthesize()
const functions = stack.ofType('AWS::Lambda::Function')

describe('the functions', () => {
  test('there are four, on Node.js 24 and arm64, and each ends before API Gateway gives up', () => {
    expect(functions.map(([path]) => path)).toEqual(FUNCTIONS.map((name) => `Functions/${name}`))
    for (const [, { Properties }] of functions) {
      expect(Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Handler: 'index.handler',
        MemorySize: 512,
      })
      expect(Properties.Timeout).toBeLessThan(29)
      // All tries of all requests and pushes for one message end within this, whatever the timing. A second more is for
      // an environment that is slow to go on after it was frozen.
      expect(Properties.Timeout * 1_000).toBeGreaterThanOrEqual(MESSAGE_TIME_MAX_MS + 1_000)
      expect(Properties.Timeout * 1_000).toBeGreaterThan(DYNAMODB_TRIES_MAX * DYNAMODB_TIMEOUT_MS + PUSH_TIMEOUT_MS)
      expect(Properties.TracingConfig).toBeUndefined()
      expect(Properties.ReservedConcurrentExecutions).toBeUndefined()
    }
  })

  test('each runs its own bundle', () => {
    for (const [path, { Properties }] of functions) {
      const name = path.replace('Functions/', '').toLowerCase()
      const asset = join(stack.directory, `asset.${String(Properties.Code.S3Key).replace('.zip', '')}`, 'index.cjs')
      expect(readFileSync(asset).equals(readFileSync(join(packageRoot, 'dist/lambda', name, 'index.cjs')))).toBe(true)
    }
  })

  test('each knows the locks, the way back to clients, the timing, and nothing of the sessions', () => {
    for (const [, { Properties }] of functions) {
      const variables = Object.entries(Properties.Environment.Variables)
      expect(Object.fromEntries(variables.map(([name, value]) => [name, stack.text(value)]))).toEqual({
        HOLDFAST_LOCKS_TABLE: '<Tables/Locks>',
        HOLDFAST_CALLBACK_URL: 'https://<Socket/Api>.execute-api.<AWS::Region>.<AWS::URLSuffix>/live',
        HOLDFAST_API: '<Socket/Api>/live',
        HOLDFAST_TIMING: JSON.stringify(compileTiming()),
      })
    }
  })

  test('each writes JSON to a log group of its own that forgets, and Lambda writes no record for each message', () => {
    for (const [, { Properties }] of functions)
      expect(Properties.LoggingConfig).toMatchObject({ LogFormat: 'JSON', SystemLogLevel: 'WARN' })
    const groups = functions.map(([, { Properties }]) => stack.text(Properties.LoggingConfig.LogGroup))
    expect(groups).toEqual(FUNCTIONS.map((name) => `<Functions/${name}Log>`))
    for (const name of FUNCTIONS) expect(stack.one(`Functions/${name}Log`).Properties.RetentionInDays).toBe(30)
  })

  test('only this API calls them', () => {
    const permissions = stack.ofType('AWS::Lambda::Permission').map(([, { Properties }]) => ({
      principal: Properties.Principal,
      source: stack.text(Properties.SourceArn),
    }))
    expect(permissions).toHaveLength(stack.ofType('AWS::ApiGatewayV2::Route').length)
    for (const { principal, source } of permissions) {
      expect(principal).toBe('apigateway.amazonaws.com')
      expect(source).toMatch(
        /^arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<Socket\/Api>\/\*[$a-z]+$/,
      )
    }
  })
})

describe('the options', () => {
  test('timing, memory and the bound on concurrency reach the functions', () => {
    const timing = { leaseMs: 6_000 }
    const tuned = synthesize({ timing, memorySizeMb: 1024, grantConcurrencyMax: 7 })
    for (const name of FUNCTIONS) {
      const { Properties } = tuned.one(`Functions/${name}`)
      expect(Properties.MemorySize).toBe(1024)
      expect(JSON.parse(Properties.Environment.Variables.HOLDFAST_TIMING)).toEqual(compileTiming(timing))
      expect(Properties.ReservedConcurrentExecutions).toBe(name === 'Grant' ? 7 : undefined)
    }
  })

  test('an unsafe timing stops the synthesis', () => {
    expect(() => synthesize({ timing: { clockErrorMs: 5_000 } })).toThrow(
      'clientMarginMs + storeMarginMs must be at least',
    )
  })

  test('tables under a key of their own take the functions and the applications along, to read and to write', () => {
    const encrypted = synthesize({ encryption: TableEncryption.CUSTOMER_MANAGED })
    const keyActions = (lines: readonly string[]) => lines.filter((line) => line.startsWith('kms:'))
    const onKey = (table: string) =>
      ['Decrypt', 'Encrypt', 'GenerateDataKey*', 'ReEncrypt*'].map(
        (action) => `kms:${action} <Tables/${table}/Key.Arn>`,
      )
    for (const name of FUNCTIONS) {
      expect(keyActions(allowedToRole(encrypted, `Functions/${name}Role`))).toEqual(onKey('Locks'))
    }
    expect(keyActions(allowedToApplications(encrypted))).toEqual(onKey('Sessions'))
  })

  test('one key for both tables is given to the functions and the applications, and its policy allows that', () => {
    const own = new Stack(createApp(), 'Own')
    const key = new Key(own, 'Key')
    const holdfast = new Holdfast(own, 'Holdfast', { encryptionKey: key })
    const role = new Role(own, 'Server', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') })
    holdfast.grantAccess(role)
    const template = Template.fromStack(own)
    const keyId = own.resolve(key.keyArn)
    const policies = Object.values(template.findResources('AWS::IAM::Policy'))
    const statements = policies.flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
    const onKey = statements.filter(({ Resource }: Part) => JSON.stringify(Resource) === JSON.stringify(keyId))
    // The four functions, and the server.
    expect(onKey.map(({ Action }: Part) => Action.toSorted())).toEqual(
      Array.from({ length: 5 }, () => ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*']),
    )
    for (const { Properties } of Object.values(template.findResources('AWS::DynamoDB::Table'))) {
      expect(Properties.SSESpecification).toMatchObject({ SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: keyId })
    }
  })
})

describe('the outputs', () => {
  const output = (name: string) => stack.text(stack.template.Outputs[name].Value)

  test('they name the address and the tables, and hold the policy for applications', () => {
    expect(output('Url')).toBe('wss://<Socket/Api>.execute-api.<AWS::Region>.<AWS::URLSuffix>/live')
    expect(output('LocksTableName')).toBe('<Tables/Locks>')
    expect(output('SessionsTableName')).toBe('<Tables/Sessions>')
    expect(output('HttpsFunctionArn')).toBe('<Functions/Https.Arn>')
    expect(JSON.parse(output('AccessPolicy'))).toMatchObject({ Version: '2012-10-17', Statement: [{}, {}, {}, {}] })
    // Nothing is attached to it, so that nothing keeps the stack from being deleted.
    expect(stack.ofType('AWS::IAM::ManagedPolicy')).toEqual([])
  })

  test('one value configures an application', () => {
    expect(JSON.parse(output('HoldfastConfig'))).toEqual({
      url: output('Url'),
      region: '<AWS::Region>',
      sessionsTable: output('SessionsTableName'),
      httpsUrl: '<Functions/Https/FunctionUrl.FunctionUrl>',
    })
  })
})

test('the assembly in the package is of this very stack', () => {
  const shipped = JSON.parse(readFileSync(join(packageRoot, 'dist/cdk.out/Holdfast.template.json'), 'utf8'))
  expect(shipped).toEqual(stack.template)
})
