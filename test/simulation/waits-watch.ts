import { COHORT_MS, KEEPS_PERIOD_MS, MINIMUM_HOLD_MAX_MS } from '../../client/limits.js'
import type { Item } from '../../protocol/dynamodb.js'
import { lockKey, type SessionKey } from '../../protocol/keys.js'
import { RENEWALS_PER_LEASE } from '../../protocol/limits.js'
import { readLock } from '../../protocol/lock/record.js'
import { nudgePeriodMaxMs } from '../../protocol/timing.js'
import type { ExecutedCounts } from './executed.js'
import type { Insides, LocalSessionInsides } from './insides.js'
import type { Judge } from './judge.js'
import type { Machine } from './machine.js'
import type { Timeline } from './timeline.js'
import { TIMING } from './workload.js'

/** Where nothing fails: from the write of one who waits until the holder knows, its own grant and claim included. */
export const TOLD_MAX_MS = 120
/** The same where only pushes fail: a nudge, a renewal, and a look at each session, of which there are few hundred. */
export const TOLD_BY_RENEWAL_MAX_MS =
  nudgePeriodMaxMs(TIMING) + TIMING.leaseMs / RENEWALS_PER_LEASE + 2 * KEEPS_PERIOD_MS + TOLD_MAX_MS
/** And then accesses may begin for so long. */
const BEGINS_MAX_MS = Math.max(COHORT_MS, Math.min(MINIMUM_HOLD_MAX_MS, TIMING.busyAfterMs / 2))
/** A hold with nothing to do may stand for so long: a turn of the event loop, and a commit's answer. */
const UNUSED_MAX_MS = 60
const LOOK_EVERY_MS = 50

interface Watched {
  readonly machine: Machine
  readonly client: object
  readonly isStopping: boolean
}

/** How long a hold goes on while others wait, where nothing fails: the bound on the waits is made of this. */
export class WaitsWatch {
  /** A holder knows after this that others wait. */
  private toldMaxMs = TOLD_MAX_MS
  /** Since when others wait for the present holder of each lock. */
  private readonly since = new Map<string, { readonly epoch: number; readonly ms: number }>()
  /** When others first waited for the holder of each epoch: it has its time once, also where they give up. */
  private readonly sinceOf = new Map<string, number>()
  /** Locks that some process has waited for. */
  private readonly waited = new Set<string>()
  private isWatching = false

  constructor(
    private readonly judge: Judge,
    private readonly nowMs: () => number,
    private readonly executed: ExecutedCounts,
  ) {}

  wroteLock(key: string, after: Item | undefined): void {
    const lock = readLock(after)
    if (lock !== undefined && lock.waiters.length > 0) this.waited.add(key)
    if (lock === undefined || lock.waiters.length === 0) this.since.delete(key)
    else if (this.since.get(key)?.epoch !== lock.epoch) {
      this.since.set(key, { epoch: lock.epoch, ms: this.nowMs() })
      const epoch = `${key} ${lock.epoch}`
      if (!this.sinceOf.has(epoch)) this.sinceOf.set(epoch, this.nowMs())
    }
  }

  /** How long ago others first waited for the holder of this epoch. */
  waitedMs(key: string, epoch: number): number | undefined {
    const sinceMs = this.sinceOf.get(`${key} ${epoch}`)
    return sinceMs === undefined ? undefined : this.nowMs() - sinceMs
  }

  hasWaited(session: SessionKey): boolean {
    return this.waited.has(lockKey(session))
  }

  /** Others have waited for so long under this grant that its holder was told of them. */
  mustKnow(session: SessionKey, epoch: number): boolean {
    const waited = this.since.get(lockKey(session))
    return this.isWatching && waited?.epoch === epoch && this.nowMs() - waited.ms > this.toldMaxMs
  }

  /** Looks into these servers, and those that are added, until they stop. */
  watch(timeline: Timeline, servers: readonly Watched[], toldMaxMs: number): void {
    this.toldMaxMs = toldMaxMs
    this.isWatching = true
    timeline.after(LOOK_EVERY_MS, () => {
      for (const { machine, client } of servers) {
        if (machine.isDead) continue
        for (const [session, known] of (client as Insides).sessions.known) this.look(machine, session, known)
      }
      if (!servers.every(({ isStopping }) => isStopping)) this.watch(timeline, servers, toldMaxMs)
    })
  }

  private look(machine: Machine, session: SessionKey, { hold, lastUsedMs }: LocalSessionInsides): void {
    const waited = this.since.get(lockKey(session))
    if (hold === undefined || waited?.epoch !== hold.epoch) return
    const waitMs = this.nowMs() - waited.ms
    const askedMs = hold.minimum?.sinceMs
    for (const { role, runningSinceMs } of hold.accesses.running) {
      if (role !== 'access' || runningSinceMs === undefined) continue
      if (askedMs !== undefined && runningSinceMs > askedMs) this.executed.hit('access begun in a minimum hold')
      const lateMs = waitMs - (machine.monotonicMs() - runningSinceMs)
      if (lateMs > this.toldMaxMs + BEGINS_MAX_MS)
        this.judge.violate('16', `an access begins ${Math.round(lateMs)} ms after others began to wait`)
    }
    const unusedMs = machine.monotonicMs() - lastUsedMs
    const isTold = askedMs !== undefined || waitMs > this.toldMaxMs
    if (isTold && unusedMs > UNUSED_MAX_MS && !hold.isAtWork)
      this.judge.violate('16', `a hold that others wait for is kept, unused for ${Math.round(unusedMs)} ms`)
  }
}
