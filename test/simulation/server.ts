import { HoldfastError, type SessionLostError, type SessionMissingError } from '../../client/errors/index.js'
import { Holdfast } from '../../client/holdfast.js'
import { compileOptions } from '../../client/options/client-options.js'
import { lockKey } from '../../protocol/keys.js'
import type { StoreMessage } from '../../protocol/messages.js'
import type { Random } from '../support/random.js'
import { AccessWork } from './access-work.js'
import { Application } from './application.js'
import type { State } from './attributes.js'
import type { Caller } from './caller.js'
import { ClientWatch } from './client-watch.js'
import type { Cloud } from './cloud.js'
import type { Database } from './database.js'
import type { ExecutedCounts } from './executed.js'
import type { History } from './history.js'
import type { Insides } from './insides.js'
import { Channels } from './leftovers.js'
import { type Machine, randomnessOf } from './machine.js'
import { Workers } from './workers.js'
import type { Workload } from './workload.js'

/** Of a process's name and of its secret. The id of a session may be drawn before. */
const IDENTITY_BYTES = [12, 32]

/** One application server: the real client on a machine of its own, and tasks that use it. */
export class Server implements Caller {
  readonly client: Holdfast<State>
  /** Accesses that have not settled. */
  pending = 0
  isStopping = false
  readonly codes = new Map<string, number>()
  readonly channels = new Channels()
  private readonly drawn: string[] = []
  private tokens = 0
  private readonly inside: AccessWork
  private readonly application: Application
  private readonly workers: Workers
  readonly watch: ClientWatch

  constructor(
    readonly name: string,
    readonly machine: Machine,
    private readonly random: Random,
    private readonly history: History,
    private readonly workload: Workload,
    cloud: Cloud,
    database: Database,
    /** Its name and its secret, if they were saved from a former life. */
    saved: readonly string[],
    private readonly executed: ExecutedCounts,
  ) {
    const config = { url: 'wss://sim.invalid/live', region: 'eu-west-1', sessionsTable: 'Sessions' }
    const options = compileOptions({ config, namespace: 'sim', label: name, ...workload.options }, {})
    this.watch = new ClientWatch(history, () => this.sessions)
    const context = {
      store: this.watch.watch(database.storeFor(machine, 'client')),
      clock: machine,
      randomness: { ...randomnessOf(random), token: (bytes: number) => this.draw(bytes, saved) },
      // Far below what a program may set: the sessions of a run are small.
      options: { ...options, cachedBytesMax: workload.cachedBytesMax },
    }
    const { points } = database
    const mishapChance = workload.workerMishapChance
    this.workers = new Workers({ server: this, random, points, judge: history, executed, mishapChance })
    const openChannel = () => this.channels.watch(this.workers.openChannel())
    this.client = new Holdfast<State>(context, cloud.transportOf(machine), () => {}, openChannel)
    this.watch.listenTo(this.client, name, history)
    for (const event of ['granted', 'wanted', 'released', 'lost', 'connection'] as const) {
      this.client.on(event, () => this.told(random.pick(workload.sessions)))
    }
    this.watchByteCap()
    this.inside = new AccessWork(this, random, history, workload, executed)
    this.application = new Application(this, this.client, this.inside, random, history, workload)
  }

  private draw(bytes: number, saved: readonly string[]): string {
    const isOwn = bytes === IDENTITY_BYTES[this.drawn.length]
    const token = (isOwn ? saved[this.drawn.length] : undefined) ?? this.random.token(bytes)
    if (isOwn) this.drawn.push(token)
    return token
  }

  /** Of the process id under which it goes now, if it does not sleep. */
  get processId(): string | undefined {
    return this.sessions.membership?.processId
  }

  /** Its name and its secret: the first of their length that it draws. */
  get identity(): readonly string[] {
    return this.drawn
  }

  start(tasks: number): void {
    for (let task = 0; task < tasks; task += 1) void this.task()
  }

