import type { APIGatewayProxyResultV2, APIGatewayProxyWebsocketEventV2 } from 'aws-lambda'
import { ConnectedCallers } from '../callers.js'
import { connected } from '../connect.js'
import { disconnected } from '../disconnect.js'
import { Dispatcher, type Handlers } from '../dispatch.js'
import type { Deps } from '../ports.js'
import { answerBody } from './answer-body.js'
import type { Log } from './log.js'
import type { MessageTime } from './message-time.js'

/** Fits the handlers of messages to the events of an API Gateway WebSocket API. */

/** Only the event of `$connect` is documented to name the caller, by `userArn`. */
export type WebSocketEvent = APIGatewayProxyWebsocketEventV2 & {
  readonly requestContext: { readonly identity?: { readonly userArn?: string | null } }
}
type Handler = (event: WebSocketEvent) => Promise<APIGatewayProxyResultV2>

/** All that a function uses, and the time of the message that it handles. */
export interface Environment {
  readonly deps: Deps
  readonly time: Pick<MessageTime, 'within'>
  readonly log: Pick<Log, 'requestId'>
  /** Where connections are pushed to. */
  readonly callbackUrl: string
  /** The API and the stage that events come from: `<API id>/<stage>`. */
  readonly api: string
}

const FORBIDDEN: APIGatewayProxyResultV2 = { statusCode: 403 }

/**
 * Passes the events of this deployment's API on, and refuses all others. An event names no account, and API ids are
 * unique in a region. Somebody who may invoke the function and knows the API id can still make up events: no
 * application needs that permission.
 */
const onlyFromApi =
  ({ api, deps, log }: Environment, handle: Handler): Handler =>
  async (event) => {
    const { apiId, stage, requestId } = event.requestContext ?? {}
    log.requestId = requestId
    if (`${apiId}/${stage}` === api) return handle(event)
    deps.log({ level: 'warn', event: 'foreignEvent' })
    return FORBIDDEN
  }

/** A handler that answers every message of the routes that lead to it. */
export function createMessageHandler(environment: Environment, handlers: Handlers): Handler {
  const { deps, time, callbackUrl: endpoint } = environment
  const dispatcher = new Dispatcher(deps, handlers, new ConnectedCallers(deps))
  return onlyFromApi(environment, async ({ requestContext: { connectionId, requestTimeEpoch }, body }) => {
    const answer = await time.within(() => dispatcher.answer({ connectionId, endpoint }, body, requestTimeEpoch))
    return { statusCode: 200, body: answerBody(deps, answer) }
  })
}

/**
 * The handler of $connect, $disconnect, hello, and every message that has no route of its own. It knows no message but
 * `hello`, and refuses the others with an error that names their type.
 */
export function createConnectionHandler(environment: Environment): Handler {
  const { deps, time } = environment
  const answer = createMessageHandler(environment, {})
  return onlyFromApi(environment, async (event) => {
    const { connectionId, eventType, identity } = event.requestContext
    switch (eventType) {
      case 'CONNECT': {
        // The gateway has checked the caller's signature and its right to connect; `hello` names the process.
        const isIn = await time.within(() => connected(deps, connectionId, identity?.userArn))
        if (!isIn) deps.log({ level: 'error', event: 'notConnected', hasIdentity: Boolean(identity?.userArn) })
        return isIn ? { statusCode: 200 } : FORBIDDEN
      }
      case 'DISCONNECT':
        await time.within(() => disconnected(deps, connectionId))
        return { statusCode: 200 }
      default:
        return answer(event)
    }
  })
}
