import { RedisServer } from '../../bench/peers/redis-server.js'
import type { LocalStack } from '../../local/index.js'
import { prepareTable } from '../demo/sides.js'
import { startServers, stopAll } from '../shop/processes.js'
import { addNotes, addToCart, type Fate } from './adds.js'

/** One way to keep sessions, and what became of the adds of one visitor. */
export interface Side {
  readonly name: string
  /** 200 adds to one cart. */
  readonly cart: Fate
  /** 40 adds to an attribute each. */
  readonly notes: Fate
}

const SERVERS = 2

export const HOLDFAST_WRITE = "Holdfast 'write'"
export const HOLDFAST_MERGE = "Holdfast 'merge'"
export const CONNECT_DYNAMODB = 'connect-dynamodb'

export const runConnectDynamoDb = async (stack: LocalStack): Promise<Side> =>
  runSide(CONNECT_DYNAMODB, 'connect-dynamodb-server.js', await prepareTable(stack, 'connect-sessions'))

/** Throws a RedisMissingError where there is no redis-server. */
export async function runConnectRedis(): Promise<Side> {
  const redis = await RedisServer.start()
  try {
    return await runSide('connect-redis', 'connect-redis-server.js', { REDIS_SOCKET: redis.socket })
  } finally {
    await redis.stop()
  }
}

export const runHoldfast = (stack: LocalStack, lock: 'write' | 'merge'): Promise<Side> =>
  runSide(lock === 'write' ? HOLDFAST_WRITE : HOLDFAST_MERGE, 'holdfast-server.js', { ...stack.env, LOCK: lock })

/** Every side runs here, one after the other: as many processes, the same adds, the same measures. */
async function runSide(name: string, script: string, environment: Readonly<Record<string, string>>): Promise<Side> {
  const servers = await startServers(SERVERS, new URL(script, import.meta.url), environment)
  try {
    const origins = servers.map(({ origin }) => origin)
    return { name, cart: await addToCart(origins), notes: await addNotes(origins) }
  } finally {
    await stopAll(servers)
  }
}
