import type { JSX } from 'preact'
import { STORY_STEPS_MAX } from '../limits.js'
import type { Entry } from '../model/entry.js'
import type { Picture } from '../model/picture.js'
import { type NameOf, type Words, wordsFor } from '../model/words.js'
import { timeOfDay } from './format.js'
import { namesIn } from './names.js'
import { ProtocolLink } from './sequence.js'
import type { Store } from './store.js'

interface StoryProps {
  readonly store: Store
  readonly picture: Picture
  readonly session: string
}

/** What happens to a session, in sentences, the last one first. */
export function Story({ store, picture, session }: StoryProps): JSX.Element {
  const steps = stepsOf(store.entriesOf(session), namesIn(picture), STORY_STEPS_MAX)
  if (steps.length === 0) return <p class="empty">Nothing was said about this session in the last ten minutes.</p>
  return (
    <ol class="story" aria-label="What happens, the last first">
      {steps.map(({ entry, words }) => (
        <li key={entry.n}>
          <time class="since">
            {timeOfDay(entry.at)}.{String(Math.floor(entry.at % 1_000)).padStart(3, '0')}
          </time>
          <span>
            {words.text}
            {store.status !== 'file' && words.anchor !== undefined ? (
              <ProtocolLink anchor={words.anchor} text={words.text} />
            ) : null}
          </span>
        </li>
      ))}
    </ol>
  )
}

interface Step {
  readonly entry: Entry
  readonly words: Words
}

/** The last sentences, the last one first. */
export function stepsOf(entries: readonly Entry[], nameOf: NameOf, max: number): readonly Step[] {
  const steps: Step[] = []
  for (let index = entries.length - 1; index >= 0 && steps.length < max; index -= 1) {
    const entry = entries[index]
    const words = entry === undefined || entry.n === 0 ? undefined : wordsFor(entry, nameOf)
    if (entry !== undefined && words !== undefined) steps.push({ entry, words })
  }
  return steps
}
