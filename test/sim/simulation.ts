import { createHash } from 'node:crypto'
import type { HoldfastOptions } from '../../client/options.js'
import { lockKey, type SessionKey } from '../../protocol/keys.js'
import { compileTiming, holdCostMaxMs } from '../../protocol/limits.js'
import { readLock } from '../../protocol/records.js'
import { Cloud } from './cloud.js'
import { type Crash, SuspensionPoints } from './crashes.js'
import { Database } from './database.js'
import { chooseFaults, type Fault, FaultCounts, type Faults, NO_FAULTS } from './faults.js'
import { History, type Violation } from './history.js'
import { Machine, WALL_AT_START_MS } from './machine.js'
import { Random } from './random.js'
import { Server, type Workload } from './server.js'
import { Timeline } from './timeline.js'

/** A run whose faults are given. */
export interface Script {
  readonly faults: Faults
  readonly durationMs: number
  readonly crash: Crash | undefined
}

export interface Result {
  readonly seed: number
  readonly violations: readonly Violation[]
  readonly hash: string
  readonly events: number
  readonly counts: { readonly [F in Fault]: number }
  readonly codes: { readonly [code: string]: number }
  readonly landed: number
  /** What was waited for at each suspension point of the time of faults. */
  readonly points: readonly string[]
  readonly hasCrashed: boolean
}

/** Short times, in the proportions of the defaults: what matters is who waits for what, not for how long. */
const TIMING = compileTiming({
  leaseMs: 5_000,
  maxBusyMs: 6_000,
  busyAfterMs: 500,
  nudgeAfterMs: 800,
  roundTripMs: 1_500,
  clockErrorMs: 100,
  clientMarginMs: 150,
  storeMarginMs: 150,
})
/** About as many accesses make a run. */
const ACCESSES = 150
/** Far more processes than may stand in one queue. */
const CROWD = 200
const HOLD_COST_MS = holdCostMaxMs(TIMING)

/** One run: servers under faults for a while, then peace, in which everything must come to a good end. */
export class Simulation {
  private readonly timeline = new Timeline()
  private readonly random: Random
  private readonly counts = new FaultCounts()
  private readonly history: History
  private readonly database: Database
  private readonly cloud: Cloud
  private readonly workload: Workload
  private readonly servers: Server[] = []
  private readonly points: SuspensionPoints
  private readonly isCrowd: boolean
  private readonly isLong: boolean
  private faults: Faults
  private made = 0

  /** @param script gives the faults instead of the seed; `crash` kills one machine at one suspension point. */
  constructor(
    private readonly seed: number,
    private readonly script?: Script,
  ) {
    this.random = new Random(seed)
    const { random, timeline, counts } = this
    this.points = new SuspensionPoints(script?.crash)
    this.faults = script?.faults ?? chooseFaults(random)
    this.isCrowd = script === undefined && random.chance(0.004)
    this.isLong = script === undefined && !this.isCrowd && random.chance(0.004)
    this.history = new History(() => timeline.nowMs)
    this.history.mayEpochsRepeat = this.faults.lockVanishesEveryMs > 0 || this.faults.lockRegressesEveryMs > 0
    this.database = new Database(timeline, random, () => this.faults, counts, this.history, this.points)
    this.cloud = new Cloud(timeline, random, TIMING, this.database, () => this.faults, counts, this.points)
    this.workload = this.chooseWorkload()
  }

