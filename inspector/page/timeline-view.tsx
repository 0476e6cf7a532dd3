import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { wordsFor } from '../model/words.js'
import { duration } from './format.js'
import { saidOfLock } from './lock-sentence.js'
import { LockWords } from './lock-words.js'
import { namesIn } from './names.js'
import type { Store } from './store.js'
import { frameOf, timeAt, withGutter } from './timeline-frame.js'
import { type Item, idOf, isHandoff, isLock, itemsIn, pickAt, placeOf } from './timeline-items.js'
import { gutterFor, paint } from './timeline-paint.js'
import { type Scene, sceneOf } from './timeline-scene.js'

const REACH_PX = 10
const DRAG_PX = 4
const CALM_MS = 2_000

interface TimelineViewProps {
  readonly store: Store
  readonly session: string
  readonly windowMs: number
  readonly chosen: Item | undefined
  readonly onChoose: (item: Item | undefined) => void
}

/** The lanes of one session. They are drawn in each frame of the browser while they move, and otherwise when they change. */
export function TimelineView({ store, session, windowMs, chosen, onChoose }: TimelineViewProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null)
  const scene = useRef<Scene | undefined>(undefined)
  const calm = useRef(new CalmHeight())
  const tip = useRef<HTMLParagraphElement>(null)
  const [hovered, hover] = useState<Item>()
  const [isFocused, focus] = useState(false)
  const shown = useRef({ session, windowMs, chosen })
  shown.current = { session, windowMs, chosen: hovered ?? chosen }
  const drag = useRef<{ readonly x: number; readonly now: number; isMoved: boolean } | undefined>(undefined)

  useEffect(() => {
    let request = 0
    const draw = () => {
      request = requestAnimationFrame(draw)
      const { current } = canvas
      if (current === null) return
      scene.current = drawOn(current, store, shown.current, calm.current)
      placeTip(tip.current, scene.current, shown.current.chosen)
    }
    draw()
    return () => cancelAnimationFrame(request)
  }, [store])

  const at = (event: MouseEvent): readonly [x: number, y: number] => {
    const box = canvas.current?.getBoundingClientRect()
    return [event.clientX - (box?.left ?? 0), event.clientY - (box?.top ?? 0)]
  }
  const move = (event: PointerEvent) => {
    const { current } = scene
    if (current === undefined) return
    const [x, y] = at(event)
    const { current: dragged } = drag
    if (dragged === undefined) {
      return hover(pickAt(current, x, y, REACH_PX))
    }
    if (!dragged.isMoved && Math.abs(x - dragged.x) < DRAG_PX) return
    dragged.isMoved = true
    store.pause(dragged.now + timeAt(current.frame, dragged.x) - timeAt(current.frame, x))
  }
  const step = (by: number) => {
    const { current } = scene
    const items = current === undefined ? [] : itemsIn(current)
    const id = chosen === undefined ? undefined : idOf(chosen)
    const index = id === undefined ? (by > 0 ? -1 : items.length) : items.findIndex((item) => idOf(item) === id)
    onChoose(items[Math.max(0, Math.min(items.length - 1, index + by))])
  }
  const press = (event: KeyboardEvent) => {
    if (event.key === 'Escape') onChoose(undefined)
    else if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') step(event.key === 'ArrowLeft' ? -1 : 1)
    else return
    event.preventDefault()
  }
  const named = hovered ?? (isFocused ? chosen : undefined)
  const nameOf = namesIn(store.picture())
  return (
    <div class="timeline">
      <canvas
        ref={canvas}
        class="timeline-canvas"
        tabIndex={0}
        role="img"
        aria-label={labelOf(scene.current, store)}
        aria-describedby="timeline-keys"
        onPointerMove={move}
        onPointerDown={(event) => {
          drag.current = { x: at(event)[0], now: store.now(), isMoved: false }
          event.currentTarget.setPointerCapture(event.pointerId)
        }}
        onPointerUp={() => {
          const isClick = drag.current?.isMoved === false
          drag.current = undefined
          if (isClick) onChoose(hovered)
        }}
        onPointerLeave={() => hover(undefined)}
        onFocus={() => focus(true)}
        onBlur={() => focus(false)}
        onKeyDown={press}
      />
      <p id="timeline-keys" class="hidden">
        The left and right arrow keys go from event to event. Escape ends that.
      </p>
      {named === undefined ? null : (
        <p class="tip" ref={tip}>
          {saidOf(named, store)}
        </p>
      )}
      {scene.current === undefined ? null : <LockWords scene={scene.current} nameOf={nameOf} />}
      <p class="hidden" aria-live="polite">
        {chosen === undefined ? '' : saidOf(chosen, store)}
      </p>
    </div>
  )
}

