import type { JSX } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { Entry } from '../model/entry.js'
import type { Picture, SessionPicture } from '../model/picture.js'
import { type NameOf, shortEpoch } from '../model/words.js'
import { command } from './feed.js'
import { duration, grouped } from './format.js'
import { Icon } from './icons.js'
import { colourClass, namesIn } from './names.js'
import { isFound } from './search.js'
import type { Store } from './store.js'

const ROW_PX = 34
/** Rows above and below what is seen. */
const SPARE_ROWS = 6
const VIEW_PX = 374
/** With many sessions the order follows more slowly: rows that jump cannot be read. */
const ORDER_MS = 1_000
/** Queues come and go faster than they can be read: who left one is shown there for so long, and its session stays on top. */
const QUEUE_MS = 2_000
const ON_TOP_MS = 5_000
const PIPS_MAX = 4
/** Up to so many, each new session is shown at once. */
const FEW = 200

interface SessionsProps {
  readonly store: Store
  readonly picture: Picture
  readonly search: string
  readonly hash: string | undefined
  readonly selected: string | undefined
  readonly onSelect: (session: string) => void
}

/** The table of all sessions. Only the rows that are seen are drawn. */
export function Sessions({ store, picture, search, hash, selected, onSelect }: SessionsProps): JSX.Element {
  const [top, setTop] = useState(0)
  const [problem, setProblem] = useState<string>()
  const view = useRef<HTMLDivElement>(null)
  // Under a pointer nothing moves away.
  const isPointedAt = useRef(false)
  const nameOf = namesIn(picture)
  const now = store.now()
  const isLive = store.view.kind === 'live'
  const keys = useOrder({ picture, nameOf, now, isPointedAt }, search, hash)
  const first = Math.max(0, Math.floor(top / ROW_PX) - SPARE_ROWS)
  const hasNamespaces = useMemo(() => {
    const namespace = `${keys[0]?.split('#', 1)[0] ?? ''}#`
    return keys.some((key) => !key.startsWith(namespace))
  }, [keys])
  const rows = keys.slice(first, first + Math.ceil(VIEW_PX / ROW_PX) + 2 * SPARE_ROWS)
  const move = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -keys.length, End: keys.length }[event.key]
    if (by === undefined || keys.length === 0) return
    event.preventDefault()
    const index = Math.max(0, Math.min(keys.length - 1, keys.indexOf(selected ?? '') + by))
    const key = keys[index]
    if (key === undefined) return
    onSelect(key)
    const { current } = view
    if (current === null) return
    const y = index * ROW_PX
    if (y < current.scrollTop) current.scrollTop = y
    else if (y + ROW_PX > current.scrollTop + current.clientHeight)
      current.scrollTop = y + ROW_PX - current.clientHeight
  }
  return (
    <section class="panel" aria-label="Sessions">
      <header class="panel-head">
        <h2>Sessions</h2>
        <p class="count">
          {search === ''
            ? grouped(picture.sessions.size)
            : `${grouped(keys.length)} of ${grouped(picture.sessions.size)}`}
        </p>
        {store.status === 'file' || picture.look !== undefined ? null : (
          <button
            type="button"
            class="tool"
            title="Reads both tables again"
            disabled={!store.mayCommand}
            onClick={() => void command('read', {}).then(setProblem)}
          >
            <Icon name="refresh" />
            <span>Read tables</span>
          </button>
        )}
      </header>
      {problem === undefined ? null : (
        <p class="problem" role="alert">
          The tables were not read: {problem}
        </p>
      )}
      <div class="grid" role="grid" aria-label="Sessions" aria-rowcount={keys.length + 1}>
        <div class="row row-head" role="row" aria-rowindex={1}>
          {['Session', 'Holder', 'Epoch', 'Queue', 'Size', 'Expires'].map((name) => (
            <span key={name} role="columnheader" class={`cell cell-${name.toLowerCase()}`}>
              {name}
            </span>
          ))}
        </div>
        <div
          class="rows"
          ref={view}
          role="rowgroup"
          tabIndex={0}
          aria-label="Rows: the arrow keys choose a session"
          onPointerEnter={() => {
            isPointedAt.current = true
          }}
          onPointerLeave={() => {
            isPointedAt.current = false
          }}
          onScroll={({ currentTarget }) => setTop(currentTarget.scrollTop)}
          onKeyDown={move}
        >
          <div class="rows-all" style={{ height: `${keys.length * ROW_PX}px` }}>
            {rows.map((key, index) => {
              const session = picture.sessions.get(key)
              return session === undefined ? null : (
                <Row
                  key={key}
                  session={session}
                  queue={isLive ? recentQueue(session, store.entriesOf(key), now - QUEUE_MS, nameOf) : queueOf(session)}
                  picture={picture}
                  nameOf={nameOf}
                  now={now}
                  index={first + index}
                  isSelected={key === selected}
                  hasNamespaces={hasNamespaces}
                  onSelect={onSelect}
                />
              )
            })}
          </div>
        </div>
      </div>
      {keys.length > 0 ? null : (
        <p class="empty">
          {search === ''
            ? 'There is no session yet.'
            : 'No session is found. An id is hashed here, and compared with the hashes of the store.'}
        </p>
      )}
    </section>
  )
}

