import type { Peer } from './peer.js'

export interface PeerKind {
  /** As the tables name it. */
  readonly label: string
  readonly isOnRedis: boolean
  /** Opens it by the environment that peerStores() gives. A process loads the library of its own peer only. */
  open(): Promise<Peer>
}

const kind = (label: string, isOnRedis: boolean, open: () => Promise<Peer>): PeerKind => ({ label, isOnRedis, open })

const failClosed = async (isTuned: boolean) => (await import('./dynamodb-lock-client.js')).openFailClosed(isTuned)
const failOpen = async (isTuned: boolean) => (await import('./dynamodb-lock-client.js')).openFailOpen(isTuned)
const deliveryHero = async (isTuned: boolean) => (await import('./deliveryhero.js')).openDeliveryHero(isTuned)
const redlock = async (isTuned: boolean) => (await import('./redis.js')).openRedlock(isTuned)
const redisValues = async () => (await import('./redis.js')).openRedisValues()
const redisSemaphore = async (isTuned: boolean) => (await import('./redis.js')).openRedisSemaphore(isTuned)

/** What people use instead. "Tuned" means with the settings that are best for handing a lock on quickly. */
export const PEERS = {
  connectDynamoDb: kind('connect-dynamodb, no lock', false, async () =>
    (await import('./connect-dynamodb.js')).openConnectDynamoDb(),
  ),
  failClosed: kind('dynamodb-lock-client, fail closed', false, () => failClosed(false)),
  failClosedTuned: kind('dynamodb-lock-client, fail closed, tuned', false, () => failClosed(true)),
  failOpen: kind('dynamodb-lock-client, fail open', false, () => failOpen(false)),
  failOpenTuned: kind('dynamodb-lock-client, fail open, tuned', false, () => failOpen(true)),
  deliveryHero: kind('@deliveryhero/dynamodb-lock', false, () => deliveryHero(false)),
  deliveryHeroTuned: kind('@deliveryhero/dynamodb-lock, tuned', false, () => deliveryHero(true)),
  redisValues: kind('Redis get and set, no lock', true, redisValues),
  redlock: kind('redlock', true, () => redlock(false)),
  redlockTuned: kind('redlock, tuned', true, () => redlock(true)),
  redisSemaphore: kind('redis-semaphore', true, () => redisSemaphore(false)),
  redisSemaphoreTuned: kind('redis-semaphore, tuned', true, () => redisSemaphore(true)),
} as const satisfies Readonly<Record<string, PeerKind>>

export type PeerName = keyof typeof PEERS
