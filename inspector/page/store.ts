import { ENTRIES_MAX, FOLD_SLICE_MS, KEPT_MS } from '../limits.js'
import { type Entry, isAbout } from '../model/entry.js'
import { Picture } from '../model/picture.js'
import { type Timeline, TimelineBuilder, timelineOf } from '../model/timeline.js'
import { Totals } from '../model/totals.js'

/**
 * - `lost`: nobody answers.
 * - `full`: the stack answers, and has no room for another page.
 * - `ended`: another one answers.
 */
export type Status = 'connecting' | 'live' | 'file' | Gone
type Gone = 'lost' | 'full' | 'ended'

const isGone = (status: Status): status is Gone => status === 'lost' || status === 'full' || status === 'ended'

/** What is looked at: the present, or a moment of the last ten minutes. */
type View =
  | { readonly kind: 'live' }
  /** `clock`: the time when it was paused. The page stands still from then on. */
  | { readonly kind: 'paused'; readonly at: number; readonly clock: number }

/** The timeline of the session that was asked for last: only what has come since is added to it. */
interface Growing {
  readonly entries: readonly Entry[]
  readonly builder: TimelineBuilder
  count: number
  timeline: Timeline
}

type PlayEntry = Extract<Entry, { kind: 'play' }>

/** The timeline of a session as it was at a moment. */
interface Still {
  readonly session: string
  readonly at: number
  /** The last entry that was known then. */
  readonly lastN: number
  readonly timeline: Timeline
}

/** All that the page knows, and the moment that it shows. */
export class Store {
  status: Status = 'connecting'
  view: View = { kind: 'live' }
  totals = new Totals()
  /** Changes with each change of what is known or shown. */
  version = 0
  private entries: Entry[] = []
  private bySession = new Map<string, Entry[]>()
  private played: PlayEntry[] = []
  private base = new Picture()
  private live = new Picture()
  private past: { readonly at: number; readonly next: number; readonly picture: Picture } | undefined
  private growing: Growing | undefined
  private still: Still | undefined
  private skewMs = 0
  /** When the stack was lost: what it told last stays in sight. */
  private lostAt = 0
  private queue: (readonly Entry[])[] = []
  private isPumping = false
  private readonly listeners = new Set<(isUrgent: boolean) => void>()

  /** Begins anew, with what was before the first entry. `nowMs`: the time by the clock of the stack. */
  start(base: readonly Entry[], nowMs: number): void {
    this.entries = []
    this.bySession = new Map()
    this.played = []
    this.base = new Picture()
    this.totals = new Totals()
    this.queue = []
    this.past = undefined
    this.growing = undefined
    this.still = undefined
    this.skewMs = nowMs - Date.now()
    for (const entry of base) {
      this.base.apply(entry)
      this.file(entry)
    }
    this.live = this.base.copy()
    this.changed()
  }

  /** Takes entries in. They are folded when the browser has time. */
  add(entries: readonly Entry[]): void {
    this.queue.push(entries)
    // A hidden page draws no frames, and nobody sees it stand still: its queue must not grow.
    if (document.hidden) this.foldFor(Number.POSITIVE_INFINITY)
    else this.pump()
  }

  setStatus(status: Status): void {
    if (isGone(status) && !isGone(this.status)) this.lostAt = this.clock()
    this.status = status
    this.changed()
  }

  /** Commands meet the stack as it is now: only who sees that may give them. */
  get mayCommand(): boolean {
    return this.view.kind === 'live' && this.status === 'live'
  }

  /** The time by the clock of the stack. */
  clock(): number {
    if (this.status === 'file') return this.live.at
    if (this.view.kind === 'paused') return this.view.clock
    return isGone(this.status) ? this.lostAt : Date.now() + this.skewMs
  }

  /** The time that is looked at. */
  now(): number {
    return this.view.kind === 'live' ? this.clock() : this.view.at
  }

  oldest(): number {
    return Math.max(this.entries[0]?.at ?? this.clock(), this.clock() - KEPT_MS)
  }

  pause(at = this.clock()): void {
    const clock = this.clock()
    this.view = { kind: 'paused', at: Math.min(Math.max(at, this.oldest()), clock), clock }
    this.changed(true)
  }

  resume(): void {
    this.view = { kind: 'live' }
    this.past = undefined
    this.changed(true)
  }

  /** Everything as it was at the time that is looked at. */
  picture(): Picture {
    if (this.view.kind === 'live') return this.live
    const { at } = this.view
    // Entries of the last moment may come after the pause.
    const known = this.past !== undefined && this.past.at <= at ? this.past : undefined
    const picture = known?.picture ?? this.base.copy()
    let next = known?.next ?? 0
    for (let entry = this.entries[next]; entry !== undefined && entry.at <= at; entry = this.entries[next]) {
      picture.apply(entry)
      next += 1
    }
    this.past = { at, next, picture }
    return picture
  }