  async run(): Promise<Result> {
    const { random, timeline, history } = this
    const servers = this.isCrowd ? CROWD : this.isLong ? 2 : random.pick([2, 2, 3, 3, 4, 6])
    let tasks = 0
    for (let index = 0; index < servers; index += 1) {
      const more = this.isCrowd ? 1 : random.integer(1, 3)
      tasks += more
      this.startServer(more)
    }
    this.scheduleFaults()
    await timeline.run(this.script?.durationMs ?? this.durationMs(tasks))
    const points = [...this.points.labels]

    this.faults = NO_FAULTS
    this.database.isDown = false
    this.cloud.heal()
    for (const server of this.servers) {
      server.isStopping = true
      server.machine.goOn('frozen', random)
    }
    const live = () => this.servers.filter(({ machine }) => !machine.isDead)
    // Each waits for at most all the others, and some are only now beginning to.
    const patienceMs = (2 * this.servers.length + 2) * HOLD_COST_MS + this.workload.longWorkMs
    await timeline.run(timeline.nowMs + patienceMs, () => live().every(({ pending }) => pending === 0))
    const stuck = live().reduce((sum, { pending }) => sum + pending, 0)
    if (stuck > 0)
      history.violate('16', `${stuck} accesses still wait ${Math.round(patienceMs)} ms after the last fault`)

    await this.probe()
    await this.close(live())
    // Who died in a queue stays there until its turn comes: it may cost nobody anything, and be gone then.
    await this.probe()
    await this.close(live())
    this.checkLocks()
    history.checkAppended()
    const codes: Record<string, number> = {}
    for (const server of this.servers) {
      for (const [code, count] of server.codes) codes[code] = (codes[code] ?? 0) + count
    }
    return {
      seed: this.seed,
      violations: history.violations,
      hash: history.digest(),
      events: timeline.count,
      counts: this.counts.counts,
      codes,
      landed: history.landed,
      points,
      hasCrashed: this.points.hasCrashed,
    }
  }

  /** Busy runs are short: many different ones find more than a few long ones. */
  private durationMs(tasks: number): number {
    if (this.isCrowd) return 15_000
    if (this.isLong) return 2.2 * 3_600_000
    const { pauseMs, workMs } = this.workload
    const enoughMs = (ACCESSES * (pauseMs + workMs / 2)) / tasks
    return Math.min(60_000, Math.max(6_000, enoughMs)) * this.random.between(0.5, 1.5)
  }

  /** A server that was never disturbed is granted every session. */
  private async probe(): Promise<void> {
    const { timeline, history } = this
    const server = this.startServer(0, { ttlMs: 3_600_000 })
    const boundMs = this.servers.length * HOLD_COST_MS
    const startedAtMs = timeline.nowMs
    let failure: unknown
    let isDone = false
    const probing = Promise.all(this.workload.sessions.map((id) => server.probe(id, Math.round(boundMs))))
      .catch((error) => {
        failure = error
      })
      .finally(() => {
        isDone = true
      })
    await timeline.run(startedAtMs + boundMs + 1_000, () => isDone)
    if (!isDone) history.violate('16', 'a fresh server waits for ever')
    else {
      await probing
      if (failure !== undefined) history.violate('16', `a fresh server was not served: ${(failure as Error).message}`)
    }
  }

  private async close(live: readonly Server[]): Promise<void> {
    const { timeline, history } = this
    let closed = 0
    for (const { client } of live) void client.close({ drainMs: 100 }).then(() => void (closed += 1))
    await timeline.run(timeline.nowMs + 60_000, () => closed === live.length)
    if (closed < live.length) history.violate('20', 'a client does not close')
    // What was still under way arrives, and must find nobody.
    await timeline.run(timeline.nowMs + 150_000)
    for (const { machine } of live) {
      const timers = timeline.pendingOf(machine)
      if (timers > 0) history.violate('20', `a closed client left ${timers} timers`)
    }
    if (this.cloud.openConnections > 0) history.violate('20', 'a closed client left a connection')
  }

  private checkLocks(): void {
    const { history } = this
    for (const id of this.workload.sessions) {
      const waiters = readLock(this.database.memory.getNow('locks', lockKey(keyOf(id))))?.waiters.length ?? 0
      if (waiters > 0) history.violate('20', `${waiters} processes are queued though nobody waits`)
    }
  }

