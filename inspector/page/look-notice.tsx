import type { JSX } from 'preact'
import type { LookFact } from '../model/entry.js'
import { duration, grouped } from './format.js'

/** Says what a page can know whose stack tells nothing by itself: its tables are looked at from time to time. */
export function LookNotice({ look }: { readonly look: LookFact }): JSX.Element {
  const { intervalMs, tookMs, units, unitsPerSecond, records, hasStates, isPartial, problem } = look
  return (
    <article class="figure look" aria-label="Where this comes from">
      <p>
        <strong>Seen by looking at the tables</strong>, {duration(intervalMs)} between two looks. What comes and goes
        between them is not seen, bars begin and end at the look that found it, and messages are not in the tables.
        {hasStates ? '' : ' The Sessions table may not be read: commits and ends of sessions are missing.'}
        {isPartial === true ? ' There are more records than one look reads: a part of them is missing.' : ''}
      </p>
      {problem === undefined ? (
        <p class="quiet">
          The last look: {grouped(records)} records, {units} read units (at most {unitsPerSecond} a second),{' '}
          {duration(tookMs)}.
        </p>
      ) : (
        <p class="problem" role="alert">
          The last look failed: {problem}
        </p>
      )}
    </article>
  )
}
