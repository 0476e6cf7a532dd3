import type { Item } from '../dynamodb.js'
import { CONNECTIONS_PER_PROCESS_MAX } from '../limits.js'
import { checkSchema, map, number, optional, string } from '../record-fields.js'
import type { RecordedTerms } from './terms.js'

/** An ask that the holder has not answered yet; its next `renewed` names it. */
export interface Ask {
  readonly epoch: number
  readonly at: number
}

/**
 * The attributes of a process that name the connections before its present one, the newest first. The last is one
 * too many: the connection that the present one displaced.
 */
export const OLDER_CONNECTIONS: readonly string[] = Array.from(
  { length: CONNECTIONS_PER_PROCESS_MAX },
  (_, index) => `older${index + 1}`,
)

export interface ProcessRecord {
  readonly connectionId: string
  /** As many as {@link OLDER_CONNECTIONS}; '' stands for none. */
  readonly olderConnections: readonly string[]
  readonly endpoint: string
  readonly gen: number
  readonly leaseUntil: number
  readonly renewedAt: number
  readonly secretHash: string
  readonly principal: string
  readonly label: string
  readonly asks: ReadonlyMap<string, Ask>
  /** Counts the asks that found no room among these. */
  readonly moreAsks: number | undefined
  /** Those that this process was ever told, or longer ones. */
  readonly terms: RecordedTerms
  readonly evictedAt: number | undefined
}

export function readProcess(item: Item | undefined): ProcessRecord | undefined {
  if (item === undefined) return undefined
  checkSchema(item)
  const asks = Object.entries(map(item.asks, 'asks')).map(([session, value]) => {
    const ask = map(value, 'asks')
    return [session, { epoch: number(ask, 'epoch'), at: number(ask, 'at') }] as const
  })
  return {
    connectionId: string(item, 'connectionId'),
    olderConnections: OLDER_CONNECTIONS.map((name) => (item[name] === undefined ? '' : string(item, name))),
    endpoint: string(item, 'endpoint'),
    gen: number(item, 'gen'),
    leaseUntil: number(item, 'leaseUntil'),
    renewedAt: number(item, 'renewedAt'),
    secretHash: string(item, 'secretHash'),
    principal: string(item, 'principal'),
    label: string(item, 'label'),
    asks: new Map(asks),
    moreAsks: optional(item, 'moreAsks'),
    terms: {
      maxBusyMs: optional(item, 'maxBusyMs'),
      answerTimeoutMs: optional(item, 'answerTimeoutMs'),
      storeMarginMs: optional(item, 'storeMarginMs'),
    },
    evictedAt: optional(item, 'evictedAt'),
  }
}

export interface ConnectionRecord {
  /** Who opened the connection. Undefined where `$connect` has left no record of it. */
  readonly principal: string | undefined
  /** The process that the connection belongs to, for ever. Undefined before its first `hello`. */
  readonly processId: string | undefined
}

export function readConnection(item: Item | undefined): ConnectionRecord {
  const field = (name: string) => (item?.[name] === undefined ? undefined : string(item, name))
  return { principal: field('principal'), processId: field('processId') }
}
