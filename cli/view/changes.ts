import { absenceOf, type SessionRecord } from '../../protocol/state/record.js'
import type { Lock } from '../stack/records.js'

/** A session as one look finds it. */
export interface Seen {
  readonly atMs: number
  readonly lock: Lock | undefined
  readonly record: SessionRecord | undefined
}

/** What has happened to a session between two looks. `process` is the id of a process. */
export type Change =
  | { readonly event: 'granted' | 'released'; readonly process: string; readonly epoch: number }
  | { readonly event: 'queued'; readonly process: string; readonly position: number }
  | { readonly event: 'left'; readonly process: string }
  | { readonly event: 'asked'; readonly process: string }
  | { readonly event: 'busy'; readonly process: string; readonly until: number }
  /** Grants and releases that came and went between the looks. */
  | { readonly event: 'passed'; readonly changes: number }
  | { readonly event: 'claimed'; readonly fence: number }
  /** `revisions` have come since the last look, and this is the newest. */
  | { readonly event: 'committed'; readonly rev: number; readonly revisions: number; readonly attributes: number }
  | { readonly event: 'born'; readonly rev: number }
  | { readonly event: 'ended'; readonly reason: string }
  | { readonly event: 'removed'; readonly record: 'lock' | 'session' }

/** The changes from one look to the next, those of the lock first. */
export const changesBetween = (before: Seen, after: Seen): Change[] => [
  ...lockChanges(before.lock, after.lock),
  ...sessionChanges(before, after),
]

function lockChanges(before: Lock | undefined, after: Lock | undefined): Change[] {
  if (after === undefined) return before === undefined ? [] : [{ event: 'removed', record: 'lock' }]
  const changes: Change[] = []
  const isOther = before?.epoch !== after.epoch
  const [left, came] = [before?.holder, after.holder]
  if (isOther && left !== undefined && before !== undefined) {
    changes.push({ event: 'released', process: left.p, epoch: before.epoch })
  }
  // From a hold to the next it is one step; from a free lock to a hold too. More were not seen.
  const steps = before === undefined ? 1 : after.epoch - before.epoch
  if (steps > 1) changes.push({ event: 'passed', changes: steps - 1 })
  if (isOther && came !== undefined) changes.push({ event: 'granted', process: came.p, epoch: after.epoch })
  const [queued, waiting] = [before?.waiters ?? [], after.waiters]
  for (const { p } of queued) {
    if (p !== came?.p && !waiting.some((seat) => seat.p === p)) changes.push({ event: 'left', process: p })
  }
  for (const [position, { p }] of waiting.entries()) {
    if (!queued.some((seat) => seat.p === p)) changes.push({ event: 'queued', process: p, position })
  }
  const { askedAt, busyUntil } = after
  if (came !== undefined && askedAt !== undefined && (isOther || before?.askedAt === undefined)) {
    changes.push({ event: 'asked', process: came.p })
  }
  if (came !== undefined && busyUntil !== undefined && (isOther || before?.busyUntil === undefined)) {
    changes.push({ event: 'busy', process: came.p, until: busyUntil })
  }
  return changes
}

function sessionChanges({ atMs, record: before }: Seen, { atMs: nowMs, record: after }: Seen): Change[] {
  if (after === undefined) return before === undefined ? [] : [{ event: 'removed', record: 'session' }]
  const changes: Change[] = []
  const [ended, isOver] = [absenceOf(before, atMs), absenceOf(after, nowMs)]
  if (before !== undefined && after.fence !== before.fence) changes.push({ event: 'claimed', fence: after.fence })
  if (ended !== undefined && isOver === undefined) changes.push({ event: 'born', rev: after.rev })
  else if (ended === undefined && isOver !== undefined) changes.push({ event: 'ended', reason: isOver.reason })
  else if (isOver === undefined && before !== undefined && after.rev !== before.rev) {
    const attributes = Object.keys(after.attrs ?? {}).length
    changes.push({ event: 'committed', rev: after.rev, revisions: after.rev - before.rev, attributes })
  }
  return changes
}
