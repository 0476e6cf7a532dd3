import type { AttributeValue, Item } from './dynamodb.js'
import { CONNECTIONS_PER_PROCESS_MAX, SCHEMA_VERSION } from './limits.js'

/** One place at a lock: a process and the number of its request. */
export interface Seat {
  readonly p: string
  readonly r: number
}

export interface LockRecord {
  readonly epoch: number
  readonly holder: Seat | undefined
  readonly waiters: readonly Seat[]
  /** When the present holder was first asked to release. */
  readonly askedAt: number | undefined
  /** Until when the present holder, having said busy, may go on. */
  readonly busyUntil: number | undefined
}

/** An ask that the holder has not answered yet; its next `renewed` carries it. */
export interface Ask {
  readonly epoch: number
  readonly at: number
}

/**
 * The attributes of a process that name the connections before its present one, the newest first. The last of them is
 * one too many: the connection that the present one displaced.
 */
export const OLDER_CONNECTIONS: readonly string[] = Array.from(
  { length: CONNECTIONS_PER_PROCESS_MAX },
  (_, index) => `older${index + 1}`,
)

export interface ProcessRecord {
  readonly connectionId: string
  /** As many as {@link OLDER_CONNECTIONS}, of which '' is none. */
  readonly olderConnections: readonly string[]
  readonly endpoint: string
  readonly gen: number
  readonly leaseUntil: number
  readonly renewedAt: number
  readonly secretHash: string
  readonly principal: string
  readonly label: string
  readonly asks: ReadonlyMap<string, Ask>
  readonly evictedAt: number | undefined
}

/** The primary state of a session. Its attributes stay in DynamoDB's form: only the client's codec reads them. */
export interface SessionRecord {
  readonly fence: number
  readonly commitId: string
  readonly rev: number
  readonly attrs: { readonly [name: string]: AttributeValue } | undefined
  readonly createdAt: number
  /** When the session was last written or started; claims do not count. */
  readonly accessedAt: number
  readonly aliveUntil: number
  readonly destroyedAt: number | undefined
  /** A tombstone whose session goes on under another id. */
  readonly isRotated: boolean
}

/** A record that this version did not write. It is reported, never guessed at. */
export class CorruptRecordError extends Error {
  constructor(what: string) {
    super(`a stored record is not as this version writes it: ${what}`)
    this.name = 'CorruptRecordError'
  }
}

const optional = (item: Item, name: string): number | undefined =>
  item[name] === undefined ? undefined : number(item, name)

function number(item: Item, name: string): number {
  const value = item[name]
  const read = value !== undefined && 'N' in value ? Number(value.N) : Number.NaN
  if (!Number.isFinite(read)) throw new CorruptRecordError(`'${name}' should be a number`)
  return read
}

function string(item: Item, name: string): string {
  const value = item[name]
  if (value === undefined || !('S' in value)) throw new CorruptRecordError(`'${name}' should be a string`)
  return value.S
}

/** True or missing: conditions ask only whether it is there. */
function flag(item: Item, name: string): boolean {
  const value = item[name]
  if (value === undefined) return false
  if (!('BOOL' in value) || !value.BOOL) throw new CorruptRecordError(`'${name}' should be true`)
  return true
}

function map(value: AttributeValue | undefined, name: string): { readonly [name: string]: AttributeValue } {
  if (value === undefined || !('M' in value)) throw new CorruptRecordError(`'${name}' should be a map`)
  return value.M
}

function seat(value: AttributeValue | undefined, name: string): Seat {
  const fields = map(value, name)
  return { p: string(fields, 'p'), r: number(fields, 'r') }
}

/** In the table a free lock has the holder {p: ''}, so that one UpdateItem can hand over or free. */
export const NOBODY: Seat = { p: '', r: 0 }

export const seatValue = (s: Seat): AttributeValue => ({ M: { p: { S: s.p }, r: { N: String(s.r) } } })

/** A newer version may mean other things by the same names: better to refuse than to guess. */
function checkSchema(item: Item): void {
  if (item.schema === undefined) return
  const schema = number(item, 'schema')
  if (schema !== SCHEMA_VERSION) throw new CorruptRecordError(`its schema is ${schema}, expected ${SCHEMA_VERSION}`)
}

export function readLock(item: Item | undefined): LockRecord | undefined {
  if (item === undefined) return undefined
  checkSchema(item)
  const holder = seat(item.holder, 'holder')
  const waiters = item.waiters
  if (waiters === undefined || !('L' in waiters)) throw new CorruptRecordError("'waiters' should be a list")
  return {
    epoch: number(item, 'epoch'),
    holder: holder.p === NOBODY.p ? undefined : holder,
    waiters: waiters.L.map((waiter) => seat(waiter, 'waiters')),
    askedAt: optional(item, 'askedAt'),
    busyUntil: optional(item, 'busyUntil'),
  }
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
    evictedAt: optional(item, 'evictedAt'),
  }
}

/** The process that a connection belongs to, for ever. */
export const readConnection = (item: Item | undefined): string | undefined =>
  item === undefined ? undefined : string(item, 'processId')

export function readSession(item: Item | undefined): SessionRecord | undefined {
  if (item === undefined) return undefined
  checkSchema(item)
  const createdAt = number(item, 'createdAt')
  return {
    fence: number(item, 'fence'),
    commitId: string(item, 'commitId'),
    rev: number(item, 'rev'),
    attrs: item.attrs === undefined ? undefined : map(item.attrs, 'attrs'),
    createdAt,
    accessedAt: optional(item, 'accessedAt') ?? createdAt,
    aliveUntil: number(item, 'aliveUntil'),
    destroyedAt: optional(item, 'destroyedAt'),
    isRotated: flag(item, 'rotated'),
  }
}

/** Whether the session exists for anybody: neither destroyed nor expired, whatever TTL has removed so far. */
export const isAlive = (record: SessionRecord | undefined, nowMs: number): record is SessionRecord =>
  record !== undefined && record.destroyedAt === undefined && record.aliveUntil > nowMs
