import type { Store } from '../protocol/dynamodb.js'
import { incarnationAfter, raiseIncarnation, readIncarnation } from '../protocol/incarnation.js'
import { INCARNATION_KEY } from '../protocol/keys.js'

/** Raises the incarnation of a Locks table, and returns it, or a higher one that another has set at the same time. */
export async function startNextIncarnation(locks: Pick<Store, 'get' | 'update'>, nowMs = Date.now()): Promise<number> {
  const seen = readIncarnation(await locks.get('locks', INCARNATION_KEY))
  const { item } = await locks.update(raiseIncarnation(incarnationAfter(seen, nowMs)))
  return readIncarnation(item)
}
