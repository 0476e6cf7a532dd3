import type { Item, Update } from '../../protocol/dynamodb.js'
import { isAlive, readSession, type SessionRecord } from '../../protocol/state/record.js'
import type { Appended } from './appended.js'
import { LISTS, type ListName } from './attributes.js'
import { AttributesWatch, countOf, listOf } from './attributes-watch.js'
import type { ExecutedCounts } from './executed.js'
import type { Judge } from './judge.js'
import type { Landing } from './landing.js'
import { TtlsWatch } from './ttls-watch.js'

/** No server's clock is ever off by more, by its skew and its drift together. */
export const CLOCKS_OFF_MAX_MS = 12_000

/** A session between its creation and its end: the values that were committed to its lists. */
interface Life {
  readonly startFence: number
  readonly lists: { readonly [L in ListName]: string[] }
}

/** A session as its record stands at one moment. */
export interface SessionNow {
  /** The index of its life, -1 before the first. */
  readonly life: number
  readonly rev: number
  /** It is no tombstone. It may be expired. */
  readonly isThere: boolean
  readonly aliveUntilMs: number
  readonly lengths: { readonly [L in ListName]: number }
  /** How often it was put back to an earlier state. */
  readonly restorations: number
  readonly wallMs: number
}

/** How long sessions live after their creation, where accesses do not extend it; by the servers that may create one. */
export type FixedLives = readonly number[]

/** The records of the Sessions table: which values were committed where, and whether each write was allowed. */
export class SessionsWatch {
  private readonly landings = new Map<string, Landing>()
  private readonly lives = new Map<string, Life[]>()
  private readonly claimed = new Map<string, Set<number>>()
  /** The last epoch that was claimed before a session was restored: its holder may have cached other values. */
  private readonly forgotten = new Map<string, number>()
  private readonly destroyed = new Set<string>()
  /** Sessions that accesses name and nobody wants created. */
  private readonly unwanted = new Set<string>()
  /** Sessions that only accesses that fail have named so far. */
  private readonly fruitless = new Set<string>()
  private readonly born = new Set<string>()
  private readonly records = new Map<string, SessionRecord>()
  private readonly restorations = new Map<string, number>()
  readonly attributes: AttributesWatch
  readonly ttls: TtlsWatch
  private readonly tombstones = new Set<string>()
  private readonly removed = new Set<string>()
  private readonly winners = new Set<string>()

  constructor(
    private readonly judge: Judge,
    private readonly appended: ReadonlyMap<string, Appended>,
    /** How long a session lives after each write, at least; or from its creation. */
    private readonly lifetimes: number | FixedLives,
    private readonly executed: ExecutedCounts,
  ) {
    this.attributes = new AttributesWatch(judge, executed)
    this.ttls = new TtlsWatch(judge)
  }

  /** Somebody looks for a session that does not exist, and that is not to be created. */
  seeking(session: string): void {
    this.unwanted.add(session)
  }

  /** From now on, or no longer, only accesses that fail name this session: they begin none. */
  failing(session: string, isFailing: boolean): void {
    if (isFailing) this.fruitless.add(session)
    else this.fruitless.delete(session)
  }

  /** Whether a commit has begun the session. */
  wasBorn(session: string): boolean {
    return this.born.has(session)
  }

  /** Somebody asks for the end of this session. */
  destroying(session: string): void {
    this.destroyed.add(session)
  }

  /** An access was told that it has ended the session under this id. */
  ended(session: string, epoch: number): void {
    if (!this.tombstones.has(`${session} ${epoch}`))
      this.judge.violate('15', 'an access was told that the session has ended, and it has not')
  }

  /** A creation with this id has succeeded, and its first value is this. */
  created(session: string, token: string): void {
    const life = `${session} ${this.landings.get(token)?.life} ${this.restorationsOf(session)}`
    if (this.winners.has(life)) this.judge.violate('15', 'two creations of one session have succeeded')
    this.winners.add(life)
  }

  /** A creation was refused because the id is in use: there is such a session, or one that is about to be committed. */
  refusing(session: string): void {
    if (!this.claimed.has(session)) this.judge.violate('15', 'a creation was refused, and its id was never used')
  }

  landingOf(token: string): Landing | undefined {
    return this.landings.get(token)
  }

  /** The life of a session to which this epoch belongs. */
  lifeAt(session: string, epoch: number): number {
    return (this.lives.get(session) ?? []).findLastIndex(({ startFence }) => startFence <= epoch)
  }

