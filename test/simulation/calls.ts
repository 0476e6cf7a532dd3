import { getEventListeners } from 'node:events'
import type { HoldfastApi } from '../../client/api.js'
import type { HoldfastError } from '../../client/errors/index.js'
import { WorkerSession } from '../../client/worker/session.js'
import type { Random } from '../support/random.js'
import type { AccessWork, ListSession } from './access-work.js'
import { LISTS, type ListName, locksFor, readLocksFor, type State } from './attributes.js'
import { beginSession } from './begin-session.js'
import type { Caller } from './caller.js'
import type { History } from './history.js'
import { NestedCalls } from './nested-calls.js'
import { TtlCalls } from './ttl-calls.js'
import type { Workload } from './workload.js'

/** The calls that an application makes most, by the client of a process or of a worker thread. Each reports to the history. */
export class Calls {
  readonly nested: NestedCalls
  private readonly ttl: TtlCalls

  constructor(
    private readonly server: Caller,
    private readonly client: HoldfastApi<State>,
    private readonly inside: AccessWork,
    private readonly random: Random,
    private readonly history: History,
    private readonly workload: Workload,
  ) {
    this.nested = new NestedCalls(server, client, inside, random, history, workload)
    this.ttl = new TtlCalls(server, client, inside, random, history, workload)
  }

  /** Most calls: an access to one list. */
  usual(id: string): Promise<void> {
    const { history, random, workload } = this
    if (random.chance(workload.nestedShare)) return this.nested.append(id)
    if (random.chance(workload.ttlShare)) return this.ttl.give(id)
    const timeoutMs = random.chance(workload.shortWaitChance) ? random.integer(200, 4_000) : workload.longWaitMs
    const list = random.pick(LISTS)
    if (!random.chance(workload.writeShare)) return this.look(id, list, timeoutMs)
    const controller = new AbortController()
    if (random.chance(0.05)) this.server.machine.after(random.between(0, 2_000), () => controller.abort())
    return this.append(id, list, timeoutMs, controller.signal).finally(() => {
      const listeners = getEventListeners(controller.signal, 'abort').length
      if (listeners > 0) history.violate('20', `a call has left ${listeners} listeners on the signal of its caller`)
    })
  }

  async append(id: string, list: ListName, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const { inside, random, workload } = this
    const appending = inside.appending()
    const isWeak = random.chance(0.1) && workload.options.durability !== 'access'
    const durability = isWeak ? 'release' : 'access'
    // Where a client's own is 'fail', these calls begin the sessions.
    const ifMissing = workload.options.ifMissing === 'fail' ? ({ ifMissing: 'create' } as const) : {}
    try {
      await this.client.access(
        id,
        locksFor(list),
        (session) => inside.appendIn(session as ListSession, id, list, appending, inside.anyCommits(0.1)),
        { timeoutMs, durability, ...ifMissing, ...(signal === undefined ? {} : { signal }) },
      )
      appending.end(isWeak ? 'weak' : 'acknowledged')
    } catch (error) {
      appending.fail(error)
      throw error
    }
    inside.executed.hit('access to one list')
  }

  /** One access to several sessions. */
  async appendToAll(ids: readonly string[], list: ListName, timeoutMs: number): Promise<void> {
    const { inside } = this
    const appending = inside.appending()
    // It may have one session, and use it, while it waits for the next.
    const { history, server } = this
    const stopUsing = ids.map((id) => history.uses.begin(server, server.keyOf(id)))
    try {
      await this.client.accessMany(
        ids,
        locksFor(list),
        async (sessions) => {
          const works = sessions.map((session, index) =>
            inside.appendIn(session as ListSession, ids[index] as string, list, appending, inside.anyCommits(0.3)),
          )
          await Promise.all(works)
        },
        { timeoutMs, durability: 'access' },
      )
      appending.end('acknowledged')
    } catch (error) {
      appending.fail(error)
      throw error
    } finally {
      for (const stop of stopUsing) stop()
    }
    inside.executed.hit('accessMany')
  }

