import { createHash } from 'node:crypto'
import type { AttributeValue, Item, Update } from '../../protocol/dynamodb.js'
import { readSession, type SessionRecord } from '../../protocol/state/record.js'
import type { WriteWatcher } from './database.js'
import { RecordWatch } from './locks-watch.js'
import { WALL_AT_START_MS } from './machine.js'

/** A session's two lists, each under an attribute lock of its own, with a counter beside it. */
export type ListName = 'A' | 'B'
export const LISTS: readonly ListName[] = ['A', 'B']

/**
 * What an access was told about a value that it appended. `weak`: with write-back, a crash or a loss that is told of may
 * undo it. `forgiven`: the table was restored since, and nothing is owed.
 */
export type Outcome = 'running' | 'acknowledged' | 'weak' | 'failed' | 'unknown' | 'forgiven'

export interface Appended {
  readonly token: string
  /** The server that appended it. */
  readonly by: string
  session: string
  readonly list: ListName
  readonly calledAtMs: number
  outcome: Outcome
  endedAtMs: number
}

/** More than the clock of any server is ever off, by its skew and its drift. */
const CLOCKS_OFF_MAX_MS = 12_000

interface Life {
  readonly startFence: number
  readonly lists: { readonly [L in ListName]: string[] }
}

interface Landing {
  readonly session: string
  readonly life: number
  readonly list: ListName
  readonly index: number
  /** Where it was before a rotation moved it. */
  readonly movedFrom?: Landing | undefined
}

/** Where a run went wrong: the invariant by its number in the design, and what was seen. */
export class Violation extends Error {
  constructor(
    readonly invariant: string,
    problem: string,
  ) {
    super(`${invariant}: ${problem}`)
  }
}

/**
 * What really happened, as the tables saw it, against what the accesses were told. It knows nothing of how the
 * protocol works: only what a session store may and may not do.
 */
export class History implements WriteWatcher {
  readonly violations: Violation[] = []
  /** Faults that make the Locks table forget: an epoch may then be given twice, and only the fence tells. */
  mayEpochsRepeat = false
  landed = 0
  private readonly appended = new Map<string, Appended>()
  private readonly landings = new Map<string, Landing>()
  private readonly lives = new Map<string, Life[]>()
  private readonly claimed = new Map<string, Set<number>>()
  /** The last epoch that was claimed before a session was restored: what its holder has cached is not in the table. */
  private readonly forgotten = new Map<string, number>()
  /** When a server last lost a session with changes unwritten, by both. */
  private readonly losses = new Map<string, number>()
  private readonly destroyed = new Set<string>()
  /** Sessions that accesses name and nobody wants created. */
  private readonly unwanted = new Set<string>()
  private readonly aliveUntil = new Map<string, number>()
  readonly records = new RecordWatch(this)
  private readonly hash = createHash('sha256')

  constructor(
    private readonly nowMs: () => number,
    /** How long a session lives after each write, at least. */
    private readonly ttlMs: number,
  ) {}

  /** True time, as clocks tell it. */
  wallMs(): number {
    return WALL_AT_START_MS + this.nowMs()
  }

  note(line: string): void {
    this.hash.update(`${this.nowMs().toFixed(3)} ${line}\n`)
  }

  digest(): string {
    return this.hash.digest('hex').slice(0, 16)
  }

  violate(invariant: string, problem: string): void {
    this.violations.push(new Violation(invariant, `${problem} (at ${Math.round(this.nowMs())} ms)`))
  }

  begin(by: string, token: string, session: string, list: ListName, calledAtMs: number): Appended {
    const entry: Appended = { token, by, session, list, calledAtMs, outcome: 'running', endedAtMs: 0 }
    this.appended.set(token, entry)
    return entry
  }

  end(entry: Appended, outcome: Outcome): void {
    if (entry.outcome !== 'running') return
    entry.outcome = outcome
    entry.endedAtMs = this.nowMs()
    this.note(`${entry.token} ${outcome}`)
  }

  /** An access that only read has resolved: what it saw is committed, and nothing older than when it was called. */
  read(session: string, list: ListName, seen: readonly string[], epoch: number, calledAtMs: number): void {
    this.note(`read ${session} ${list} ${seen.length}`)
    if (epoch <= (this.forgotten.get(session) ?? 0)) return
    const lives = this.lives.get(session) ?? []
    const life = lives.findLastIndex(({ startFence }) => startFence <= epoch)
    for (const [index, token] of seen.entries()) {
      const landing = this.landings.get(token)
      if (stoodAt(landing, session, life, index)) continue
      // Where the Locks table forgot who holds, two may believe it for a lease: only writes are fenced.
      if (landing !== undefined && this.mayEpochsRepeat) continue
      this.violate(
        '4',
        `a reader saw '${token}' at ${index}, which ${landing === undefined ? 'was never committed' : 'is elsewhere'}`,
      )
      return
    }
    if (this.mayEpochsRepeat) return
    for (const entry of this.appended.values()) {
      if (entry.session !== session || entry.list !== list || entry.outcome !== 'acknowledged') continue
      if (entry.endedAtMs >= calledAtMs) continue
      const landing = this.landings.get(entry.token)
      if (landing === undefined || landing.life < life) continue
      if (landing.life > life || landing.index >= seen.length) {
        this.violate('4', `a reader missed '${entry.token}', acknowledged before it was called`)
        return
      }
    }
  }

