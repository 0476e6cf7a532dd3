import { randomBytes } from 'node:crypto'
import { DeleteItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { lockKey, processKey } from '../protocol/keys.js'
import { PROTOCOL_VERSION } from '../protocol/limits.js'
import type { ClientMessage, StoreMessage } from '../protocol/messages.js'
import { CLOSE_NORMAL } from './gateway/aws-limits.js'
import type { Invoke } from './gateway/integration.js'
import { connectEvent, disconnectEvent, type EventSource, messageEvent, randomId } from './gateway/lambda-events.js'
import { ACCOUNT_ID } from './template/resources.js'
import type { ApiSpec } from './template/routes.js'

export interface WarmUpOptions {
  readonly api: ApiSpec
  readonly invoke: Invoke
  readonly client: DynamoDBClient
  readonly locksTable: string
}

/**
 * Invokes each of Holdfast's functions once. The first requests of a function, of an AWS SDK client and of DynamoDB
 * Local take hundreds of milliseconds, and a test's first access would wait for all of them. So one process says hello,
 * gets a lock, gives it back and retires. Then its records are removed. It ends at the first unexpected answer: an
 * access will get the same answer, and its error says more.
 */
export async function warmUp({ api, invoke, client, locksTable }: WarmUpOptions): Promise<void> {
  const processId = randomBytes(12).toString('base64url')
  const session = `holdfast-warm-up#${randomBytes(32).toString('base64url')}`
  const source: EventSource = {
    connectionId: randomId(),
    connectedAtMs: Date.now(),
    identity: { sourceIp: '127.0.0.1', userArn: `arn:aws:iam::${ACCOUNT_ID}:user/warm-up` },
    laterIdentity: { sourceIp: '127.0.0.1' },
    apiId: api.id,
    stage: api.stage,
    domainName: '127.0.0.1',
  }
  const say = async (message: ClientMessage): Promise<StoreMessage | undefined> => {
    const route = api.routes.get(message.type)
    if (route === undefined) return undefined
    const event = messageEvent(source, route.key, randomId(), JSON.stringify(message))
    const outcome = await invoke(route.functionId, event)
    return outcome.type === 'returned' ? answerIn(outcome.value) : undefined
  }
  const connect = api.routes.get('$connect')
  if (connect !== undefined) await invoke(connect.functionId, connectEvent(source, { rawHeaders: [], socket: {} }))
  const secret = randomBytes(32).toString('base64url')
  const label = 'warm-up'
  const welcome = await say({ type: 'hello', v: PROTOCOL_VERSION, processId, secret, label, gen: 1 })
  if (welcome?.type !== 'welcome') return
  const granted = await say({ type: 'acquire', session, r: 1 })
  if (granted?.type === 'granted') await say({ type: 'release', session, epoch: granted.epoch, r: 1 })
  await say({ type: 'retire' })
  const disconnect = api.routes.get('$disconnect')
  if (disconnect !== undefined) await invoke(disconnect.functionId, disconnectEvent(source, CLOSE_NORMAL, ''))
  const keys = [lockKey(session), processKey(processId)]
  await Promise.all(
    keys.map((pk) => client.send(new DeleteItemCommand({ TableName: locksTable, Key: { pk: { S: pk } } }))),
  )
}

function answerIn(value: unknown): StoreMessage | undefined {
  const body = (value as { readonly body?: unknown } | null)?.body
  return typeof body === 'string' ? (JSON.parse(body) as StoreMessage) : undefined
}
