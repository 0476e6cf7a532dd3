import type { APIGatewayProxyResultV2, APIGatewayProxyWebsocketEventV2 } from 'aws-lambda'
import { disconnected } from '../disconnect.js'
import { Dispatcher, type Handlers } from '../dispatch.js'
import type { Caller } from '../hello.js'
import type { Deps } from '../ports.js'
import type { MessageTime } from './message-time.js'

/** Fits the handlers of messages to the events of an API Gateway WebSocket API. */

export type WebSocketEvent = APIGatewayProxyWebsocketEventV2 & {
  readonly requestContext: { readonly identity?: { readonly userArn?: string | null } }
}

/** All that a function uses, the time of the message that it handles, and where connections are pushed to. */
export interface Environment {
  readonly deps: Deps
  readonly time: Pick<MessageTime, 'within'>
  readonly callbackUrl: string
}

/** An assumed role's session name may differ from one connection to the next; the role may not. */
const roleOf = (userArn: string): string => userArn.replace(/^(arn:[^:]*:sts::\d+:assumed-role\/[^/]+)\/.*$/, '$1')

const callerOf = ({ requestContext }: WebSocketEvent, endpoint: string): Caller => ({
  connectionId: requestContext.connectionId,
  endpoint,
  // Where the gateway does not repeat the identity on messages, only the secret proves that the process is the same.
  principal: roleOf(requestContext.identity?.userArn ?? ''),
})

/** A handler that answers every message of the routes that lead to it. */
export function createMessageHandler({ deps, time, callbackUrl }: Environment, handlers: Handlers) {
  const dispatcher = new Dispatcher(deps, handlers)
  return async (event: WebSocketEvent): Promise<APIGatewayProxyResultV2> => {
    const answer = await time.within(() => dispatcher.answer(callerOf(event, callbackUrl), event.body))
    if (answer.type === 'refused') deps.log({ level: 'warn', event: 'refused', code: answer.code, of: answer.of })
    return { statusCode: 200, body: JSON.stringify(answer) }
  }
}

/**
 * The handler of $connect, $disconnect, hello, and every message that has no route of its own. It knows no message but
 * `hello`, and refuses the others with an error that names their type.
 */
export function createConnectionHandler(environment: Environment) {
  const { deps, time } = environment
  const answer = createMessageHandler(environment, {})
  return async (event: WebSocketEvent): Promise<APIGatewayProxyResultV2> => {
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
}
