import { LOCK_ROWS_MAX, SHAPES_MAX } from '../limits.js'
import { type LockBar, WHOLE } from '../model/hold-locks.js'
import type { Span, Timeline } from '../model/timeline.js'
import type { Frame } from './timeline-frame.js'

export const ROW_PX = 20
/** On a phone the name of a row stands above its bars. */
export const ROW_SMALL_PX = 28
const FOOT_PX = 6
/** In a row, what is locked stands above the middle, and the waits below. */
export const LOCKED_UP_PX = 3
export const WAITED_DOWN_PX = 6

/** An attribute that is locked in sight. */
interface LockRow {
  readonly name: string
  /** From the top of the first row to the middle of this one. */
  readonly y: number
  readonly bars: readonly LockBar[]
}

/** The rows of one process. */
export interface LockRows {
  readonly rows: readonly LockRow[]
  readonly height: number
  /** Attributes that have no row any more. */
  readonly more: number
  /** Accesses that were too many to be told. */
  readonly untold: number
}

const NONE: LockRows = { rows: [], height: 0, more: 0, untold: 0 }

/** The rows of the holds that one process has in sight. Nothing else is looked at. */
export function rowsOf(timeline: Timeline, holds: readonly Span[], frame: Frame): LockRows {
  if (!frame.hasRows) return NONE
  const byName = new Map<string, LockBar[]>()
  let untold = 0
  for (const hold of holds) {
    const sight = timeline.locks.inSight(hold, frame)
    untold += sight.untold
    for (const bar of sight.bars.slice(-SHAPES_MAX)) {
      const row = byName.get(bar.name)
      if (row === undefined) byName.set(bar.name, [bar])
      else row.push(bar)
    }
  }
  if (byName.size === 0) return NONE
  // Those that somebody waits for come first, where not all have room.
  const chosen = [...byName].sort(([a, as], [b, bs]) => waits(bs) - waits(as) || byRow(a, b)).slice(0, LOCK_ROWS_MAX)
  const isSmall = frame.isSmall
  const rowPx = isSmall ? ROW_SMALL_PX : ROW_PX
  const rows = chosen
    .sort(([a], [b]) => byRow(a, b))
    .map(([name, bars], index): LockRow => ({ name, y: (index + (isSmall ? 0.72 : 0.5)) * rowPx, bars }))
  const more = byName.size - rows.length
  const hasNote = more > 0 || untold > 0
  return { rows, height: (rows.length + (hasNote ? 1 : 0)) * rowPx + FOOT_PX, more, untold }
}

const waits = (bars: readonly LockBar[]): number =>
  bars.some(({ since, from }) => from === undefined || since < from) ? 1 : 0

const byRow = (a: string, b: string): number => (a === b ? 0 : a === WHOLE || (b !== WHOLE && a < b) ? -1 : 1)

/** What else there is, in words. Undefined where there is nothing. */
export function noteOf({ more, untold }: LockRows): string | undefined {
  const parts = [
    ...(more === 0 ? [] : [`and ${more} more`]),
    ...(untold === 0 ? [] : [`${untold} ${untold === 1 ? 'access' : 'accesses'} not told`]),
  ]
  return parts.length === 0 ? undefined : parts.join(', ')
}
