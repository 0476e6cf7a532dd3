import { type OperatorOptions, withClient } from './options.js'
import { startNextIncarnation } from './start-next-incarnation.js'
import { locksOf } from './store.js'

/**
 * Makes every process of a deployment drop all that it holds, once, and go on under a new process id. To be called where
 * records of the Locks table were lost or changed by hand, since processes may then hold what the table no longer knows.
 *
 * The hazard: accesses that run at that moment fail with `SESSION_LOST`, reason `evicted`. All processes have heard of it
 * 10 s and a quarter of a lease later, however functions and clients are deployed meanwhile.
 *
 * It needs `dynamodb:GetItem` and `dynamodb:UpdateItem` on the Locks table. A call that failed may be repeated.
 *
 * @returns the new incarnation, in milliseconds since 1970, or a higher one that another operator has set at the same time
 * @throws the AWS SDK's errors
 * @example
 * await nextIncarnation({ locksTable, region: 'eu-west-1' })
 */
export const nextIncarnation = (options: OperatorOptions): Promise<number> =>
  withClient(options, (client) => startNextIncarnation(locksOf(client, options)))