interface RowProps {
  readonly session: SessionPicture
  /** Who waits, or has waited just now. */
  readonly queue: readonly string[]
  readonly picture: Picture
  readonly nameOf: NameOf
  readonly now: number
  readonly index: number
  readonly isSelected: boolean
  /** Sessions of several namespaces are shown. */
  readonly hasNamespaces: boolean
  readonly onSelect: (session: string) => void
}

function Row(props: RowProps): JSX.Element {
  const { session, queue, picture, nameOf, now, index, isSelected, hasNamespaces, onSelect } = props
  const { lock, state, kilobytes, aliveUntil } = session
  const [namespace = '', hash = ''] = session.session.split('#')
  const holder = lock?.holder === undefined ? 'free' : nameOf(lock.holder)
  const waiting = queueOf(session).map(nameOf).join(', ')
  return (
    <div
      class={`row${isSelected ? ' row-selected' : ''}`}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      style={{ transform: `translateY(${index * ROW_PX}px)` }}
      onClick={() => onSelect(session.session)}
    >
      <span role="gridcell" class="cell cell-session" title={session.session}>
        <code>{hash}</code> {hasNamespaces ? <span class="namespace">{namespace}</span> : null}
      </span>
      <span role="gridcell" class="cell cell-holder" title={holder}>
        <span class={`dot ${colourClass(picture, lock?.holder)}`} />
        <span class={`cell-text${lock?.holder === undefined ? ' quiet' : ''}`}>{holder}</span>
      </span>
      <span role="gridcell" class="cell cell-epoch" title={lock === undefined ? '' : String(lock.epoch)}>
        {lock === undefined ? '–' : shortEpoch(lock.epoch)}
      </span>
      <span
        role="gridcell"
        class="cell cell-queue"
        title={waiting}
        aria-label={waiting === '' ? 'nobody waits' : `${waiting} in the queue`}
      >
        {queue.slice(0, PIPS_MAX).map((waiter) => (
          <span key={waiter} class={`dot ${colourClass(picture, waiter)}`} />
        ))}
        {queue.length > PIPS_MAX ? `+${queue.length - PIPS_MAX}` : ''}
      </span>
      <span role="gridcell" class="cell cell-size">
        {kilobytes === undefined ? '–' : `${Math.ceil(kilobytes)} KB`}
      </span>
      <span role="gridcell" class="cell cell-expires">
        {expiry(state?.operation, aliveUntil, now)}
      </span>
    </div>
  )
}

function expiry(operation: string | undefined, aliveUntil: number | undefined, now: number): string {
  if (operation === 'destroy') return 'destroyed'
  if (aliveUntil === undefined || aliveUntil === 0) return '–'
  return aliveUntil > now ? duration(aliveUntil - now) : 'expired'
}

const queueOf = ({ lock }: SessionPicture): readonly string[] => lock?.waiters ?? []

/** Who waits or has waited since then. In a queue that moves, they stand in the order of their names: that stays. */
function recentQueue(
  session: SessionPicture,
  entries: readonly Entry[],
  since: number,
  nameOf: NameOf,
): readonly string[] {
  const waiting = queueOf(session)
  if (session.waitedAt === undefined || session.waitedAt < since) return waiting
  const recent = new Set(waiting)
  for (let index = entries.length - 1; index >= 0; index -= 1) {
    const entry = entries[index]
    if (entry === undefined || entry.at < since) break
    if (entry.kind === 'lock') for (const waiter of entry.waiters) recent.add(waiter)
  }
  if (recent.size === waiting.length) return waiting
  return [...recent].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
}

interface Shown {
  readonly picture: Picture
  readonly nameOf: NameOf
  readonly now: number
  readonly isPointedAt: { readonly current: boolean }
}

/** The keys of the sessions that are shown: first those with a queue, then those that changed last. */
function useOrder(shown: Shown, search: string, hash: string | undefined): readonly string[] {
  const [keys, setKeys] = useState<readonly string[]>([])
  const latest = useRef(shown)
  latest.current = shown
  const count = shown.picture.sessions.size
  const few = Math.min(count, FEW)
  useEffect(() => {
    const order = () => {
      const { picture, nameOf, now } = latest.current
      const text = search.trim()
      const [waitedFor, others]: [string[], string[]] = [[], []]
      for (const { session, lock, waitedAt = 0 } of picture.sessions.values()) {
        const holder = text === '' || lock?.holder === undefined ? '' : nameOf(lock.holder)
        const hasQueue = (lock?.waiters.length ?? 0) > 0 || waitedAt > now - ON_TOP_MS
        if (isFound(session, holder, text, hash)) (hasQueue ? waitedFor : others).push(session)
      }
      // The picture has those that changed last at its end.
      setKeys([...waitedFor.reverse(), ...others.reverse()])
    }
    order()
    const timer = setInterval(() => latest.current.isPointedAt.current || order(), ORDER_MS)
    return () => clearInterval(timer)
  }, [search, hash, few])
  return keys
}
