import type { Handoff, MarkKind, Span } from '../model/timeline.js'
import { fitted } from './fitted.js'
import { duration, timeOfDay } from './format.js'
import { paintRowNames, paintRows } from './lock-paint.js'
import { cross, diamond, dot, line, round, textOn, triangle } from './shapes.js'
import { axisOf, xOf } from './timeline-frame.js'
import { idOf } from './timeline-items.js'
import { AXIS_PX, BAR_PX, LANE_PX, type Lane, type Scene } from './timeline-scene.js'

/** The colours of the theme, by the names of their custom properties. */
type Colours = (name: string) => string

const WAIT_PX = 8
/** Signs of one kind that would stand nearer to each other are drawn as one, arrows without their heads. */
const MARK_PX = 5
const HANDOFF_PX = 9
const TEXT = '12px Inter, ui-sans-serif, system-ui, sans-serif'
const NAME_TEXT = `600 ${TEXT}`
/** Where names stand in the gutter, and how far they keep from the bars. */
const NAME_LEFT_PX = 22
const NAME_GAP_PX = 8
const SMALL_TEXT = '11px Inter, ui-sans-serif, system-ui, sans-serif'

/** Remembers where the last sign of each kind stands. */
class Crowd {
  private readonly last = new Map<string, number>()

  isDense(kind: string, x: number, distance: number): boolean {
    if (x - (this.last.get(kind) ?? Number.NEGATIVE_INFINITY) < distance) return true
    this.last.set(kind, x)
    return false
  }
}

/** How wide a gutter must be so that it has the names of all lanes. */
export function gutterFor(context: CanvasRenderingContext2D, { lanes }: Scene): number {
  context.font = NAME_TEXT
  return Math.max(0, ...lanes.map(({ name }) => context.measureText(name).width + NAME_LEFT_PX + NAME_GAP_PX))
}

/** Draws a scene. */
export function paint(
  context: CanvasRenderingContext2D,
  scene: Scene,
  colours: Colours,
  chosenId: string | undefined,
): void {
  const { frame, lanes, height } = scene
  context.clearRect(0, 0, frame.width, height)
  paintAxis(context, scene, colours)
  const laneOf = new Map(lanes.map((lane) => [lane.process, lane]))
  for (const lane of lanes) {
    paintOutages(context, scene, lane, colours)
    paintRows(context, scene, lane, colours, chosenId)
  }
  for (const span of scene.spans) {
    const lane = laneOf.get(span.process)
    if (lane !== undefined) paintSpan(context, scene, span, lane, colours)
  }
  const crowd = new Crowd()
  for (const handoff of scene.handoffs) {
    const isDense = crowd.isDense('handoff', xOf(frame, handoff.at), HANDOFF_PX)
    paintHandoff(context, scene, handoff, laneOf, colours, idOf(handoff) === chosenId, isDense)
  }
  for (const mark of scene.marks) {
    const lane = laneOf.get(mark.process)
    const x = xOf(frame, mark.at)
    const isChosen = idOf(mark) === chosenId
    if (lane === undefined || x < frame.gutter) continue
    if (isChosen || !crowd.isDense(`${mark.process} ${mark.kind}`, x, MARK_PX))
      paintMark(context, x, lane, mark.kind, colours, isChosen)
  }
  paintNow(context, scene, colours)
  for (const lane of lanes) {
    paintName(context, scene, lane, colours)
    paintRowNames(context, scene, lane, colours)
  }
}

function paintAxis(context: CanvasRenderingContext2D, { frame, lanes, height }: Scene, colours: Colours): void {
  context.font = SMALL_TEXT
  context.textBaseline = 'middle'
  context.textAlign = 'center'
  const lines = axisOf(frame)
  const isFine = (lines[1] ?? 0) - (lines[0] ?? 0) < 1_000
  for (const at of lines) {
    const x = Math.round(xOf(frame, at)) + 0.5
    if (x < frame.gutter) continue
    context.strokeStyle = colours('--grid')
    line(context, x, AXIS_PX, x, height)
    context.fillStyle = colours('--quiet')
    const text = isFine ? `${timeOfDay(at).slice(3)}.${String(Math.round(at % 1_000)).padStart(3, '0')}` : timeOfDay(at)
    if (x < frame.width - 24) context.fillText(text, x, AXIS_PX / 2)
  }
  for (const top of [AXIS_PX, ...lanes.map((lane) => lane.top + lane.height)]) {
    const y = Math.round(top) + 0.5
    context.strokeStyle = colours('--grid')
    line(context, 0, y, frame.width, y)
  }
}

