import { HoldfastError, type SessionMissingError } from '../../client/errors.js'
import { Holdfast } from '../../client/holdfast.js'
import { compileOptions } from '../../client/options.js'
import type { Session } from '../../client/session.js'
import type { Random } from '../../torture/random.js'
import type { Cloud } from './cloud.js'
import type { Database } from './database.js'
import { type Appended, type History, LISTS, type ListName, type Outcome } from './history.js'
import { type Machine, randomnessOf } from './machine.js'
import type { Workload } from './workload.js'

export type State = { listA: string[]; countA: number; listB: string[]; countB: number }

/** Codes that an access may fail with whatever goes wrong. Anything else is a fault of the program. */
const EXPECTED = new Set([
  'SESSION_MISSING',
  'WAIT_TIMEOUT',
  'ABORTED',
  'SESSION_LOST',
  'COMMIT_UNKNOWN',
  'UNREACHABLE',
  'REFUSED',
  'CLOSED',
])

/** What a client keeps to itself. */
interface Insides {
  readonly sessions: {
    readonly entries: ReadonlyMap<
      string,
      { readonly pending: ReadonlySet<unknown>; readonly lock: { readonly state: { readonly kind: string } } }
    >
  }
}

type Running = { readonly mode: 'shared' | 'exclusive'; isLost: boolean }

/** One application server: the real client on a machine of its own, and tasks that use it. */
export class Server {
  readonly client: Holdfast<State>
  /** Accesses that have not settled. */
  pending = 0
  isStopping = false
  readonly codes = new Map<string, number>()
  private tokens = 0
  private readonly drawn: string[] = []
  private readonly inside = new Map<string, Running[]>()

  constructor(
    readonly name: string,
    readonly machine: Machine,
    private readonly random: Random,
    private readonly history: History,
    private readonly workload: Workload,
    cloud: Cloud,
    database: Database,
    /** What it introduces itself with, if that was saved from a former life. */
    saved: readonly string[],
  ) {
    const config = { url: 'ws://sim.invalid/live', region: 'eu-west-1', sessionsTable: 'Sessions' }
    const options = compileOptions({ config, namespace: 'sim', label: name, ...workload.options }, {})
    const context = {
      store: database.storeFor(machine, 'client'),
      clock: machine,
      randomness: { ...randomnessOf(random), token: (bytes: number) => this.draw(bytes, saved) },
      options,
    }
    this.client = new Holdfast<State>(context, cloud.transportOf(machine), () => {})
    this.client.on('lost', ({ session, unwritten }) => {
      if (unwritten > 0) history.lost(name, session)
    })
  }

  private draw(bytes: number, saved: readonly string[]): string {
    const token = (this.drawn.length < 2 ? saved[this.drawn.length] : undefined) ?? this.random.token(bytes)
    if (this.drawn.length < 2) this.drawn.push(token)
    return token
  }

  /** Its name and its secret: what it draws first. */
  get identity(): readonly string[] {
    return this.drawn
  }

  start(tasks: number): void {
    for (let task = 0; task < tasks; task += 1) void this.task()
  }

  /** One access that must succeed: what a healthy store owes to everybody. */
  async probe(id: string, timeoutMs: number): Promise<void> {
    try {
      await this.append(id, 'A', timeoutMs, false)
    } catch (error) {
      const { reason } = error as { readonly reason?: string }
      // A server that rotated it has died, and nobody knows the new id.
      if (reason === 'rotated') return
      // It may have been given a session that was about to expire.
      if (reason !== 'expired') throw error
      await this.append(id, 'A', timeoutMs, false)
    }
  }

