import type { Store } from '../protocol/dynamodb.js'
import { incarnationAfter, raiseIncarnation, readIncarnation } from '../protocol/incarnation.js'
import { INCARNATION_KEY } from '../protocol/keys.js'

/**
 * Makes every process of a deployment drop all that it holds, once, and go on under a new process id. To be called where
 * records of the Locks table were lost or changed by hand, since processes may then hold what the table no longer knows.
 * Where the whole table was emptied there is no need: no process is in it any more, which ends each with its next renewal.
 *
 * The hazard: accesses that run at that moment fail with `SESSION_LOST`, reason `evicted`. All processes have heard of it
 * 10 s and a quarter of a lease later, however functions and clients are deployed meanwhile.
 *
 * @param store of the Locks table. It needs `dynamodb:GetItem` and `dynamodb:UpdateItem`.
 * @param nowMs the time: milliseconds since 1970.
 * @returns the new incarnation, or a higher one that another operator has set at the same time
 */
export async function nextIncarnation(store: Pick<Store, 'get' | 'update'>, nowMs = Date.now()): Promise<number> {
  const seen = readIncarnation(await store.get('locks', INCARNATION_KEY))
  const { item } = await store.update(raiseIncarnation(incarnationAfter(seen, nowMs)))
  return readIncarnation(item)
}
