import { startNextIncarnation } from '../../operator/start-next-incarnation.js'
import type { Item } from '../../protocol/dynamodb.js'
import { INCARNATION_KEY } from '../../protocol/keys.js'
import { readLock } from '../../protocol/lock/record.js'
import type { MemoryStore } from '../../store/memory/memory-store.js'
import type { Random } from '../support/random.js'
import type { Cloud } from './cloud.js'
import { type Database, WRITE_LATE_MAX_MS } from './database.js'
import { type FaultCounts, type Faults, NO_FAULTS } from './faults.js'
import type { History } from './history.js'
import { WALL_AT_START_MS } from './machine.js'
import type { Server } from './server.js'
import type { Timeline } from './timeline.js'
import { TIMING } from './workload.js'

/** The parts of a run that mischief is done to. */
export interface World {
  readonly timeline: Timeline
  readonly random: Random
  readonly faults: () => Faults
  readonly counts: FaultCounts
  readonly cloud: Cloud
  readonly database: Database
  readonly history: History
  readonly servers: readonly Server[]
  readonly startServer: (tasks: number, saved: readonly string[]) => void
  /** Mischief is rarer by this factor than the faults say. */
  readonly slower: number
}

/** Longer than a lease, from one end to the other. */
const STEP_MAX_MS = 8_000

/** Faults of servers, connections and tables, from time to time. The other faults happen to requests. */
export class Mischief {
  private readonly formerLocks = new Map<string, Item>()
  private readonly formerSessions = new Map<string, Item>()

  private readonly random: Random
  private readonly timeline: Timeline
  private readonly memory: MemoryStore

  constructor(private readonly world: World) {
    this.random = world.random
    this.timeline = world.timeline
    this.memory = world.database.memory
  }

  /** From now on, until there are no faults any more. */
  begin(): void {
    this.every('cutEveryMs', () => this.world.cloud.cut())
    this.every('halfOpenEveryMs', () => this.world.cloud.halfOpen())
    this.every('throttledEveryMs', () => this.world.cloud.throttle.begin())
    this.every('partitionEveryMs', () => this.partition())
    this.every('dbOutageEveryMs', () => this.outage())
    this.every('killEveryMs', () => this.kill())
    this.every('closeEveryMs', () => this.close())
    this.every('identityStolenEveryMs', () => this.impersonate())
    this.every('freezeEveryMs', () => this.stop('frozen'))
    this.every('pauseEveryMs', () => this.stop('paused'))
    this.every('clockStepsEveryMs', () => this.stepClock())
    this.every('ttlRemovesEveryMs', () => this.removeByTtl())
    this.every('lockVanishesEveryMs', () => this.damageLock('vanishes'))
    this.every('lockRegressesEveryMs', () => this.damageLock('regresses'))
    this.every('sessionsRestoredEveryMs', () => this.restoreSession())
    this.every('evictEveryMs', () => this.forgetProcess())
    this.every('locksEmptiedEveryMs', () => this.emptyLocks())
    this.every('incarnationEveryMs', () => this.raiseIncarnation())
  }

  private every(fault: keyof Faults, happen: () => boolean): void {
    const everyMs = this.world.faults()[fault] * this.world.slower
    if (everyMs === 0) return
    const next = () =>
      this.timeline.after(this.random.between(0.2, 1.8) * everyMs, () => {
        if (this.world.faults() === NO_FAULTS) return
        if (happen()) this.world.counts.hit(fault)
        next()
      })
    next()
  }

  private anyServer(): Server | undefined {
    const running = this.world.servers.filter(({ machine }) => !machine.isDead)
    return running.length === 0 ? undefined : this.random.pick(running)
  }

  private kill(): boolean {
    const victim = this.anyServer()
    if (victim === undefined) return false
    victim.machine.kill()
    this.world.cloud.forget(victim.machine)
    const { faults, counts } = this.world
    const isReused = this.random.chance(faults().identityReused) && counts.hit('identityReused')
    this.world.startServer(this.random.integer(1, 3), isReused ? victim.identity : [])
    return true
  }

  /** As a deployment does: one ends in good order, and another takes its place. */
  private close(): boolean {
    const leaving = this.anyServer()
    if (leaving === undefined || leaving.isStopping) return false
    leaving.isStopping = true
    void leaving.client.close({ drainMs: this.random.pick([0, 500, 10_000]) })
    this.world.startServer(this.random.integer(1, 3), [])
    return true
  }

  private impersonate(): boolean {
    const victim = this.anyServer()
    if (victim === undefined || victim.identity.length < 2) return false
    const { cloud, history } = this.world
    const usesHttps = (cloud.https.ways.get(victim.machine) ?? 'socket') !== 'socket'
    const by = usesHttps && this.random.chance(0.7) ? cloud.https : cloud.gate
    void by.impersonate(victim.identity).then((answer) => {
      if (answer !== undefined && answer.type !== 'refused')
        history.violate('18', 'a process is taken over by another role')
    })
    return true
  }