  /** A server was told that it lost this session, and with it what was to be written behind. */
  lost(by: string, session: string): void {
    this.losses.set(`${by} ${session}`, this.nowMs())
  }

  /** An access begins, by a server's clock: nobody may use a session whose life is over. */
  began(session: string, epoch: number, wallMs: number): void {
    this.records.began(session, epoch)
    if (this.mayEpochsRepeat || epoch <= (this.forgotten.get(session) ?? 0)) return
    const overMs = wallMs - (this.aliveUntil.get(session) ?? 0)
    if (overMs > 0) this.violate('7', `an access begins ${overMs} ms after the life of ${session}`)
  }

  /** Somebody looks for a session that there is not, and that is not to be created. */
  seeking(session: string): void {
    this.unwanted.add(session)
  }

  /** Somebody asks for the end of this session. */
  destroying(session: string): void {
    this.destroyed.add(session)
  }

  /** The Sessions table was put back to what it was: what was acknowledged since may be gone. */
  restored(session: string, item: Item | undefined): void {
    for (const entry of this.appended.values()) {
      const hasLanded = entry.outcome !== 'running' || this.landings.has(entry.token)
      if (entry.session === session && hasLanded) entry.outcome = 'forgiven'
    }
    this.forgotten.set(session, Math.max(0, ...(this.claimed.get(session) ?? [])))
    const lives = this.lives.get(session) ?? []
    const record = readSession(item)
    if (record === undefined) return
    const lists = { A: listOf(record.attrs, 'A'), B: listOf(record.attrs, 'B') }
    lives.push({ startFence: record.fence, lists })
    this.lives.set(session, lives)
    // What is gone may land once more: a late copy of the commit that followed the restored one finds its place again.
    for (const [token, landing] of this.landings) if (landing.session === session) this.landings.delete(token)
    for (const list of LISTS) {
      for (const [index, token] of lists[list].entries()) {
        this.landings.set(token, { session, life: lives.length - 1, list, index })
      }
    }
  }

  wrote(update: Update, before: Item | undefined, after: Item | undefined): void {
    this.landed += 1
    if (update.table === 'sessions') this.wroteSession(update, before, after)
    else this.records.wrote(update, before, after)
  }

  /** At the end of a run, when everything is settled. What the dead were to write behind is not owed. */
  checkAppended(dead: ReadonlySet<string>): void {
    for (const entry of this.appended.values()) {
      const landing = this.landings.get(entry.token)
      const isLost = dead.has(entry.by) || (this.losses.get(`${entry.by} ${entry.session}`) ?? -1) >= entry.calledAtMs
      if (entry.outcome === 'weak' && landing === undefined && !isLost) {
        this.violate('4', `'${entry.token}' was to be written behind, was not lost, and is nowhere`)
      }
      if (entry.outcome === 'acknowledged' && landing === undefined) {
        this.violate('4', `'${entry.token}' was acknowledged and is nowhere`)
      }
      if (entry.outcome === 'failed' && landing !== undefined) {
        this.violate('14', `'${entry.token}' failed without effect and was committed`)
      }
    }
    this.checkOrder()
  }

  /** What was acknowledged before another was called comes before it. */
  private checkOrder(): void {
    for (const [session, lives] of this.lives) {
      for (const list of LISTS) {
        let latestCallMs = Number.NEGATIVE_INFINITY
        let latest = ''
        for (const token of lives.flatMap((life) => life.lists[list])) {
          const entry = this.appended.get(token)
          if (entry === undefined) continue
          if (entry.outcome === 'acknowledged' && latestCallMs > entry.endedAtMs) {
            return this.violate(
              '4',
              `in ${session} '${latest}' came before '${token}', which was acknowledged before it was called`,
            )
          }
          if (entry.calledAtMs > latestCallMs && entry.outcome !== 'weak' && entry.outcome !== 'forgiven') {
            latestCallMs = entry.calledAtMs
            latest = token
          }
        }
      }
    }
  }