  /** An access to one list that later needs the other, too. */
  async appendToBoth(id: string, list: ListName, timeoutMs: number): Promise<void> {
    const { inside } = this
    const other = list === 'A' ? 'B' : 'A'
    const appending = inside.appending()
    try {
      await this.client.access(
        id,
        locksFor(list),
        async (session) => {
          await inside.appendIn(session as ListSession, id, list, appending, 'none')
          const atOnce = this.random.chance(0.3) ? session.tryLock(locksFor(other)) : undefined
          const wider = atOnce ?? (await session.lock(locksFor(other)))
          await inside.appendIn(wider as unknown as ListSession, id, other, appending, 'none')
        },
        { timeoutMs, durability: 'access' },
      )
      appending.end('acknowledged')
    } catch (error) {
      appending.fail(error)
      throw error
    }
    inside.executed.hit('session.lock')
  }

  /** As at a login: accesses with the old id are refused from now on. */
  async rotate(id: string): Promise<void> {
    const { history, inside, random, server } = this
    const to = `${server.token()} of ${id.split(' of ').pop()}`
    const { successors, longWaitMs } = this.workload
    const appending = inside.appending()
    const work = async (session: ListSession) => {
      if (random.chance(0.5)) await inside.appendIn(session, id, 'A', appending, inside.anyCommits(0.1))
      else await inside.workIn(session, id)
    }
    try {
      await this.client.rotate(id, (session) => work(session as ListSession), { to, timeoutMs: longWaitMs })
      appending.end('acknowledged')
      history.rotations.succeeded(server.keyOf(to))
      successors.set(id, to)
      server.follow(id)
    } catch (error) {
      appending.fail(error)
      if ((error as HoldfastError).effect === 'none') history.rotations.failedWithoutEffect(server.keyOf(to))
      // Whether it is the successor shows when somebody is turned away from the old id.
      if ((error as HoldfastError).effect === 'unknown' && !successors.has(id)) successors.set(id, to)
      throw error
    }
    inside.executed.hit('rotate')
  }

  async destroy(id: string): Promise<void> {
    this.history.sessions.destroying(this.server.keyOf(id))
    await this.client.destroy(id)
    this.inside.executed.hit('destroy')
  }

  async release(id: string): Promise<void> {
    await this.client.release(id)
    this.inside.executed.hit('release')
  }

  /** As with a cookie that says anything: it leads nowhere. */
  async seek(id: string): Promise<void> {
    this.history.sessions.seeking(this.server.keyOf(id))
    const isOfClient = this.workload.options.ifMissing === 'fail'
    if (isOfClient) this.inside.executed.hit('ifMissing of the client')
    const ifMissing = isOfClient ? {} : ({ ifMissing: 'fail' } as const)
    await this.client.access(id, { read: ['listA'] }, () => {}, { ...ifMissing, timeoutMs: 4_000 })
    this.history.violate('15', 'a session was found that was never begun')
  }

  async begin(): Promise<void> {
    const { client, history, inside, server } = this
    await beginSession(server, client, history, `new ${server.token()}`, () => inside.work())
    inside.executed.hit('session begun after a failure')
  }

  async look(id: string, list: ListName, timeoutMs: number, ifMissing: 'create' | 'fail' = 'create'): Promise<void> {
    const { history, inside, server } = this
    const calledAtMs = server.trueNowMs()
    const key = server.keyOf(id)
    // It changes nothing, whatever it may.
    const mayWrite = this.random.chance(0.3)
    const seen = await this.client.access(
      id,
      (mayWrite ? locksFor(list) : readLocksFor(list)) as ReturnType<typeof readLocksFor>,
      async (session) => {
        const leave = inside.enter(id, list, mayWrite ? 'exclusive' : 'shared', session)
        try {
          const { epoch } = session
          if (mayWrite) history.sessions.attributes.mayMigrate(key, epoch)
          const tokens = inside.listIn(session, list)
          await inside.work()
          if (!(session instanceof WorkerSession)) history.facts.ended(key, epoch, server.machine.wallMs())
          return { tokens, epoch, isHeld: history.locks.isAt(key, epoch) }
        } finally {
          leave()
        }
      },
      { timeoutMs, durability: 'access', ifMissing },
    )
    if (server.machine.isDead) return
    if (!seen.isHeld) history.violate('1', 'a reader was given what it read under a lock that had gone on')
    history.read(key, list, seen.tokens, seen.epoch, calledAtMs)
    inside.executed.hit(mayWrite ? 'access that may change and does not' : 'access to one list')
  }
}
