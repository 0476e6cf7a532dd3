import { TemplateError } from '../errors.js'
import { INTEGRATION_TIMEOUT_MS } from '../gateway/aws-limits.js'
import type { Rate } from '../gateway/aws-quotas.js'
import type { Throttles } from '../gateway/quotas.js'
import { matchesArn } from '../iam/patterns.js'
import type { FunctionSpec } from './functions.js'
import { ACCOUNT_ID, known, REGION, type Resource, type Resources } from './resources.js'

/** The WebSocket API of a template. */
export interface ApiSpec {
  readonly id: string
  readonly stage: string
  /** Where in a message's body the route key is: `['type']` for `$request.body.type`. */
  readonly selection: readonly string[]
  readonly routes: ReadonlyMap<string, RouteSpec>
  readonly throttles: Throttles
}

export interface RouteSpec {
  readonly key: string
  readonly isSigned: boolean
  /** The logical id of the function that answers. */
  readonly functionId: string
  readonly timeoutMs: number
  /** Whether the function's answer goes back to the client. */
  readonly answers: boolean
}

/** The ARN of a part of an API in an IAM policy: `live/$connect`, `live/POST/@connections/…`. */
export const apiArn = (apiId: string, path: string): string =>
  `arn:aws:execute-api:${REGION}:${ACCOUNT_ID}:${apiId}/${path}`

/** The route for a message, or undefined where the API has none for it. */
export function selectRoute({ routes, selection }: ApiSpec, body: string): RouteSpec | undefined {
  const key = keyIn(body, selection)
  // Only the gateway selects the three routes with a dollar sign. A message cannot select them.
  return (key === undefined || key.startsWith('$') ? undefined : routes.get(key)) ?? routes.get('$default')
}

function keyIn(body: string, selection: readonly string[]): string | undefined {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return undefined
  }
  for (const name of selection) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) {
      return undefined
    }
    value = (value as Readonly<Record<string, unknown>>)[name]
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? `${value}` : undefined
}

interface ApiProperties {
  readonly ProtocolType: string
  readonly RouteSelectionExpression: string
}

interface RouteProperties {
  readonly RouteKey: string
  readonly AuthorizationType: string
  readonly Target: string
  readonly RouteResponseSelectionExpression?: string
}

interface IntegrationProperties {
  readonly IntegrationType: string
  readonly IntegrationUri: string
  readonly TimeoutInMillis?: number
}

interface StageProperties {
  readonly DefaultRouteSettings?: RouteSettings
  readonly RouteSettings?: Readonly<Record<string, RouteSettings>>
}

interface RouteSettings {
  readonly ThrottlingRateLimit?: number
  readonly ThrottlingBurstLimit?: number
}

interface PermissionProperties {
  readonly Action: string
  readonly FunctionName: string
  readonly Principal: string
  readonly SourceArn?: string
}

export function readApi(resources: Resources, functions: readonly FunctionSpec[]): ApiSpec {
  const api = only(resources, 'AWS::ApiGatewayV2::Api')
  const { ProtocolType, RouteSelectionExpression } = known(
    api,
    ['ProtocolType', 'RouteSelectionExpression'],
    ['Name', 'Description', 'Tags', 'ApiKeySelectionExpression'],
  ) as unknown as ApiProperties
  if (ProtocolType !== 'WEBSOCKET') throw new TemplateError(`API '${api.logicalId}' is ${ProtocolType}, not WEBSOCKET`)
  const [, path] = /^\$\{?request\.body\.([\w.]+)\}?$/.exec(RouteSelectionExpression) ?? []
  if (path === undefined) {
    throw new TemplateError(`the route selection '${RouteSelectionExpression}' is not of the form $request.body.<name>`)
  }
  const stage = only(resources, 'AWS::ApiGatewayV2::Stage')
  const throttles = readThrottles(
    known(
      stage,
      ['DefaultRouteSettings', 'RouteSettings'],
      ['ApiId', 'StageName', 'AutoDeploy', 'AccessLogSettings', 'Description'],
    ),
  )
  const routes = readRoutes(resources, functions)
  for (const route of routes.values())
    requirePermission(resources, functions, apiArn(api.id, `${stage.id}/${route.key}`), route)
  return { id: api.id, stage: stage.id, selection: path.split('.'), routes, throttles }
}

