import type { PartContext } from '../frame/part.js'
import type { BenchStack } from '../frame/stack.js'
import { REDIS_SOCKET } from '../peers/names.js'
import { type PeerStores, peerStores } from '../peers/stores.js'
import { RedisProxy } from './redis-proxy.js'

/** The stores of the peers; where answers are delayed, that of Redis too. Those of DynamoDB are by the stack itself. */
export async function storesOf({ isModelled }: PartContext, stack: BenchStack): Promise<PeerStores> {
  const stores = await peerStores(stack)
  const socket = stores.env[REDIS_SOCKET]
  if (!isModelled || socket === undefined) return stores
  const proxy = await RedisProxy.start(socket)
  return {
    ...stores,
    env: { ...stores.env, [REDIS_SOCKET]: proxy.socket },
    stop: async () => {
      await proxy.stop()
      await stores.stop()
    },
  }
}