function paintName(context: CanvasRenderingContext2D, { frame }: Scene, lane: Lane, colours: Colours): void {
  const isSmall = frame.gutter < 20
  context.textAlign = 'left'
  context.font = isSmall ? SMALL_TEXT : NAME_TEXT
  if (!isSmall) {
    // Bars slide under the names.
    context.fillStyle = colours('--surface')
    context.fillRect(0, lane.y - LANE_PX / 2 + 1, frame.gutter - 4, LANE_PX - 1)
  }
  const y = isSmall ? lane.y - LANE_PX / 2 + 8 : lane.y - 6
  context.fillStyle = colours(lane.colour)
  context.beginPath()
  context.arc(isSmall ? 6 : 12, y, 4, 0, 2 * Math.PI)
  context.fill()
  context.fillStyle = colours('--text')
  const left = isSmall ? 14 : NAME_LEFT_PX
  const room = (isSmall ? frame.width : frame.gutter) - left - NAME_GAP_PX
  const name = fitted(lane.name, room, (text) => context.measureText(text).width)
  textOn(context, colours('--surface'), name, left, y)
  if (isSmall) return
  context.font = SMALL_TEXT
  context.fillStyle = colours('--quiet')
  context.fillText(lane.process, NAME_LEFT_PX, lane.y + 10)
}

/** The server of the lane is frozen, killed or stopped. */
function paintOutages(context: CanvasRenderingContext2D, { frame }: Scene, lane: Lane, colours: Colours): void {
  for (const { state, from, to } of lane.outages) {
    const left = Math.max(frame.gutter, xOf(frame, from))
    const right = Math.min(frame.width, xOf(frame, to ?? frame.now))
    if (right <= left) continue
    const top = lane.top + 1
    context.save()
    context.beginPath()
    context.rect(left, top, right - left, lane.height - 1)
    context.clip()
    context.fillStyle = colours('--outage')
    context.fillRect(left, top, right - left, lane.height)
    context.strokeStyle = colours('--outage-line')
    for (let x = left - lane.height; x < right; x += 9) line(context, x, top + lane.height, x + lane.height, top)
    context.font = SMALL_TEXT
    context.textAlign = 'left'
    context.fillStyle = colours('--quiet')
    if (right - left > 46) context.fillText(state, left + 6, top + LANE_PX - 9)
    context.restore()
  }
  if (lane.leaseUntil === undefined) return
  const x = Math.round(xOf(frame, lane.leaseUntil)) + 0.5
  if (x < frame.gutter) return
  context.save()
  context.setLineDash([3, 3])
  context.strokeStyle = colours('--bad')
  line(context, x, lane.y - LANE_PX / 2 + 3, x, lane.y + LANE_PX / 2 - 3)
  context.restore()
  context.font = SMALL_TEXT
  context.textAlign = x > frame.width - 80 ? 'right' : 'left'
  context.fillStyle = colours('--bad')
  context.fillText('lease ends', x + (x > frame.width - 80 ? -4 : 4), lane.y + LANE_PX / 2 - 9)
}

function paintSpan(
  context: CanvasRenderingContext2D,
  { frame }: Scene,
  span: Span,
  lane: Lane,
  colours: Colours,
): void {
  const left = Math.max(frame.gutter, xOf(frame, span.from))
  const right = Math.min(frame.width, xOf(frame, span.to ?? frame.now))
  const width = Math.max(1.5, right - left)
  if (right < frame.gutter) return
  const colour = colours(lane.colour)
  if (span.kind === 'wait') {
    context.fillStyle = colour
    context.globalAlpha = 0.16
    round(context, left, lane.y - WAIT_PX / 2, width, WAIT_PX, 4)
    context.fill()
    context.globalAlpha = 1
    context.strokeStyle = colour
    context.save()
    context.setLineDash([3, 3])
    round(context, left, lane.y - WAIT_PX / 2, width, WAIT_PX, 4)
    context.stroke()
    context.restore()
    return
  }
  context.fillStyle = colour
  context.globalAlpha = span.end === 'reclaimed' ? 0.5 : 0.88
  round(context, left, lane.y - BAR_PX / 2, width, BAR_PX, Math.min(5, width / 2))
  context.fill()
  context.globalAlpha = 1
  const text = duration((span.to ?? frame.now) - span.from)
  context.font = SMALL_TEXT
  if (width < context.measureText(text).width + 16) return
  // At the end: the first signs of a hold are at its beginning.
  context.textAlign = 'right'
  context.fillStyle = colours('--on-bar')
  context.fillText(text, right - 8, lane.y)
}

