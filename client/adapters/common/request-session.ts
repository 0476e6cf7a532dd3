import {
  InvalidArgumentError,
  type ReleasedReason,
  SessionReleasedError,
  SessionReplacedError,
} from '../../errors/index.js'
import { newTask, type Opened, type Task } from './client.js'
import { storable } from './fallback.js'
import { HeldSession } from './held-session.js'
import { LooseSession } from './loose-session.js'
import type { LoadedSession, RequestOptions } from './options.js'
import { isMissing, refuseReplaced } from './replaced.js'
import { RequestCalls } from './request-calls.js'
import type { Shared } from './shared.js'
import type { Encoded } from './values.js'

/** A session of the request, by what became of it. */
type Entry = HeldSession | LooseSession | 'missing' | 'destroyed'

/**
 * The session of one request. No network and no lock before the load or the first save. Calls at once run one after the
 * other.
 */
export class RequestSession {
  /** By their ids: a request that logs somebody in destroys one session and makes another. */
  private readonly entries = new Map<string, Entry>()
  private released: ReleasedReason | undefined
  /** The request is about to give its session back. */
  private leaving: ReleasedReason | undefined
  private turn: Promise<unknown> = Promise.resolve()
  private timer: NodeJS.Timeout | undefined
  /** Ends the waits of a request that has ended. */
  private readonly over = new AbortController()
  private readonly calls: RequestCalls
  private readonly task: Task
  /** Goes on while the request does, and is awaited at its end. */
  private readonly beside: Promise<void>[] = []

  constructor(
    private readonly shared: Shared,
    private readonly options: RequestOptions,
  ) {
    this.task = newTask(shared.options.holdfast)
    this.calls = new RequestCalls(shared, options, AbortSignal.any([options.signal, this.over.signal]))
  }

  /**
   * Undefined where there is no session under this id: it is unknown, has expired, or was ended more than 30 s ago.
   *
   * @throws {SessionReplacedError} where it was destroyed or rotated less than 30 s ago, or by this request.
   * @throws {WaitTimeoutError} {@link RefusedError} {@link UnreachableError} where it cannot be had; {@link AbortedError}
   * at the signal; {@link SessionReleasedError} after {@link release}.
   */
  load(id: string): Promise<LoadedSession | undefined> {
    return this.inTurn(() => this.loadNow(id))
  }

  /**
   * Writes what changed since the load or the last save; attributes are compared by value. With locks 'write' and 'read'
   * the session stays locked. The first save of an id that was not loaded makes the session, and locks it.
   *
   * @param ttlMs the session's lifetime in milliseconds, brought between 1 s and 400 days. By default the client's.
   * @throws {InvalidArgumentError} where there is a session already under an id that was not loaded, or the id was loaded
   * and there was none: a new session needs a new id.
   * @throws {NotLockedError} for changes under lock 'read'; {@link SessionChangedError} under 'none' and 'merge', where
   * another request has made some; {@link SessionReleasedError} after {@link release}; {@link SessionReplacedError} after
   * the session was destroyed or rotated, {@link SessionMissingError} after it has expired under 'none' or 'merge'.
   * @throws as HoldfastApi.access, where it cannot be stored.
   */
  async save(id: string, values: Record<string, unknown>, ttlMs?: number): Promise<void> {
    const { isLast } = this
    // As they are now: the request may go on to change them before its turn.
    const encoded = this.shared.rules.encoded(values)
    await this.inTurn(() => this.saveNow(id, encoded, this.shared.lifetime(ttlMs), isLast))
  }

  /**
   * Extends the life: writes only once `touchShare` of it has passed, or where it has another length now. Does nothing
   * after {@link release}, nor for a session that is not saved.
   */
  touch(id: string, ttlMs?: number): Promise<void> {
    const { isLast } = this
    return this.inTurn(async () => {
      const entry = this.entries.get(id)
      if (typeof entry !== 'object' || this.released !== undefined) return
      if (isLast && entry instanceof HeldSession) await this.finish(entry, undefined, this.shared.lifetime(ttlMs))
      else await entry.touch(this.shared.lifetime(ttlMs))
    })
  }

  /**
   * From here on no session takes the place of another one: it could not be saved. At the end of the request, the first
   * save or touch that is called after this is its last. Its locks are freed as soon as it writes: the request behind it
   * in this process goes on, and the commits of both are one.
   */
  leave(reason: 'end' | 'stream'): void {
    this.leaving = reason
  }

  /**
   * Commits what accesses inside the sessions have changed, where the last save or touch has not: a middleware need not
   * call one for a session that the request itself left as it was.
   */
  settle(): Promise<void> {
    const { isLast } = this
    return this.inTurn(async () => {
      for (const entry of this.entries.values()) {
        if (!isHeld(entry)) continue
        if (isLast) await this.finish(entry, undefined, entry.ttlMs)
        else await entry.touch(entry.ttlMs)
      }
    })
  }

  /** The session as last saved, within its lock; without one, the last commit. It throws as {@link load}. */
  reload(id: string): Promise<LoadedSession | undefined> {
    return this.load(id)
  }

  /** Ends the session's life, here and in the old store, whether or not there is one. Possible after {@link release}, too. */
  destroy(id: string): Promise<void> {
    return this.inTurn(() => this.destroyNow(id))
  }

  /**
   * The same for a session whose place another one takes.
   *
   * @throws {SessionReleasedError} after {@link leave} and {@link release}: the other one could not be saved. The session
   * lives on.
   */
  replace(id: string): Promise<void> {
    const { leaving } = this
    return this.inTurn(async () => {
      this.refuseReleased(this.released ?? leaving)
      await this.destroyNow(id)
    })
  }

