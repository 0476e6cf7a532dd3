import { createOtherTable } from '../frame/other-table.js'
import type { BenchStack } from '../frame/stack.js'
import {
  CONNECT_DYNAMODB_TABLE,
  DELIVERYHERO_KEYS,
  DELIVERYHERO_TABLE,
  FAIL_CLOSED_TABLE,
  FAIL_OPEN_TABLE,
  REDIS_SOCKET,
  SESSIONS_TABLE,
} from './names.js'
import { RedisMissingError, RedisServer } from './redis-server.js'

/** The tables of the peers on the DynamoDB of the stack, and a Redis where this machine has one. */
export interface PeerStores {
  readonly hasRedis: boolean
  /** Of processes that open peers. */
  readonly env: Readonly<Record<string, string>>
  stop(): Promise<void>
}

export async function peerStores({ stack }: BenchStack): Promise<PeerStores> {
  for (const table of [SESSIONS_TABLE, CONNECT_DYNAMODB_TABLE, FAIL_CLOSED_TABLE, FAIL_OPEN_TABLE]) {
    await createOtherTable(stack, table, ['id'])
  }
  const env = await createOtherTable(stack, DELIVERYHERO_TABLE, Object.values(DELIVERYHERO_KEYS))
  const redis = await startRedis()
  return {
    hasRedis: redis !== undefined,
    env: redis === undefined ? env : { ...env, [REDIS_SOCKET]: redis.socket },
    stop: async () => redis?.stop(),
  }
}

async function startRedis(): Promise<RedisServer | undefined> {
  try {
    return await RedisServer.start()
  } catch (error) {
    if (error instanceof RedisMissingError) return undefined
    throw error
  }
}
