import { INCARNATION_REMEMBERED_MS } from '../../functions/limits.js'
import { startNextIncarnation } from '../../operator/start-next-incarnation.js'
import { compileTiming, type Timing } from '../../protocol/timing.js'
import type { MemoryStore } from '../../store/memory/memory-store.js'
import type { Random } from '../support/random.js'
import type { FaultCounts } from './faults.js'
import type { FunctionName, Functions } from './functions.js'
import type { History } from './history.js'
import { WALL_AT_START_MS } from './machine.js'
import type { Server } from './server.js'
import { ROLLING_STEP_MS } from './shape.js'
import type { Timeline } from './timeline.js'
import { TIMING, TIMING_OPTIONS } from './workload.js'

/** What a deployment changes, and the next one takes back. No time gets shorter than {@link TIMING}, but for a margin. */
const CHANGES: readonly Partial<Timing>[] = [
  { leaseMs: 15_000 },
  { maxBusyMs: 12_000 },
  { clientMarginMs: 20, storeMarginMs: 280 },
  { clientMarginMs: 280, storeMarginMs: 20 },
  { leaseMs: 15_000, maxBusyMs: 12_000, clientMarginMs: 20, storeMarginMs: 280 },
]
/** The longest times of these. */
export const LONGEST_TIMING = compileTiming({ ...TIMING_OPTIONS, leaseMs: 15_000, maxBusyMs: 12_000 })

const NAMES: readonly FunctionName[] = ['connection', 'grant', 'release', 'https']
/** Functions are replaced within this time, and those of before go on for as long. */
const DEPLOYMENT_MS = 5_000
const LOOK_EVERY_MS = 100
/** A process says hello, and that is answered, within this time. */
const GREETED_MS = 2_000
/** After a change each process has heard of it within this time, where nothing is lost. */
const HEARD_MS = INCARNATION_REMEMBERED_MS + LONGEST_TIMING.leaseMs / 4 + 2_000

interface RollingWorld {
  readonly timeline: Timeline
  readonly random: Random
  readonly counts: FaultCounts
  readonly functions: Functions
  readonly memory: MemoryStore
  readonly history: History
  readonly servers: readonly Server[]
  readonly isFaultless: boolean
}

/** A process id of a server that lives: since when, as far as that was seen. */
interface Life {
  readonly p: string
  readonly sinceMs: number
}

/**
 * Deploys a stack again and again while it is used: functions, timing and incarnation change one after the other, and
 * back. No lock is taken from a process that believes in it. Where nothing is lost, each process ends exactly once for
 * each incarnation, and for nothing else.
 */
export class Rolling {
  private readonly after: Timing
  private readonly lives = new Map<Server, Life>()
  private readonly raisedAtMs: number[] = []

  constructor(private readonly world: RollingWorld) {
    const change = world.random.pick(CHANGES)
    this.after = compileTiming({ ...TIMING_OPTIONS, ...change })
    const { locks } = world.history
    locks.storeMarginsMs = [TIMING.storeMarginMs, this.after.storeMarginMs]
    locks.onTaken = (key, epoch) => this.taken(key, epoch)
  }

  begin(): void {
    const steps: readonly (() => void)[] = [
      () => this.deploy(TIMING),
      () => this.deploy(this.after),
      () => this.raise(),
      () => this.deploy(TIMING),
      () => this.deploy(this.after),
    ]
    for (const [index, step] of steps.entries()) this.world.timeline.after(index * ROLLING_STEP_MS + 1_000, step)
    // In the midst of a deployment: then functions of both versions answer, and some of each have not heard of it.
    for (const step of [1, 3]) {
      const atMs = step * ROLLING_STEP_MS + 1_000 + this.world.random.between(0, 2 * DEPLOYMENT_MS)
      this.world.timeline.after(atMs, () => this.raise())
    }
    if (this.world.isFaultless) this.look()
  }

  private deploy(timing: Timing): void {
    const { random, timeline, functions, counts } = this.world
    for (const name of NAMES) {
      timeline.after(random.between(0, DEPLOYMENT_MS), () => {
        functions.deploy(name, timing, random.between(0, DEPLOYMENT_MS))
        counts.hit('functionsReplaced')
        if (timing !== TIMING) counts.hit('timingChanged')
      })
    }
  }

  private raise(): void {
    const { timeline, memory, counts, isFaultless } = this.world
    counts.hit('incarnationEveryMs')
    this.raisedAtMs.push(timeline.nowMs)
    void startNextIncarnation(memory, WALL_AT_START_MS + timeline.nowMs)
    if (!isFaultless) return
    const living = this.world.servers.map((server) => [server, server.livingProcess] as const)
    timeline.after(HEARD_MS, () => {
      for (const [server, p] of living) {
        if (p !== undefined && !server.isStopping && server.livingProcess === p)
          this.violate('9', 'a process goes on though its locks were declared void')
      }
    })
  }

  /** Watches for processes that end. */
  private look(): void {
    const { timeline, servers } = this.world
    for (const server of servers) {
      if (server.isStopping) return
      const p = server.livingProcess
      const life = this.lives.get(server)
      if (life?.p === p) continue
      if (life !== undefined) this.ended(life)
      if (p === undefined) this.lives.delete(server)
      else this.lives.set(server, { p, sinceMs: timeline.nowMs })
    }
    timeline.after(LOOK_EVERY_MS, () => this.look())
  }

  private ended({ sinceMs }: Life): void {
    if (this.raisedAtMs.some((raisedMs) => raisedMs >= sinceMs - GREETED_MS)) return
    this.violate('21', 'a process has ended, and no incarnation has been declared since it began')
  }

  private taken(key: string, epoch: number): void {
    const holder = this.world.servers.find((server) => !server.machine.isDead && server.believesIn(key, epoch))
    if (holder !== undefined) this.violate('1', 'a lock is taken from a process that believes in it')
  }

  private violate(invariant: string, problem: string): void {
    this.world.history.violate(invariant, problem)
  }
}
