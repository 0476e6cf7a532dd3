import type { LambdaFunctionURLEventWithIAMAuthorizer } from 'aws-lambda'
import type { WebSocketEvent } from '../../functions/lambda/handlers.js'
import { CONNECTION_HEADER, PROCESS_HEADER, SECRET_HEADER } from '../../protocol/process/https.js'

/** An event of the gateway: a connection that opens or has closed, or a message, by its type. */
export interface GatewayEvent {
  readonly eventType: 'CONNECT' | 'DISCONNECT' | 'MESSAGE'
  readonly connectionId: string
  readonly type: string
  /** Who opens the connection: only the event of `$connect` says it. */
  readonly userArn?: string
  readonly body?: string
}

const API_ID = 'simulated'
const STAGE = 'live'
export const API = `${API_ID}/${STAGE}`

/** The same, as far as the functions read it, in the shape in which API Gateway hands it to a function. */
export const gatewayEvent = ({ eventType, connectionId, userArn, body }: GatewayEvent): WebSocketEvent =>
  ({
    requestContext: { eventType, connectionId, identity: { userArn }, apiId: API_ID, stage: STAGE },
    body,
  }) as unknown as WebSocketEvent

/** A request over HTTPS. */
export interface HttpsRequest {
  readonly processId: string
  readonly secret: string
  readonly connectionId: string | undefined
  readonly userArn: string
  readonly body: string
}

/** The same, in the shape in which Lambda hands it to a function. */
export const httpsEvent = ({ processId, secret, connectionId, userArn, body }: HttpsRequest) =>
  ({
    requestContext: { authorizer: { iam: { userArn } } },
    headers: { [PROCESS_HEADER]: processId, [SECRET_HEADER]: secret, [CONNECTION_HEADER]: connectionId },
    body,
    isBase64Encoded: false,
  }) as unknown as LambdaFunctionURLEventWithIAMAuthorizer