  private wroteSession(update: Update, before: Item | undefined, after: Item | undefined): void {
    const session = update.key
    const was = readSession(before)
    const is = readSession(after)
    if (is === undefined) return
    this.note(`wrote ${session} ${is.fence} ${is.rev}`)
    this.aliveUntil.set(session, is.aliveUntil)
    if (this.unwanted.has(session)) this.violate('15', `${session} was created, which nobody wanted`)
    const lives = this.lives.get(session) ?? []
    this.lives.set(session, lives)
    if (was === undefined || is.fence !== was.fence) this.checkClaim(session, was?.fence, is.fence)
    else this.checkChain(update, was.fence, was.commitId, was.destroyedAt !== undefined)
    if (update.values[':created'] !== undefined) return this.moved(session, is)
    const isAfresh = was === undefined || was.attrs === undefined || is.createdAt !== was.createdAt
    if (isAfresh) this.checkEnd(session, was, lives.length > 0)
    if (is.attrs === undefined) return this.checkDestroy(session, is)
    if (is.aliveUntil < is.accessedAt + this.ttlMs) this.violate('7', `a life of ${session} is cut short`)
    const lists = { A: listOf(is.attrs, 'A'), B: listOf(is.attrs, 'B') }
    if (isAfresh) lives.push({ startFence: is.fence, lists: { A: [], B: [] } })
    const life = lives.length - 1
    for (const list of LISTS) {
      const known = (lives[life] as Life).lists[list]
      const now = lists[list]
      if (countOf(is.attrs, list) !== now.length)
        this.violate('6', `a list of ${now.length} has the count ${countOf(is.attrs, list)}`)
      if (known.some((token, index) => now[index] !== token)) {
        this.violate('4', `a write of epoch ${is.fence} removed what was committed in ${session}`)
      }
      for (let index = known.length; index < now.length; index += 1) {
        const token = now[index] as string
        if (this.landings.has(token)) this.violate('2', `'${token}' was committed twice`)
        this.landings.set(token, { session, life, list, index })
        known.push(token)
      }
    }
  }

  /** A session goes on under another id: what was committed moves with it, all of it. */
  private moved(session: string, record: SessionRecord): void {
    const lists = { A: listOf(record.attrs, 'A'), B: listOf(record.attrs, 'B') }
    const lives = this.lives.get(session) ?? []
    lives.push({ startFence: record.fence, lists })
    for (const list of LISTS) {
      const [first] = lists[list]
      const origin = first === undefined ? undefined : this.landings.get(first)
      const known = origin === undefined ? [] : (this.lives.get(origin.session)?.[origin.life]?.lists[list] ?? [])
      if (known.length > lists[list].length) this.violate('4', 'a rotation left behind what was committed')
      for (const [index, token] of lists[list].entries()) {
        const entry = this.appended.get(token)
        if (entry !== undefined) entry.session = session
        const movedFrom = this.landings.get(token)
        this.landings.set(token, { session, life: lives.length - 1, list, index, movedFrom })
      }
    }
  }

  /** A session starts anew only where its life has ended. Clocks of servers are off by some seconds. */
  private checkEnd(session: string, was: SessionRecord | undefined, hadLife: boolean): void {
    if (was === undefined && hadLife) this.violate('4', `${session} vanished, and was started afresh`)
    if (was?.attrs === undefined) return
    const leftMs = was.aliveUntil - this.wallMs()
    if (leftMs > CLOCKS_OFF_MAX_MS) this.violate('4', `${session} was started afresh ${leftMs} ms before its end`)
  }

  private checkDestroy(session: string, { isRotated }: SessionRecord): void {
    if (!isRotated && !this.destroyed.has(session))
      this.violate('4', `${session} was destroyed, and nobody asked for it`)
  }

  private checkClaim(session: string, was: number | undefined, is: number): void {
    if (was !== undefined && is <= was) this.violate('3', `the fence of ${session} fell from ${was} to ${is}`)
    const claimed = this.claimed.get(session) ?? new Set()
    this.claimed.set(session, claimed.add(is))
  }

  private checkChain(update: Update, fence: number, commitId: string, isDestroyed: boolean): void {
    const { ':epoch': epoch, ':last': last } = update.values as Record<string, { N?: string; S?: string }>
    if (epoch?.N !== String(fence)) this.violate('2', `a write of epoch ${epoch?.N} landed under fence ${fence}`)
    else if (last?.S !== commitId)
      this.violate('2', `a write of epoch ${fence} landed after another than it was made for`)
    else if (isDestroyed) this.violate('2', 'a write landed on a tombstone')
  }
}

/** A reader may be told late of what it saw before the session was moved. */
function stoodAt(landing: Landing | undefined, session: string, life: number, index: number): boolean {
  if (landing === undefined) return false
  const isHere = landing.session === session && landing.life === life && landing.index === index
  return isHere || stoodAt(landing.movedFrom, session, life, index)
}

type Attributes = { readonly [name: string]: AttributeValue }

const listOf = (attrs: Attributes | undefined, list: ListName): string[] => {
  const value = attrs?.[`list${list}`]
  return value !== undefined && 'L' in value ? value.L.map((token) => ('S' in token ? token.S : '')) : []
}

const countOf = (attrs: Attributes, list: ListName): number => {
  const value = attrs[`count${list}`]
  return value !== undefined && 'N' in value ? Number(value.N) : 0
}
