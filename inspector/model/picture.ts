import { KEPT_MS, PROCESSES_MAX, SESSIONS_MAX } from '../limits.js'
import type { Entry, Fact, LockFact, LookFact, MessageFact, ProcessFact, StateFact } from './entry.js'
import type { PlayState } from './play.js'

/** A session as its last entries leave it. */
export interface SessionPicture {
  readonly session: string
  lock: (Entry & LockFact) | undefined
  /** The last write that succeeded. */
  state: (Entry & StateFact) | undefined
  /** Its record, in kilobytes begun; undefined where no write has shown that. */
  kilobytes: number | undefined
  /** How long it lives, by the last write that told it: claims do not. */
  aliveUntil: number | undefined
  /** When a process last stood in its queue, or left it. */
  waitedAt: number | undefined
  changedAt: number
  /** When the process that is first in line began to wait for this holder. */
  waitingSince: number | undefined
  commits: number
  handoffs: number
}

/** A process as its last entries leave it. */
export interface ProcessPicture {
  readonly process: string
  readonly record: Entry & ProcessFact
  /** Its connection has ended, and no other was seen. */
  isCut: boolean
  /** When the gateway throttled a message of it last. */
  throttledAt: number | undefined
  held: number
  waits: number
}

/** The state of everything at one moment. It is folded from entries, one after the other. */
export class Picture {
  /** Those that changed last are the last. */
  readonly sessions = new Map<string, SessionPicture>()
  readonly processes = new Map<string, ProcessPicture>()
  play: PlayState | undefined
  /** The last look at the tables. Undefined where the stack itself tells. */
  look: (Entry & LookFact) | undefined
  at = 0
  waiting = 0
  /** Of the last tally. */
  connections = 0

  apply(entry: Entry): void {
    this.at = Math.max(this.at, entry.at)
    if (entry.kind === 'lock') this.lock(entry)
    else if (entry.kind === 'state') this.state(entry)
    else if (entry.kind === 'process') this.process(entry)
    else if (entry.kind === 'closed') this.closed(entry.process, entry.connection)
    else if (entry.kind === 'message') this.throttled(entry)
    else if (entry.kind === 'play') this.play = entry.play
    else if (entry.kind === 'looked') {
      this.look = entry
      this.forgetProcesses()
    } else if (entry.kind === 'tally') {
      this.connections = entry.connections
      this.forgetProcesses()
    }
  }

  /** Whether a record that was read tells nothing that is not in the picture. */
  knows(read: Fact): boolean {
    if (read.kind === 'process') {
      const record = this.processes.get(read.process)?.record
      return isSame(
        [record?.connection, record?.leaseUntil, record?.evictedAt, record?.asks],
        [read.connection, read.leaseUntil, read.evictedAt, read.asks],
      )
    }
    if (read.kind !== 'lock' && read.kind !== 'state') return false
    const { lock, state, aliveUntil } = this.sessions.get(read.session) ?? {}
    return read.kind === 'lock'
      ? isSame([lock?.epoch, lock?.holder, lock?.waiters], [read.epoch, read.holder, read.waiters])
      : isSame([state?.epoch, aliveUntil ?? 0], [read.epoch, read.aliveUntil ?? 0])
  }

  /** Entries that fold to the same picture. */
  facts(): Entry[] {
    const processes = [...this.processes.values()].flatMap(({ record, isCut, process }): Entry[] => [
      { ...record, n: 0 },
      ...(isCut
        ? [{ n: 0, at: this.at, kind: 'closed', connection: record.connection, process, code: 0 } as const]
        : []),
    ])
    const sessions = [...this.sessions.values()].flatMap(({ lock, state, kilobytes, aliveUntil }): Entry[] => [
      ...(lock === undefined ? [] : [{ ...lock, n: 0 }]),
      ...(state === undefined
        ? []
        : [
            {
              ...state,
              n: 0,
              ...(kilobytes === undefined ? {} : { units: kilobytes }),
              ...(aliveUntil === undefined ? {} : { aliveUntil }),
            },
          ]),
    ])
    const play: Entry[] = this.play === undefined ? [] : [{ n: 0, at: this.at, kind: 'play', play: this.play }]
    const look: Entry[] = this.look === undefined ? [] : [{ ...this.look, n: 0 }]
    return [...processes, ...sessions, ...play, ...look]
  }

