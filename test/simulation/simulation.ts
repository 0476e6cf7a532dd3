import type { HoldfastOptions } from '../../client/options/client-options.js'
import { sessionKey } from '../../client/session/session-key.js'
import { lockKey, type SessionKey } from '../../protocol/keys.js'
import { readLock } from '../../protocol/lock/record.js'
import { holdCostMaxMs, type Timing } from '../../protocol/timing.js'
import { Random } from '../support/random.js'
import { SCHEMAS } from './attributes.js'
import { Cloud } from './cloud.js'
import { SuspensionPoints } from './crashes.js'
import { Database } from './database.js'
import { Days } from './days.js'
import { ExecutedCounts } from './executed.js'
import { chooseFaults, FaultCounts, type Faults, hasNoFaults, isOnlyThrottled, NO_FAULTS } from './faults.js'
import { History } from './history.js'
import { type HttpsUse, httpsUseOf, toldMaxMsOf } from './https-use.js'
import { Leftovers } from './leftovers.js'
import { Machine } from './machine.js'
import { Mischief } from './mischief.js'
import { quietWatchOf } from './quiet-watch.js'
import { Roles } from './roles.js'
import { LONGEST_TIMING, Rolling } from './rolling.js'
import type { Result, Script } from './script.js'
import { Server } from './server.js'
import { chooseShape, durationMs, faultsOf, type Shape, SLOWER, serversOf, TASKS } from './shape.js'
import { SleepWatch } from './sleep-watch.js'
import { throttleWatch } from './throttle-watch.js'
import { Timeline } from './timeline.js'
import { wireJudges } from './wiring.js'
import { chooseWorkload, DAYS_TIMING, TIMING, type Workload } from './workload.js'

/** The last messages of worker threads, and the last commits of their accesses, take far less. */
const LAST_MESSAGES_MS = 5_000
/** A server that must be served has the sessions live on for at least this long. */
const PROBE_TTL_MS = 3_600_000

/** One run: servers under faults for a while, then peace, in which everything must end well. */
export class Simulation {
  private readonly timeline = new Timeline()
  private readonly random: Random
  private readonly counts: FaultCounts
  private readonly executed = new ExecutedCounts()
  private readonly history: History
  private readonly leftovers: Leftovers
  private readonly sleep: SleepWatch
  private readonly database: Database
  private readonly cloud: Cloud
  private readonly workload: Workload
  private readonly servers: Server[] = []
  private readonly byMachine = new Map<Machine, Server>()
  private readonly points: SuspensionPoints
  private readonly shape: Shape
  private readonly https: HttpsUse
  private readonly timing: Timing
  /** The most that one hold can cost those behind it. */
  private readonly holdCostMs: number
  private readonly roles: Roles
  private faults: Faults
  private made = 0

  /**
   * @param script gives the faults instead of the seed; `crash` kills one machine at one suspension point.
   * @param isQuiet nothing goes wrong, whatever the seed says.
   */
  constructor(
    private readonly seed: number,
    private readonly script?: Script,
    isQuiet = false,
  ) {
    this.random = new Random(seed)
    this.counts = new FaultCounts(() => this.timeline.nowMs)
    const { random, timeline, counts, executed } = this
    this.points = new SuspensionPoints(script?.crash, () => counts.hit('functionDies'))
    const drawn = script?.faults ?? chooseFaults(random)
    this.shape = script === undefined ? chooseShape(seed, random) : (script.shape ?? 'usual')
    this.roles = new Roles(this.shape, seed)
    this.https = httpsUseOf(this.shape, seed, script)
    this.faults = isQuiet ? NO_FAULTS : faultsOf(this.shape, seed, drawn)
    this.timing = this.shape === 'days' ? DAYS_TIMING : TIMING
    const longest = this.shape === 'rolling' ? LONGEST_TIMING : this.timing
    counts.longerLeaseMs = longest.leaseMs - TIMING.leaseMs
    this.holdCostMs = holdCostMaxMs(longest)
    const workload = chooseWorkload(seed, random, this.shape, this.faults)
    this.workload = { ...workload, ...script?.workload, options: { ...workload.options, ...script?.workload?.options } }
    const { ttlMs = 0, expiry } = this.workload.options
    this.history = new History(
      () => timeline.nowMs,
      expiry === 'fixed' ? [ttlMs, Math.max(ttlMs, PROBE_TTL_MS)] : ttlMs,
      executed,
      counts,
    )
    this.leftovers = new Leftovers(timeline, this.history)
    this.sleep = new SleepWatch(this.history, () => timeline.nowMs, executed)
    this.database = new Database(timeline, random, () => this.faults, counts, this.history, this.points)
    const { database, points } = this
    const faults = () => this.faults
    const { timing } = this
    this.cloud = new Cloud({ timeline, random, timing, database, faults, counts, executed, points })
    const { cloud, history, sleep, byMachine } = this
    if (hasNoFaults(this.faults) && !this.https.barsGateway)
      history.quiet = quietWatchOf(history, () => timeline.nowMs, this.workload, keyOf)
    if (isOnlyThrottled(this.faults))
      cloud.onTurnedAway = throttleWatch(history, timeline, () => this.faults === NO_FAULTS)
    wireJudges({ cloud, database, history, counts, sleep, serverOf: (machine) => byMachine.get(machine) })
  }