  /** Frees the locks. What was not saved is not written, and changes cannot be saved any more. */
  release(reason: ReleasedReason = 'release'): Promise<void> {
    return this.inTurn(async () => {
      this.released ??= reason
      clearTimeout(this.timer)
      await Promise.all([...this.entries.values()].map(releaseHeld))
    })
  }

  /** The end of the request: frees everything, and drops what was not saved. */
  async end(): Promise<void> {
    this.over.abort()
    await this.release('end')
    await Promise.all(this.beside)
  }

  /** Runs the handler: its accesses to a session that the request holds, or makes later, join that. */
  run<T>(work: () => T): T {
    return this.task.run(work)
  }

  private async loadNow(id: string): Promise<LoadedSession | undefined> {
    this.refuseReleased()
    const known = this.entries.get(id)
    if (known === 'destroyed') throw new SessionReplacedError('destroyed')
    try {
      const entry = typeof known === 'object' ? known : await this.findOrAdopt(id)
      if (entry === known || entry instanceof HeldSession) await entry.reload()
      this.entries.set(id, entry)
      return entry.loaded
    } catch (error) {
      if (!isMissing(error)) throw error
      this.entries.set(id, 'missing')
      refuseReplaced(error)
      return undefined
    }
  }

  private async findOrAdopt(id: string): Promise<HeldSession | LooseSession> {
    try {
      return await this.find(id)
    } catch (error) {
      // An id that has a tombstone was here: what the old store has of it is older.
      if (!isMissing(error) || error.reason !== 'unknown') throw error
      return (await this.adopt(id)) ?? Promise.reject(error)
    }
  }

  /** @throws {SessionMissingError} */
  private async find(id: string): Promise<HeldSession | LooseSession> {
    const { calls, shared } = this
    const { lock } = this.options
    if (lock === 'none' || lock === 'merge') return LooseSession.load(id, lock, shared.rules, calls, this.beside)
    const session = await calls.open(id, lock === 'write' ? 'all' : { all: 'read' }, 'fail')
    return this.held(id, session, lock === 'write')
  }

  /** Takes a session over from the old store. */
  private async adopt(id: string): Promise<HeldSession | LooseSession | undefined> {
    const { calls, shared } = this
    const { fallback, rules } = shared
    const found = await fallback?.find(id)
    if (fallback === undefined || found === undefined) return undefined
    const session = await storable(async () =>
      calls.adopt(id, shared.lifetime(found.ttlMs), rules.encoded(found.values)),
    )
    this.beside.push(fallback.takenOver(id))
    if (this.options.lock === 'write') return this.held(id, session, true)
    await session[Symbol.asyncDispose]()
    return this.find(id)
  }

  private async saveNow(id: string, values: Encoded, ttlMs: number, isLast: boolean): Promise<void> {
    const known = this.entries.get(id)
    if (known === 'destroyed') throw new SessionReplacedError('destroyed')
    if (known === 'missing') {
      throw new InvalidArgumentError('there was no session under this id when it was loaded: a new one needs a new id')
    }
    if (this.released === undefined) {
      const entry = known ?? (await this.make(id))
      if (isLast && entry instanceof HeldSession) await this.finish(entry, values, ttlMs)
      else await entry.save(values, ttlMs)
    } else if (known?.changes(values) !== undefined || known === undefined)
      throw new SessionReleasedError(this.released)
  }

  private async finish(entry: HeldSession, values: Encoded | undefined, ttlMs: number): Promise<void> {
    this.released = 'end'
    clearTimeout(this.timer)
    await entry.finish(values, ttlMs)
  }

  private async make(id: string): Promise<HeldSession> {
    const session = await this.calls.open(id, 'all', 'create')
    if (session.isNew) return this.held(id, session, true)
    await session[Symbol.asyncDispose]()
    throw new InvalidArgumentError('there is a session already under the id of a new one: ids must be random')
  }

  private async destroyNow(id: string): Promise<void> {
    const known = this.entries.get(id)
    const destroy = () => this.calls.destroy(id)
    if (known === 'destroyed') return
    await this.shared.fallback?.destroy(id)
    if (known instanceof HeldSession) await known.destroy(destroy)
    else await destroy()
    // Only now: what has failed can be tried again.
    this.entries.set(id, 'destroyed')
  }

  private get isLast(): boolean {
    return this.leaving === 'end'
  }

  private refuseReleased(reason = this.released): void {
    if (reason !== undefined) throw new SessionReleasedError(reason)
  }

  /** From here on the session is released at the end, or after `maxHoldMs`. */
  private held(id: string, session: Opened, isWritable: boolean): HeldSession {
    const { rules, options } = this.shared
    const held = new HeldSession(session, rules, isWritable, this.task)
    this.entries.set(id, held)
    this.timer ??= setTimeout(() => this.overstay(), options.maxHoldMs).unref()
    return held
  }

  private overstay(): void {
    if (![...this.entries.values()].some(isHeld)) return
    void this.release('maxHoldMs')
    this.shared.options.onOverstay(this.options.label ?? 'request')
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.turn.then(work)
    this.turn = done.catch(() => {})
    return done
  }
}

const isHeld = (entry: Entry): entry is HeldSession => entry instanceof HeldSession && entry.isHeld

const releaseHeld = async (entry: Entry): Promise<void> => (isHeld(entry) ? entry.release() : undefined)