  private stop(kind: 'frozen' | 'paused'): boolean {
    const victim = this.anyServer()
    if (victim === undefined) return false
    victim.machine.stop()
    const ms = this.random.pick([300, 2_000, TIMING.leaseMs + 1_000, 2 * TIMING.leaseMs])
    this.timeline.after(this.random.between(0.5, 1.5) * ms, () => victim.machine.goOn(kind, this.random))
    return true
  }

  private stepClock(): boolean {
    const victim = this.anyServer()
    victim?.machine.setClock(this.random.between(-STEP_MAX_MS, STEP_MAX_MS))
    return victim !== undefined
  }

  private partition(): boolean {
    const victim = this.anyServer()
    if (victim === undefined) return false
    this.world.cloud.network.partition(victim.machine, this.random.pick(['in', 'out', 'answers', 'none', 'none']))
    this.timeline.after(this.random.between(0.3, 2.5) * TIMING.leaseMs, () =>
      this.world.cloud.network.partition(victim.machine, undefined),
    )
    return true
  }

  private outage(): boolean {
    this.world.database.isDown = true
    this.timeline.after(this.random.between(200, 8_000), () => {
      this.world.database.isDown = false
    })
    return true
  }

  private lockKeys(): string[] {
    return [...this.memory.items('locks').keys()].filter((key) => key.startsWith('S#'))
  }

  private damageLock(kind: 'vanishes' | 'regresses'): boolean {
    const keys = this.lockKeys()
    if (keys.length === 0) return false
    const { memory } = this
    const key = this.random.pick(keys)
    const former = this.formerLocks.get(key)
    if (kind === 'vanishes') memory.removeNow('locks', key)
    else if (former !== undefined) memory.put('locks', key, former)
    const now = memory.getNow('locks', key)
    if (kind === 'vanishes' || former !== undefined) this.world.history.locks.damaged(key, now)
    if (now !== undefined) this.formerLocks.set(key, now)
    return kind === 'vanishes' || former !== undefined
  }

  private restoreSession(): boolean {
    const { memory } = this
    const keys = [...memory.items('sessions').keys()]
    if (keys.length === 0) return false
    const key = this.random.pick(keys)
    const former = this.formerSessions.get(key)
    const now = memory.getNow('sessions', key)
    if (now !== undefined && former === undefined) this.formerSessions.set(key, now)
    // A rotated session would live twice, which only a restoration of the whole table could do.
    if (former === undefined || now?.rotated !== undefined) return false
    memory.put('sessions', key, former)
    this.world.history.restored(key, former)
    this.formerSessions.delete(key)
    return true
  }

  /** As TTL would that removes a record the moment it is due: its owner is then nobody. */
  private forgetProcess(): boolean {
    const { memory } = this
    const keys = [...memory.items('locks').keys()].filter((key) => key.startsWith('P#'))
    if (keys.length === 0) return false
    const key = this.random.pick(keys)
    const item = memory.getNow('locks', key)
    if (item === undefined) return false
    memory.put('locks', key, { ...item, evictedAt: { N: '1' } })
    return true
  }

  /** TTL removes records at any time after they are due: dead processes, their connections, free locks. */
  private removeByTtl(): boolean {
    const { memory } = this
    const deadSinceMs = WALL_AT_START_MS + this.timeline.nowMs - TIMING.storeMarginMs - 2 * TIMING.clockErrorMs
    const due = [...memory.items('locks')].filter(([key, item]) => {
      if (key.startsWith('C#')) return !this.world.cloud.isConnected(key.slice(2))
      if (key === INCARNATION_KEY) return false
      if (key.startsWith('P#')) return Number((item.leaseUntil as { N?: string } | undefined)?.N) < deadSinceMs
      // A week must pass: by then no write is under way any more that was sent when its epoch was ahead of the clock.
      const lock = readLock(item)
      return lock !== undefined && lock.holder === undefined && lock.epoch < deadSinceMs - WRITE_LATE_MAX_MS
    })
    if (due.length === 0) return false
    const [key] = this.random.pick(due)
    memory.removeNow('locks', key)
    return true
  }

  private emptyLocks(): boolean {
    for (const key of this.memory.items('locks').keys()) this.memory.removeNow('locks', key)
    this.world.history.locks.emptied()
    return true
  }

  private raiseIncarnation(): boolean {
    void startNextIncarnation(this.memory, WALL_AT_START_MS + this.timeline.nowMs)
    return true
  }
}
