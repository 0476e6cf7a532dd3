import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import type { Peeked } from '../../api.js'
import { AccessEndedError, NotLockedError, SessionReleasedError } from '../../errors/index.js'
import { compileTtlMs } from '../../options/access-options.js'
import { type Client, type Handle, newTask, type Opened, surround, type Task, type Values } from '../common/client.js'
import { extendLife } from '../common/life.js'
import { ID_BYTES } from '../limits.js'
import type { NewCookie } from './cookie.js'
import { HoldTimer } from './hold-timer.js'
import type { CompiledWebOptions, WebLock } from './options.js'
import { StagedValues } from './staged-values.js'
import type { CookieSession } from './web-session.js'

/** What a request found under the id of its cookie. */
export type Found =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'opened'; readonly id: string; readonly session: Opened }
  | { readonly kind: 'peeked'; readonly id: string; readonly handle: Handle; readonly peeked: Peeked<Values> }

/** Where the attributes are: staged until the session is made, held under a lock, only read, or no longer here. */
type Source =
  | { readonly kind: 'staged'; readonly staged: StagedValues }
  | { readonly kind: 'held'; readonly session: Opened; readonly staged?: StagedValues }
  | { readonly kind: 'peeked'; readonly handle: Handle; readonly peeked: Peeked<Values> }
  | { readonly kind: 'gone'; readonly error: () => Error }

/** What the session of a request needs to know of it. */
export interface RequestContext {
  readonly holdfast: Client
  readonly options: CompiledWebOptions
  readonly lock: WebLock
  /** Aborted when the client has gone away. */
  readonly client: AbortSignal | undefined
  /** Called when the session was taken away because of `maxHoldMs`. */
  readonly overstayed: () => void
  /** Sets a cookie, when all is committed. */
  readonly setCookie: (cookie: NewCookie) => void
}

/** The session of one request, from when it is found until its cookie is set. */
export class RequestSession implements CookieSession<Values, Values> {
  readonly isNew: boolean
  #id: string | undefined
  private source: Source
  private givenTtlMs: number | undefined
  private isMoving = false
  /** What becomes of the cookie. */
  private cookie: 'stays' | 'is set' | 'is removed' = 'stays'
  private cookieTtlMs = 0
  /** Fails the end of the request: changes may have been dropped. */
  private overstay: SessionReleasedError | undefined
  private aborting: AbortController | undefined
  /** The last of the calls that commit, one after the other. */
  private last: Promise<unknown> = Promise.resolve()
  private destruction: Promise<void> | undefined
  private ending: Promise<void> | undefined
  private readonly timer: HoldTimer
  private readonly task: Task
  private leaveTask = (): void => {}

  constructor(
    private readonly context: RequestContext,
    found: Found,
  ) {
    this.task = newTask(context.holdfast)
    this.isNew = found.kind === 'nothing'
    this.timer = new HoldTimer(context.options, context.client, () => this.takeAway())
    if (found.kind === 'nothing') {
      this.source = { kind: 'staged', staged: new StagedValues(context.lock === 'write') }
      return
    }
    this.#id = found.id
    this.source = found.kind === 'peeked' ? found : this.hold(found.session)
  }

  get id(): string | undefined {
    return this.#id
  }

  get state(): Values {
    const { source } = this
    if (source.kind === 'gone') throw source.error()
    if (source.kind === 'peeked') return source.peeked.state
    if (source.kind === 'staged') return source.staged.view
    return source.staged?.view ?? source.session.state
  }

  get signal(): AbortSignal {
    if (this.aborting === undefined) {
      this.aborting = new AbortController()
      if (this.source.kind === 'held') this.abortWith(this.source.session, this.aborting)
    }
    return this.aborting.signal
  }

  get ttlMs(): number {
    const { source, context } = this
    if (source.kind === 'held') return source.session.ttlMs
    if (source.kind === 'peeked') return source.peeked.ttlMs
    return this.givenTtlMs ?? context.holdfast.ttlMs
  }

  set ttlMs(value: number) {
    const { source } = this
    if (source.kind === 'gone') throw source.error()
    if (source.kind === 'peeked') throw new NotLockedError('*', 'peek')
    this.givenTtlMs = compileTtlMs(value)
    if (source.kind !== 'held') return
    source.session.ttlMs = value
    if (this.context.options.cookie.isPersistent) this.cookie = 'is set'
  }

  delete(name: string): void {
    delete this.state[name]
  }

  regenerate(): void {
    this.checkEnding()
    this.isMoving = this.source.kind === 'held'
  }

  commit(): Promise<void> {
    return this.inTurn(() => this.save('commit'))
  }

  destroy(): Promise<void> {
    return this.inTurn(async () => {
      this.checkEnding()
      const { source } = this
      this.leave(() => new AccessEndedError('session.destroy() was called: the next request has a new session'))
      if (source.kind !== 'held') return
      this.destruction = source.session.destroy()
      await this.destruction
      this.cookie = 'is removed'
    })
  }

  release(): Promise<void> {
    return this.inTurn(async () => {
      await this.save('close')
      this.leave(() => new SessionReleasedError('release'))
    })
  }

