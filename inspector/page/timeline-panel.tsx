import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Picture } from '../model/picture.js'
import type { Timeline } from '../model/timeline.js'
import { shortEpoch } from '../model/words.js'
import { Copy } from './copy.js'
import { Handoffs } from './handoffs.js'
import { Icon } from './icons.js'
import { colourClass, namesIn } from './names.js'
import { Scrubber } from './scrubber.js'
import type { Store } from './store.js'
import { Story } from './story.js'
import { areRowsOpen } from './timeline-frame.js'
import { type Item, idOf, isHandoff, isLock } from './timeline-items.js'
import { TimelineView } from './timeline-view.js'

/** How much time is shown. */
const WINDOWS: readonly (readonly [ms: number, name: string])[] = [
  [1_000, '1 s'],
  [5_000, '5 s'],
  [15_000, '15 s'],
  [60_000, '1 min'],
  [600_000, '10 min'],
]
const WINDOW_DEFAULT_MS = 15_000

interface TimelinePanelProps {
  readonly store: Store
  readonly picture: Picture
  readonly session: string | undefined
  /** It is the page that has chosen the session. */
  readonly isFollowed: boolean
  readonly onFollow: () => void
}

/** The timeline of one session, the time that it shows, and what is said in it. */
export function TimelinePanel({ store, picture, session, isFollowed, onFollow }: TimelinePanelProps): JSX.Element {
  const [windowMs, setWindow] = useState(WINDOW_DEFAULT_MS)
  const [chosenItem, choose] = useState<Item>()
  const [tab, setTab] = useState<'handoffs' | 'story'>('handoffs')
  if (session === undefined) return <Nothing />
  const timeline = store.timelineOf(session)
  const chosen = chosenItem === undefined ? undefined : presentOf(chosenItem, timeline)
  const known = picture.sessions.get(session)
  const holder = known?.lock?.holder
  return (
    <section class="panel panel-timeline" id="timeline-panel" tabIndex={-1} aria-label="Timeline">
      <header class="panel-head">
        <h2 class="timeline-title">
          Timeline of <code>{session}</code>
        </h2>
        <Copy text={session} />
        <p class="facts">
          <span class={`dot ${colourClass(picture, holder)}`} />
          {holder === undefined ? 'nobody holds it' : `${namesIn(picture)(holder)} holds it`}
          {known?.lock === undefined ? null : (
            <span class="facts-epoch" title={String(known.lock.epoch)}>
              epoch {shortEpoch(known.lock.epoch)}
            </span>
          )}
        </p>
        {isFollowed ? null : (
          <button type="button" class="tool" onClick={onFollow} title="Let the page choose the session again">
            <Icon name="target" />
            <span>Unpin</span>
          </button>
        )}
        <div class="zoom" role="group" aria-label="Time shown">
          {WINDOWS.map(([ms, name]) => (
            <button key={ms} type="button" class="segment" aria-pressed={ms === windowMs} onClick={() => setWindow(ms)}>
              {name}
            </button>
          ))}
        </div>
      </header>
      <TimelineView store={store} session={session} windowMs={windowMs} chosen={chosen} onChoose={choose} />
      <Legend hasRows={areRowsOpen(windowMs)} />
      <Scrubber store={store} session={session} />
      <div class="tabs" role="tablist" aria-label="What is said">
        <Tab name="Handoffs" id="handoffs" isOn={tab === 'handoffs'} onChoose={() => setTab('handoffs')} />
        <Tab name="In words" id="story" isOn={tab === 'story'} onChoose={() => setTab('story')} />
      </div>
      <div role="tabpanel" id={`${tab}-panel`} aria-labelledby={`${tab}-tab`}>
        {tab === 'handoffs' ? (
          <Handoffs
            store={store}
            picture={picture}
            handoffs={timeline.handoffs}
            chosen={chosen !== undefined && isHandoff(chosen) ? chosen : undefined}
            onChoose={choose}
          />
        ) : (
          <Story store={store} picture={picture} session={session} />
        )}
      </div>
    </section>
  )
}

/** The same item, with what is known of it now. */
function presentOf(item: Item, timeline: Timeline): Item | undefined {
  if (isLock(item)) {
    return timeline.locks.present(
      item,
      timeline.spans.filter(({ kind }) => kind === 'hold'),
    )
  }
  const id = idOf(item)
  return [...timeline.handoffs, ...timeline.marks].find((one) => idOf(one) === id)
}

interface TabProps {
  readonly name: string
  readonly id: string
  readonly isOn: boolean
  readonly onChoose: () => void
}

const Tab = ({ name, id, isOn, onChoose }: TabProps): JSX.Element => (
  <button
    type="button"
    class="tab"
    role="tab"
    id={`${id}-tab`}
    aria-selected={isOn}
    aria-controls={isOn ? `${id}-panel` : undefined}
    onClick={onChoose}
  >
    {name}
  </button>
)

const Nothing = (): JSX.Element => (
  <section class="panel panel-timeline" id="timeline-panel" tabIndex={-1} aria-label="Timeline">
    <div class="nothing">
      <h2>Nothing has happened yet</h2>
      <p>As soon as a process asks for a session, its timeline is here: who holds it, who waits, and every handoff.</p>
    </div>
  </section>
)

/** Each sign, as the timeline draws it. */
const SIGNS: readonly (readonly [sign: string, text: string])[] = [
  ['hold', 'holds'],
  ['wait', 'waits'],
  ['claim', 'claim'],
  ['commit', 'commit'],
  ['revoke', 'revoke'],
  ['nudge', 'nudge'],
  ['handoff', 'handoff'],
  ['lost', 'loss, lost push, throttled message, refused write'],
]

const ROW_SIGNS: typeof SIGNS = [
  ['write', 'attribute locked to write'],
  ['read', 'to read'],
  ['want', 'waited for'],
]

const Legend = ({ hasRows }: { readonly hasRows: boolean }): JSX.Element => (
  <ul class="legend" aria-label="Signs">
    {[...SIGNS, ...(hasRows ? ROW_SIGNS : [])].map(([sign, text]) => (
      <li key={sign}>
        <span class={`sign sign-${sign}`} aria-hidden="true" />
        {text}
      </li>
    ))}
  </ul>
)
