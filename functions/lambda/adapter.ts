import {
  ApiGatewayManagementApiClient,
  GoneException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Store } from '../../protocol/dynamodb.js'
import type { StoreMessage } from '../../protocol/messages.js'
import { readNamespaces } from '../../protocol/process/namespaces.js'
import { NOWHERE } from '../../protocol/process/nowhere.js'
import { RecentMap } from '../../protocol/recent-map.js'
import { compileTiming } from '../../protocol/timing.js'
import { DynamoDbStore } from '../../store/dynamodb.js'
import { Requests } from '../../store/requests.js'
import { KnownIncarnation } from '../known-incarnation.js'
import { KnownProcesses } from '../known-processes.js'
import { DYNAMODB_TIMEOUT_MS, PUSH_ENDPOINTS_MAX, PUSH_TIMEOUT_MS, REQUESTS_MAX } from '../limits.js'
import type { Address, Deps } from '../ports.js'
import type { Environment } from './handlers.js'
import { Log } from './log.js'
import { MessageTime, messageTimeMs } from './message-time.js'
import { RetryingStore } from './retrying-store.js'

/** Fits the handlers to AWS Lambda: its environment variables, and the clients of DynamoDB and of API Gateway. */

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

const createLog = (api: string): Log =>
  new Log({
    api,
    hasMetrics: process.env.HOLDFAST_METRICS !== 'off',
    nowMs: Date.now,
    // Past `console`, which Lambda replaces: it would make the entry a string in a record of its own.
    write: (line) => void process.stdout.write(`${line}\n`),
  })

function createPush(time: MessageTime, log: Log, credentials: RoleCredentials): Deps['push'] {
  const clients = new RecentMap<string, ApiGatewayManagementApiClient>(PUSH_ENDPOINTS_MAX)
  const requests = new Requests({ timeoutMs: PUSH_TIMEOUT_MS, requestsMax: REQUESTS_MAX })
  return async (to: Address, message: StoreMessage) => {
    if (to.endpoint === NOWHERE) return true
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
      if (error instanceof GoneException) return false
      log.add({ level: 'info', event: 'pushFailed', of: message.type, error: (error as Error)?.name })
      return true
    }
  }
}

function createStore(time: MessageTime, credentials: RoleCredentials): Store {
  const client = new DynamoDBClient({ credentials, maxAttempts: 1 })
  const requests = new Requests({ timeoutMs: DYNAMODB_TIMEOUT_MS, requestsMax: REQUESTS_MAX })
  const store = new DynamoDbStore(client, { locks: required('HOLDFAST_LOCKS_TABLE') }, requests)
  return new RetryingStore(store, () => time.signal)
}

export function createEnvironment(): Environment {
  const timing = compileTiming(JSON.parse(process.env.HOLDFAST_TIMING || '{}'))
  const api = required('HOLDFAST_API')
  const log = createLog(api)
  const time = new MessageTime(messageTimeMs(timing))
  const credentials = roleCredentials()
  const store = createStore(time, credentials)
  const deps = {
    store,
    push: createPush(time, log, credentials),
    processes: new KnownProcesses(Date.now),
    nowMs: Date.now,
    timing,
    incarnation: new KnownIncarnation(store, Date.now),
    namespaces: readNamespaces(process.env.HOLDFAST_NAMESPACES || '[]'),
    log: log.add,
  }
  return { deps, time, log, callbackUrl: required('HOLDFAST_CALLBACK_URL'), api }
}
