import { SHAPES_MAX } from '../limits.js'
import type { Picture } from '../model/picture.js'
import type { PlayServer, PlayState } from '../model/play.js'
import type { Handoff, Mark, Span, Timeline } from '../model/timeline.js'
import { type LockRows, rowsOf } from './lock-rows.js'
import { colourOf, namesIn } from './names.js'
import type { Frame } from './timeline-frame.js'

export const AXIS_PX = 26
export const LANE_PX = 54
export const BAR_PX = 22
/** Rows begin before the lane would end: right under the bar. */
const ROWS_UP_PX = 10

export interface Lane {
  readonly process: string
  readonly name: string
  readonly colour: string
  readonly top: number
  /** The middle of its bars. */
  readonly y: number
  /** With its rows. */
  readonly height: number
  /** The attributes that its holds have locked in sight. */
  readonly locks: LockRows
  /** Stretches in which its server did not run. */
  readonly outages: readonly Outage[]
  /** Undefined where the lease is not in sight. */
  readonly leaseUntil: number | undefined
}

interface Outage {
  readonly state: PlayServer['state']
  readonly from: number
  readonly to: number | undefined
}

export interface Scene {
  readonly frame: Frame
  readonly lanes: readonly Lane[]
  readonly spans: readonly Span[]
  readonly marks: readonly Mark[]
  readonly handoffs: readonly Handoff[]
  readonly height: number
}

/** Where the first row of a lane begins. */
export const rowsTop = ({ top }: Lane): number => top + LANE_PX - ROWS_UP_PX

interface Plays {
  readonly at: number
  readonly play: PlayState
}

/** Chooses what is in sight, and gives each process that is its lane. */
export function sceneOf(timeline: Timeline, picture: Picture, plays: readonly Plays[], frame: Frame): Scene {
  const { from, to, now } = frame
  const spans = timeline.spans.filter((span) => (span.to ?? now) >= from && span.from <= to).slice(-SHAPES_MAX)
  const marks = timeline.marks.filter(({ at }) => at >= from && at <= to).slice(-SHAPES_MAX)
  const handoffs = timeline.handoffs.filter(({ at }) => at >= from && at <= to).slice(-SHAPES_MAX)
  const nameOf = namesIn(picture)
  const seen = new Set([...spans.map(({ process }) => process), ...marks.map(({ process }) => process)])
  const first = (process: string) => timeline.spans.find((span) => span.process === process)?.from ?? 0
  const processes = [...seen].sort((a, b) => compare(nameOf(a), nameOf(b)) || first(a) - first(b))
  let bottom = AXIS_PX
  const lanes = processes.map((process): Lane => {
    const name = nameOf(process)
    const holds = spans.filter((span) => span.kind === 'hold' && span.process === process)
    const locks = rowsOf(timeline, holds, frame)
    const top = bottom
    const height = LANE_PX + Math.max(0, locks.height - ROWS_UP_PX)
    bottom += height
    const leaseUntil = picture.processes.get(process)?.record.leaseUntil
    return {
      process,
      name,
      colour: colourOf(picture, process),
      top,
      y: top + LANE_PX / 2,
      height,
      locks,
      outages: outagesOf(name, plays).filter((outage) => (outage.to ?? now) >= from),
      leaseUntil: leaseUntil !== undefined && leaseUntil > from && leaseUntil < to ? leaseUntil : undefined,
    }
  })
  return { frame, lanes, spans, marks, handoffs, height: Math.max(bottom, AXIS_PX + 2 * LANE_PX) + 6 }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function outagesOf(name: string, plays: readonly Plays[]): Outage[] {
  const outages: Outage[] = []
  let current: { readonly state: PlayServer['state']; readonly from: number } | undefined
  for (const { at, play } of plays) {
    const state = play.servers.find((server) => server.name === name)?.state ?? 'running'
    if (state === current?.state) continue
    if (current !== undefined) outages.push({ ...current, to: at })
    current = state === 'running' || state === 'starting' ? undefined : { state, from: at }
  }
  return current === undefined ? outages : [...outages, { ...current, to: undefined }]
}
