import type { JSX } from 'preact'
import { STORY_STEPS_MAX } from '../limits.js'
import type { Picture } from '../model/picture.js'
import type { Handoff } from '../model/timeline.js'
import { duration, timeOfDay } from './format.js'
import { colourClass, namesIn } from './names.js'
import { Sequence } from './sequence.js'
import type { Store } from './store.js'

interface HandoffsProps {
  readonly store: Store
  readonly picture: Picture
  readonly handoffs: readonly Handoff[]
  readonly chosen: Handoff | undefined
  readonly onChoose: (handoff: Handoff) => void
}

const KINDS = { handedOver: 'handed over', taken: 'taken', granted: 'granted', seen: 'seen at a look' } as const

/** The list is one stop of the Tab key, however long it is. */
function move(event: KeyboardEvent): void {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (by === undefined) return
  event.preventDefault()
  const buttons = [...(event.currentTarget as HTMLElement).querySelectorAll('button')]
  buttons[buttons.indexOf(document.activeElement as HTMLButtonElement) + by]?.focus()
}

/** The handoffs of a session, the last one first, and the messages of one of them. */
export function Handoffs({ store, picture, handoffs, chosen, onChoose }: HandoffsProps): JSX.Element {
  const nameOf = namesIn(picture)
  const listed = handoffs.slice(-STORY_STEPS_MAX).toReversed()
  const shown = chosen ?? listed[0]
  if (shown === undefined) return <p class="empty">This session has not changed hands in the last ten minutes.</p>
  return (
    <div class="handoffs">
      <ol
        class="handoff-list"
        aria-label="Handoffs, the last one first: the arrow keys go from one to the next"
        onKeyDown={move}
      >
        {listed.map((handoff) => {
          const isShown = handoff.at === shown.at && handoff.epoch === shown.epoch
          return (
            <li key={`${handoff.epoch} ${handoff.at}`}>
              <button
                type="button"
                class={`handoff handoff-${handoff.kind}`}
                aria-current={isShown}
                tabIndex={isShown ? 0 : -1}
                onClick={() => onChoose(handoff)}
                onFocus={() => onChoose(handoff)}
              >
                <span class="handoff-who">
                  {handoff.from === undefined ? (
                    <span class="quiet">nobody</span>
                  ) : (
                    <>
                      <span class={`dot ${colourClass(picture, handoff.from)}`} />
                      {nameOf(handoff.from)}
                    </>
                  )}
                  <span class="hidden">to</span>
                  <span class="arrow" aria-hidden="true">
                    →
                  </span>
                  <span class={`dot ${colourClass(picture, handoff.to)}`} />
                  {nameOf(handoff.to)}
                </span>
                <span class="handoff-how">
                  <span class={`kind kind-${handoff.kind}`}>{KINDS[handoff.kind]}</span>
                  {handoff.kind === 'seen' ? null : (
                    <span>{duration((handoff.claimedAt ?? handoff.at) - handoff.askedAt)}</span>
                  )}
                  <span class="quiet">{timeOfDay(handoff.at)}</span>
                </span>
              </button>
            </li>
          )
        })}
      </ol>
      <Sequence handoff={shown} picture={picture} isLinked={store.status !== 'file'} />
    </div>
  )
}
