import type { Session } from '../../client/access/session.js'
import type { Durability } from '../../client/options/access-options.js'
import { WorkerSession } from '../../client/worker/session.js'
import type { Random } from '../support/random.js'
import type { Outcome } from './appended.js'
import { Appending } from './appending.js'
import type { Form, FormerForm, ListName, State } from './attributes.js'
import type { Caller } from './caller.js'
import type { ExecutedCounts } from './executed.js'
import type { History } from './history.js'
import type { Workload } from './workload.js'

export type ListSession = Session<Partial<State>, State>

interface Running {
  readonly mode: 'shared' | 'exclusive'
  readonly epoch: number
  readonly isOfWorker: boolean
  readonly machine: { readonly isDead: boolean }
  isLost: boolean
}

/** A loss is told in a thread within this time, even if the thread stands still for a while. */
const TOLD_IN_THREAD_MS = 10_000

/** What an access is told of its session. */
type Told = Omit<ListSession, 'state' | 'lock' | 'tryLock' | 'delete'>

/** How an access commits while it runs: not at all, once, or twice without waiting for the first. */
export type Commits = 'none' | 'once' | 'overlapping'

/** What is done inside accesses, by whichever client of a server. */
export class AccessWork {
  /** Whether this server runs the present version of the application, or the version before. */
  readonly isPresent: boolean

  constructor(
    private readonly server: Caller,
    private readonly random: Random,
    private readonly history: History,
    private readonly workload: Workload,
    readonly executed: ExecutedCounts,
    private readonly inside = new Map<string, Running[]>(),
  ) {
    this.isPresent = workload.options.schemas !== undefined
  }

  /** The same for a worker thread of the server. */
  of(thread: Caller): AccessWork {
    const { random, history, workload, executed, inside } = this
    return new AccessWork(thread, random, history, workload, executed, inside)
  }

  appending(): Appending {
    return new Appending(this.history, this.server.trueNowMs())
  }

  /** With write-back a value that is appended may be lost, and that is reported. */
  anyDurability(): { readonly durability: Durability; readonly outcome: Outcome } {
    if (this.workload.options.durability === 'access' || !this.random.chance(0.3))
      return { durability: 'access', outcome: 'acknowledged' }
    this.executed.hit('write-back of a new kind of call')
    return { durability: 'release', outcome: 'weak' }
  }

  /** Now and then an access commits its changes so far, and goes on. */
  anyCommits(chance: number): Commits {
    if (!this.random.chance(chance)) return 'none'
    return this.random.chance(0.3) ? 'overlapping' : 'once'
  }

  async appendIn(
    session: ListSession,
    id: string,
    list: ListName,
    appending: Appending,
    commits: Commits,
  ): Promise<void> {
    const leave = this.enter(id, list, 'exclusive', session)
    try {
      await this.add(session, id, list, appending.calledAtMs, appending)
      await this.work()
      if (commits === 'none') return
      const committed = this.commit(session, id, appending)
      if (commits === 'overlapping') await this.commitAgain(session, id, list, appending)
      await committed
      if (commits === 'once') await this.add(session, id, list, this.server.trueNowMs(), appending)
    } finally {
      leave()
    }
  }

  /** Reads a list that is locked, with the attributes beside it. */
  listIn(session: { readonly state: object }, list: ListName): readonly string[] {
    const state: Partial<State> = session.state
    const tokens = [...(state[`list${list}`] ?? [])]
    const count = state[`count${list}`] ?? 0
    if (tokens.length !== count) this.history.violate('6', 'a reader saw half a commit')
    if (state[`last${list}`] !== lastOf(tokens)) this.history.violate('6', 'a reader saw a deletion come or go alone')
    const form = state[`form${list}`] as Form | FormerForm | undefined
    if (sizeOf(form) !== (count === 0 ? undefined : count)) this.history.violate('6', 'a reader saw another form')
    if (this.isPresent && form?.v === 1) this.history.violate('6', 'a reader saw what its schema migrates')
    if (this.isPresent && form !== undefined) this.executed.hit('schema migrates what is read')
    return tokens
  }

  /** The attributes of a list with these values. */
  besides(list: ListName, tokens: string[]): Partial<State> {
    const last = lastOf(tokens)
    return {
      [`list${list}`]: tokens,
      [`count${list}`]: tokens.length,
      [`form${list}`]: this.isPresent ? { v: 2, size: tokens.length } : { v: 1, n: tokens.length },
      ...(last === undefined ? {} : { [`last${list}`]: last }),
    }
  }

  /** What an access does that changes nothing. */
  workIn(session: ListSession, id: string): Promise<void> {
    return this.work(this.begin(id, session))
  }

  /** An access begins. Returns a function to be called when it ends. */
  begin(id: string, session: Told): () => void {
    const { history, server } = this
    if (!(session instanceof WorkerSession)) {
      history.facts.began(server.keyOf(id), session, server.machine.wallMs())
      return this.untilLost(session, history.began(server, server.keyOf(id), session.epoch))
    }
    this.executed.hit('worker access')
    // A worker thread hears of a loss by a message, and of its beginning by an earlier one.
    return this.goOn(id, session)
  }

