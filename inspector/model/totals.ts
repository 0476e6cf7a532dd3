import { dollarsOf } from '../costs/consumption.js'
import { KEPT_MS, TALLY_MS } from '../limits.js'
import type { Entry } from './entry.js'
import type { Picture } from './picture.js'

/** What happened in one second. */
interface Second {
  readonly at: number
  readonly commits: number
  /** Commits under a grant that had been committed under before: no message was needed for them. */
  readonly kept: number
  readonly grants: number
  readonly handoffsMs: readonly number[]
  readonly waiting: number
  readonly requests: number
  readonly dollars: number
  /** Messages that the gateway throttled. */
  readonly throttled: number
  /** Writes to Locks that DynamoDB refused. */
  readonly refused: number
}

/** Facts come a little out of order. Beyond that the clock was set back. */
const SET_BACK_MS = 10 * TALLY_MS

type MutableSecond = { -readonly [K in keyof Second]: K extends 'handoffsMs' ? number[] : Second[K] }

/** The figures of a stretch of time. Undefined where there is nothing to count. */
export interface Figures {
  readonly keptShare: number | undefined
  readonly p50Ms: number | undefined
  readonly p99Ms: number | undefined
  readonly waiting: number
  readonly requestsPerSecond: number
  readonly dollarsPerMillion: number | undefined
  readonly handoffs: number
  readonly commits: number
  readonly throttled: number
  readonly refused: number
}

/** Sums the entries up, second by second, for as long as entries are kept. */
export class Totals {
  readonly seconds: Second[] = []
  /** The epoch of the last commit of each session. */
  private readonly committed = new Map<string, number>()

  /** To be called before the picture has the entry: what an entry changes is told by the picture before it. */
  count(entry: Entry, before: Picture): void {
    if (entry.kind === 'lock') this.lock(entry, before)
    else if (entry.kind === 'message') {
      if (entry.way === 'throttled') this.second(entry.at, before).throttled += 1
    } else if (entry.kind === 'refusal') this.second(entry.at, before).refused += 1
    else if (entry.kind === 'state' && entry.operation === 'commit' && entry.outcome === 'ok') {
      const second = this.second(entry.at, before)
      second.commits += 1
      if (this.committed.get(entry.session) === entry.epoch) second.kept += 1
      this.committed.delete(entry.session)
      this.committed.set(entry.session, entry.epoch)
      const [oldest] = this.committed.keys()
      if (this.committed.size > before.sessions.size + 1 && oldest !== undefined) this.committed.delete(oldest)
    } else if (entry.kind === 'tally') {
      const second = this.second(entry.at, before)
      second.requests += entry.requests
      second.dollars += dollarsOf(entry)
      second.waiting = before.waiting
    } else if (entry.kind === 'looked') this.second(entry.at, before).waiting = before.waiting
  }

  private lock(entry: Extract<Entry, { kind: 'lock' }>, before: Picture): void {
    const session = before.sessions.get(entry.session)
    const isGrant = entry.holder !== undefined && session?.lock?.epoch !== entry.epoch && entry.isRead === undefined
    if (!isGrant) return
    const second = this.second(entry.at, before)
    second.grants += 1
    const { waitingSince, lock } = session ?? {}
    if (waitingSince !== undefined && lock?.waiters.includes(entry.holder ?? '')) {
      second.handoffsMs.push(entry.at - waitingSince)
    }
  }

  private second(at: number, picture: Picture): MutableSecond {
    const start = at - (at % TALLY_MS)
    const last = this.seconds.at(-1) as MutableSecond | undefined
    if (last !== undefined && last.at >= start && last.at - start < SET_BACK_MS) return last
    const made: MutableSecond = {
      at: start,
      commits: 0,
      kept: 0,
      grants: 0,
      handoffsMs: [],
      waiting: picture.waiting,
      requests: 0,
      dollars: 0,
      throttled: 0,
      refused: 0,
    }
    this.seconds.push(made)
    while ((this.seconds[0]?.at ?? at) < at - KEPT_MS) this.seconds.shift()
    return made
  }
}

/** The figures of the seconds from `from` to below `to`. */
export function figuresOf(seconds: readonly Second[], from: number, to: number): Figures {
  const some = seconds.filter(({ at }) => at >= from && at < to)
  const sum = (of: (second: Second) => number): number => some.reduce((total, second) => total + of(second), 0)
  const handoffsMs = some.flatMap((second) => second.handoffsMs).toSorted((a, b) => a - b)
  const commits = sum((second) => second.commits)
  return {
    keptShare: commits === 0 ? undefined : sum((second) => second.kept) / commits,
    p50Ms: quantile(handoffsMs, 0.5),
    p99Ms: quantile(handoffsMs, 0.99),
    waiting: some.at(-1)?.waiting ?? 0,
    requestsPerSecond: (sum((second) => second.requests) * TALLY_MS) / Math.max(TALLY_MS, to - from),
    dollarsPerMillion: commits === 0 ? undefined : (1_000_000 * sum((second) => second.dollars)) / commits,
    handoffs: handoffsMs.length,
    commits,
    throttled: sum((second) => second.throttled),
    refused: sum((second) => second.refused),
  }
}

/** By the nearest rank. */
export const quantile = (sorted: readonly number[], share: number): number | undefined =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
