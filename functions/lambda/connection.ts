import type { APIGatewayProxyResultV2 } from 'aws-lambda'
import { disconnected } from '../disconnect.js'
import { createEnvironment, createMessageHandler, type WebSocketEvent } from './adapter.js'

/**
 * The Lambda function `connection`: $connect, $disconnect, hello, and every message that has no route of its own. Its
 * message handler knows no type but `hello`. It refuses the others with an error that names the type.
 */
const environment = createEnvironment()
const { deps, time } = environment
const answer = createMessageHandler(environment, {})

export async function handler(event: WebSocketEvent): Promise<APIGatewayProxyResultV2> {
  switch (event.requestContext.eventType) {
    case 'CONNECT':
      // The gateway has checked the caller's signature and its right to connect; `hello` names the process.
      return { statusCode: 200 }
    case 'DISCONNECT':
      await time.within(() => disconnected(deps, event.requestContext.connectionId))
      return { statusCode: 200 }
    default:
      return answer(event)
  }
}
