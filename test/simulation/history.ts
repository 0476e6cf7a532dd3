import { createHash } from 'node:crypto'
import type { Item, Update } from '../../protocol/dynamodb.js'
import { readSession } from '../../protocol/state/record.js'
import type { Appended, Outcome } from './appended.js'
import type { ListName } from './attributes.js'
import type { Caller } from './caller.js'
import { CausesWatch } from './causes-watch.js'
import type { WriteWatcher } from './database.js'
import type { Exchange } from './exchange.js'
import type { ExecutedCounts } from './executed.js'
import { FactsWatch } from './facts-watch.js'
import type { FaultCounts } from './faults.js'
import { ForgottenLocks } from './forgotten-locks.js'
import { type Judge, LEFT_OUT, type LeftOut, Violation } from './judge.js'
import { stoodAt } from './landing.js'
import { LocksWatch } from './locks-watch.js'
import { WALL_AT_START_MS } from './machine.js'
import { Peeks } from './peeks.js'
import type { QuietWatch } from './quiet-watch.js'
import { RotationsWatch } from './rotations-watch.js'
import { type FixedLives, SessionsWatch } from './sessions-watch.js'
import { TellingWatch } from './telling-watch.js'
import { UNDER_WAY_MAX_MS, Uses } from './uses.js'
import { WaitsWatch } from './waits-watch.js'

const NOTES_LENGTH_MAX = 32_768

/**
 * Compares the writes that the tables saw with the answers that the accesses got. It knows nothing of how the protocol
 * works: only what a session store may and may not do.
 */
export class History implements Judge, WriteWatcher {
  readonly violations: Violation[] = []
  readonly forgotten = new ForgottenLocks()
  /** How often each check was left out. */
  readonly leftOut = Object.fromEntries(LEFT_OUT.map((check) => [check, 0])) as Record<LeftOut, number>
  landed = 0
  private readonly appended = new Map<string, Appended>()
  /** When a server last lost a session with unwritten changes, by server and session. */
  private readonly losses = new Map<string, number>()
  /** Values that were committed, and that a restoration of the table may have taken away. */
  private readonly undone = new Set<string>()
  readonly locks = new LocksWatch(this)
  readonly sessions: SessionsWatch
  readonly uses: Uses
  readonly peeks: Peeks
  readonly waits: WaitsWatch
  readonly causes: CausesWatch
  readonly facts: FactsWatch
  readonly rotations = new RotationsWatch(this)
  private readonly telling = new TellingWatch(this)
  /** Of a run without faults. */
  quiet: QuietWatch | undefined
  /** When a write last made the life of a session end earlier: its server learns that later. */
  private readonly shortened = new Map<string, number>()
  private readonly hash = createHash('sha256')
  /** Events that are not in the hash yet. */
  private notes = ''

  constructor(
    private readonly nowMs: () => number,
    /** How long a session lives after each write, at least; or from its creation. */
    lifetimes: number | FixedLives,
    executed: ExecutedCounts,
    counts: FaultCounts,
  ) {
    this.sessions = new SessionsWatch(this, this.appended, lifetimes, executed)
    this.peeks = new Peeks(this, this.sessions)
    this.uses = new Uses(lifetimes)
    this.waits = new WaitsWatch(this, nowMs, executed)
    this.causes = new CausesWatch(this, counts, this.waits, executed)
    this.facts = new FactsWatch(this, this.locks, this.sessions, this.waits)
  }

  /** True time, as clocks tell it. */
  wallMs(): number {
    return WALL_AT_START_MS + this.nowMs()
  }

  note(line: string): void {
    this.notes += `${this.nowMs().toFixed(3)} ${line}\n`
    // One long update costs far less than many short ones.
    if (this.notes.length > NOTES_LENGTH_MAX) this.hashNotes()
  }

  private hashNotes(): void {
    this.hash.update(this.notes)
    this.notes = ''
  }

  digest(): string {
    this.hashNotes()
    return this.hash.digest('hex').slice(0, 16)
  }

  leaveOut(check: LeftOut): void {
    this.leftOut[check] += 1
  }

  violate(invariant: string, problem: string): void {
    this.violations.push(new Violation(invariant, `${problem} (at ${Math.round(this.nowMs())} ms)`))
  }

  /** From now on the application closes its clients. */
  closing(): void {
    this.causes.isClosing = true
    if (this.quiet !== undefined) this.quiet.isClosing = true
  }

  begin(by: string, token: string, session: string, list: ListName, calledAtMs: number): Appended {
    const entry: Appended = { token, by, session, list, calledAtMs, outcome: 'running', endedAtMs: 0 }
    this.appended.set(token, entry)
    return entry
  }

  end(entry: Appended, outcome: Outcome): void {
    if (entry.outcome !== 'running') return
    if (outcome === 'acknowledged' && this.sessions.landingOf(entry.token) === undefined)
      this.violate('4', `'${entry.token}' was acknowledged before it was committed`)
    entry.outcome = outcome
    entry.endedAtMs = this.nowMs()
    this.note(`${entry.token} ${outcome}`)
  }

