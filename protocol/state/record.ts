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
  /** The lifetime of this session. Without it, the session has that of the client that commits to it. */
  readonly ttlMs: number | undefined
  readonly destroyedAt: number | undefined
  /** Claimed afresh, and not committed to yet: there is no session. What the record says of an end is that of the life before. */
  readonly isUnborn: boolean
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
    ttlMs: optional(item, 'ttlMs'),
    destroyedAt: optional(item, 'destroyedAt'),
    isUnborn: flag(item, 'unborn'),
    isRotated: flag(item, 'rotated'),
  }
}

/** The same, for a look at records of any version: undefined for one that this version does not read. */
export function readableSession(item: Item | undefined): SessionRecord | undefined {
  try {
    return readSession(item)
  } catch {
    return undefined
  }
}

/** Why there is no session. */
export interface Absence {
  readonly reason: 'unknown' | 'expired' | 'destroyed' | 'rotated'
  /** When the session ended; undefined where the record does not tell. */
  readonly endedAt: number | undefined
}

/** Why there is no session, by its record, even if TTL has not removed that yet; undefined where there is one. */
export function absenceOf(record: SessionRecord | undefined, nowMs: number): Absence | undefined {
  if (record === undefined) return { reason: 'unknown', endedAt: undefined }
  const { destroyedAt, aliveUntil, isUnborn } = record
  if (destroyedAt !== undefined) return { reason: record.isRotated ? 'rotated' : 'destroyed', endedAt: destroyedAt }
  // There was no life before.
  if (isUnborn && aliveUntil === 0) return { reason: 'unknown', endedAt: undefined }
  return isUnborn || aliveUntil <= nowMs ? { reason: 'expired', endedAt: aliveUntil } : undefined
}

export const isAlive = (record: SessionRecord | undefined, nowMs: number): record is SessionRecord =>
  absenceOf(record, nowMs) === undefined