  private startServer(tasks: number, options: Partial<HoldfastOptions> = {}, saved: readonly string[] = []): Server {
    const { timeline, random, faults, counts } = this
    const isDrifting = faults.clockDrift > 0 && counts.hit('clockDrift')
    const drift = isDrifting ? random.pick([-1, 1, random.between(-1, 1)]) * (TIMING.clockDriftPpm / 1_000_000) : 0
    // A client's wall clock may be anything: only its own elapsed time counts.
    const machine = new Machine(timeline, random.between(-2_000, 2_000), drift)
    const server = new Server(
      `p${++this.made}`,
      machine,
      random,
      this.history,
      {
        ...this.workload,
        ...(tasks === 0 ? { longWorkChance: 0 } : {}),
        options: { ...this.workload.options, ...options },
      },
      this.cloud,
      this.database,
      saved,
    )
    server.trueNowMs = () => timeline.nowMs
    server.keyOf = keyOf
    server.blockedMs = () =>
      random.chance(this.faults.loopBlocked) && counts.hit('loopBlocked')
        ? random.pick([100, 2_000, 2 * TIMING.leaseMs]) * random.between(0.5, 1.5)
        : 0
    this.servers.push(server)
    server.start(tasks)
    return server
  }

  private chooseWorkload(): Workload {
    const { random } = this
    const count = this.isCrowd ? random.pick([1, 100]) : random.pick([1, 1, 2, 4])
    return {
      sessions: Array.from({ length: count }, (_, index) => `session ${this.seed} ${index}`),
      pauseMs: this.isLong ? 60_000 : random.pick([50, 300, 1_500]),
      workMs: random.pick([5, 50, 300]),
      longWorkChance: random.pick([0, 0, 0.02, 0.1]),
      longWorkMs: random.pick([1_500, 8_000]),
      writeShare: random.pick([0.3, 0.6, 0.9]),
      destroyShare: random.pick([0, 0, 0.02]),
      rotateShare: random.pick([0, 0, 0.02]),
      successors: new Map(),
      shortWaitChance: random.pick([0, 0.2, 0.6]),
      longWaitMs: 10 * Math.round(HOLD_COST_MS),
      options: {
        holdPolicy: random.pick(['untilRevoked', 'untilRevoked', 'untilRevoked', 'perAccess'] as const),
        ttlMs: random.pick([3_600_000, 3_600_000, 4_000]),
        idleReleaseMs: random.pick([300_000, 700]),
        heldSessionsMax: random.pick([10_000, 1]),
        flushMs: random.pick([200, 5_000]),
        ...(random.chance(0.7) ? { durability: 'access' as const } : {}),
      },
    }
  }

  private scheduleFaults(): void {
    this.every('cutEveryMs', () => this.cloud.cut())
    this.every('halfOpenEveryMs', () => this.cloud.halfOpen())
    this.every('partitionEveryMs', () => this.partition())
    this.every('dbOutageEveryMs', () => this.outage())
    this.every('killEveryMs', () => this.kill())
    this.every('freezeEveryMs', () => this.stop('frozen'))
    this.every('pauseEveryMs', () => this.stop('paused'))
    this.every('ttlRemovesEveryMs', () => this.removeByTtl())
    this.every('lockVanishesEveryMs', () => this.damageLock('vanishes'))
    this.every('lockRegressesEveryMs', () => this.damageLock('regresses'))
    this.every('sessionsRestoredEveryMs', () => this.restoreSession())
    this.every('evictEveryMs', () => this.forgetProcess())
    this.every('incarnationEveryMs', () => this.emptyLocks())
  }

  private every(fault: keyof Faults, happen: () => boolean): void {
    const everyMs = this.faults[fault]
    if (everyMs === 0) return
    const next = () =>
      this.timeline.after(this.random.between(0.2, 1.8) * everyMs, () => {
        if (this.faults === NO_FAULTS) return
        if (happen()) this.counts.hit(fault)
        next()
      })
    next()
  }

  private anyServer(): Server | undefined {
    const running = this.servers.filter(({ machine }) => !machine.isDead)
    return running.length === 0 ? undefined : this.random.pick(running)
  }