  private async task(): Promise<void> {
    const { random, workload } = this
    while (!this.isStopping) {
      await this.sleep(random.between(0, 2 * workload.pauseMs))
      if (this.isStopping) return
      const id = random.pick(workload.sessions)
      if (random.chance(workload.destroyShare)) await this.attempt(id, () => this.destroy(id))
      else if (random.chance(workload.rotateShare)) await this.attempt(id, () => this.rotate(id))
      else if (random.chance(0.03)) await this.attempt(id, () => this.client.release(id))
      else if (random.chance(0.02)) await this.attempt(id, () => this.seek(`unknown ${id}`))
      else {
        const timeoutMs = random.chance(workload.shortWaitChance) ? random.integer(200, 4_000) : workload.longWaitMs
        await this.attempt(id, () => this.access(id, random.pick(LISTS), timeoutMs, random.chance(0.05)))
      }
    }
  }

  private async attempt(id: string, call: () => Promise<unknown>): Promise<void> {
    this.pending += 1
    try {
      await call()
    } catch (error) {
      const code = error instanceof HoldfastError ? error.code : `not a HoldfastError: ${(error as Error)?.stack}`
      this.codes.set(code, (this.codes.get(code) ?? 0) + 1)
      if ((error as SessionMissingError).reason === 'rotated') this.follow(id)
      if (!EXPECTED.has(code)) this.history.violate('14', `an access failed with ${code}: ${(error as Error)?.message}`)
    }
    this.pending -= 1
    const asked = (this.client as unknown as Insides).sessions.entries.get(this.keyOf(id))
    if (asked?.lock.state.kind === 'asking' && asked.pending.size === 0)
      this.history.violate('15', 'a client asks for what nobody waits for')
  }

  /** As with a cookie that says anything: it leads nowhere. */
  private async seek(id: string): Promise<void> {
    this.history.seeking(this.keyOf(id))
    await this.client.access(id, { read: ['listA'] }, () => {}, { ifMissing: 'fail', timeoutMs: 4_000 })
    this.history.violate('15', 'a session was found that was never begun')
  }

  private async destroy(id: string): Promise<void> {
    this.history.destroying(this.keyOf(id))
    await this.client.destroy(id)
  }

  /** As at a login: whoever comes with the old id from now on is turned away. */
  private async rotate(id: string): Promise<void> {
    const to = `${this.name}.${++this.tokens} of ${id.split(' of ').pop()}`
    const { successors, longWaitMs } = this.workload
    // One that fails takes back the session that it began under the new id.
    this.history.destroying(this.keyOf(to))
    try {
      await this.client.rotate(id, undefined, { to, timeoutMs: longWaitMs })
      successors.set(id, to)
      this.follow(id)
    } catch (error) {
      // Whether it is the successor shows when somebody is turned away from the old id.
      if ((error as HoldfastError).effect === 'unknown' && !successors.has(id)) successors.set(id, to)
      throw error
    }
  }

  private follow(id: string): void {
    const index = this.workload.sessions.indexOf(id)
    const successor = this.workload.successors.get(id)
    if (index >= 0 && successor !== undefined) this.workload.sessions[index] = successor
  }

  private access(id: string, list: ListName, timeoutMs: number, aborts: boolean): Promise<void> {
    return this.random.chance(this.workload.writeShare)
      ? this.append(id, list, timeoutMs, aborts)
      : this.look(id, list, timeoutMs)
  }

  private async append(id: string, list: ListName, timeoutMs: number, aborts: boolean): Promise<void> {
    const { history, random } = this
    const calledAtMs = this.now()
    const entries: Appended[] = []
    const controller = new AbortController()
    if (aborts) this.machine.after(random.between(0, 2_000), () => controller.abort())
    const isWeak = random.chance(0.1) && this.workload.options.durability !== 'access'
    const options = {
      timeoutMs,
      signal: controller.signal,
      durability: isWeak ? ('release' as const) : ('access' as const),
    }
    const end = (outcome: Outcome) => {
      for (const entry of entries) history.end(entry, outcome)
    }
    try {
      await this.client.access(
        id,
        { write: [`list${list}`, `count${list}`] },
        async (session) => {
          const leave = this.enter(id, list, 'exclusive', session)
          try {
            await this.add(session, list, entries, calledAtMs, id)
            await this.work()
            if (!random.chance(0.1)) return
            const [committed] = entries
            await session.commit()
            if (committed !== undefined) history.end(committed, 'acknowledged')
            await this.add(session, list, entries, this.now(), id)
          } finally {
            leave()
          }
        },
        options,
      )
      end(isWeak ? 'weak' : 'acknowledged')
    } catch (error) {
      end((error as HoldfastError).effect === 'unknown' ? 'unknown' : 'failed')
      throw error
    }
  }

