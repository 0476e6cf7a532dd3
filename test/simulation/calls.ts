import type { Session } from '../../client/access/session.js'
import type { HoldfastError } from '../../client/errors/index.js'
import type { Random } from '../support/random.js'
import { type Appended, LISTS, type ListName, type Outcome, type State } from './appended.js'
import { beginSession } from './begin-session.js'
import type { Caller } from './caller.js'
import type { History } from './history.js'
import type { Workload } from './workload.js'

type Running = { readonly mode: 'shared' | 'exclusive'; isLost: boolean }
type ListSession = Session<Partial<State>, State>

/** The values that one call appends, and their outcome. */
class Appending {
  private readonly entries: Appended[] = []
  private outcome: Outcome | undefined

  constructor(
    private readonly history: History,
    readonly calledAtMs: number,
  ) {}

  add(entry: Appended): void {
    this.entries.push(entry)
    // Work may go on when its caller has been told already.
    if (this.outcome !== undefined) this.history.end(entry, this.outcome)
  }

  end(outcome: Outcome): void {
    this.outcome ??= outcome
    for (const entry of this.entries) this.history.end(entry, outcome)
  }

  fail(error: unknown): void {
    this.end((error as HoldfastError).effect === 'unknown' ? 'unknown' : 'failed')
  }
}

/** The calls that an application makes of the client. Each reports to the history. */
export class Calls {
  private tokens = 0
  private readonly inside = new Map<string, Running[]>()

  constructor(
    private readonly server: Caller,
    private readonly random: Random,
    private readonly history: History,
    private readonly workload: Workload,
  ) {}

  /** Most calls: an access to one list. */
  usual(id: string): Promise<void> {
    const { random, workload } = this
    const timeoutMs = random.chance(workload.shortWaitChance) ? random.integer(200, 4_000) : workload.longWaitMs
    const list = random.pick(LISTS)
    if (!random.chance(workload.writeShare)) return this.look(id, list, timeoutMs)
    const controller = new AbortController()
    if (random.chance(0.05)) this.server.machine.after(random.between(0, 2_000), () => controller.abort())
    return this.append(id, list, timeoutMs, controller.signal)
  }

  async append(id: string, list: ListName, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const { random, workload } = this
    const appending = this.appending()
    const isWeak = random.chance(0.1) && workload.options.durability !== 'access'
    const durability = isWeak ? 'release' : 'access'
    try {
      await this.server.client.access(
        id,
        locksFor(list),
        (session) => this.appendIn(session, id, list, appending, random.chance(0.1)),
        { timeoutMs, durability, ...(signal === undefined ? {} : { signal }) },
      )
      appending.end(isWeak ? 'weak' : 'acknowledged')
    } catch (error) {
      appending.fail(error)
      throw error
    }
  }

