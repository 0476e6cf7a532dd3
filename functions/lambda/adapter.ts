import {
  ApiGatewayManagementApiClient,
  GoneException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { APIGatewayProxyResultV2, APIGatewayProxyWebsocketEventV2 } from 'aws-lambda'
import type { Store } from '../../protocol/dynamodb.js'
import type { StoreMessage } from '../../protocol/messages.js'
import { RecentMap } from '../../protocol/recent-map.js'
import { compileTiming } from '../../protocol/timing.js'
import { DynamoDbStore } from '../../store/dynamodb.js'
import { Requests } from '../../store/requests.js'
import { Dispatcher, type Handlers } from '../dispatch.js'
import type { Caller } from '../hello.js'
import { KnownProcesses } from '../known-processes.js'
import { DYNAMODB_TIMEOUT_MS, PUSH_ENDPOINTS_MAX, PUSH_TIMEOUT_MS, REQUESTS_MAX } from '../limits.js'
import type { Address, Deps, LogEntry } from '../ports.js'
import { MessageTime, messageTimeMs } from './message-time.js'
import { RetryingStore } from './retrying-store.js'

/** Fits the handlers to AWS Lambda: environment, clients and the events of an API Gateway WebSocket API. */

export type WebSocketEvent = APIGatewayProxyWebsocketEventV2 & {
  readonly requestContext: { readonly identity?: { readonly userArn?: string | null } }
}

function required(name: string): string {
  const value = process.env[name]
  if (value === undefined || value === '') throw new Error(`the environment variable ${name} is not set`)
  return value
}

/** Of the function's role. Lambda gives them to each environment, and they hold for as long as that lives. */
const roleCredentials = () => ({
  accessKeyId: required('AWS_ACCESS_KEY_ID'),
  secretAccessKey: required('AWS_SECRET_ACCESS_KEY'),
  sessionToken: required('AWS_SESSION_TOKEN'),
})
type RoleCredentials = ReturnType<typeof roleCredentials>

const log = (entry: LogEntry): void => console.log(JSON.stringify(entry))

function createPush(time: MessageTime, credentials: RoleCredentials): Deps['push'] {
  const clients = new RecentMap<string, ApiGatewayManagementApiClient>(PUSH_ENDPOINTS_MAX)
  const requests = new Requests({ timeoutMs: PUSH_TIMEOUT_MS, requestsMax: REQUESTS_MAX })
  return async (to: Address, message: StoreMessage) => {
    const client =
      clients.get(to.endpoint) ??
      new ApiGatewayManagementApiClient({ endpoint: to.endpoint, credentials, maxAttempts: 1 })
    clients.set(to.endpoint, client)
    const Data = Buffer.from(JSON.stringify(message))
    const command = new PostToConnectionCommand({ ConnectionId: to.connectionId, Data })
    try {
      await requests.send(command, (abortSignal) => client.send(command, { abortSignal }), time.signal)
      return true
    } catch (error) {
      log({ level: 'info', event: 'pushFailed', of: message.type, error: (error as Error)?.name })
      return !(error instanceof GoneException)
    }
  }
}

function createStore(time: MessageTime, credentials: RoleCredentials): Store {
  const client = new DynamoDBClient({ credentials, maxAttempts: 1 })
  const requests = new Requests({ timeoutMs: DYNAMODB_TIMEOUT_MS, requestsMax: REQUESTS_MAX })
  const store = new DynamoDbStore(client, { locks: required('HOLDFAST_LOCKS_TABLE') }, requests)
  return new RetryingStore(store, () => time.signal)
}

/** All that a function uses, and the time of the message that it handles. */
export interface Environment {
  readonly deps: Deps
  readonly time: MessageTime
}

export function createEnvironment(): Environment {
  const timing = compileTiming(JSON.parse(process.env.HOLDFAST_TIMING || '{}'))
  const time = new MessageTime(messageTimeMs(timing))
  const credentials = roleCredentials()
  const deps = {
    store: createStore(time, credentials),
    push: createPush(time, credentials),
    processes: new KnownProcesses(Date.now),
    nowMs: Date.now,
    timing,
    incarnation: required('HOLDFAST_INCARNATION'),
    log,
  }
  return { deps, time }
}

/** An assumed role's session name may differ from one connection to the next; the role may not. */
const roleOf = (userArn: string): string => userArn.replace(/^(arn:[^:]*:sts::\d+:assumed-role\/[^/]+)\/.*$/, '$1')

const callerOf = ({ requestContext }: WebSocketEvent): Caller => ({
  connectionId: requestContext.connectionId,
  endpoint: required('HOLDFAST_CALLBACK_URL'),
  // Where the gateway does not repeat the identity on messages, only the secret proves that the process is the same.
  principal: roleOf(requestContext.identity?.userArn ?? ''),
})

/** A handler that answers every message of the routes that lead to it. */
export function createMessageHandler({ deps, time }: Environment, handlers: Handlers) {
  const dispatcher = new Dispatcher(deps, handlers)
  return async (event: WebSocketEvent): Promise<APIGatewayProxyResultV2> => {
    const answer = await time.within(() => dispatcher.answer(callerOf(event), event.body))
    if (answer.type === 'refused') log({ level: 'warn', event: 'refused', code: answer.code, of: answer.of })
    return { statusCode: 200, body: JSON.stringify(answer) }
  }
}