  private kill(): boolean {
    const victim = this.anyServer()
    if (victim === undefined) return false
    victim.machine.kill()
    this.cloud.forget(victim.machine)
    const isReused = this.random.chance(this.faults.identityReused) && this.counts.hit('identityReused')
    this.startServer(this.random.integer(1, 3), {}, isReused ? victim.identity : [])
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

  private partition(): boolean {
    const victim = this.anyServer()
    if (victim === undefined) return false
    this.cloud.partition(victim.machine, this.random.pick(['in', 'out', 'none', 'none']))
    this.timeline.after(this.random.between(0.3, 2.5) * TIMING.leaseMs, () =>
      this.cloud.partition(victim.machine, undefined),
    )
    return true
  }

  private outage(): boolean {
    this.database.isDown = true
    this.timeline.after(this.random.between(200, 8_000), () => {
      this.database.isDown = false
    })
    return true
  }

  private lockKeys(): string[] {
    return [...this.database.memory.items('locks').keys()].filter((key) => key.startsWith('S#'))
  }

  private readonly formerLocks = new Map<string, never>()

  private damageLock(kind: 'vanishes' | 'regresses'): boolean {
    const keys = this.lockKeys()
    if (keys.length === 0) return false
    const { memory } = this.database
    const key = this.random.pick(keys)
    const former = this.formerLocks.get(key)
    if (kind === 'vanishes') memory.removeNow('locks', key)
    else if (former !== undefined) memory.put('locks', key, former)
    const now = memory.getNow('locks', key)
    if (now !== undefined) this.formerLocks.set(key, now as never)
    return kind === 'vanishes' || former !== undefined
  }

  private readonly formerSessions = new Map<string, never>()

  private restoreSession(): boolean {
    const { memory } = this.database
    const keys = [...memory.items('sessions').keys()]
    if (keys.length === 0) return false
    const key = this.random.pick(keys)
    const former = this.formerSessions.get(key)
    const now = memory.getNow('sessions', key)
    if (now !== undefined && former === undefined) this.formerSessions.set(key, now as never)
    // One that was rotated would live twice, which only a restoration of the whole table could do.
    if (former === undefined || now?.rotated !== undefined) return false
    memory.put('sessions', key, former)
    this.history.restored(key, former)
    this.formerSessions.delete(key)
    return true
  }

  /** As TTL would that removes a record the moment it is due: its owner is then nobody. */
  private forgetProcess(): boolean {
    const { memory } = this.database
    const keys = [...memory.items('locks').keys()].filter((key) => key.startsWith('P#'))
    if (keys.length === 0) return false
    const key = this.random.pick(keys)
    const item = memory.getNow('locks', key)
    if (item === undefined) return false
    memory.put('locks', key, { ...item, evictedAt: { N: '1' } })
    return true
  }

  /** TTL takes what nobody needs at any time after it is due: the dead, their connections, locks that are free. */
  private removeByTtl(): boolean {
    const { memory } = this.database
    const deadSinceMs = WALL_AT_START_MS + this.timeline.nowMs - TIMING.storeMarginMs - 2 * TIMING.clockErrorMs
    const due = [...memory.items('locks')].filter(([key, item]) => {
      if (key.startsWith('C#')) return !this.cloud.isConnected(key.slice(2))
      if (key.startsWith('P#')) return Number((item.leaseUntil as { N?: string } | undefined)?.N) < deadSinceMs
      return readLock(item)?.holder === undefined
    })
    if (due.length === 0) return false
    const [key] = this.random.pick(due)
    memory.removeNow('locks', key)
    return true
  }

  private emptyLocks(): boolean {
    for (const key of this.database.memory.items('locks').keys()) this.database.memory.removeNow('locks', key)
    this.cloud.incarnation += 1
    this.history.mayEpochsRepeat = true
    return true
  }
}

const keyOf = (id: string): SessionKey => `sim#${createHash('sha256').update(id).digest('base64url')}`
