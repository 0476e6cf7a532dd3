import { type Rate, TABLE_READ_RATE, TABLE_WRITE_RATE } from '../gateway/aws-quotas.js'
import { TokenBucket, takeFromAll } from '../gateway/token-bucket.js'
import type { Faults, RecordedRequest } from './proxy.js'

export interface TableQuotas {
  readonly tableReads?: Rate
  readonly tableWrites?: Rate
}

const READS: ReadonlySet<string> = new Set(['GetItem', 'BatchGetItem', 'Query', 'Scan'])

/** Throttles requests beyond what each table takes. A request counts as one unit, whatever its size. */
export function throttleTables(quotas: TableQuotas, nowMs: () => number): Faults {
  const { tableReads = TABLE_READ_RATE, tableWrites = TABLE_WRITE_RATE } = quotas
  const buckets = new Map<string, TokenBucket>()
  const bucketOf = ({ target, operation }: RecordedRequest): TokenBucket => {
    const isRead = READS.has(operation)
    const key = `${target} ${isRead ? 'reads' : 'writes'}`
    const bucket = buckets.get(key) ?? new TokenBucket(isRead ? tableReads : tableWrites, nowMs)
    buckets.set(key, bucket)
    return bucket
  }
  return {
    beforeForward: (request) => (takeFromAll([bucketOf(request)]) ? undefined : { refuse: 'ThrottlingException' }),
  }
}