  async run(): Promise<Result> {
    const { random, timeline, history } = this
    const servers = serversOf(this.shape, this.seed) ?? random.pick([2, 2, 3, 3, 4, 6])
    let tasks = 0
    for (let index = 0; index < servers; index += 1) {
      const more = TASKS[this.shape] ?? random.integer(1, 3)
      tasks += more
      this.startServer(more)
    }
    this.mischief().begin()
    if (this.https.barsGateway) this.cloud.https.barNowAndThen()
    if (this.shape === 'usual') this.leftovers.watch(this.servers)
    if (this.shape === 'days') this.days().begin()
    if (this.shape === 'idle') this.sleep.watch(timeline, this.servers, hasNoFaults(this.faults))
    if (this.shape === 'rolling') this.rolling().begin()
    const toldMaxMs = toldMaxMsOf(this.shape, this.https, this.faults)
    if (toldMaxMs !== undefined) history.waits.watch(timeline, this.servers, toldMaxMs)
    await timeline.run(this.script?.durationMs ?? durationMs(this.shape, this.workload, tasks, random))
    const points = [...this.points.labels]

    this.faults = NO_FAULTS
    this.database.isDown = false
    this.cloud.network.heal()
    this.cloud.https.endBars()
    for (const server of this.servers) {
      server.isStopping = true
      server.machine.goOn('frozen', random)
    }
    const live = () => this.servers.filter(({ machine }) => !machine.isDead)
    // Each waits for at most all the others, and some are only now beginning to.
    const patienceMs = (2 * this.servers.length + 2) * this.holdCostMs + this.workload.longWorkMs
    await timeline.run(timeline.nowMs + patienceMs, () => live().every(({ pending }) => pending === 0))
    const stuck = live().reduce((sum, { pending }) => sum + pending, 0)
    if (stuck > 0)
      history.violate('16', `${stuck} accesses still wait ${Math.round(patienceMs)} ms after the last fault`)
    await this.checkEnded(live())
    for (const { watch } of live()) watch.checkExpense(history)
    // Tasks that pause for long see only then that their server stops.
    if (this.shape === 'days') await timeline.run(timeline.nowMs + this.workload.pauseStepMs)

    await this.probe()
    await this.leftovers.checkIdle(live())
    await this.close(live())
    // A process that died in a queue stays there until its turn comes: it may delay nobody, and must be gone then.
    await this.probe()
    await this.close(live())
    this.checkLocks()
    history.quiet?.checkRecords(this.database.memory.items('locks').keys(), (id) => this.cloud.isConnected(id))
    history.checkAppended(new Set(this.servers.flatMap(({ name, machine }) => (machine.isDead ? [name] : []))))
    const codes: Record<string, number> = {}
    for (const server of this.servers)
      for (const [code, count] of server.codes) codes[code] = (codes[code] ?? 0) + count
    return {
      seed: this.seed,
      violations: history.violations,
      hash: history.digest(),
      events: timeline.count,
      counts: this.counts.counts,
      executed: this.executed.counts,
      codes,
      landed: history.landed,
      leftOut: history.leftOut,
      points,
      hasCrashed: this.points.hasCrashed,
    }
  }