/** What is said of an item stands above it, as long as that is in sight. */
function placeTip(tip: HTMLElement | null, scene: Scene, item: Item | undefined): void {
  const place = item === undefined ? undefined : placeOf(item, scene)
  if (tip === null) return
  tip.hidden = place === undefined
  if (place === undefined) return
  const half = tip.offsetWidth / 2
  tip.style.left = `${Math.max(half, Math.min(scene.frame.width - half, place.x))}px`
  tip.style.top = `${place.y}px`
}

/** It in words. */
function saidOf(item: Item, store: Store): string {
  if (isLock(item)) return saidOfLock(item, store.now())
  const nameOf = namesIn(store.picture())
  if (!isHandoff(item)) return wordsFor(item.entry, nameOf)?.text ?? item.kind
  const ms = duration(item.at - item.askedAt)
  if (item.kind === 'handedOver')
    return `${nameOf(item.from)} hands the session over to ${nameOf(item.to)}, ${ms} after the ask.`
  if (item.kind === 'taken')
    return `The store takes the session from ${nameOf(item.from)} for ${nameOf(item.to)}, which has waited for ${ms}.`
  if (item.kind === 'seen') return `At this look ${nameOf(item.to)} has the session. How it came there was not seen.`
  return `${nameOf(item.to)} gets the session: nobody held it.`
}

function labelOf(scene: Scene | undefined, store: Store): string {
  if (scene === undefined || scene.lanes.length === 0) return 'Timeline without events'
  const holder = scene.spans.findLast((span) => span.kind === 'hold' && span.to === undefined)
  const names = scene.lanes.map(({ name }) => name).join(', ')
  const held =
    holder === undefined ? 'nobody holds the session' : `${namesIn(store.picture())(holder.process)} holds the session`
  const rows = scene.lanes.reduce((sum, { locks }) => sum + locks.rows.length + locks.more, 0)
  const locked = rows === 0 ? '' : `, ${rows} ${rows === 1 ? 'attribute' : 'attributes'} locked in sight`
  return `Timeline of ${scene.lanes.length} processes (${names}): ${scene.handoffs.length} grants in sight${locked}, ${held}`
}

/** The colours of the theme, each looked up once in a frame. */
function coloursOf(canvas: HTMLCanvasElement): (name: string) => string {
  const style = getComputedStyle(canvas)
  const found = new Map<string, string>()
  return (name) => {
    const colour = found.get(name) ?? style.getPropertyValue(name)
    found.set(name, colour)
    return colour
  }
}

/** Rows come and go. What stands below the lanes makes room at once, and comes back up after a while. */
class CalmHeight {
  private height = 0
  private untilMs = 0

  of(height: number, nowMs: number): number {
    if (height < this.height && nowMs < this.untilMs) return this.height
    this.height = height
    this.untilMs = nowMs + CALM_MS
    return height
  }
}

interface Shown {
  readonly session: string
  readonly windowMs: number
  readonly chosen: Item | undefined
}

function drawOn(canvas: HTMLCanvasElement, store: Store, shown: Shown, calm: CalmHeight): Scene {
  const { session, windowMs, chosen } = shown
  const width = canvas.parentElement?.clientWidth ?? 600
  const frame = frameOf(store.now(), windowMs, width)
  const context = canvas.getContext('2d')
  const laidOut = sceneOf(store.timelineOf(session), store.picture(), store.plays(), frame)
  const scene = {
    ...laidOut,
    frame: context === null ? frame : withGutter(frame, gutterFor(context, laidOut)),
    height: calm.of(laidOut.height, performance.now()),
  }
  const ratio = window.devicePixelRatio
  const [w, h] = [Math.round(width * ratio), Math.round(scene.height * ratio)]
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w
    canvas.height = h
    canvas.style.width = `${width}px`
    canvas.style.height = `${scene.height}px`
  }
  if (context === null) return scene
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  paint(context, scene, coloursOf(canvas), chosen === undefined ? undefined : idOf(chosen))
  return scene
}