  copy(): Picture {
    const copy = new Picture()
    for (const [key, session] of this.sessions) copy.sessions.set(key, { ...session })
    for (const [key, process] of this.processes) copy.processes.set(key, { ...process })
    copy.play = this.play
    copy.look = this.look
    copy.at = this.at
    copy.waiting = this.waiting
    copy.connections = this.connections
    return copy
  }

  private lock(entry: Entry & LockFact): void {
    const session = this.touched(entry.session, entry.at)
    const before = session.lock
    // Two writes of different functions may be told in the other order.
    if (before !== undefined && before.epoch > entry.epoch) return
    this.uncount(before)
    this.count(entry)
    if (entry.waiters.length > 0 || (before?.waiters.length ?? 0) > 0) session.waitedAt = entry.at
    const isOther = before !== undefined && before.holder !== entry.holder
    if (isOther && entry.holder !== undefined && before.holder !== undefined) session.handoffs += 1
    if (entry.waiters.length === 0) session.waitingSince = undefined
    else if (isOther || session.waitingSince === undefined) session.waitingSince = entry.at
    session.lock = entry
  }

  private state(entry: Entry & StateFact): void {
    const session = this.touched(entry.session, entry.at)
    if (entry.outcome !== 'ok') return
    session.state = entry
    if (entry.operation === 'commit') session.commits += 1
    if (entry.units !== undefined) session.kilobytes = entry.units
    if (entry.aliveUntil !== undefined) session.aliveUntil = entry.aliveUntil
    else if (entry.operation === 'birth' || entry.operation === 'destroy') session.aliveUntil = undefined
  }

  private process(entry: Entry & ProcessFact): void {
    const before = this.processes.get(entry.process)
    const isCut = before?.isCut === true && before.record.connection === entry.connection
    const { held = 0, waits = 0, throttledAt } = before ?? {}
    this.processes.set(entry.process, { process: entry.process, record: entry, isCut, throttledAt, held, waits })
  }

  private throttled({ way, process, at }: Entry & MessageFact): void {
    const known = way === 'throttled' && process !== undefined ? this.processes.get(process) : undefined
    if (known !== undefined) known.throttledAt = at
  }

  private closed(process: string | undefined, connection: string): void {
    const known = process === undefined ? undefined : this.processes.get(process)
    if (known?.record.connection === connection) known.isCut = true
  }

  private touched(key: string, at: number): SessionPicture {
    const known = this.sessions.get(key)
    if (known !== undefined) {
      known.changedAt = at
      this.sessions.delete(key)
      this.sessions.set(key, known)
      return known
    }
    const made: SessionPicture = {
      session: key,
      lock: undefined,
      state: undefined,
      kilobytes: undefined,
      aliveUntil: undefined,
      waitedAt: undefined,
      changedAt: at,
      waitingSince: undefined,
      commits: 0,
      handoffs: 0,
    }
    this.sessions.set(key, made)
    if (this.sessions.size > SESSIONS_MAX) this.forgetSession()
    return made
  }

  private forgetSession(): void {
    const [oldest] = this.sessions.values()
    if (oldest === undefined) return
    this.uncount(oldest.lock)
    this.sessions.delete(oldest.session)
  }

  /** Processes that are over for long, and the oldest beyond the bound. */
  private forgetProcesses(): void {
    for (const [key, { record, held }] of this.processes) {
      const isOver = held === 0 && Math.max(record.leaseUntil, record.at) + KEPT_MS < this.at
      if (isOver || this.processes.size > PROCESSES_MAX) this.processes.delete(key)
    }
  }

  private count({ holder, waiters }: LockFact, by = 1): void {
    const holding = holder === undefined ? undefined : this.processes.get(holder)
    if (holding !== undefined) holding.held += by
    for (const waiter of waiters) {
      const waiting = this.processes.get(waiter)
      if (waiting !== undefined) waiting.waits += by
    }
    this.waiting += by * waiters.length
  }

  private uncount(lock: LockFact | undefined): void {
    if (lock !== undefined) this.count(lock, -1)
  }
}

const isSame = (a: readonly unknown[], b: readonly unknown[]): boolean => JSON.stringify(a) === JSON.stringify(b)
