import { HANDOFF_ENTRIES_MAX } from '../limits.js'
import type { Entry, LockFact, MessageFact, RefusalFact, StateFact } from './entry.js'
import { HoldLocks } from './hold-locks.js'

/** A stretch of a lane. `to` is undefined while it goes on. */
export interface Span {
  readonly kind: 'hold' | 'wait'
  readonly process: string
  readonly from: number
  readonly to: number | undefined
  readonly epoch: number
  /** How it ended: given back, taken by the store, or, of a wait, with the lock or without. */
  readonly end: 'released' | 'reclaimed' | 'granted' | 'left' | undefined
}

export type MarkKind =
  | 'revoke'
  | 'nudge'
  | 'busy'
  | 'claim'
  | 'commit'
  | 'refusedWrite'
  | 'destroy'
  | 'lost'
  | 'lostPush'
  | 'throttled'

/** A moment of a lane. */
export interface Mark {
  readonly kind: MarkKind
  readonly process: string
  readonly at: number
  readonly entry: Entry
}

/** The lock goes to a process: from another, or, where nobody held it, from the store. */
export interface Handoff {
  readonly epoch: number
  readonly from: string | undefined
  readonly to: string
  /**
   * - `taken`: the store took it from a holder that is over.
   * - `seen`: one look at the table found `from`, and the next one `to`. How it went there is not known.
   */
  readonly kind: 'handedOver' | 'taken' | 'granted' | 'seen'
  /** From when `to` was first in line, until the write that gave the lock. */
  readonly askedAt: number
  readonly at: number
  /** When `to` had read the state. */
  claimedAt: number | undefined
  /** What was said meanwhile, and the writes. */
  readonly entries: readonly Entry[]
}

export interface Timeline {
  readonly spans: readonly Span[]
  readonly marks: readonly Mark[]
  readonly handoffs: readonly Handoff[]
  /** The attribute locks, where the applications tell them. */
  readonly locks: HoldLocks
}

/** Builds the timeline of one session from its entries. */
export function timelineOf(entries: readonly Entry[]): Timeline {
  const builder = new TimelineBuilder()
  for (const entry of entries) builder.add(entry)
  return builder.timeline()
}

interface Open {
  readonly process: string
  readonly from: number
  readonly epoch: number
}

/** Builds a timeline entry by entry. */
export class TimelineBuilder {
  private readonly spans: Span[] = []
  private readonly marks: Mark[] = []
  private readonly handoffs: Handoff[] = []
  private readonly locks = new HoldLocks()
  private hold: Open | undefined
  private lock: (Entry & LockFact) | undefined
  private readonly waits = new Map<string, Open>()
  /** When the first in line began to wait for this holder. */
  private askedAt: number | undefined
  /** The entries since the last change of the holder was complete. */
  private said: Entry[] = []
  private hasReleased = false

  add(entry: Entry): void {
    if (entry.kind === 'lock') this.lockWritten(entry)
    else if (entry.kind === 'state') this.stateWritten(entry)
    else if (entry.kind === 'message') this.messageSent(entry)
    else if (entry.kind === 'refusal') this.writeRefused(entry)
    else if (entry.kind === 'locks') this.locks.add(entry)
  }

  /** As far as it goes now. More may be added afterwards. */
  timeline(): Timeline {
    const open = (kind: 'hold' | 'wait', { process, from, epoch }: Open): Span => ({
      kind,
      process,
      from,
      to: undefined,
      epoch,
      end: undefined,
    })
    const hold = this.hold === undefined ? [] : [open('hold', this.hold)]
    const waits = [...this.waits.values()].map((wait) => open('wait', wait))
    return { spans: [...this.spans, ...hold, ...waits], marks: this.marks, handoffs: this.handoffs, locks: this.locks }
  }

  private lockWritten(entry: Entry & LockFact): void {
    const before = this.lock
    if (before !== undefined && before.epoch > entry.epoch) return
    this.lock = entry
    this.say(entry)
    const isOther = before?.holder !== entry.holder || before?.epoch !== entry.epoch
    if (isOther) this.holderChanged(before, entry)
    this.queueChanged(entry)
    if (entry.waiters.length === 0) this.askedAt = undefined
    else if (isOther || this.askedAt === undefined) this.askedAt = entry.at
  }