  /** One access that must succeed, as a healthy store owes to everybody. */
  async probe(id: string, timeoutMs: number): Promise<void> {
    try {
      await this.application.calls.append(id, 'A', timeoutMs)
    } catch (error) {
      const { reason } = error as { readonly reason?: string }
      // A server that rotated it has died, and nobody knows the new id.
      if (reason === 'rotated') return
      // It may have been given a session whose fixed life was about to end.
      if (reason !== 'expired' || !this.hasFixedLives) throw error
      await this.application.calls.append(id, 'A', timeoutMs)
    }
  }

  private async task(): Promise<void> {
    const { random, workload } = this
    while (!this.isStopping) {
      await this.pause(random.between(0, 2 * workload.pauseMs))
      if (this.isStopping) return
      const id = random.pick(workload.sessions)
      await (random.chance(workload.workerShare) ? this.applicationInThread() : this.application).call(id)
    }
  }

  private applicationInThread(): Application {
    const { client, history, inside, random, workers, workload } = this
    return workers.applicationOf(
      client,
      (thread) => new Application(thread, thread.client, inside.of(thread), random, history, workload),
    )
  }

  /** A listener of the application is called. Now and then one begins an access. */
  told(id: string): void {
    this.watch.listening()
    if (this.isStopping || !this.random.chance(this.workload.listenerShare)) return
    void this.attempt(id, () => this.application.calls.usual(id))
  }

  private get hasFixedLives(): boolean {
    return this.workload.options.expiry === 'fixed'
  }

  readonly toldWithinMs = 1
  readonly isThread = false

  onEnd(): () => void {
    return () => {}
  }

  token(): string {
    this.tokens += 1
    return `${this.name}.${this.tokens}`
  }