function paintHandoff(
  context: CanvasRenderingContext2D,
  { frame }: Scene,
  { from, to, at, kind }: Handoff,
  laneOf: ReadonlyMap<string, Lane>,
  colours: Colours,
  isChosen: boolean,
  isDense: boolean,
): void {
  const [start, end] = [from === undefined ? undefined : laneOf.get(from), laneOf.get(to)]
  const x = Math.round(xOf(frame, at)) + 0.5
  if (end === undefined || x < frame.gutter) return
  context.save()
  context.lineWidth = isChosen ? 3 : isDense ? 1 : 1.5
  context.strokeStyle = isChosen ? colours('--accent') : kind === 'taken' ? colours('--bad') : colours('--text')
  context.fillStyle = context.strokeStyle
  if (isDense && !isChosen) context.globalAlpha = 0.35
  if (start !== undefined && start !== end) {
    const down = end.y > start.y
    const tip = end.y + (down ? -BAR_PX / 2 : BAR_PX / 2)
    line(context, x, start.y, x, tip)
    if (isChosen || !isDense) triangle(context, x, tip, down ? -6 : 6)
  } else if (isChosen) line(context, x, end.y - LANE_PX / 2 + 4, x, end.y + LANE_PX / 2 - 4)
  context.restore()
}

function paintMark(
  context: CanvasRenderingContext2D,
  x: number,
  lane: Lane,
  kind: MarkKind,
  colours: Colours,
  isChosen: boolean,
): void {
  const [top, bottom] = [lane.y - BAR_PX / 2, lane.y + BAR_PX / 2]
  context.save()
  context.lineWidth = isChosen ? 2.5 : 1.5
  // Signs have the colour of their lane around them: they may stand beside the bar.
  context.strokeStyle = colours(lane.colour)
  switch (kind) {
    case 'commit':
      context.fillStyle = isChosen ? colours('--accent') : colours('--on-bar')
      dot(context, x, bottom - 5, isChosen ? 4.5 : 3)
      context.stroke()
      break
    case 'claim':
      context.fillStyle = isChosen ? colours('--accent') : colours('--on-bar')
      diamond(context, x, top + 5, isChosen ? 5.5 : 4)
      context.stroke()
      break
    case 'revoke':
      context.fillStyle = isChosen ? colours('--accent') : colours('--warn')
      triangle(context, x, top - 1, -8)
      break
    case 'nudge':
      context.strokeStyle = isChosen ? colours('--accent') : colours(lane.colour)
      line(context, x, lane.y - 9, x, lane.y + 9)
      break
    case 'busy':
      context.fillStyle = isChosen ? colours('--accent') : colours('--warn')
      context.fillRect(x - 3.5, top - 9, 7, 7)
      break
    case 'lostPush':
      context.strokeStyle = isChosen ? colours('--accent') : colours('--bad')
      cross(context, x, top - 6, 3.5)
      break
    case 'throttled':
      context.strokeStyle = isChosen ? colours('--accent') : colours('--bad')
      cross(context, x, bottom + 6, 3.5)
      break
    default:
      context.strokeStyle = isChosen ? colours('--accent') : colours('--bad')
      context.lineWidth = 2.5
      cross(context, x, lane.y, 6)
  }
  context.restore()
}

function paintNow(context: CanvasRenderingContext2D, { frame, height }: Scene, colours: Colours): void {
  const x = Math.round(xOf(frame, frame.now)) + 0.5
  context.strokeStyle = colours('--accent')
  line(context, x, AXIS_PX - 6, x, height)
  context.fillStyle = colours('--accent')
  dot(context, x, AXIS_PX - 6, 3)
}
