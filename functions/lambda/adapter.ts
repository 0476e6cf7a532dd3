import { ApiGatewayManagementApiClient, PostToConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { APIGatewayProxyResultV2, APIGatewayProxyWebsocketEventV2 } from 'aws-lambda'
import type { StoreMessage } from '../../protocol/messages.js'
import { compileTiming } from '../../protocol/timing.js'
import { DynamoDbStore } from '../../store/dynamodb.js'
import { Dispatcher, type Handlers } from '../dispatch.js'
import type { Caller } from '../hello.js'
import { DYNAMODB_ATTEMPTS_MAX, DYNAMODB_TIMEOUT_MS, PUSH_ENDPOINTS_MAX, PUSH_TIMEOUT_MS } from '../limits.js'
import type { Address, Deps, LogEntry } from '../ports.js'
import { RecentMap } from '../recent-map.js'

/** Fits the handlers to AWS Lambda: environment, clients and the events of an API Gateway WebSocket API. */

export type WebSocketEvent = APIGatewayProxyWebsocketEventV2 & {
  readonly requestContext: { readonly identity?: { readonly userArn?: string | null } }
}

function required(name: string): string {
  const value = process.env[name]
  if (value === undefined || value === '') throw new Error(`the environment variable ${name} is not set`)
  return value
}

const log = (entry: LogEntry): void => console.log(JSON.stringify(entry))

function createPush(): Deps['push'] {
  const clients = new RecentMap<string, ApiGatewayManagementApiClient>(PUSH_ENDPOINTS_MAX)
  return async (to: Address, message: StoreMessage) => {
    let client = clients.get(to.endpoint)
    if (client === undefined) {
      client = new ApiGatewayManagementApiClient({ endpoint: to.endpoint, maxAttempts: 1 })
      clients.set(to.endpoint, client)
    }
    try {
      await client.send(
        new PostToConnectionCommand({ ConnectionId: to.connectionId, Data: Buffer.from(JSON.stringify(message)) }),
        { abortSignal: AbortSignal.timeout(PUSH_TIMEOUT_MS) },
      )
    } catch (error) {
      log({ level: 'info', event: 'pushFailed', of: message.type, error: (error as Error)?.name })
    }
  }
}

const createDynamoDb = () =>
  new DynamoDBClient({
    maxAttempts: DYNAMODB_ATTEMPTS_MAX,
    requestHandler: {
      connectionTimeout: DYNAMODB_TIMEOUT_MS,
      requestTimeout: DYNAMODB_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  })

export function createDeps(): Deps {
  return {
    store: new DynamoDbStore(createDynamoDb(), {
      locks: required('HOLDFAST_LOCKS_TABLE'),
    }),
    push: createPush(),
    nowMs: Date.now,
    timing: compileTiming(JSON.parse(process.env.HOLDFAST_TIMING || '{}')),
    incarnation: required('HOLDFAST_INCARNATION'),
    log,
  }
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
export function createMessageHandler(deps: Deps, handlers: Handlers) {
  const dispatcher = new Dispatcher(deps, handlers)
  return async (event: WebSocketEvent): Promise<APIGatewayProxyResultV2> => {
    const answer = await dispatcher.answer(callerOf(event), event.body)
    if (answer.type === 'refused') log({ level: 'warn', event: 'refused', code: answer.code, of: answer.of })
    return { statusCode: 200, body: JSON.stringify(answer) }
  }
}