  /** Between two accesses. It is over at once, or nearly, when the server stops. */
  private async pause(ms: number): Promise<void> {
    const { pauseStepMs } = this.workload
    for (let leftMs = ms; leftMs > 0 && !this.isStopping; leftMs -= pauseStepMs) {
      await this.sleep(Math.min(leftMs, pauseStepMs))
    }
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.machine.after(ms, resolve))
  }

  /** The application's cookies say the new id, where one is known. */
  follow(id: string): void {
    const index = this.workload.sessions.indexOf(id)
    const successor = this.workload.successors.get(id)
    if (index >= 0 && successor !== undefined) this.workload.sessions[index] = successor
  }

  async attempt(id: string, call: () => Promise<unknown>): Promise<void> {
    this.pending += 1
    try {
      await call()
    } catch (error) {
      const code = error instanceof HoldfastError ? error.code : `not a HoldfastError: ${(error as Error)?.stack}`
      this.codes.set(code, (this.codes.get(code) ?? 0) + 1)
      if ((error as SessionMissingError).reason === 'rotated') this.follow(id)
      const isExpired = code === 'SESSION_LOST' && (error as SessionLostError).reason === 'expired'
      if (isExpired && !this.hasFixedLives)
        this.history.violate('7', 'an access that began in time was lost because the life ended')
      this.history.causes.told(error as HoldfastError, code)
    }
    this.pending -= 1
    if (!this.machine.isDead) {
      this.checkByteCap()
      this.checkLeft()
    }
    this.watch.ended(this.keyOf(id))
  }

  /** It holds a session under this lock, by this grant. */
  holds(key: string, epoch: number): boolean {
    return [...this.sessions.known].some(([session, { hold }]) => lockKey(session) === key && hold?.epoch === epoch)
  }

  /** It would use the session under this grant now. */
  believesIn(key: string, epoch: number): boolean {
    if ((this.sessions.membership?.lease.remainingMs ?? 0) <= 0) return false
    return [...this.sessions.known].some(
      ([session, { hold }]) => lockKey(session) === key && hold?.epoch === epoch && !hold.grant.busy?.isOverdue,
    )
  }

  /** The process id that lives, once its lease has begun. */
  get livingProcess(): string | undefined {
    const { membership } = this.sessions
    return membership?.state.kind === 'living' && membership.lease.isConfirmed ? membership.processId : undefined
  }

  /** It has another connection: messages sent over the former one may never have arrived. */
  checkRepeated(said: ReadonlySet<string>): void {
    if (this.machine.isDead || this.sessions.membership?.isReady !== true) return
    for (const [session, { lock }] of this.sessions.known) {
      const due = lock.state.kind === 'asking' ? 'acquire' : lock.state.kind === 'releasing' ? 'release' : undefined
      if (due !== undefined && !said.has(`${due} ${session}`))
        this.history.violate('16', `a connection is welcome, and the ${due} is not repeated`)
    }
  }

  /** A message may end a process at once. */
  hearing(p: string, message: StoreMessage): () => void {
    const { membership } = this.sessions
    const isLiving = membership?.processId === p && membership.state.kind === 'living'
    const isOver = isLiving && membership.lease.isConfirmed && membership.lease.remainingMs <= 0
    const isStale = message.type === 'refused' && message.code === 'STALE_CONNECTION'
    const isCopied = isStale && membership?.processId === p && message.gen === membership.connector.gen
    const checkSelf = this.watch.hearing(p, message)
    return () => {
      // It may have died of it.
      if (this.machine.isDead) return
      checkSelf()
      this.checkLease()
      if (this.isStopping || this.sessions.membership !== membership) return
      if (isOver) this.history.violate('9', 'a process whose lease is over goes on')
      if (isCopied) this.history.violate('9', 'a process goes on of which the store knows a newer connection')
    }
  }

  /** No process may believe in its locks for longer than the store does. */
  private checkLease(): void {
    const { membership } = this.sessions
    const remainingMs = membership?.lease.remainingMs ?? 0
    if (membership === undefined || remainingMs <= 0) return
    this.history.locks.believes(membership.processId, this.history.wallMs() + remainingMs)
  }

  /** What the client counts as cached is what the sessions have that it holds, and more than one keep to the cap. */
  private watchByteCap(): void {
    const { held } = this.sessions
    const letGo = held.letGo.bind(held)
    held.letGo = (session) => {
      if (held.cachedBytes > this.workload.cachedBytesMax) this.executed.hit('byte cap lets a session go')
      letGo(session)
    }
  }

  private checkByteCap(): void {
    const { cachedBytes, order } = this.sessions.held
    const bytes = [...order.items()].reduce((sum, { countedBytes }) => sum + countedBytes, 0)
    if (bytes !== cachedBytes) this.history.violate('19', `a client counts ${cachedBytes} bytes and caches ${bytes}`)
    if (order.size > 1 && bytes > this.workload.cachedBytesMax)
      this.history.violate('19', `a client caches ${bytes} bytes in ${order.size} sessions`)
  }

  /** An access that has ended is in no hold any more, whose drain would wait for it. */
  private checkLeft(): void {
    if (this.unfinished > 0) return
    if ([...this.sessions.known.values()].some(({ hold }) => hold?.accesses.isAny || hold?.accesses.isAnyRunning))
      this.history.violate('15', 'all accesses have ended, and one is still in a hold')
  }

  /** All calls have settled: its worker threads and their main sides are at rest. */
  checkWorkers(): void {
    this.workers.checkLeft(this.client)
  }

  /** Sessions that accesses of the client have or wait for. */
  get unfinished(): number {
    return (this.client as unknown as Insides).entrance.accesses.count
  }

  private get sessions(): Insides['sessions'] {
    return (this.client as unknown as Insides).sessions
  }

  /** Set by the simulation: the history counts in true time, whatever this machine's clock says. */
  trueNowMs: () => number = () => 0
  /** For how long the code that runs now blocks the loop: most likely at the end of long work that others wait for. */
  blockedMs: (wasLong: boolean) => number = () => 0
  keyOf: (id: string) => string = (id) => id
}
