import type { Item } from '../../protocol/dynamodb.js'
import { lastChangeMs, readLock } from '../../protocol/lock/record.js'
import { absenceOf, type SessionRecord } from '../../protocol/state/record.js'
import { BACKUP_MARGIN_MS } from '../limits.js'

/** What the two tables know of a session of a copy. */
export interface Known {
  readonly copy: SessionRecord
  readonly live: SessionRecord | undefined
  /** The record of its lock. */
  readonly lock: Item | undefined
}

/** What an adoption goes by. */
export interface Rules {
  readonly nowMs: number
  /** The copy has every write until then. Undefined where that is not known. */
  readonly backupAt: number | undefined
  readonly revive: boolean
  readonly rollBack: boolean
}

/**
 * What becomes of a session of a copy: it is `taken`, or it stays as it is in the live table, since it is `over` in the
 * copy itself, it is `living`, it has `ended` since, or it is `unproven` that it has not.
 */
export type Verdict = 'taken' | 'over' | 'living' | 'ended' | 'unproven'

export function verdictOf({ copy, live, lock }: Known, { nowMs, backupAt, revive, rollBack }: Rules): Verdict {
  if (absenceOf(copy, nowMs) !== undefined) return 'over'
  const absence = absenceOf(live, nowMs)
  if (absence === undefined) {
    // A session that has ended, and was made anew under its id, is another one.
    const isSame = live?.createdAt === copy.createdAt
    return rollBack && isSame && live.rev !== copy.rev ? 'taken' : 'living'
  }
  if (revive) return 'taken'
  if (live !== undefined && absence.reason !== 'unknown') return 'ended'
  return live === undefined && isUntouched(copy, lock, backupAt) ? 'taken' : 'unproven'
}

/**
 * A process has the lock of a session to change or to end it. So a lock that was released before the backup, and granted to nobody
 * since, proves that the copy has the last state of its session.
 */
function isUntouched({ fence }: SessionRecord, lock: Item | undefined, backupAt: number | undefined): boolean {
  if (lock === undefined || backupAt === undefined) return false
  try {
    const { holder, epoch = 0 } = readLock(lock) ?? {}
    // A lock record that is behind the fence was restored itself: it knows nothing.
    return holder === undefined && epoch > fence && lastChangeMs(lock) <= backupAt - BACKUP_MARGIN_MS
  } catch {
    return false
  }
}