  private async add(
    session: Session<Partial<State>, State>,
    list: ListName,
    entries: Appended[],
    calledAtMs: number,
    id: string,
  ): Promise<void> {
    const token = `${this.name}.${++this.tokens}`
    const before = session.state[`list${list}`] ?? []
    const count = session.state[`count${list}`] ?? 0
    if (this.random.chance(0.3)) await this.sleep(this.random.between(0, this.workload.workMs))
    // A session object that is lost throws here: nothing was begun then.
    session.state[`list${list}`] = [...before, token]
    session.state[`count${list}`] = count + 1
    entries.push(this.history.begin(this.name, token, this.keyOf(id), list, calledAtMs))
  }

  private async look(id: string, list: ListName, timeoutMs: number): Promise<void> {
    const calledAtMs = this.now()
    const seen = await this.client.access(
      id,
      { read: [`list${list}`, `count${list}`] },
      async (session) => {
        const leave = this.enter(id, list, 'shared', session)
        try {
          const { epoch } = session
          const tokens = [...(session.state[`list${list}`] ?? [])]
          if (tokens.length !== (session.state[`count${list}`] ?? 0))
            this.history.violate('6', 'a reader saw half a commit')
          await this.work()
          return { tokens, epoch, isHeld: this.history.records.isAt(this.keyOf(id), epoch) }
        } finally {
          leave()
        }
      },
      { timeoutMs, durability: 'access' },
    )
    if (this.machine.isDead) return
    if (!seen.isHeld) this.history.violate('1', 'a reader was given what it read under a lock that had gone on')
    this.history.read(this.keyOf(id), list, seen.tokens, seen.epoch, calledAtMs)
  }

  /** Attribute locks of one process: those who hold a list at the same time must all share it. */
  private enter(id: string, list: ListName, mode: Running['mode'], session: Session<unknown, never>): () => void {
    this.history.began(this.keyOf(id), session.epoch, this.machine.wallMs())
    const key = `${id} ${list}`
    const running = this.inside.get(key) ?? []
    this.inside.set(key, running)
    const me: Running = { mode, isLost: false }
    const live = running.filter(({ isLost }) => !isLost)
    if (live.some((other) => mode === 'exclusive' || other.mode === 'exclusive')) {
      this.history.violate('11', `two accesses of one process hold list ${list}`)
    }
    running.push(me)
    // Whoever has lost the session still runs, but holds nothing any more.
    session.signal.addEventListener('abort', () => {
      me.isLost = true
    })
    return () => void running.splice(running.indexOf(me), 1)
  }

  private async work(): Promise<void> {
    const { random, workload } = this
    const isLong = random.chance(workload.longWorkChance)
    if (isLong) await this.sleep(random.between(0, workload.longWorkMs))
    else if (random.chance(0.5)) await this.sleep(random.between(0, workload.workMs))
    const blockedMs = this.blockedMs(isLong)
    if (blockedMs > 0) await this.machine.block(blockedMs, random)
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.machine.after(ms, resolve))
  }

  private now(): number {
    return this.trueNowMs()
  }

  /** Set by the simulation: the history counts in true time, whatever this machine's clock says. */
  trueNowMs: () => number = () => 0
  /** For how long what runs now blocks the loop: most likely at the end of long work, for which others wait. */
  blockedMs: (wasLong: boolean) => number = () => 0
  keyOf: (id: string) => string = (id) => id
}