/** They count only where the quotas of an account do: by default no test is throttled. */
function readThrottles({ DefaultRouteSettings, RouteSettings = {} }: StageProperties): Throttles {
  const routes = Object.entries(RouteSettings).flatMap(([key, settings]) => {
    const rate = rateOf(settings)
    return rate === undefined ? [] : [[key, rate] as const]
  })
  return { stage: rateOf(DefaultRouteSettings), routes: Object.fromEntries(routes) }
}

function rateOf({ ThrottlingRateLimit: perSecond, ThrottlingBurstLimit: burst }: RouteSettings = {}): Rate | undefined {
  return perSecond === undefined || burst === undefined ? undefined : { perSecond, burst }
}

function only(resources: Resources, type: string): Resource {
  const [first, ...others] = resources.ofType(type)
  if (first === undefined || others.length > 0) {
    throw new TemplateError(
      `the template must hold exactly one ${type}, found ${first === undefined ? 0 : 1 + others.length}`,
    )
  }
  return first
}

function readRoutes(resources: Resources, functions: readonly FunctionSpec[]): Map<string, RouteSpec> {
  const integrations = readIntegrations(resources, functions)
  const responses = resources
    .ofType('AWS::ApiGatewayV2::RouteResponse')
    .map((response) => known(response, ['RouteId'], ['ApiId', 'RouteResponseKey']).RouteId)
  const routes = resources.ofType('AWS::ApiGatewayV2::Route').map((route): RouteSpec => {
    const { RouteKey, AuthorizationType, Target, RouteResponseSelectionExpression } = known(
      route,
      ['RouteKey', 'AuthorizationType', 'Target', 'RouteResponseSelectionExpression'],
      ['ApiId', 'OperationName'],
    ) as unknown as RouteProperties
    const integration = integrations.get(Target.replace(/^integrations\//, ''))
    if (integration === undefined) throw new TemplateError(`route '${RouteKey}' leads to no integration: ${Target}`)
    if (AuthorizationType !== 'NONE' && AuthorizationType !== 'AWS_IAM') {
      throw new TemplateError(
        `route '${RouteKey}' has the authorization '${AuthorizationType}', which is not supported`,
      )
    }
    return {
      key: RouteKey,
      isSigned: AuthorizationType === 'AWS_IAM',
      ...integration,
      answers: RouteResponseSelectionExpression === '$default' && responses.includes(route.id),
    }
  })
  return new Map(routes.map((route) => [route.key, route]))
}

function readIntegrations(resources: Resources, functions: readonly FunctionSpec[]) {
  const integrations = resources.ofType('AWS::ApiGatewayV2::Integration').map((integration) => {
    const { IntegrationType, IntegrationUri, TimeoutInMillis } = known(
      integration,
      ['IntegrationType', 'IntegrationUri', 'TimeoutInMillis'],
      ['ApiId', 'Description', 'IntegrationMethod'],
    ) as unknown as IntegrationProperties
    const target = functions.find(({ arn }) => IntegrationUri.includes(`/functions/${arn}/invocations`))
    if (IntegrationType !== 'AWS_PROXY' || target === undefined) {
      throw new TemplateError(`integration '${integration.logicalId}' is not the proxy of a function of this template`)
    }
    return [
      integration.id,
      { functionId: target.logicalId, timeoutMs: TimeoutInMillis ?? INTEGRATION_TIMEOUT_MS },
    ] as const
  })
  return new Map(integrations)
}

/** API Gateway answers with an internal error where it may not invoke a function. The local stack refuses to start. */
function requirePermission(
  resources: Resources,
  functions: readonly FunctionSpec[],
  source: string,
  { key, functionId }: RouteSpec,
): void {
  const target = functions.find(({ logicalId }) => logicalId === functionId)
  const isGiven = resources.ofType('AWS::Lambda::Permission').some(({ properties }) => {
    const { Action, FunctionName, Principal, SourceArn } = properties as unknown as PermissionProperties
    return (
      Action === 'lambda:InvokeFunction' &&
      Principal === 'apigateway.amazonaws.com' &&
      (FunctionName === target?.arn || FunctionName === target?.name) &&
      (SourceArn === undefined || matchesArn(SourceArn, source))
    )
  })
  if (isGiven) return
  throw new TemplateError(`no AWS::Lambda::Permission lets API Gateway invoke '${functionId}' for the route '${key}'`)
}
