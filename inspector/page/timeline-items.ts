import type { LockBar } from '../model/hold-locks.js'
import type { Handoff, Mark } from '../model/timeline.js'
import { LOCKED_UP_PX, WAITED_DOWN_PX } from './lock-rows.js'
import { type Frame, xOf } from './timeline-frame.js'
import { BAR_PX, rowsTop, type Scene } from './timeline-scene.js'

/** A lock is wide: it counts nearer than a handoff that crosses it. */
const NEARER_PX = 3

/** What can be chosen in a timeline. */
export type Item = Mark | Handoff | LockBar

/** Names it, through every time that the timeline is built anew. */
export const idOf = (item: Item): string =>
  isLock(item)
    ? item.id
    : isHandoff(item)
      ? `handoff ${item.epoch} ${item.at}`
      : `${item.kind} ${item.entry.n} ${item.process}`

export const isLock = (item: Item): item is LockBar => item.kind === 'lock'
export const isHandoff = (item: Item): item is Handoff => !isLock(item) && 'to' in item

/** All in sight, one after another in time. */
export function itemsIn({ handoffs, marks, lanes }: Scene): readonly Item[] {
  const locks = lanes.flatMap((lane) => lane.locks.rows.flatMap(({ bars }) => bars))
  return [...handoffs, ...marks, ...locks].toSorted((a, b) => timeOf(a) - timeOf(b))
}

const timeOf = (item: Item): number => (isLock(item) ? item.since : item.at)

/** Where what is said of it stands. Undefined where it is not in sight. */
export function placeOf(item: Item, scene: Scene): { readonly x: number; readonly y: number } | undefined {
  const { frame, lanes } = scene
  const lane = lanes.find(({ process }) => process === (isHandoff(item) ? item.to : item.process))
  if (lane === undefined) return undefined
  if (!isLock(item)) return { x: xOf(frame, item.at), y: lane.y - BAR_PX / 2 }
  const row = lane.locks.rows.find(({ name }) => name === item.name)
  const part = partsOf(item, frame).at(-1)
  if (row === undefined || part === undefined) return undefined
  return { x: (part.left + part.right) / 2, y: rowsTop(lane) + row.y + part.down }
}

/** Where a lock stands in its row: the wait, and the time in which it was locked. */
function partsOf({ since, from, to }: LockBar, frame: Frame) {
  const within = (at: number) => Math.min(frame.width, Math.max(frame.gutter, xOf(frame, at)))
  const end = within(to ?? frame.now)
  const waited = { left: within(since), right: from === undefined ? end : within(from), down: WAITED_DOWN_PX }
  return from === undefined ? [waited] : [waited, { left: within(from), right: end, down: -LOCKED_UP_PX }]
}

/** What lies under a point: the nearest within reach. */
export function pickAt(scene: Scene, x: number, y: number, reachPx: number): Item | undefined {
  const { frame, lanes, marks, handoffs } = scene
  let best: { readonly item: Item; readonly distance: number } | undefined
  const consider = (item: Item, distance: number) => {
    if (distance <= reachPx && distance < (best?.distance ?? Number.POSITIVE_INFINITY)) best = { item, distance }
  }
  const yOf = (process: string | undefined) => lanes.find((lane) => lane.process === process)?.y
  for (const lane of lanes) {
    for (const row of lane.locks.rows) {
      const away = rowsTop(lane) + row.y - y
      if (Math.abs(away) > reachPx) continue
      // The last one lies above the others.
      for (const bar of row.bars.toReversed()) {
        for (const { left, right, down } of partsOf(bar, frame)) {
          consider(bar, Math.max(0, left - x, x - right) + Math.abs(away + down) / 2 - NEARER_PX)
        }
      }
    }
  }
  for (const mark of marks) {
    const laneY = yOf(mark.process)
    if (laneY !== undefined) consider(mark, Math.hypot(xOf(frame, mark.at) - x, (laneY - y) / 2))
  }
  for (const handoff of handoffs) {
    const [fromY, toY] = [yOf(handoff.from), yOf(handoff.to)]
    if (toY === undefined) continue
    const [low, high] = [Math.min(fromY ?? toY, toY) - BAR_PX / 2, Math.max(fromY ?? toY, toY) + BAR_PX / 2]
    // A handoff is a line: it counts a little nearer than the marks on it.
    if (y >= low && y <= high) consider(handoff, Math.max(0, Math.abs(xOf(frame, handoff.at) - x) - 1))
  }
  return best?.item
}