  /** Whether the value was ever committed, or its access was told so. Who holds the session need not see it restored. */
  isKept(token: string): boolean {
    if (this.sessions.landingOf(token) !== undefined || this.undone.has(token)) return true
    return this.appended.get(token)?.outcome === 'acknowledged'
  }

  /** A reading access has resolved: it saw committed values, and all that were acknowledged before it was called. */
  read(session: string, list: ListName, seen: readonly string[], epoch: number, calledAtMs: number): void {
    this.note(`read ${session} ${list} ${seen.length}`)
    if (this.sessions.isForgotten(session, epoch)) return this.leaveOut('reads')
    // When the Locks table forgot the holder, two may believe to hold for a lease: only writes are fenced.
    const isForgotten = this.locks.mayBeForgotten(session, epoch)
    const life = this.sessions.lifeAt(session, epoch)
    for (const [index, token] of seen.entries()) {
      const landing = this.sessions.landingOf(token)
      if (stoodAt(landing, session, life, index)) continue
      if (landing !== undefined && isForgotten) continue
      this.violate(
        '4',
        `a reader saw '${token}' at ${index}, which ${landing === undefined ? 'was never committed' : 'is elsewhere'}`,
      )
      return
    }
    if (isForgotten) return this.leaveOut('reads')
    for (const entry of this.appended.values()) {
      if (entry.session !== session || entry.list !== list || entry.outcome !== 'acknowledged') continue
      if (entry.endedAtMs >= calledAtMs) continue
      const landing = this.sessions.landingOf(entry.token)
      if (landing === undefined || landing.life < life) continue
      if (landing.life > life || landing.index >= seen.length) {
        this.violate('4', `a reader missed '${entry.token}', acknowledged before it was called`)
        return
      }
    }
  }

  /** A server was told that it lost this session, and with it the changes to be written behind. */
  lost(by: string, session: string): void {
    this.losses.set(`${by} ${session}`, this.nowMs())
  }

  /**
   * An access begins, by its server's clock: nobody may use a session whose life is over. Returns a function that is to
   * be called when it ends.
   */
  began(by: Caller, session: string, epoch: number): () => void {
    const usedUntilMs = this.uses.untilMs(by, session)
    this.locks.began(session, epoch)
    const isForgotten = this.locks.mayBeForgotten(session, epoch) || this.sessions.isForgotten(session, epoch)
    if (!isForgotten) this.checkLife(by, session, usedUntilMs)
    return this.uses.begin(by, session)
  }

  private checkLife({ machine }: Caller, session: string, usedUntilMs: number): void {
    if (this.nowMs() - (this.shortened.get(session) ?? Number.NEGATIVE_INFINITY) < UNDER_WAY_MAX_MS) return
    const overMs = machine.wallMs() - Math.max(this.sessions.endOf(session), usedUntilMs)
    if (overMs > 0) this.violate('7', `an access begins ${overMs} ms after the life of ${session}`)
  }

  /** The Sessions table was put back to an earlier state: values that were acknowledged since may be gone. */
  restored(session: string, item: Item | undefined): void {
    for (const entry of this.appended.values()) {
      const landing = this.sessions.landingOf(entry.token)
      // Who creates a session learns its id last.
      if ((landing?.session ?? entry.session) !== session) continue
      const hasLanded = landing !== undefined
      if (hasLanded) this.undone.add(entry.token)
      if (hasLanded || entry.outcome !== 'running') entry.outcome = 'forgiven'
    }
    this.sessions.restored(session, item)
  }

  /** DynamoDB's TTL is about to remove a record of the Sessions table. */
  removedByTtl(session: string): void {
    this.note(`removed ${session}`)
    this.sessions.removedByTtl(session)
  }

  wrote(update: Update, before: Item | undefined, after: Item | undefined): void {
    this.landed += 1
    if (update.table === 'sessions') {
      const [was, is] = [readSession(before), readSession(after)]
      if (was !== undefined && is !== undefined && is.aliveUntil < was.aliveUntil)
        this.shortened.set(update.key, this.nowMs())
      this.rotations.wrote(update)
      return this.sessions.wrote(update, before, after)
    }
    this.locks.wrote(update, before, after)
    if (!update.key.startsWith('S#')) return
    this.waits.wroteLock(update.key, after)
    this.telling.wroteLock(update, before, after)
  }

  /** A function has answered a message. */
  answered(exchange: Exchange): void {
    this.locks.answered(exchange)
    this.telling.answered(exchange)
    this.causes.answered(exchange)
  }

  /** At the end of a run, when everything is settled. Dead servers do not owe what they were to write behind. */
  checkAppended(dead: ReadonlySet<string>): void {
    for (const entry of this.appended.values()) {
      const landing = this.sessions.landingOf(entry.token)
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
    this.sessions.ttls.checkFailures()
    this.rotations.check()
    this.checkOrder()
  }

  /** A value that was acknowledged before another access was called comes before that access's value. */
  private checkOrder(): void {
    for (const { session, tokens } of this.sessions.committed()) {
      let latestCallMs = Number.NEGATIVE_INFINITY
      let latest = ''
      for (const token of tokens) {
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
