import type { WebSocketEvent } from '../../functions/lambda/handlers.js'

/** An event of the gateway: a connection that opens or has closed, or a message, by its type. */
export interface GatewayEvent {
  readonly eventType: 'CONNECT' | 'DISCONNECT' | 'MESSAGE'
  readonly connectionId: string
  readonly type: string
  readonly body?: string
}

/** The role is the same for each connection, the name of its session never. */
const ROLE_ARN = 'arn:aws:sts::1:assumed-role/app'

/** The same, as far as the functions read it, in the shape in which API Gateway hands it to a function. */
export const gatewayEvent = ({ eventType, connectionId, body }: GatewayEvent): WebSocketEvent =>
  ({
    requestContext: { eventType, connectionId, identity: { userArn: `${ROLE_ARN}/${connectionId}` } },
    body,
  }) as unknown as WebSocketEvent
