import { PROCESS_ID_PATTERN } from '../protocol/keys.js'
import { isHttpsConnection } from '../protocol/process/nowhere.js'
import { readProcess } from '../protocol/process/record.js'
import { evict as evictWrite } from '../protocol/process/writes.js'
import { ConnectionCloser } from './connection-closer.js'
import { REQUEST_TIMEOUT_MS } from './limits.js'
import { type OperatorOptions, withClient } from './options.js'
import { locksOf } from './store.js'

/** What an eviction has done. */
export interface Eviction {
  /** When the lease of the process is over, in milliseconds since 1970. Until then it may use what it holds. */
  readonly leaseUntil: number
  /** How many of its connections were closed now. */
  readonly closed: number
}

/**
 * Ends a process of an application: its lease is extended no more, and its connections are closed. When its lease is over,
 * 15 s from now at most by default, the next process that waits for one of its sessions gets it. What was acknowledged is
 * in DynamoDB, and stays. It needs the rights that `grants.operate` gives. A call that failed may be repeated.
 *
 * It is for a process that must not go on, such as one whose credentials were revoked: API Gateway checks credentials
 * when a connection is opened only, and a connection lives for up to two hours. The hazard: an application whose
 * credentials still work opens another connection, and goes on as a new process without what it held.
 *
 * @param processId as the lock record of a session names its holder, in `holder.p`, and as the functions log it.
 * @returns undefined where the store knows no such process.
 * @throws {RangeError} for a malformed id; the AWS SDK's errors; an Error where a connection could not be closed.
 * @example
 * const eviction = await evict('mPz1Xw0cJbD3nR5t', { locksTable, region: 'eu-west-1' })
 */
export async function evict(processId: string, options: OperatorOptions): Promise<Eviction | undefined> {
  if (!PROCESS_ID_PATTERN.test(processId)) throw new RangeError('a process id has 16 characters of A-Z a-z 0-9 _ -')
  return withClient(options, async (client) => {
    const store = locksOf(client, options)
    // First the write: no connection that is opened after it can speak for this process.
    const process = readProcess((await store.update(evictWrite(processId, Date.now()))).item)
    if (process === undefined) return undefined
    const closer = new ConnectionCloser(client, options.region, REQUEST_TIMEOUT_MS)
    const connections = new Set([process.connectionId, ...process.olderConnections].filter(isOfGateway))
    const closed = await Promise.all([...connections].map((id) => closer.close(process.endpoint, id)))
    return { leaseUntil: process.leaseUntil, closed: closed.filter(Boolean).length }
  })
}

const isOfGateway = (connectionId: string): boolean => connectionId !== '' && !isHttpsConnection(connectionId)