  private holderChanged(before: (Entry & LockFact) | undefined, entry: Entry & LockFact): void {
    const { hold } = this
    // A copy: what the handoff before tells stays as it is, where nothing was claimed under it.
    this.said = this.said.slice(Math.max(0, this.said.findIndex(isAcquire)))
    if (hold !== undefined) {
      const isKnown = this.hasReleased || hold.process === entry.holder || entry.isRead === true
      const end = isKnown ? 'released' : 'reclaimed'
      this.spans.push({ kind: 'hold', ...hold, to: entry.at, end })
      if (end === 'reclaimed') this.marks.push({ kind: 'lost', process: hold.process, at: entry.at, entry })
    }
    const { holder } = entry
    this.hold = holder === undefined ? undefined : { process: holder, from: entry.at, epoch: entry.epoch }
    // A record that the page begins with is no handoff.
    const isFirst = entry.n === 0 || (entry.isRead === true && before?.isRead !== true)
    if (holder !== undefined && !isFirst) {
      const from = hold?.process
      this.handoffs.push({
        epoch: entry.epoch,
        from,
        to: holder,
        kind: entry.isRead === true ? 'seen' : this.kindOf(from, holder),
        askedAt:
          before?.waiters.includes(holder) === true ? (this.askedAt ?? entry.at) : this.acquiredAt(holder, entry.at),
        at: entry.at,
        claimedAt: undefined,
        entries: this.said,
      })
    }
    // Nothing tells when the claim after it is done that was only seen.
    if (this.handoffs.at(-1)?.entries !== this.said || entry.isRead === true) this.said = []
    this.hasReleased = false
  }

  private kindOf(from: string | undefined, to: string): Handoff['kind'] {
    if (from === undefined || from === to) return 'granted'
    return this.hasReleased ? 'handedOver' : 'taken'
  }

  private queueChanged({ waiters, holder, at, epoch }: Entry & LockFact): void {
    for (const [process, wait] of this.waits) {
      if (waiters.includes(process)) continue
      this.waits.delete(process)
      this.spans.push({ kind: 'wait', ...wait, to: at, end: process === holder ? 'granted' : 'left' })
    }
    for (const process of waiters) {
      if (!this.waits.has(process)) this.waits.set(process, { process, from: at, epoch })
    }
  }

  private stateWritten(entry: Entry & StateFact): void {
    const process = this.hold?.epoch === entry.epoch ? this.hold.process : this.holderOf(entry.epoch)
    this.say(entry)
    if (process === undefined) return
    const { operation, outcome, at } = entry
    const written = entry.commits === undefined ? WRITE_MARKS[operation] : 'commit'
    const kind = outcome === 'ok' ? written : isClaim(operation) ? undefined : 'refusedWrite'
    if (kind !== undefined) this.marks.push({ kind, process, at, entry })
    const handoff = this.handoffs.at(-1)
    if (kind !== 'claim' || handoff?.epoch !== entry.epoch || handoff.claimedAt !== undefined) return
    handoff.claimedAt = at
    // What is said from now on belongs to the next handoff.
    this.said = []
  }

  private writeRefused(entry: Entry & RefusalFact): void {
    this.say(entry)
    const process = entry.process ?? this.hold?.process
    if (process !== undefined) this.marks.push({ kind: 'refusedWrite', process, at: entry.at, entry })
  }

  private messageSent(entry: Entry & MessageFact): void {
    this.say(entry)
    const { way, type, process, at, delivery, epoch } = entry
    // A release of an older epoch answers an old revoke, and releases nothing.
    if (way === 'sent' && type === 'release' && process === this.hold?.process && epoch === this.hold?.epoch) {
      this.hasReleased = true
    }
    if (process === undefined) return
    const kind = markOf(entry)
    if (kind !== undefined) this.marks.push({ kind, process, at, entry })
    if (way === 'pushed' && delivery !== 'sent') this.marks.push({ kind: 'lostPush', process, at, entry })
  }

  private say(entry: Entry): void {
    this.said.push(entry)
    if (this.said.length > HANDOFF_ENTRIES_MAX) this.said.shift()
  }

  /** The process that held this epoch before. */
  private holderOf(epoch: number): string | undefined {
    return this.spans.findLast((span) => span.kind === 'hold' && span.epoch === epoch)?.process
  }

  /** When a process that never stood in the queue asked for the lock. */
  private acquiredAt(process: string, at: number): number {
    return this.said.find((entry) => isAcquire(entry) && entry.process === process)?.at ?? at
  }
}

const isAcquire = (entry: Entry): entry is Entry & MessageFact => entry.kind === 'message' && entry.type === 'acquire'

const WRITE_MARKS: { readonly [O in StateFact['operation']]: MarkKind | undefined } = {
  claim: 'claim',
  birth: 'claim',
  commit: 'commit',
  rotate: 'commit',
  destroy: 'destroy',
  record: undefined,
}

const isClaim = (operation: StateFact['operation']): boolean => operation === 'claim' || operation === 'birth'

function markOf({ way, type, isNudge }: MessageFact): MarkKind | undefined {
  if (way === 'throttled') return 'throttled'
  if (way === 'pushed' && type === 'revoke') return 'revoke'
  if (way === 'sent' && type === 'busy') return 'busy'
  if (way === 'sent' && isNudge === true) return 'nudge'
  if (type === 'lost') return 'lost'
  return undefined
}
