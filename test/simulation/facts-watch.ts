import type { Session } from '../../client/access/session.js'
import type { Judge } from './judge.js'
import type { LocksWatch } from './locks-watch.js'
import type { SessionsWatch } from './sessions-watch.js'
import { UNDER_WAY_MAX_MS } from './uses.js'
import type { WaitsWatch } from './waits-watch.js'

/** What a session object says of its session, beside the attributes. */
type Facts = Pick<
  Session,
  'epoch' | 'signal' | 'isNew' | 'createdAt' | 'lastAccessAt' | 'rev' | 'wanted' | 'wantedSignal'
>

/** A commit carries the time when it was made, and an access ends with it. Wall clocks are put forward and back. */
const NEAR_MS = UNDER_WAY_MAX_MS + 20_000

/** Accesses that begin together are told the same, and one of them may have ended already. */
const TOGETHER_MS = 100

/** What accesses are told of their session: against its record, and against what others have done under the same grant. */
export class FactsWatch {
  /** When an access under each grant ended last, by its server's clock; -Infinity where that is not known. */
  private readonly ends = new Map<string, number>()
  /** Accesses began under these grants of which nobody has heard. */
  private readonly unheard = new Set<number>()
  /** What each access was told of the last one before it: it stays so for all its parts, also for those nested in it. */
  private readonly told = new WeakMap<AbortSignal, number>()
  /** When an access to each session ended last, as far as that is known. */
  readonly lastUses = new Map<string, number>()

  constructor(
    private readonly judge: Judge,
    private readonly locks: LocksWatch,
    private readonly sessions: SessionsWatch,
    private readonly waits: WaitsWatch,
  ) {}

  /** An access begins. */
  began(key: string, facts: Facts, wallMs: number): void {
    const { epoch } = facts
    const isForgotten = this.locks.mayBeForgotten(key, epoch) || this.sessions.isForgotten(key, epoch)
    if (isForgotten) this.judge.leaveOut('facts')
    else this.check(key, facts, wallMs)
    this.used(key, epoch)
  }

  /** An access begins, or has begun, under this grant. It may end at any time. */
  used(key: string, epoch: number): void {
    const grant = `${key} ${epoch}`
    this.ends.set(grant, this.ends.get(grant) ?? Number.NEGATIVE_INFINITY)
  }

  /** Accesses under these grants begin for a thread. */
  sent(epochs: readonly number[]): void {
    for (const epoch of epochs) this.unheard.add(epoch)
  }

  /** The thread has heard of it. */
  heard(epochs: readonly number[]): void {
    for (const epoch of epochs) this.unheard.delete(epoch)
  }

  /** An access is about to end. */
  ending(key: string, { epoch, signal, wanted, wantedSignal }: Facts): void {
    if (signal.aborted) return
    if (wanted !== wantedSignal.aborted)
      this.judge.violate('15', `an access is told that others wait: ${wanted}, and by its signal: ${!wanted}`)
    if (!wanted && this.waits.mustKnow(key, epoch)) this.judge.violate('16', 'others wait, and an access is not told')
  }

  /** An access ends now. */
  ended(key: string, epoch: number, wallMs: number): void {
    this.ends.set(`${key} ${epoch}`, wallMs)
    this.lastUses.set(key, wallMs)
  }

  private check(key: string, facts: Facts, wallMs: number): void {
    const { epoch, isNew, rev } = facts
    if (facts.wanted && !this.waits.hasWaited(key))
      this.violate('an access is told that others wait, and none ever has')
    const record = this.sessions.recordOf(key)
    // The session may be lost already, and the access not know it.
    if (record === undefined || record.fence !== epoch || facts.signal.aborted) return
    // A commit may have landed, and not be confirmed yet.
    if (rev !== record.rev && rev !== record.rev - 1) this.violate(`an access sees rev ${rev}, and it is ${record.rev}`)
    const lastMs = this.ends.get(`${key} ${epoch}`)
    if (isNew && !record.isUnborn) this.violate('an access is told that its session is new, and there is one')
    if (!isNew && record.isUnborn && lastMs === undefined)
      this.violate('an access is told that there was a session before it, and there was none')
    if (record.isUnborn) return
    if (facts.createdAt.getTime() !== record.createdAt)
      this.violate(`an access sees createdAt ${facts.createdAt.getTime()}, and it is ${record.createdAt}`)
    const toldMs = facts.lastAccessAt.getTime()
    const toldBeforeMs = this.told.get(facts.signal)
    this.told.set(facts.signal, toldMs)
    if (toldBeforeMs !== undefined) {
      if (toldMs !== toldBeforeMs) this.violate('an access is told another last access than before')
      return
    }
    const isFirst = lastMs === undefined && !this.unheard.has(epoch)
    const endedMs = lastMs ?? record.accessedAt
    const knownMs = endedMs > wallMs - TOGETHER_MS ? Math.min(endedMs, record.accessedAt) : endedMs
    this.checkLastAccess(toldMs, knownMs, isFirst, wallMs)
  }

  /** Ends of accesses are not all known: the last one was then, or later. */
  private checkLastAccess(toldMs: number, lastMs: number, isFirst: boolean, wallMs: number): void {
    if (toldMs < lastMs - NEAR_MS) this.violate(`the last access is told to be ${lastMs - toldMs} ms older than it is`)
    const latestMs = isFirst ? lastMs : wallMs
    if (toldMs > latestMs + NEAR_MS)
      this.violate(`the last access is told to be ${toldMs - latestMs} ms younger than it is`)
  }

  private violate(problem: string): void {
    this.judge.violate('15', problem)
  }
}