  /** A session that is not born yet has no end. */
  endOf(session: string): number {
    const record = this.records.get(session)
    return record === undefined || record.isUnborn ? Number.POSITIVE_INFINITY : record.aliveUntil
  }

  recordOf(session: string): SessionRecord | undefined {
    return this.records.get(session)
  }

  restorationsOf(session: string): number {
    return this.restorations.get(session) ?? 0
  }

  now(session: string): SessionNow {
    const record = this.records.get(session)
    const lives = this.lives.get(session) ?? []
    const lists = lives.at(-1)?.lists
    return {
      life: lives.length - 1,
      rev: record?.rev ?? 0,
      isThere: record?.attrs !== undefined && !record.isUnborn,
      aliveUntilMs: record?.aliveUntil ?? 0,
      lengths: { A: lists?.A.length ?? 0, B: lists?.B.length ?? 0 },
      restorations: this.restorationsOf(session),
      wallMs: this.judge.wallMs(),
    }
  }

  /** Whether a restoration undid what was committed under this epoch. */
  isForgotten(session: string, epoch: number): boolean {
    return epoch <= (this.forgotten.get(session) ?? 0)
  }

  /** Each list of each session, with all that was committed to it, in order. */
  *committed(): Iterable<{ readonly session: string; readonly tokens: readonly string[] }> {
    for (const [session, lives] of this.lives) {
      for (const list of LISTS) yield { session, tokens: lives.flatMap((life) => life.lists[list]) }
    }
  }

  /** The table was put back to an earlier state. */
  restored(session: string, item: Item | undefined): void {
    this.forgotten.set(session, Math.max(0, ...(this.claimed.get(session) ?? [])))
    this.restorations.set(session, 1 + this.restorationsOf(session))
    const lives = this.lives.get(session) ?? []
    const record = readSession(item)
    if (record === undefined) return
    this.records.set(session, record)
    this.ttls.restored(session, record.ttlMs)
    const lists = { A: listOf(record.attrs, 'A'), B: listOf(record.attrs, 'B') }
    lives.push({ startFence: record.fence, lists })
    this.lives.set(session, lives)
    // A lost value may land once more: a late copy of the commit that followed the restored one finds its place again.
    for (const [token, { session: where, movedFrom }] of this.landings) {
      if (where !== session) continue
      // It has been where a rotation took it from, all the same.
      if (movedFrom === undefined) this.landings.delete(token)
      else this.landings.set(token, movedFrom)
    }
    for (const list of LISTS) {
      for (const [index, token] of lists[list].entries()) {
        this.landings.set(token, { session, life: lives.length - 1, list, index, movedFrom: this.landings.get(token) })
      }
    }
  }

  /** DynamoDB's TTL removes the record: nothing of the session is left. */
  removedByTtl(session: string): void {
    const record = this.records.get(session)
    if (record === undefined) return
    if (isAlive(record, this.judge.wallMs())) this.judge.violate('4', `TTL removes ${session}, which lives`)
    this.records.set(session, { ...record, attrs: undefined, rev: 0 })
    this.removed.add(session)
  }

  wrote(update: Update, before: Item | undefined, after: Item | undefined): void {
    const session = update.key
    const was = readSession(before)
    const is = readSession(after)
    if (is === undefined) return
    this.judge.note(`wrote ${session} ${is.fence} ${is.rev}`)
    this.records.set(session, is)
    if (this.fruitless.has(session) && isAlive(is, this.judge.wallMs()))
      this.judge.violate('15', `${session} was begun by an access that failed`)
    if (this.unwanted.has(session)) this.judge.violate('15', `${session} was created, which nobody wanted`)
    const lives = this.lives.get(session) ?? []
    this.lives.set(session, lives)
    const isClaim = was === undefined || is.fence !== was.fence
    if (isClaim) this.checkClaim(session, was?.fence, is.fence)
    else this.checkCommit(session, update, was, is)
    if (update.values[':next'] !== undefined) return this.moved(session, is)
    const isAfresh = isClaim && is.isUnborn
    if (isAfresh) this.checkEnd(session, was, lives.length > 0)
    if (is.attrs === undefined) return this.checkDestroy(session, is)
    this.ttls.wrote(session, is, isAfresh)
    if (update.values[':attrs'] !== undefined) this.executed.hit('commit of many attributes')
    this.attributes.wrote(session, isAfresh ? undefined : was?.attrs, is)
    const lists = { A: listOf(is.attrs, 'A'), B: listOf(is.attrs, 'B') }
    if (isAfresh) lives.push({ startFence: is.fence, lists: { A: [], B: [] } })
    const life = lives.length - 1
    for (const list of LISTS) {
      const known = (lives[life] as Life).lists[list]
      const now = lists[list]
      if (countOf(is.attrs, list) !== now.length)
        this.judge.violate('6', `a list of ${now.length} has the count ${countOf(is.attrs, list)}`)
      if (known.some((token, index) => now[index] !== token)) {
        this.judge.violate('4', `a write of epoch ${is.fence} removed what was committed in ${session}`)
      }
      for (let index = known.length; index < now.length; index += 1) {
        const token = now[index] as string
        if (this.landings.has(token)) this.judge.violate('2', `'${token}' was committed twice`)
        this.landings.set(token, { session, life, list, index })
        known.push(token)
      }
    }
  }

