import { LOCK_ROWS_WINDOW_MS } from '../limits.js'

/** Where the names of lanes stand. On a phone they stand above the bars. */
const GUTTER_PX = 118
/** Long names get more room, but no more than this share of the width. */
const GUTTER_SHARE_MAX = 0.22
const GUTTER_SMALL_PX = 10
const SMALL_PX = 560
/** Of the time that is shown, the future: leases end there. */
const AHEAD_SHARE = 0.12

/** What is shown, in time and in pixels. */
export interface Frame {
  readonly from: number
  readonly to: number
  readonly now: number
  readonly width: number
  readonly gutter: number
  /** A phone: names stand above what they name. */
  readonly isSmall: boolean
  /** So little time is shown that holds open into rows. */
  readonly hasRows: boolean
}

/** Whether so little time is shown that holds open into rows. */
export const areRowsOpen = (windowMs: number): boolean => windowMs <= LOCK_ROWS_WINDOW_MS

export function frameOf(now: number, windowMs: number, width: number): Frame {
  const ahead = windowMs * AHEAD_SHARE
  const isSmall = width < SMALL_PX
  const gutter = isSmall ? GUTTER_SMALL_PX : GUTTER_PX
  return { from: now - windowMs + ahead, to: now + ahead, now, width, gutter, isSmall, hasRows: areRowsOpen(windowMs) }
}

/** The same, where names need so much room. On a phone they take none. */
export function withGutter(frame: Frame, px: number): Frame {
  if (frame.isSmall || px <= frame.gutter) return frame
  return { ...frame, gutter: Math.max(frame.gutter, Math.min(Math.ceil(px), frame.width * GUTTER_SHARE_MAX)) }
}

export const xOf = ({ from, to, width, gutter }: Frame, at: number): number =>
  gutter + ((at - from) / (to - from)) * (width - gutter - 8)

export const timeAt = ({ from, to, width, gutter }: Frame, x: number): number =>
  from + ((x - gutter) / (width - gutter - 8)) * (to - from)

/** The distances between the lines of the axis, in milliseconds. */
const STEPS_MS = [10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000]
const LINE_PX_MIN = 84

/** The times at which the axis has lines. */
export function axisOf({ from, to, width }: Frame): readonly number[] {
  const perPx = (to - from) / width
  const step = STEPS_MS.find((ms) => ms / perPx >= LINE_PX_MIN) ?? 120_000
  const lines: number[] = []
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) lines.push(at)
  return lines
}
