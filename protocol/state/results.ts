import type { TransactOutcome, UpdateOutcome } from '../dynamodb.js'
import { type Absence, absenceOf, readSession, type SessionRecord } from './record.js'
import type { WriteId } from './writes.js'

/** The outcome of a write to the primary state, read from the store's answer. All copies of a write read the same. */

export type ClaimResult =
  | { readonly kind: 'claimed'; readonly record: SessionRecord }
  /** There is no such session: it takes a claim afresh, if it is to be created. */
  | { readonly kind: 'absent'; readonly absence: Absence }
  /** The session goes on under another id, and this one cannot be used again. */
  | { readonly kind: 'rotated'; readonly absence: Absence }
  /** A claim afresh found a live session under an older fence: it takes a claim. */
  | { readonly kind: 'present' }
  /** A session that could be claimed has a fence that is not below this epoch. */
  | { readonly kind: 'fenced'; readonly fence: number }

/** Reads the outcome of a claim or a claim afresh. A claim that finds its own commitId has landed before. */
export function readClaim(outcome: UpdateOutcome, id: WriteId, nowMs: number): ClaimResult {
  const record = readSession(outcome.item)
  if (record !== undefined && (outcome.applied || isBy(record, id))) return { kind: 'claimed', record }
  const absence = absenceOf(record, nowMs)
  // Before the fence: a higher epoch would not help.
  if (absence?.reason === 'rotated') return { kind: 'rotated', absence }
  if (record !== undefined && record.fence >= id.epoch) return { kind: 'fenced', fence: record.fence }
  return absence === undefined ? { kind: 'present' } : { kind: 'absent', absence }
}

/** Whether a commit or destroy has landed, by this try or by an earlier one. Otherwise the session is lost. */
export const hasLanded = (outcome: UpdateOutcome, id: WriteId): boolean =>
  outcome.applied || isBy(readSession(outcome.item), id)

/**
 * Whether writes that land together have landed, by this try or by an earlier one; `ids` in the order of the writes. One
 * item that shows its write is enough: newer writes may have replaced those of the other items.
 */
export const haveLanded = (outcome: TransactOutcome, ids: readonly WriteId[]): boolean =>
  outcome.applied || ids.some((id, index) => isBy(readSession(outcome.items[index]), id))

/** This write is the last one that the record has taken. */
const isBy = (record: SessionRecord | undefined, id: WriteId): boolean =>
  record !== undefined && record.fence === id.epoch && record.commitId === id.commitId