  close(): Promise<void> {
    this.ending ??= this.inTurn(() => this.finish()).catch(async (error) => {
      await this.abandon()
      throw error
    })
    return this.ending
  }

  /** Drops what is not committed. */
  async [Symbol.asyncDispose](): Promise<void> {
    // A commit that is under way may just be making the session: what it makes must be given back, too.
    if (this.ending === undefined) return this.inTurn(() => this.abandon())
    await this.ending.catch(() => {})
  }

  /**
   * Runs the handler: its accesses to the session, also to one that it makes, join that. An `open` of it fails at once.
   */
  async run<T>(work: () => T | Promise<T>): Promise<T> {
    try {
      return await this.task.run(work)
    } finally {
      this.leaveTask()
    }
  }

  /** The parts that a log may show: no values, and no id. */
  toJSON(): { readonly isNew: boolean; readonly isEnded: boolean } {
    return { isNew: this.isNew, isEnded: this.source.kind === 'gone' }
  }

  [inspect.custom](): object {
    return { WebSession: this.toJSON() }
  }

  private hold(session: Opened, staged?: StagedValues): Source {
    this.timer.start()
    this.leaveTask = surround(session, this.task)
    if (this.aborting !== undefined) this.abortWith(session, this.aborting)
    return { kind: 'held', session, ...(staged === undefined ? {} : { staged }) }
  }

  private abortWith({ signal }: Opened, aborting: AbortController): void {
    if (signal.aborted) aborting.abort(signal.reason)
    else signal.addEventListener('abort', () => aborting.abort(signal.reason), { once: true })
  }

  private async finish(): Promise<void> {
    this.timer.stop()
    if (this.overstay !== undefined) throw this.overstay
    // It fails the request, also where the handler has not awaited it.
    await this.destruction
    if (this.source.kind !== 'gone') await this.save('close')
    this.leave(() => new SessionReleasedError('end'))
    const { cookie, setCookie } = { ...this.context.options, ...this.context }
    if (this.cookie === 'is removed') setCookie(cookie.removal())
    else if (this.cookie === 'is set' && this.#id !== undefined) setCookie(cookie.of(this.#id, this.cookieTtlMs))
  }

  private async save(how: 'commit' | 'close'): Promise<void> {
    const { source } = this
    if (source.kind === 'gone') throw source.error()
    if (source.kind === 'peeked') return this.touch(source.handle, source.peeked)
    const held = source.kind === 'held' ? source : await this.make(source.staged)
    if (held === undefined) return
    const { session, staged } = held
    staged?.moveInto(session)
    if (this.isMoving) {
      this.#id = await session.rotate()
      this.isMoving = false
      this.cookie = 'is set'
    }
    this.cookieTtlMs = session.ttlMs
    if (how === 'commit') await session.commit()
    else await (staged === undefined ? session.close() : staged.during(() => session.close()))
    if (staged !== undefined || this.context.options.isRolling) this.cookie = 'is set'
  }

  /** Extends the life of a session that was only read. */
  private async touch(handle: Handle, { isTouchDue, ttlMs }: Peeked<Values>): Promise<void> {
    const { options } = this.context
    if (options.isRolling) this.cookie = 'is set'
    this.cookieTtlMs = ttlMs
    if (isTouchDue) await extendLife(handle, options.timeoutMs)
  }

  /** Makes the session of a request that has none, unless it has no attributes either. */
  private async make(staged: StagedValues): Promise<Extract<Source, { kind: 'held' }> | undefined> {
    if (staged.isEmpty) return undefined
    const { holdfast, options } = this.context
    const id = randomBytes(ID_BYTES).toString('base64url')
    const session = await holdfast.open(id, 'all', {
      ifMissing: 'create',
      durability: 'access',
      timeoutMs: options.timeoutMs,
      label: options.label,
      ...(this.givenTtlMs === undefined ? {} : { ttlMs: this.givenTtlMs }),
    })
    this.#id = id
    const held = this.hold(session, staged)
    this.source = held
    return held as Extract<Source, { kind: 'held' }>
  }

  /** The session has been held for too long. */
  private takeAway(): void {
    if (this.source.kind !== 'held') return
    const error = new SessionReleasedError('maxHoldMs')
    if (this.context.lock === 'write' || this.givenTtlMs !== undefined) this.overstay = error
    void this.abandon(() => error)
    this.aborting?.abort(error)
    if (this.context.client?.aborted !== true) this.context.overstayed()
  }

  private async abandon(error: () => Error = () => new SessionReleasedError('end')): Promise<void> {
    const { source } = this
    this.leave(error)
    if (source.kind === 'held') await source.session[Symbol.asyncDispose]()
  }

  /** From now on the session cannot be used: a use throws this error. */
  private leave(error: () => Error): void {
    const { source } = this
    this.timer.stop()
    if (source.kind === 'gone') return
    if ('staged' in source) source.staged?.end(error)
    this.source = { kind: 'gone', error }
  }

  private checkEnding(): void {
    const { source, context } = this
    if (source.kind === 'gone') throw source.error()
    if (context.lock !== 'write') throw new NotLockedError('*', 'end')
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.last.then(work)
    this.last = done.catch(() => {})
    return done
  }
}
