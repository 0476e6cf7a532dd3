import type { JSX } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import type { Entry } from '../model/entry.js'
import type { PlayCommand } from '../model/play.js'
import { type Timeline, timelineOf } from '../model/timeline.js'
import { command } from './feed.js'
import { duration } from './format.js'
import { Icon } from './icons.js'
import { namesIn } from './names.js'
import { ProtocolLink } from './sequence.js'
import type { Store } from './store.js'
import { stepsOf } from './story.js'
import type { TourPlace } from './tour-place.js'
import { TOUR, type TourStep, type TourView } from './tour-steps.js'

const SENTENCES_MAX = 4

interface TourProps {
  readonly store: Store
  readonly place: TourPlace
  readonly onStep: (step: number) => void
  readonly onEnd: () => void
}

/** The guided tour: what to do, what happens, and what that shows. */
export function Tour({ store, place, onStep, onEnd }: TourProps): JSX.Element | null {
  const { step, at } = place
  const head = useRef<HTMLHeadingElement>(null)
  // A screen reader, and the keyboard, start at the new step: at once, or a key that is pressed soon starts elsewhere.
  useLayoutEffect(() => head.current?.focus(), [step])
  const current = TOUR[step]
  const view = viewOf(store, at)
  if (current === undefined || view === undefined) return null
  const isDone = current.isDone(view)
  const isLast = step === TOUR.length - 1
  return (
    <section class="panel tour" aria-label="Tour">
      <ol class="tour-steps" aria-label="Steps">
        {TOUR.map(({ title }, index) => (
          <li key={title} class={index < step ? 'past' : index === step ? 'present' : ''}>
            <button type="button" aria-current={index === step ? 'step' : undefined} onClick={() => onStep(index)}>
              <span class="tour-number">{index + 1}</span>
              {title}
            </button>
          </li>
        ))}
      </ol>
      <h2 ref={head} tabIndex={-1}>
        {current.title}
      </h2>
      <p class="tour-text">{current.text}</p>
      <Actions step={current} view={view} />
      <Happening store={store} view={view} since={at} />
      <p class={`tour-lesson${isDone ? ' tour-done' : ''}`} role="status">
        {isDone ? (
          <>
            <Icon name="check" />
            <span>
              {current.lesson}
              <ProtocolLink anchor={current.anchor} text={current.title} />
            </span>
          </>
        ) : null}
      </p>
      <p class="tour-foot">
        <button type="button" class="button" onClick={onEnd}>
          {isLast && isDone ? 'Close' : 'End the tour'}
        </button>
        {isLast ? null : (
          <button type="button" class={`button${isDone ? ' button-primary' : ''}`} onClick={() => onStep(step + 1)}>
            {isDone ? `Next: ${TOUR[step + 1]?.title ?? ''}` : 'Skip'}
          </button>
        )}
        {isLast && isDone ? (
          <strong class="tour-end">That was the tour: six ways to lose a session, and none of them lost it.</strong>
        ) : null}
      </p>
    </section>
  )
}

function Actions({ step, view }: { readonly step: TourStep; readonly view: TourView }): JSX.Element {
  const carryOut = async (commands: readonly PlayCommand[]) => {
    for (const one of commands) await command('play', one)
  }
  return (
    <p class="tour-actions">
      {step.actions.map((action, index) => {
        const commands = action.commands(view)
        return (
          <button
            key={index}
            type="button"
            class="button button-step"
            // Disabled in words only: a button that is taken away while it has the focus loses the keyboard's place.
            aria-disabled={commands === undefined}
            onClick={() => (commands === undefined ? undefined : void carryOut(commands))}
          >
            {step.actions.length > 1 ? <span class="tour-number">{'abc'[index]}</span> : null}
            {action.name(view)}
          </button>
        )
      })}
    </p>
  )
}

/** What happens now, in words. */
function Happening({
  store,
  view,
  since,
}: {
  readonly store: Store
  readonly view: TourView
  readonly since: number
}): JSX.Element {
  const { session } = view.play
  const entries = session === undefined ? [] : entriesSince(store.entriesOf(session), since)
  const steps = stepsOf(entries, namesIn(store.picture()), SENTENCES_MAX)
  const lease = leaseLine(store, view)
  return (
    <ol class="tour-story" aria-label="What happens">
      {lease === undefined ? null : <li class="tour-lease">{lease}</li>}
      {steps.map(({ entry, words }) => (
        <li key={entry.n}>{words.text}</li>
      ))}
    </ol>
  )
}

function leaseLine(store: Store, { play, holder }: TourView): string | undefined {
  if (holder === undefined || (holder.state !== 'killed' && holder.state !== 'frozen')) return undefined
  const picture = store.picture()
  const lock = picture.sessions.get(play.session ?? '')?.lock
  const record = picture.processes.get(lock?.holder ?? '')?.record
  if (record === undefined) return undefined
  const leftMs = record.leaseUntil - store.clock()
  const how = holder.state === 'killed' ? 'is dead' : 'stands still'
  return leftMs > 0
    ? `${holder.name} ${how}. Its lease runs for ${duration(leftMs)} more: until then nobody may take its sessions.`
    : `${holder.name} ${how}, and its lease is over: the next nudge takes the session.`
}

const entriesSince = (entries: readonly Entry[], since: number): readonly Entry[] =>
  entries.filter(({ at }) => at >= since)

function viewOf(store: Store, since: number): TourView | undefined {
  const picture = store.newest()
  const { play } = picture
  if (play === undefined) return undefined
  const lock = picture.sessions.get(play.session ?? '')?.lock
  const label = picture.processes.get(lock?.holder ?? '')?.record.label
  const holder = play.servers.find(({ name }) => name === label)
  const after = holder === undefined ? 0 : play.servers.indexOf(holder) + 1
  const order = [...play.servers.slice(after), ...play.servers.slice(0, after)]
  const other = order.find(({ name, state }) => state === 'running' && name !== label)
  const whole = play.session === undefined ? timelineOf([]) : store.timelineOf(play.session)
  const timeline: Timeline = {
    ...whole,
    spans: whole.spans.filter(({ to, kind, from }) => (kind === 'hold' ? (to ?? since) >= since : from >= since)),
    marks: whole.marks.filter(({ at }) => at >= since),
    handoffs: whole.handoffs.filter(({ at }) => at >= since),
  }
  return { play, timeline, holder, other }
}
