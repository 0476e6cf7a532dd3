import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { KEPT_MS } from '../limits.js'
import { duration, timeOfDay } from './format.js'
import { colourOf } from './names.js'
import type { Store } from './store.js'

const HEIGHT_PX = 40
const STEP_MS = 1_000
/** How often it is drawn while time goes by. */
const DRAW_MS = 500

/** The last ten minutes at a glance: what happened in all sessions, and who held this one. It leads back in time. */
export function Scrubber({ store, session }: { readonly store: Store; readonly session: string }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const draw = () => {
      if (canvas.current !== null) drawOn(canvas.current, store, session)
    }
    draw()
    const timer = setInterval(draw, DRAW_MS)
    const end = store.onChange((isUrgent) => {
      if (isUrgent) draw()
    })
    return () => {
      clearInterval(timer)
      end()
    }
  }, [store, session])
  const now = store.clock()
  const backMs = Math.round(Math.max(0, now - store.now()))
  return (
    <div class="scrubber">
      <canvas ref={canvas} class="scrubber-canvas" />
      <input
        type="range"
        class="scrubber-range"
        aria-label="Time that is shown, within the last ten minutes"
        aria-valuetext={backMs === 0 ? 'now' : `${duration(backMs)} ago, ${timeOfDay(store.now())}`}
        min={-KEPT_MS}
        max={0}
        step={STEP_MS}
        value={-backMs}
        onInput={({ currentTarget }) => {
          const back = -Number(currentTarget.value)
          if (back === 0) store.resume()
          else store.pause(store.clock() - back)
        }}
      />
      <p class="scrubber-ends" aria-hidden="true">
        <span>10 min ago</span>
        <span>{store.view.kind === 'paused' ? `shown: ${timeOfDay(store.now())}` : 'now'}</span>
      </p>
    </div>
  )
}

function drawOn(canvas: HTMLCanvasElement, store: Store, session: string): void {
  const width = canvas.parentElement?.clientWidth ?? 600
  const ratio = window.devicePixelRatio
  canvas.width = Math.round(width * ratio)
  canvas.height = Math.round(HEIGHT_PX * ratio)
  const context = canvas.getContext('2d')
  if (context === null) return
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  const style = getComputedStyle(canvas)
  const now = store.clock()
  const xOf = (at: number): number => width + ((at - now) / KEPT_MS) * width
  const { seconds } = store.totals
  const most = Math.max(4, ...seconds.map(({ commits, grants }) => commits + grants))
  context.fillStyle = style.getPropertyValue('--bars')
  for (const { at, commits, grants } of seconds) {
    const height = ((commits + grants) / most) * (HEIGHT_PX - 12)
    context.fillRect(xOf(at), HEIGHT_PX - 9 - height, Math.max(1, width / (KEPT_MS / STEP_MS) - 0.25), height)
  }
  const picture = store.newest()
  for (const span of store.timelineOf(session).spans) {
    if (span.kind !== 'hold') continue
    const [left, right] = [xOf(span.from), xOf(span.to ?? store.now())]
    context.fillStyle = style.getPropertyValue(colourOf(picture, span.process))
    context.fillRect(Math.max(0, left), HEIGHT_PX - 6, Math.max(1, right - Math.max(0, left)), 4)
  }
  if (store.view.kind === 'live') return
  context.fillStyle = style.getPropertyValue('--accent')
  context.fillRect(xOf(store.now()) - 1, 0, 2, HEIGHT_PX)
}