  /** A session goes on under another id: all committed values move with it. */
  private moved(session: string, record: SessionRecord): void {
    const lists = { A: listOf(record.attrs, 'A'), B: listOf(record.attrs, 'B') }
    const lives = this.lives.get(session) ?? []
    lives.push({ startFence: record.fence, lists })
    for (const list of LISTS) {
      const [first] = lists[list]
      const origin = first === undefined ? undefined : this.landings.get(first)
      const known = origin === undefined ? [] : (this.lives.get(origin.session)?.[origin.life]?.lists[list] ?? [])
      if (list === 'A') this.ttls.moved(origin?.session, session, record)
      if (known.length > lists[list].length) this.judge.violate('4', 'a rotation left behind what was committed')
      for (const [index, token] of lists[list].entries()) {
        const entry = this.appended.get(token)
        if (entry !== undefined) entry.session = session
        this.landings.set(token, { session, life: lives.length - 1, list, index, movedFrom: this.landings.get(token) })
      }
    }
  }

  /** A session starts anew only where its life has ended. Clocks of servers are off by some seconds. */
  private checkEnd(session: string, was: SessionRecord | undefined, hadLife: boolean): void {
    if (was === undefined && hadLife && !this.removed.delete(session))
      this.judge.violate('4', `${session} vanished, and was started afresh`)
    if (was?.attrs === undefined || was.isUnborn) return
    if (typeof this.lifetimes !== 'number') this.executed.hit('life ended by fixed expiry')
    const leftMs = was.aliveUntil - this.judge.wallMs()
    if (leftMs > CLOCKS_OFF_MAX_MS) this.judge.violate('4', `${session} was started afresh ${leftMs} ms before its end`)
  }

  private checkLife(session: string, { createdAt, accessedAt, aliveUntil, ttlMs }: SessionRecord): void {
    const { lifetimes } = this
    if (typeof lifetimes !== 'number') {
      if (ttlMs === undefined ? !lifetimes.includes(aliveUntil - createdAt) : aliveUntil - createdAt !== ttlMs)
        this.judge.violate('7', `the fixed life of ${session} was changed`)
    } else if (aliveUntil < accessedAt + (ttlMs ?? lifetimes))
      this.judge.violate('7', `a life of ${session} is cut short`)
  }

  private checkDestroy(session: string, { isRotated, fence }: SessionRecord): void {
    this.tombstones.add(`${session} ${fence}`)
    if (!isRotated && !this.destroyed.has(session))
      this.judge.violate('4', `${session} was destroyed, and nobody asked for it`)
  }

  private checkClaim(session: string, was: number | undefined, is: number): void {
    if (was !== undefined && is <= was) this.judge.violate('3', `the fence of ${session} fell from ${was} to ${is}`)
    const claimed = this.claimed.get(session) ?? new Set()
    this.claimed.set(session, claimed.add(is))
  }

  private checkCommit(session: string, update: Update, was: SessionRecord, is: SessionRecord): void {
    this.checkChain(update, was.fence, was.commitId, was.attrs === undefined)
    this.born.add(session)
    if (is.isUnborn && is.attrs !== undefined) this.judge.violate('7', `a commit left ${session} unborn`)
    if (is.attrs !== undefined) this.checkLife(session, is)
  }

  private checkChain(update: Update, fence: number, commitId: string, isDestroyed: boolean): void {
    const { ':epoch': epoch, ':last': last } = update.values as Record<string, { N?: string; S?: string }>
    if (epoch?.N !== String(fence)) this.judge.violate('2', `a write of epoch ${epoch?.N} landed under fence ${fence}`)
    else if (last?.S !== commitId)
      this.judge.violate('2', `a write of epoch ${fence} landed after another than it was made for`)
    else if (isDestroyed) this.judge.violate('2', 'a write landed on a tombstone')
  }
}
