import { SLEEP_AFTER_LEASES, STAND_BY_SPREAD_MS } from '../../client/limits.js'
import { RENEWALS_PER_LEASE } from '../../protocol/limits.js'
import type { ClientMessage } from '../../protocol/messages.js'
import type { Connection } from './connection.js'
import type { ExecutedCounts } from './executed.js'
import type { Insides } from './insides.js'
import type { Judge } from './judge.js'
import type { Machine } from './machine.js'
import type { Timeline } from './timeline.js'
import { TIMING } from './workload.js'

const LOOK_EVERY_MS = 200
/** The renewals that find nothing to do, the next one, and a connection that is opened meanwhile. */
const AWAKE_MAX_MS = (SLEEP_AFTER_LEASES + 2 / RENEWALS_PER_LEASE) * TIMING.leaseMs + STAND_BY_SPREAD_MS + 3_000
const AWAKE_MIN_MS = SLEEP_AFTER_LEASES * TIMING.leaseMs - 500

interface Watched {
  readonly machine: Machine
  readonly client: object
  readonly isStopping: boolean
}

/** How a server was seen last. */
interface Seen {
  /** Undefined while it sleeps. */
  readonly p: string | undefined
  readonly requests: number | undefined
  readonly idleSinceMs: number
}

/** Processes with nothing to do sleep, and only those; a process that sleeps says nothing, and wakes soon. */
export class SleepWatch {
  private readonly seen = new Map<Machine, Seen>()
  /** Those that have not said `hello` since they fell asleep. */
  private readonly asleep = new Set<Machine>()
  /** Process ids that have said that they are over, each with its machine: another one may be a copy of it. */
  private readonly retired = new Map<string, Machine>()
  private isFaultless = false

  constructor(
    private readonly judge: Judge,
    private readonly nowMs: () => number,
    private readonly executed: ExecutedCounts,
  ) {}

  /** @param present the process id of the client that has sent it */
  sent(p: string, message: ClientMessage, { owner, openedAtMs }: Connection, present: string | undefined): void {
    if (message.type === 'hello') {
      if (message.gen === 1 && this.asleep.delete(owner)) this.wakes(openedAtMs)
    } else if (this.retired.get(p) === owner)
      this.judge.violate('22', `a process id that is over sends a ${message.type}`)
    if (message.type === 'renew' && p !== present)
      this.judge.violate('22', 'a process renews the lease of an id that is not its own any more')
    if (message.type === 'retire') this.retired.set(p, owner)
  }

  /** Looks into these servers, and those that are added, until they stop. */
  watch(timeline: Timeline, servers: readonly Watched[], isFaultless: boolean): void {
    this.isFaultless = isFaultless
    timeline.after(LOOK_EVERY_MS, () => {
      for (const server of servers) {
        const { machine, isStopping } = server
        if (!machine.isDead && !machine.isStopped && !isStopping) this.look(server)
      }
      if (!servers.every(({ isStopping }) => isStopping)) this.watch(timeline, servers, isFaultless)
    })
  }

  private look({ machine, client }: Watched): void {
    const { membership, known } = (client as Insides).sessions
    const p = membership?.processId
    const requests = membership?.requests
    const before = this.seen.get(machine)
    const isIdle = known.size === 0 && p === before?.p && requests === before?.requests
    const idleSinceMs = isIdle ? (before?.idleSinceMs ?? this.nowMs()) : this.nowMs()
    this.seen.set(machine, { p, requests, idleSinceMs })
    if (before?.p === undefined && p === undefined) return
    if (p === undefined) this.sleeps(machine, this.nowMs() - (before?.idleSinceMs ?? 0), known.size)
    else if (this.isFaultless && this.nowMs() - idleSinceMs > AWAKE_MAX_MS)
      this.judge.violate('22', 'a process has had nothing to do for long, and does not sleep')
  }

  private sleeps(machine: Machine, idleMs: number, known: number): void {
    this.asleep.add(machine)
    this.executed.hit('sleep')
    if (known > 0) this.judge.violate('22', 'a process sleeps while it holds a session, or waits for one')
    if (this.isFaultless && idleMs < AWAKE_MIN_MS)
      this.judge.violate('22', `a process sleeps that was used ${Math.round(idleMs)} ms ago`)
  }

  private wakes(openedAtMs: number): void {
    if (openedAtMs < this.nowMs()) this.executed.hit('wake over a connection that stood by')
    else if (this.isFaultless) this.judge.violate('22', 'a process that sleeps has to open a connection to wake')
  }
}