  /** An access that has begun uses a session under this id, too: it has moved there. As {@link begin}. */
  goOn(id: string, session: Pick<ListSession, 'epoch' | 'signal'>): () => void {
    const { history, server } = this
    history.facts.used(server.keyOf(id), session.epoch)
    return this.untilLost(session, history.uses.begin(server, server.keyOf(id)))
  }

  /** Attribute locks of one process: accesses that hold a list at the same time must all share it. */
  enter(id: string, list: ListName, mode: Running['mode'], session: Told): () => void {
    const { history, server } = this
    const { epoch } = session
    const isOfWorker = session instanceof WorkerSession
    const stopUsing = this.begin(id, session)
    // It is made on first use.
    if (!isOfWorker) void session.wantedSignal
    const key = `${id} ${list}`
    const running = this.inside.get(key) ?? []
    this.inside.set(key, running)
    const me: Running = { mode, epoch, isOfWorker, machine: server.machine, isLost: false }
    // A thread that has ended holds nothing. What a thread holds it may have lost to another grant without knowing.
    const isThere = (other: Running) =>
      !other.isLost && !other.machine.isDead && (other.epoch === epoch || !(other.isOfWorker || isOfWorker))
    // What a thread that has ended does to the end of its turn counts for nothing.
    const others = server.machine.isDead ? [] : running.filter(isThere)
    for (const other of others.filter((one) => mode === 'exclusive' || one.mode === 'exclusive')) {
      const violate = () => history.violate('11', `two accesses of one process hold list ${list}`)
      if (!isOfWorker && !other.isOfWorker) violate()
      // An access of a thread to several sessions loses all with one of them. The thread is told a little later.
      else void server.sleep(TOLD_IN_THREAD_MS).then(() => (me.isLost || !isThere(other) ? undefined : violate()))
    }
    running.push(me)
    session.signal.addEventListener('abort', () => {
      // An access that has lost the session still runs, but holds nothing any more.
      me.isLost = true
      server.told(id)
    })
    return () => {
      if (!isOfWorker) history.facts.ending(server.keyOf(id), session)
      stopUsing()
      running.splice(running.indexOf(me), 1)
    }
  }

  /** An access that has lost its session still runs, but does not use it any more. */
  private untilLost({ signal }: Pick<ListSession, 'signal'>, stopUsing: () => void): () => void {
    signal.addEventListener('abort', stopUsing)
    const forget = this.server.onEnd(stopUsing)
    return () => {
      forget()
      stopUsing()
    }
  }

  async work(ended: () => void = () => {}): Promise<void> {
    const { random, server, workload } = this
    const isLong = random.chance(workload.longWorkChance)
    if (isLong) await server.sleep(random.between(0, workload.longWorkMs))
    else if (random.chance(0.5)) await server.sleep(random.between(0, workload.workMs))
    const blockedMs = server.blockedMs(isLong)
    if (blockedMs > 0) await server.machine.block(blockedMs, random)
    ended()
  }

  /** Commits once more while a commit is under way, and goes on before either is confirmed. */
  private async commitAgain(session: ListSession, id: string, list: ListName, appending: Appending): Promise<void> {
    if (session instanceof WorkerSession) this.executed.hit('worker commits at once')
    await this.add(session, id, list, this.server.trueNowMs(), appending)
    void this.commit(session, id, appending)
    await this.add(session, id, list, this.server.trueNowMs(), appending)
  }

  /** Commits all changes so far. Where that fails, the access fails with it. */
  private commit(session: ListSession, id: string, appending: Appending): Promise<void> {
    if (session instanceof WorkerSession) this.executed.hit('worker commit')
    const committed = session.commit().then(appending.committing(this.server.keyOf(id)))
    // It may fail while the work goes on.
    committed.catch(() => {})
    return committed
  }

  async add(session: ListSession, id: string, list: ListName, calledAtMs: number, appending: Appending): Promise<void> {
    const { history, random, server } = this
    const token = server.token()
    const before = session.state[`list${list}`] ?? []
    if (random.chance(0.3)) await server.sleep(random.between(0, this.workload.workMs))
    // A session object that is lost throws here: nothing was begun then.
    const changes = this.besides(list, [...before, token])
    Object.assign(session.state, changes)
    if (changes[`last${list}`] === undefined) this.deleteIn(session, `last${list}`)
    const entry = history.begin(server.name, token, server.keyOf(id), list, calledAtMs)
    appending.add(entry)
  }

  deleteIn(session: ListSession, name: string): void {
    if (this.random.chance(0.5)) {
      session.delete(name as keyof State)
      this.executed.hit('attribute deleted')
    } else {
      delete session.state[name as keyof State]
      this.executed.hit('attribute deleted by state')
    }
  }
}

const lastOf = (tokens: readonly string[]): string | undefined => (tokens.length % 2 === 1 ? tokens.at(-1) : undefined)

const sizeOf = (form: Form | FormerForm | undefined): number | undefined => (form?.v === 1 ? form.n : form?.size)
