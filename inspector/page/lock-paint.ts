import { type LockBar, WHOLE } from '../model/hold-locks.js'
import { fitted } from './fitted.js'
import { LOCKED_UP_PX, noteOf, ROW_PX, ROW_SMALL_PX, WAITED_DOWN_PX } from './lock-rows.js'
import { round, textOn } from './shapes.js'
import { xOf } from './timeline-frame.js'
import { BAR_PX, type Lane, rowsTop, type Scene } from './timeline-scene.js'

const LOCK_PX = 9
const WAIT_PX = 4
/** Between a name and the bars. */
const GAP_PX = 10
const TEXT = '11px Inter, ui-sans-serif, system-ui, sans-serif'

/** Draws the rows of a lane: its holds stand open around them. */
export function paintRows(
  context: CanvasRenderingContext2D,
  scene: Scene,
  lane: Lane,
  colours: (name: string) => string,
  chosenId: string | undefined,
): void {
  const { frame } = scene
  const { locks, process, colour } = lane
  if (locks.rows.length === 0) return
  const top = rowsTop(lane)
  context.save()
  context.fillStyle = colours(colour)
  context.globalAlpha = 0.07
  for (const span of scene.spans) {
    if (span.kind !== 'hold' || span.process !== process) continue
    const left = Math.max(frame.gutter, xOf(frame, span.from))
    const right = Math.min(frame.width, xOf(frame, span.to ?? frame.now))
    const barEnd = lane.y + BAR_PX / 2
    if (right > left) context.fillRect(left, barEnd, right - left, top + locks.height - barEnd - 3)
  }
  context.restore()
  for (const row of locks.rows) {
    // Those that are narrower than a pixel are drawn as one.
    let last = Number.NEGATIVE_INFINITY
    for (const bar of row.bars) {
      const right = paintBar(context, scene, bar, top + row.y, colours, colour, bar.id === chosenId, last)
      last = Math.max(last, right)
    }
  }
}

/** The names of the rows. Bars slide under them. */
export function paintRowNames(
  context: CanvasRenderingContext2D,
  { frame }: Scene,
  lane: Lane,
  colours: (name: string) => string,
): void {
  const { locks } = lane
  const top = rowsTop(lane)
  context.font = TEXT
  context.textAlign = 'left'
  const name = (text: string, y: number) => {
    context.fillStyle = colours('--quiet')
    const left = frame.isSmall ? 14 : 22
    const room = (frame.isSmall ? frame.width : frame.gutter) - left - GAP_PX
    const shown = fitted(text, room, (some) => context.measureText(some).width)
    textOn(context, colours('--surface'), shown, left, frame.isSmall ? y - ROW_SMALL_PX * 0.4 : y)
  }
  if (!frame.isSmall && locks.rows.length > 0) {
    context.fillStyle = colours('--surface')
    context.fillRect(0, top, frame.gutter - 4, locks.height)
  }
  for (const row of locks.rows) name(row.name === WHOLE ? 'whole session' : row.name, top + row.y)
  const note = noteOf(locks)
  const rowPx = frame.isSmall ? ROW_SMALL_PX : ROW_PX
  const last = locks.rows.at(-1)
  if (note !== undefined && last !== undefined) name(note, top + last.y + rowPx)
}

/** Returns where it ends. */
function paintBar(
  context: CanvasRenderingContext2D,
  { frame }: Scene,
  { since, from, to, mode }: LockBar,
  y: number,
  colours: (name: string) => string,
  laneColour: string,
  isChosen: boolean,
  last: number,
): number {
  const x = (at: number) => Math.min(frame.width, Math.max(frame.gutter, xOf(frame, at)))
  const end = x(to ?? frame.now)
  const right = Math.max(end, x(since) + 1.5)
  const isThin = right - x(since) < 2
  if (!isChosen && isThin && right - last < 1) return right
  const colour = colours(isChosen ? '--accent' : laneColour)
  context.save()
  context.strokeStyle = colour
  context.fillStyle = colour
  const waitEnd = from === undefined ? right : x(from)
  if (waitEnd - x(since) >= 1) {
    context.setLineDash([3, 2])
    round(context, x(since), y + WAITED_DOWN_PX - WAIT_PX / 2, waitEnd - x(since), WAIT_PX, 2)
    context.stroke()
    context.setLineDash([])
  }
  if (from !== undefined) {
    const width = Math.max(1.5, end - x(from))
    round(context, x(from), y - LOCKED_UP_PX - LOCK_PX / 2, width, LOCK_PX, Math.min(3, width / 2))
    // Locks for reading are shared: they may lie over each other.
    context.globalAlpha = mode === 'write' || isChosen ? 0.88 : 0.3
    context.fill()
    context.globalAlpha = 1
    if (mode === 'read' && width > 4) context.stroke()
  }
  context.restore()
  return right
}
