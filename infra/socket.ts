import { Names, Stack } from 'aws-cdk-lib'
import { AccessLogField, AccessLogFormat } from 'aws-cdk-lib/aws-apigateway'
import {
  ApiMapping,
  type CfnRoute,
  type CfnStage,
  type IDomainName,
  LogGroupLogDestination,
  WebSocketApi,
  type WebSocketRoute,
  WebSocketStage,
} from 'aws-cdk-lib/aws-apigatewayv2'
import { WebSocketIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers'
import { WebSocketLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations'
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { LogGroup, type LogGroupProps } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { STAGE, stageArn } from './stage-arn.js'
import type { Throttle } from './throttles.js'

export interface SocketProps {
  /** Of all routes that have none of their own. */
  readonly throttle: Throttle
  /** By the type of message. */
  readonly routeThrottles: Readonly<Record<string, Throttle>>
  readonly detailedMetrics: boolean
  readonly accessLogs: LogGroupProps | undefined
  readonly domainName: IDomainName | undefined
}

/** The WebSocket API and its one stage. Routes come last, since the functions need to know its address. */
export class Socket extends Construct {
  /** The address that clients connect to: `wss://…/live`, or the domain name. */
  readonly url: string
  /** Where functions push to connections: `https://…/live`, also where there is a domain name. */
  readonly callbackUrl: string
  /** Where events come from, as they name it: `<API id>/live`. */
  readonly source: string
  readonly api: WebSocketApi
  readonly stage: WebSocketStage
  private readonly settings: CfnStage
  private readonly routeThrottles: Readonly<Record<string, Throttle>>

  constructor(scope: Construct, id: string, props: SocketProps) {
    super(scope, id)
    this.api = new WebSocketApi(this, 'Api', {
      apiName: Names.uniqueResourceName(this, { maxLength: 64, separator: '-' }),
      description: 'Holdfast: session locks',
      routeSelectionExpression: '$request.body.type',
    })
    this.stage = new WebSocketStage(this, 'Stage', {
      webSocketApi: this.api,
      stageName: STAGE,
      autoDeploy: true,
      throttle: { rateLimit: props.throttle.ratePerSecond, burstLimit: props.throttle.burst },
      detailedMetricsEnabled: props.detailedMetrics,
      ...(props.accessLogs === undefined
        ? {}
        : {
            accessLogSettings: {
              destination: new LogGroupLogDestination(new LogGroup(this, 'AccessLogs', props.accessLogs)),
              format: accessLogFormat(),
            },
          }),
    })
    this.url = props.domainName === undefined ? this.stage.url : this.map(props.domainName)
    this.callbackUrl = this.stage.callbackUrl
    this.source = `${this.api.apiId}/${STAGE}`
    this.settings = this.stage.node.defaultChild as CfnStage
    this.routeThrottles = props.routeThrottles
    this.set('DefaultRouteSettings', {})
    for (const [type, throttle] of Object.entries(props.routeThrottles)) {
      const { ratePerSecond, burst } = throttle
      this.set(`RouteSettings.${type}`, {
        ThrottlingRateLimit: ratePerSecond,
        ThrottlingBurstLimit: burst,
        DetailedMetricsEnabled: props.detailedMetrics,
      })
    }
  }

  /** Opening a connection is signed by the caller's AWS credentials; closing one cannot be answered. */
  addConnectionRoutes(handler: IFunction): void {
    const integration = new WebSocketLambdaIntegration('Integration', handler)
    this.api.addRoute('$connect', { integration, authorizer: new WebSocketIamAuthorizer() })
    this.api.addRoute('$disconnect', { integration })
    // A message without a route of its own is answered, too, with `refused`.
    for (const type of ['hello', '$default']) this.api.addRoute(type, { integration, returnResponse: true })
  }

  /** Messages of these types go to `handler`, whose answer goes back to the sender. */
  addMessageRoutes(handler: IFunction, types: readonly string[]): void {
    const integration = new WebSocketLambdaIntegration('Integration', handler)
    for (const type of types) this.throttled(type, this.api.addRoute(type, { integration, returnResponse: true }))
  }

  /** The name of a route or a path, for policies. */
  arn(path: string): string {
    const stack = Stack.of(this)
    return stageArn(stack, { apiId: this.api.apiId, region: stack.region }, path)
  }

  /** Allows sending to the connections of this stage; neither looking at them nor closing them. */
  grantPush(grantee: IGrantable): Grant {
    return this.grantConnections(grantee, 'POST')
  }

  /** Serves the stage under the domain name, at its root. */
  private map(domainName: IDomainName): string {
    new ApiMapping(this, 'Mapping', { api: this.api, domainName, stage: this.stage })
    return `wss://${domainName.name}`
  }

  /** Both settings that are added log the text of messages. No default and no change by hand turns them on. */
  private set(path: string, settings: Readonly<Record<string, unknown>>): void {
    for (const [name, value] of Object.entries({ ...settings, DataTraceEnabled: false, LoggingLevel: 'OFF' })) {
      this.settings.addPropertyOverride(`${path}.${name}`, value)
    }
  }

  /** API Gateway refuses settings of a route that is not there yet. */
  private throttled(type: string, route: WebSocketRoute): void {
    if (this.routeThrottles[type] !== undefined)
      this.settings.addResourceDependency(route.node.defaultChild as CfnRoute)
  }

  /** Allows closing the connections of this stage; neither looking at them nor sending to them. */
  grantClose(grantee: IGrantable): Grant {
    return this.grantConnections(grantee, 'DELETE')
  }

  private grantConnections(grantee: IGrantable, method: string): Grant {
    const resourceArns = [this.arn(`${method}/@connections/*`)]
    return Grant.addToPrincipal({ grantee, actions: ['execute-api:ManageConnections'], resourceArns })
  }
}

/** Who did what, when and with which outcome. API Gateway has no variable that would show a message's body. */
function accessLogFormat(): AccessLogFormat {
  return AccessLogFormat.custom(
    JSON.stringify({
      requestId: AccessLogField.contextRequestId(),
      requestTime: AccessLogField.contextRequestTime(),
      eventType: AccessLogField.contextEventType(),
      routeKey: AccessLogField.contextRouteKey(),
      connectionId: AccessLogField.contextConnectionId(),
      principal: AccessLogField.contextIdentityUserArn(),
      status: AccessLogField.contextStatus(),
      integrationStatus: AccessLogField.contextIntegrationStatus(),
      integrationLatency: AccessLogField.contextIntegrationLatency(),
      error: AccessLogField.contextErrorMessage(),
    }),
  )
}
