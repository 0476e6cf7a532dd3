import type { JSX } from 'preact'
import { LOCK_WORDS_MAX } from '../limits.js'
import type { NameOf } from '../model/words.js'
import { timeOfDay } from './format.js'
import { noteOf } from './lock-rows.js'
import { saidOfLock } from './lock-sentence.js'
import type { Scene } from './timeline-scene.js'

interface LockWordsProps {
  readonly scene: Scene
  readonly nameOf: NameOf
}

/** The rows of the timeline, for those who do not see them. */
export function LockWords({ scene, nameOf }: LockWordsProps): JSX.Element | null {
  const { lanes, frame } = scene
  const bars = lanes.flatMap(({ locks }) => locks.rows.flatMap((row) => row.bars))
  if (bars.length === 0) return null
  const told = bars.toSorted((a, b) => b.since - a.since).slice(0, LOCK_WORDS_MAX)
  const rest = bars.length - told.length
  return (
    <ul class="hidden lock-words" aria-label="Attribute locks in sight, the last first">
      {told.map((bar) => (
        <li key={bar.id}>
          {timeOfDay(bar.since)}.{String(Math.floor(bar.since % 1_000)).padStart(3, '0')}, {nameOf(bar.process)}:{' '}
          {saidOfLock(bar, frame.now)}
        </li>
      ))}
      {rest === 0 ? null : <li>and {rest} more</li>}
      {lanes.map(({ process, locks }) => {
        const note = noteOf(locks)
        return note === undefined ? null : (
          <li key={process}>
            {nameOf(process)}: {note}
          </li>
        )
      })}
    </ul>
  )
}
