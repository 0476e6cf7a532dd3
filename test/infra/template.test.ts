import { RemovalPolicy } from 'aws-cdk-lib'
import type { ClientMessageType } from '../../protocol/messages.js'
import { type Synthesis, synthesize } from './synthesis.js'

/** Which function answers a message. A message type without a route does not compile. */
const FUNCTION_OF: { readonly [type in ClientMessageType]: string } = {
  hello: 'Connection',
  acquire: 'Grant',
  cancel: 'Grant',
  release: 'Release',
  busy: 'Release',
  keep: 'Release',
  renew: 'Release',
  retire: 'Release',
}

const stack = synthesize()
const tables = stack.ofType('AWS::DynamoDB::Table')

describe('the tables', () => {
  test('there are two, billed on demand, with one string key and a time to live', () => {
    expect(tables.map(([path]) => path)).toEqual(['Tables/Locks', 'Tables/Sessions'])
    for (const [, { Properties }] of tables) {
      expect(Properties).toMatchObject({
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      })
    }
  })

  test('no one deletes them by accident', () => {
    for (const [, table] of tables) {
      expect(table.Properties.DeletionProtectionEnabled).toBe(true)
      // Kept, unless the deployment that makes them fails.
      expect(table.DeletionPolicy).toBe('RetainExceptOnCreate')
      expect(table.UpdateReplacePolicy).toBe('Retain')
    }
  })

  test('sessions can be recovered to any second, locks never', () => {
    const recovery = tables.map(([, { Properties }]) => Properties.PointInTimeRecoverySpecification)
    expect(recovery).toEqual([{ PointInTimeRecoveryEnabled: false }, { PointInTimeRecoveryEnabled: true }])
  })

  test('a stack for trials can be deleted with all that is in it', () => {
    const trial = synthesize({ removalPolicy: RemovalPolicy.DESTROY, deletionProtection: false })
    for (const [, table] of trial.ofType('AWS::DynamoDB::Table')) {
      expect(table.Properties.DeletionProtectionEnabled).toBe(false)
      expect(table.DeletionPolicy).toBe('Delete')
    }
    for (const [, log] of trial.ofType('AWS::Logs::LogGroup')) expect(log.DeletionPolicy).toBe('Delete')
  })
})

/**
 * Changing one of these ids deletes every session. CloudFormation makes a new table under the new id, and the old one,
 * which it keeps or deletes, is no longer in use. A new id of the API or its stage changes the address that all deployed
 * applications connect to.
 */
test('what holds the data, and the address of it, keep their logical ids: changing one deletes every session', () => {
  const holders = ['AWS::DynamoDB::Table', 'AWS::ApiGatewayV2::Api', 'AWS::ApiGatewayV2::Stage']
  const resources = Object.entries<{ readonly Type: string }>(stack.template.Resources)
  const ids = resources.filter(([, { Type }]) => holders.includes(Type)).map(([id, { Type }]) => [id, Type])
  expect(Object.fromEntries(ids)).toEqual({
    HoldfastTablesLocksA1D1796D: 'AWS::DynamoDB::Table',
    HoldfastTablesSessions6BB34B6C: 'AWS::DynamoDB::Table',
    HoldfastSocketApiE4C3FAA6: 'AWS::ApiGatewayV2::Api',
    HoldfastSocketStageDBD01A98: 'AWS::ApiGatewayV2::Stage',
  })
})

describe('the WebSocket API', () => {
  const routes = new Map(
    stack.ofType('AWS::ApiGatewayV2::Route').map(([, route]) => [route.Properties.RouteKey as string, route]),
  )

  test('messages are told apart by their type', () => {
    expect(stack.one('Socket/Api').Properties).toMatchObject({
      ProtocolType: 'WEBSOCKET',
      RouteSelectionExpression: '$request.body.type',
    })
  })

  test('every message type has a route to its function', () => {
    const expected = { $connect: 'Connection', $disconnect: 'Connection', $default: 'Connection', ...FUNCTION_OF }
    const actual = [...routes].map(([key, route]) => [key, functionBehind(stack, route.Properties.Target)])
    expect(Object.fromEntries(actual)).toEqual(expected)
  })

  test('only who signs with AWS credentials connects', () => {
    const open = [...routes].filter(([, route]) => route.Properties.AuthorizationType !== 'AWS_IAM').map(([key]) => key)
    expect(open).not.toContain('$connect')
    // API Gateway authorizes the connection, not each message on it.
    expect(open.toSorted()).toEqual(['$default', '$disconnect', ...Object.keys(FUNCTION_OF)].toSorted())
  })

  test('every message is answered', () => {
    const answered = stack.ofType('AWS::ApiGatewayV2::RouteResponse').map(([, response]) => {
      expect(response.Properties.RouteResponseKey).toBe('$default')
      return stack.text(response.Properties.RouteId)
    })
    for (const [key, route] of routes) {
      const isEvent = key === '$connect' || key === '$disconnect'
      expect([key, route.Properties.RouteResponseSelectionExpression]).toEqual([key, isEvent ? undefined : '$default'])
      const path = [...stack.resources].find(([, resource]) => resource === route)?.[0]
      expect([key, answered.filter((id) => id === `<${path}>`).length]).toEqual([key, isEvent ? 0 : 1])
    }
  })

  test('its stage deploys by itself, throttles, and logs nothing unless told to', () => {
    const stage = stack.one('Socket/Stage').Properties
    expect(stage).toMatchObject({
      StageName: 'live',
      AutoDeploy: true,
      DefaultRouteSettings: {
        ThrottlingRateLimit: 2000,
        ThrottlingBurstLimit: 1000,
        DetailedMetricsEnabled: false,
        DataTraceEnabled: false,
        LoggingLevel: 'OFF',
      },
    })
    expect(stage.AccessLogSettings).toBeUndefined()
  })

  test('an access log has its own log group and no field but these', () => {
    const logging = synthesize({
      accessLogs: true,
      throttleRatePerSecond: 400,
      throttleBurst: 5,
      detailedMetrics: true,
    })
    const stage = logging.one('Socket/Stage').Properties
    expect(stage.DefaultRouteSettings).toEqual({
      ThrottlingRateLimit: 400,
      ThrottlingBurstLimit: 5,
      DetailedMetricsEnabled: true,
      DataTraceEnabled: false,
      LoggingLevel: 'OFF',
    })
    expect(logging.text(stage.AccessLogSettings.DestinationArn)).toBe('<Socket/AccessLogs.Arn>')
    expect(logging.one('Socket/AccessLogs').Properties.RetentionInDays).toBe(30)
    expect(JSON.parse(stage.AccessLogSettings.Format)).toEqual({
      requestId: '$context.requestId',
      requestTime: '$context.requestTime',
      eventType: '$context.eventType',
      routeKey: '$context.routeKey',
      connectionId: '$context.connectionId',
      principal: '$context.identity.userArn',
      status: '$context.status',
      integrationStatus: '$context.integrationStatus',
      integrationLatency: '$context.integrationLatency',
      error: '$context.error.message',
    })
  })
})

/** The name of the function that a route's target leads to. */
function functionBehind(synthesis: Synthesis, target: unknown): string | undefined {
  const path = /^integrations\/<(.+)>$/.exec(synthesis.text(target))?.[1] ?? 'none'
  const uri = synthesis.text(synthesis.one(path).Properties.IntegrationUri)
  return /\/functions\/<Functions\/(\w+)\.Arn>\/invocations$/.exec(uri)?.[1]
}