  /** A server that was never disturbed is granted every session. */
  private async probe(): Promise<void> {
    const { timeline, history } = this
    const server = this.startServer(0, { ttlMs: Math.max(this.workload.options.ttlMs ?? 0, PROBE_TTL_MS) })
    const boundMs = this.servers.length * this.holdCostMs
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

  /** Where all calls have settled, those of worker threads that are gone have ended, too. */
  private async checkEnded(live: readonly Server[]): Promise<void> {
    // The work of an access that is lost may go on for long.
    const untilMs = this.timeline.nowMs + 2 * this.workload.longWorkMs + LAST_MESSAGES_MS
    await this.timeline.run(untilMs, () => live.every(({ unfinished }) => unfinished === 0))
    // The last answers arrive, or find nobody.
    await this.timeline.run(this.timeline.nowMs + LAST_MESSAGES_MS)
    for (const server of live) {
      const { pending, unfinished } = server
      if (pending > 0) continue
      if (unfinished > 0) this.history.violate('20', `${unfinished} accesses hold on, and nobody makes them`)
      else server.checkWorkers()
    }
  }

  private async close(live: readonly Server[]): Promise<void> {
    const { timeline, history } = this
    let closed = 0
    history.closing()
    for (const server of live) void this.leftovers.close(server).then(() => void (closed += 1))
    await timeline.run(timeline.nowMs + 60_000, () => closed === live.length)
    if (closed < live.length) history.violate('20', 'a client does not close')
    // Messages that were still under way arrive, and must find nobody.
    await timeline.run(timeline.nowMs + 150_000)
    for (const server of live) this.leftovers.checkGone(server)
    if (this.cloud.openConnections > 0) history.violate('20', 'a closed client left a connection')
  }

  private checkLocks(): void {
    const { history } = this
    for (const id of this.workload.sessions) {
      const waiters = readLock(this.database.memory.getNow('locks', lockKey(keyOf(id))))?.waiters.length ?? 0
      if (waiters > 0) history.violate('20', `${waiters} processes are queued though nobody waits`)
    }
  }

  private days(): Days {
    const { timeline, random, history, servers, executed, cloud } = this
    const { memory } = this.database
    const { ttlMs, expiry } = this.workload.options
    const about = { lifetimeMs: expiry === 'fixed' ? undefined : ttlMs, isFaultless: hasNoFaults(this.faults) }
    return new Days({ timeline, random, history, memory, servers, executed, cloud, ...about })
  }

  private rolling(): Rolling {
    const { timeline, random, counts, history, servers, cloud } = this
    const { memory } = this.database
    const isFaultless = hasNoFaults(this.faults)
    return new Rolling({ timeline, random, counts, history, servers, functions: cloud.functions, memory, isFaultless })
  }

  private mischief(): Mischief {
    const { timeline, random, counts, cloud, database, history, servers } = this
    const startServer = (tasks: number, saved: readonly string[]) => void this.startServer(tasks, {}, saved)
    const faults = () => this.faults
    const slower = SLOWER[this.shape] ?? 1
    return new Mischief({ timeline, random, counts, cloud, database, history, servers, faults, startServer, slower })
  }

  private startServer(tasks: number, options: Partial<HoldfastOptions> = {}, saved: readonly string[] = []): Server {
    const { timeline, random, faults, counts } = this
    const isDrifting = faults.clockDrift > 0 && counts.hit('clockDrift')
    const drift = isDrifting ? random.pick([-1, 1, random.between(-1, 1)]) * (TIMING.clockDriftPpm / 1_000_000) : 0
    const isFormer = this.workload.isMigrating && random.chance(0.4)
    // A client's wall clock may be anything: only its own elapsed time counts.
    const machine = new Machine(timeline, random.between(-2_000, 2_000), drift)
    // A server that starts again as a former one has its role, too.
    machine.role = this.servers.find(({ identity }) => identity === saved)?.machine.role ?? this.roles.next()
    if (this.https.isUsed) this.cloud.https.chooseWay(machine)
    const server = new Server(
      `p${++this.made}`,
      machine,
      random,
      this.history,
      {
        ...this.workload,
        ...(tasks === 0 ? { longWorkChance: 0 } : {}),
        options: { ...this.workload.options, ...(isFormer ? {} : { schemas: SCHEMAS }), ...options },
      },
      this.cloud,
      this.database,
      saved,
      this.executed,
    )
    if (tasks > 0 && random.chance(this.faults.deaf) && counts.hit('deaf')) this.cloud.network.deafen(machine)
    server.trueNowMs = () => timeline.nowMs
    server.keyOf = keyOf
    server.blockedMs = (wasLong) => {
      const { loopBlocked } = this.faults
      if (!random.chance(wasLong && loopBlocked > 0 ? 0.9 : loopBlocked)) return 0
      counts.hit('loopBlocked')
      return random.pick([100, 2_000, 2 * TIMING.leaseMs]) * random.between(0.5, 1.5)
    }
    this.servers.push(server)
    this.byMachine.set(machine, server)
    server.start(tasks)
    return server
  }
}

const keyOf = (id: string): SessionKey => sessionKey('sim', id)