  /** The newest picture, also while an older one is shown. */
  newest(): Picture {
    return this.live
  }

  /** The entries of one session, up to the time that is looked at. */
  entriesOf(session: string): readonly Entry[] {
    const all = this.bySession.get(session) ?? []
    if (this.view.kind === 'live') return all
    const { at } = this.view
    return all.filter((entry) => entry.at <= at)
  }

  timelineOf(session: string): Timeline {
    if (this.view.kind === 'paused') return this.stillOf(session, this.view.at)
    const entries = this.bySession.get(session) ?? []
    const isSame = this.growing?.entries === entries
    const growing: Growing =
      isSame && this.growing !== undefined
        ? this.growing
        : { entries, builder: new TimelineBuilder(), count: 0, timeline: timelineOf([]) }
    this.growing = growing
    if (growing.count === entries.length) return growing.timeline
    for (; growing.count < entries.length; growing.count += 1) {
      const entry = entries[growing.count]
      if (entry !== undefined) growing.builder.add(entry)
    }
    growing.timeline = growing.builder.timeline()
    return growing.timeline
  }

  /** The same, up to a moment of the past. */
  private stillOf(session: string, at: number): Timeline {
    const lastN = this.bySession.get(session)?.at(-1)?.n ?? 0
    const { still } = this
    if (still?.session === session && still.at === at && still.lastN === lastN) return still.timeline
    const timeline = timelineOf(this.entriesOf(session))
    this.still = { session, at, lastN, timeline }
    return timeline
  }

  /** Changes of the demo, for the lanes of its servers. */
  plays(): readonly PlayEntry[] {
    return this.played
  }

  /** All that is shown, to be saved: of one session or of all. */
  shown(session: string | undefined): readonly Entry[] {
    const until = this.now()
    return this.entries.filter((entry) => entry.at <= until && (session === undefined || isAbout(entry, session)))
  }

  /** `isUrgent`: somebody asked for it. */
  onChange(listener: (isUrgent: boolean) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  changed(isUrgent = false): void {
    this.version += 1
    for (const listener of this.listeners) listener(isUrgent)
  }

  private pump(): void {
    if (this.isPumping) return
    this.isPumping = true
    const slice = () => {
      this.foldFor(FOLD_SLICE_MS)
      this.isPumping = this.queue.length > 0
      if (this.isPumping) requestAnimationFrame(slice)
    }
    requestAnimationFrame(slice)
  }

  private foldFor(ms: number): void {
    const endMs = performance.now() + ms
    while (this.queue.length > 0 && performance.now() < endMs) this.fold(this.queue.shift() ?? [])
    this.forget()
    this.changed()
  }

  private fold(entries: readonly Entry[]): void {
    for (const entry of entries) {
      this.totals.count(entry, this.live)
      this.live.apply(entry)
      this.entries.push(entry)
      this.file(entry)
    }
  }

  private file(entry: Entry): void {
    if (entry.kind === 'play') this.played.push(entry)
    if ('session' in entry && entry.session !== undefined) this.log(entry.session).push(entry)
  }

  private log(session: string): Entry[] {
    const known = this.bySession.get(session)
    if (known !== undefined) return known
    const made: Entry[] = []
    this.bySession.set(session, made)
    return made
  }

  /** Many at once, because it moves all that stay. What goes is folded into the base. */
  private forget(): void {
    // What is looked at stays. It does not grow for long: the page hangs up.
    if (this.view.kind === 'paused') return
    const before = this.clock() - KEPT_MS
    const surplus = this.entries.length - ENTRIES_MAX
    let count = 0
    for (let entry = this.entries[0]; entry !== undefined; entry = this.entries[count]) {
      if (entry.at >= before && count >= surplus) break
      count += 1
    }
    if (count < this.entries.length / 10) return
    const touched = new Set<string>()
    for (const entry of this.entries.splice(0, count)) {
      this.base.apply(entry)
      if ('session' in entry && entry.session !== undefined) touched.add(entry.session)
    }
    this.past = undefined
    this.growing = undefined
    this.still = undefined
    const oldestN = this.entries[0]?.n ?? 0
    this.played = this.played.filter(({ n }, index) => n >= oldestN || index === this.played.length - 1)
    for (const session of touched) this.shorten(session, oldestN)
  }

  /** Of what is forgotten of a session, its lock stays: the first bar begins there. */
  private shorten(session: string, oldestN: number): void {
    const all = this.bySession.get(session) ?? []
    const kept = all.filter(({ n }) => n >= oldestN)
    const known = this.base.sessions.get(session)
    if (kept.length === 0 && known === undefined) this.bySession.delete(session)
    else this.bySession.set(session, [...(known?.lock === undefined ? [] : [{ ...known.lock, n: 0 }]), ...kept])
  }
}
