import type { AttributeValue, Item } from '../../protocol/dynamodb.js'
import { NOBODY, type Seat, seatValue } from '../../protocol/lock/record.js'
import { TERMS, type Terms } from '../../protocol/process/terms.js'
import type { Introduction } from '../../protocol/process/writes.js'

/** Records as the tables hold them, in a few words. Times count from {@link NOW}. */

export const NOW = 1_800_000_000_000
export const SESSION = `shop#${'s'.repeat(43)}`
export const OTHER_SESSION = `shop#${'t'.repeat(43)}`
export const [ANNA, BERT, CLEO, DORA] = ['anna', 'bert', 'cleo', 'dora'].map((name) => name.padEnd(16, '0')) as [
  string,
  string,
  string,
  string,
]

export const seat = (p: string, r = 1, m?: string): Seat => (m === undefined ? { p, r } : { p, r, m })
/** The mark of the principal of all seats that name none. */
export const MARK = 'shop-1'

export interface LockFields {
  readonly epoch?: number
  readonly holder?: Seat | undefined
  readonly waiters?: readonly Seat[]
  readonly askedAt?: number
  readonly wasAskedAt?: number
  readonly busyUntil?: number
  readonly mark?: string
  readonly isMixed?: boolean
}

const optional = (name: string, value: number | undefined): Item =>
  value === undefined ? {} : { [name]: { N: String(value) } }

export const lockItem = (fields: LockFields): Item => {
  const { epoch = 7, holder, waiters = [], askedAt, wasAskedAt, busyUntil, mark = MARK, isMixed = false } = fields
  return {
    epoch: { N: String(epoch) },
    holder: seatValue(holder ?? NOBODY),
    mark: { S: mark },
    ...(isMixed ? { mixed: { BOOL: true } } : {}),
    waiters: { L: waiters.map(seatValue) },
    schema: { N: '1' },
    expiresAt: { N: '1' },
    ...optional('askedAt', askedAt),
    ...optional('wasAskedAt', wasAskedAt),
    ...optional('busyUntil', busyUntil),
  }
}

export interface ProcessFields {
  readonly leaseUntil?: number
  readonly gen?: number
  readonly connectionId?: string
  /** Older connections, the newest first. */
  readonly older?: readonly string[]
  readonly secretHash?: string
  readonly principal?: string
  readonly renewedAt?: number
  readonly evictedAt?: number
  readonly asks?: { readonly [session: string]: { readonly epoch: number; readonly at: number } }
  readonly moreAsks?: number
  readonly terms?: Partial<Terms>
}

export const processItem = (fields: ProcessFields = {}): Item => ({
  connectionId: { S: fields.connectionId ?? 'connection-1' },
  endpoint: { S: 'https://example.com/live' },
  gen: { N: String(fields.gen ?? 1) },
  leaseUntil: { N: String(fields.leaseUntil ?? NOW + 15_000) },
  renewedAt: { N: String(fields.renewedAt ?? NOW) },
  secretHash: { S: fields.secretHash ?? 'hash-of-secret' },
  principal: { S: fields.principal ?? 'arn:aws:iam::1:role/shop' },
  label: { S: 'server 1' },
  asks: {
    M: Object.fromEntries(
      Object.entries(fields.asks ?? {}).map(([session, { epoch, at }]): [string, AttributeValue] => [
        session,
        { M: { epoch: { N: String(epoch) }, at: { N: String(at) } } },
      ]),
    ),
  },
  schema: { N: '1' },
  expiresAt: { N: '1' },
  ...Object.fromEntries((fields.older ?? []).map((id, index) => [`older${index + 1}`, { S: id }])),
  ...optional('moreAsks', fields.moreAsks),
  ...Object.assign({}, ...TERMS.map((term) => optional(term, fields.terms?.[term]))),
  ...optional('evictedAt', fields.evictedAt),
})

export const introduction = (fields: Partial<Introduction> = {}): Introduction => ({
  processId: ANNA,
  secretHash: 'hash-of-secret',
  principal: 'arn:aws:iam::1:role/shop',
  label: 'server 1',
  gen: 1,
  connectionId: 'connection-1',
  endpoint: 'https://example.com/live',
  ...fields,
})

export interface SessionFields {
  readonly fence?: number
  readonly commitId?: string
  readonly rev?: number
  readonly attrs?: { readonly [name: string]: AttributeValue }
  readonly createdAt?: number
  readonly accessedAt?: number
  readonly aliveUntil?: number
  readonly ttlMs?: number
  readonly destroyedAt?: number
  readonly unborn?: true
  readonly rotated?: true
}

/** A session, alive unless said otherwise. A tombstone has no attributes. */
export const sessionItem = (fields: SessionFields = {}): Item => ({
  fence: { N: String(fields.fence ?? 7) },
  commitId: { S: fields.commitId ?? 'last' },
  rev: { N: String(fields.rev ?? 3) },
  createdAt: { N: String(fields.createdAt ?? NOW - 1_000) },
  accessedAt: { N: String(fields.accessedAt ?? NOW - 500) },
  aliveUntil: { N: String(fields.aliveUntil ?? NOW + 60_000) },
  schema: { N: '1' },
  expiresAt: { N: '1' },
  ...(fields.destroyedAt === undefined || fields.unborn ? { attrs: { M: fields.attrs ?? {} } } : {}),
  ...optional('ttlMs', fields.ttlMs),
  ...optional('destroyedAt', fields.destroyedAt),
  ...(fields.unborn === undefined ? {} : { unborn: { BOOL: fields.unborn } }),
  ...(fields.rotated === undefined ? {} : { rotated: { BOOL: fields.rotated } }),
})
