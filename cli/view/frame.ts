import type { SessionKey } from '../../protocol/keys.js'
import type { Records } from '../stack/records.js'
import { type LockView, lockViews, type ProcessView, processViews } from './overview.js'

/** A session whose lock went from hand to hand since the last look. */
interface Hot {
  readonly session: SessionKey
  readonly grantsPerSecond: number
  readonly waiting: number
}

/** One look at the Locks table, as `top` shows it. */
export interface Frame {
  readonly at: number
  readonly held: number
  readonly contended: number
  readonly waiting: number
  /** Null at the first look: there is nothing to compare it with. */
  readonly grantsPerSecond: number | null
  readonly hot: readonly Hot[]
  /** The most waited for first. */
  readonly queues: readonly LockView[]
  readonly oldest: readonly LockView[]
  readonly processes: readonly ProcessView[]
  readonly isPartial: boolean
}

export interface Look {
  readonly atMs: number
  readonly records: Records
}

/** What a look shows, and what has changed since the one before. Each list has at most `lines` entries. */
export function frameOf({ atMs, records }: Look, before: Look | undefined, lines: number, namespace?: string): Frame {
  const views = lockViews(records, atMs, namespace)
  const held = views.filter(({ holder }) => holder !== null)
  const queues = held.filter(({ waiting }) => waiting > 0)
  const hot = before === undefined ? [] : hotOf(views, before, atMs)
  return {
    at: atMs,
    held: held.length,
    contended: queues.length,
    waiting: queues.reduce((sum, { waiting }) => sum + waiting, 0),
    grantsPerSecond:
      before === undefined ? null : rounded(hot.reduce((sum, { grantsPerSecond }) => sum + grantsPerSecond, 0)),
    hot: hot.slice(0, lines),
    queues: queues.slice(0, lines),
    oldest: held.toSorted((a, b) => (b.heldMs ?? 0) - (a.heldMs ?? 0)).slice(0, lines),
    processes: processViews(records, atMs)
      .filter(({ leaseLeftMs, holds }) => leaseLeftMs > 0 || holds > 0)
      .slice(0, lines),
    isPartial: records.isPartial,
  }
}

/** Each grant and each release raises the epoch by one. A new record starts at the clock, so it counts as one grant. */
function hotOf(views: readonly LockView[], before: Look, atMs: number): Hot[] {
  const seconds = Math.max(1, atMs - before.atMs) / 1_000
  const changed = views.flatMap(({ session, epoch, waiting }) => {
    const earlier = before.records.locks.get(session)?.epoch
    const grants = earlier === undefined ? 1 : epoch - earlier
    return grants > 0 ? [{ session, waiting, grantsPerSecond: rounded(grants / seconds) }] : []
  })
  return changed.toSorted((a, b) => b.grantsPerSecond - a.grantsPerSecond)
}

const rounded = (value: number): number => Math.round(value * 100) / 100
