import type { AttributeValue, Item } from '../dynamodb.js'
import { checkSchema, flag, map, number, optional, string } from '../record-fields.js'

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

/** The session exists: it is neither destroyed nor expired, even if TTL has not removed it yet. */
export const isAlive = (record: SessionRecord | undefined, nowMs: number): record is SessionRecord =>
  record !== undefined && record.destroyedAt === undefined && record.aliveUntil > nowMs
