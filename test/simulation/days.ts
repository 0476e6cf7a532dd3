import { CONNECTION_EARLY_MS, CONNECTION_LIFETIME_MS, TOUCH_SHARE_DEFAULT } from '../../client/limits.js'
import type { Item, TableName } from '../../protocol/dynamodb.js'
import { connectionKey, lockKey, processKey, type SessionKey } from '../../protocol/keys.js'
import { LOCK_TTL_MS } from '../../protocol/limits.js'
import { readLock } from '../../protocol/lock/record.js'
import { readSession } from '../../protocol/state/record.js'
import type { MemoryStore } from '../../store/memory/memory-store.js'
import type { Random } from '../support/random.js'
import type { Cloud } from './cloud.js'
import type { ExecutedCounts } from './executed.js'
import type { History } from './history.js'
import type { Insides, LocalSessionInsides } from './insides.js'
import type { Machine } from './machine.js'
import { CLOCKS_OFF_MAX_MS } from './sessions-watch.js'
import { expiryMs, TimeToLive } from './time-to-live.js'
import type { Timeline } from './timeline.js'

interface Watched {
  readonly machine: Machine
  readonly client: object
  holds(lock: string, epoch: number): boolean
}

interface World {
  readonly timeline: Timeline
  readonly random: Random
  readonly history: History
  readonly memory: MemoryStore
  readonly servers: readonly Watched[]
  readonly executed: ExecutedCounts
  readonly cloud: Cloud
  /** How long sessions live after their last use; undefined where that does not count. */
  readonly lifetimeMs: number | undefined
  /** Nothing goes wrong in this run. */
  readonly isFaultless: boolean
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const WEEK_MS = 7 * DAY_MS
/** A held lock is kept every day. */
const KEPT_WITHIN_MS = 1.1 * DAY_MS
/** To open a connection and greet the store. */
const CONNECT_MAX_MS = 60_000
const SETTLED_MS = 60_000
const REPLACED_FROM_MS = CONNECTION_LIFETIME_MS - 2 * CONNECTION_EARLY_MS
const REPLACED_BY_MS = CONNECTION_LIFETIME_MS - CONNECTION_EARLY_MS + CONNECT_MAX_MS

/** Runs of days: what only time brings about, and whether it takes anything that is in use. */
export class Days {
  private readonly welcomes = new Map<Machine, { readonly p: string | undefined; readonly ms: number }>()
  /** When each hold was seen first. */
  private readonly holds = new WeakMap<object, number>()

  constructor(private readonly world: World) {}

  /** From now on, to the end of the run. */
  begin(): void {
    const { timeline, random, memory, cloud } = this.world
    new TimeToLive(timeline, random, memory, (...removal) => this.removed(...removal)).begin()
    const { onWelcome } = cloud
    cloud.onWelcome = (machine, said) => {
      onWelcome(machine, said)
      this.welcomed(machine)
    }
    this.lookHourly()
  }

  /** A server's connection is welcome. While nothing goes wrong, that happens before the gateway's two hours, each time. */
  private welcomed(machine: Machine): void {
    const { nowMs } = this.world.timeline
    const before = this.welcomes.get(machine)
    const p = this.processOf(machine)
    this.welcomes.set(machine, { p, ms: nowMs })
    if (before === undefined || before.p !== p || !this.world.isFaultless) return
    if (nowMs - before.ms < REPLACED_FROM_MS)
      this.violate('16', `a connection that works is replaced after ${Math.round(nowMs - before.ms)} ms`)
  }

  private lookHourly(): void {
    this.world.timeline.after(HOUR_MS, () => {
      for (const { machine, client } of this.world.servers) {
        if (machine.isDead) continue
        if (this.world.isFaultless) this.checkConnection(machine)
        for (const [session, known] of (client as Insides).sessions.known) this.checkKept(session, known)
      }
      if (this.world.isFaultless) this.checkExtended()
      this.lookHourly()
    })
  }

  /** Under which it goes now, if it does not sleep. */
  private processOf(machine: Machine): string | undefined {
    const server = this.world.servers.find((other) => other.machine === machine)
    return (server?.client as Insides | undefined)?.sessions.membership?.processId
  }

  private checkConnection(machine: Machine): void {
    if (this.processOf(machine) === undefined) return
    const oldMs = this.world.timeline.nowMs - (this.welcomes.get(machine)?.ms ?? Number.POSITIVE_INFINITY)
    if (oldMs > REPLACED_BY_MS) this.violate('16', `a connection is ${Math.round(oldMs)} ms old, and not replaced`)
  }

  /** The record of a lock that is held is far from its removal. With faults a few `keep`s in a row may be lost. */
  private checkKept(session: SessionKey, { hold }: LocalSessionInsides): void {
    const { executed, history, isFaultless, memory, timeline } = this.world
    if (hold === undefined || history.locks.mayBeForgotten(session, hold.epoch)) return
    const sinceMs = this.holds.get(hold) ?? timeline.nowMs
    this.holds.set(hold, sinceMs)
    if (timeline.nowMs - sinceMs > WEEK_MS) executed.hit('hour of a hold of more than a week')
    const item = memory.getNow('locks', lockKey(session))
    if (!isFaultless || item === undefined || readLock(item)?.epoch !== hold.epoch) return
    const leftMs = (expiryMs(item) ?? 0) - history.wallMs()
    if (leftMs < LOCK_TTL_MS - KEPT_WITHIN_MS) this.violate('18', `a lock that is held is removed in ${leftMs} ms`)
  }

  /** A use without a change extends the life, where a tenth of it has passed. */
  private checkExtended(): void {
    const { history, memory, lifetimeMs } = this.world
    if (lifetimeMs === undefined) return
    for (const [session, usedMs] of history.facts.lastUses) {
      const record = readSession(memory.getNow('sessions', session))
      // A write of the last use may be under way.
      if (record?.attrs === undefined || record.isUnborn || history.wallMs() - usedMs < SETTLED_MS) continue
      const untilMs = usedMs + (record.ttlMs ?? lifetimeMs) * (1 - TOUCH_SHARE_DEFAULT) - CLOCKS_OFF_MAX_MS
      if (record.aliveUntil < untilMs) this.violate('7', 'a use has not extended the life of its session')
    }
  }

  private removed(table: TableName, key: string, item: Item): void {
    const { cloud, executed, history } = this.world
    if (table === 'sessions') {
      executed.hit('TTL removes a session')
      return history.removedByTtl(key)
    }
    const live = this.world.servers.filter(({ machine }) => !machine.isDead)
    if (key.startsWith(CONNECTION)) history.locks.removed(key, (id) => cloud.isConnected(id))
    else if (key.startsWith(PROCESS)) {
      const isOf = ({ client }: Watched) => {
        const { membership } = (client as Insides).sessions
        return membership?.state.kind === 'living' && processKey(membership.processId) === key
      }
      if (live.some(isOf)) this.violate('18', 'TTL removes a process that lives')
    } else {
      executed.hit('TTL removes a lock')
      const epoch = readLock(item)?.epoch ?? 0
      if (!history.forgotten.has(key, epoch) && live.some((server) => server.holds(key, epoch)))
        this.violate('18', 'TTL removes a lock that is held')
    }
  }

  private violate(invariant: string, problem: string): void {
    this.world.history.violate(invariant, problem)
  }
}

const CONNECTION = connectionKey('')
const PROCESS = processKey('')