  /** One access to several sessions. */
  async appendToAll(ids: readonly string[], list: ListName, timeoutMs: number): Promise<void> {
    const appending = this.appending()
    // It may have one session, and use it, while it waits for the next.
    const { history, server } = this
    const stopUsing = ids.map((id) => history.uses.begin(server, server.keyOf(id)))
    try {
      await this.server.client.accessMany(
        ids,
        locksFor(list),
        async (sessions) => {
          const works = sessions.map((session, index) =>
            this.appendIn(session, ids[index] as string, list, appending, this.random.chance(0.3)),
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
  }

  /** An access to one list that later needs the other, too. */
  async appendToBoth(id: string, list: ListName, timeoutMs: number): Promise<void> {
    const other = list === 'A' ? 'B' : 'A'
    const appending = this.appending()
    try {
      await this.server.client.access(
        id,
        locksFor(list),
        async (session) => {
          await this.appendIn(session, id, list, appending, false)
          const wider = await session.lock(locksFor(other))
          await this.appendIn(wider, id, other, appending, false)
        },
        { timeoutMs, durability: 'access' },
      )
      appending.end('acknowledged')
    } catch (error) {
      appending.fail(error)
      throw error
    }
  }

  /** A session that stays open for a scope. Changes that it does not commit are discarded. */
  async appendInScope(id: string, list: ListName, timeoutMs: number): Promise<void> {
    const { random, server } = this
    const appending = this.appending()
    const session = await server.client.open(id, locksFor(list), { timeoutMs, durability: 'access' })
    // A wait that ends when this access loses the session.
    if (random.chance(0.5)) void server.attempt(id, () => this.append(id, list, timeoutMs, session.signal))
    try {
      await this.appendIn(session, id, list, appending, false)
      if (random.chance(0.7)) {
        await session.commit()
        appending.end('acknowledged')
      }
    } catch (error) {
      appending.fail(error)
      throw error
    } finally {
      await session[Symbol.asyncDispose]()
      appending.end('failed')
    }
  }

  /** As at a login: accesses with the old id are refused from now on. */
  async rotate(id: string): Promise<void> {
    const { random, server } = this
    const to = `${server.name}.${++this.tokens} of ${id.split(' of ').pop()}`
    const { successors, longWaitMs } = this.workload
    const appending = this.appending()
    const work = async (session: ListSession) => {
      if (random.chance(0.5)) await this.appendIn(session, id, 'A', appending, random.chance(0.1))
      else await this.work()
    }
    try {
      await server.client.rotate(id, work, { to, timeoutMs: longWaitMs })
      appending.end('acknowledged')
      successors.set(id, to)
      server.follow(id)
    } catch (error) {
      appending.fail(error)
      // Whether it is the successor shows when somebody is turned away from the old id.
      if ((error as HoldfastError).effect === 'unknown' && !successors.has(id)) successors.set(id, to)
      throw error
    }
  }

  async destroy(id: string): Promise<void> {
    this.history.sessions.destroying(this.server.keyOf(id))
    await this.server.client.destroy(id)
  }

  /** As with a cookie that says anything: it leads nowhere. */
  async seek(id: string): Promise<void> {
    this.history.sessions.seeking(this.server.keyOf(id))
    await this.server.client.access(id, { read: ['listA'] }, () => {}, { ifMissing: 'fail', timeoutMs: 4_000 })
    this.history.violate('15', 'a session was found that was never begun')
  }

  async begin(): Promise<void> {
    const { history, server } = this
    await beginSession(server, history, `new ${server.name}.${++this.tokens}`, () => this.work())
  }

  private async look(id: string, list: ListName, timeoutMs: number): Promise<void> {
    const { history, server } = this
    const calledAtMs = server.trueNowMs()
    const key = server.keyOf(id)
    const seen = await server.client.access(
      id,
      { read: [`list${list}`, `count${list}`] },
      async (session) => {
        const leave = this.enter(id, list, 'shared', session)
        try {
          const { epoch } = session
          const tokens = [...(session.state[`list${list}`] ?? [])]
          if (tokens.length !== (session.state[`count${list}`] ?? 0)) {
            history.violate('6', 'a reader saw half a commit')
          }
          await this.work()
          return { tokens, epoch, isHeld: history.locks.isAt(key, epoch) }
        } finally {
          leave()
        }
      },
      { timeoutMs, durability: 'access' },
    )
    if (server.machine.isDead) return
    if (!seen.isHeld) history.violate('1', 'a reader was given what it read under a lock that had gone on')
    history.read(key, list, seen.tokens, seen.epoch, calledAtMs)
  }

  private appending(): Appending {
    return new Appending(this.history, this.server.trueNowMs())
  }

  /** The work of an access. `commits`: it commits its changes so far, and goes on. */
  private async appendIn(
    session: ListSession,
    id: string,
    list: ListName,
    appending: Appending,
    commits: boolean,
  ): Promise<void> {
    const leave = this.enter(id, list, 'exclusive', session)
    try {
      const first = await this.add(session, id, list, appending.calledAtMs, appending)
      await this.work()
      if (!commits) return
      await session.commit()
      this.history.end(first, 'acknowledged')
      await this.add(session, id, list, this.server.trueNowMs(), appending)
    } finally {
      leave()
    }
  }

  private async add(
    session: ListSession,
    id: string,
    list: ListName,
    calledAtMs: number,
    appending: Appending,
  ): Promise<Appended> {
    const { history, random, server } = this
    const token = `${server.name}.${++this.tokens}`
    const before = session.state[`list${list}`] ?? []
    const count = session.state[`count${list}`] ?? 0
    if (random.chance(0.3)) await server.sleep(random.between(0, this.workload.workMs))
    // A session object that is lost throws here: nothing was begun then.
    session.state[`list${list}`] = [...before, token]
    session.state[`count${list}`] = count + 1
    const entry = history.begin(server.name, token, server.keyOf(id), list, calledAtMs)
    appending.add(entry)
    return entry
  }

  /** Attribute locks of one process: accesses that hold a list at the same time must all share it. */
  private enter(id: string, list: ListName, mode: Running['mode'], session: Session<unknown, never>): () => void {
    const { history, server } = this
    const stopUsing = history.began(server, server.keyOf(id), session.epoch)
    const key = `${id} ${list}`
    const running = this.inside.get(key) ?? []
    this.inside.set(key, running)
    const me: Running = { mode, isLost: false }
    const live = running.filter(({ isLost }) => !isLost)
    if (live.some((other) => mode === 'exclusive' || other.mode === 'exclusive')) {
      history.violate('11', `two accesses of one process hold list ${list}`)
    }
    running.push(me)
    session.signal.addEventListener('abort', () => {
      // An access that has lost the session still runs, but holds nothing any more.
      me.isLost = true
      stopUsing()
      server.told(id)
    })
    return () => {
      stopUsing()
      running.splice(running.indexOf(me), 1)
    }
  }

  private async work(): Promise<void> {
    const { random, server, workload } = this
    const isLong = random.chance(workload.longWorkChance)
    if (isLong) await server.sleep(random.between(0, workload.longWorkMs))
    else if (random.chance(0.5)) await server.sleep(random.between(0, workload.workMs))
    const blockedMs = server.blockedMs(isLong)
    if (blockedMs > 0) await server.machine.block(blockedMs, random)
  }
}

const locksFor = <L extends ListName>(list: L) => ({ write: [`list${list}`, `count${list}`] }) as const
