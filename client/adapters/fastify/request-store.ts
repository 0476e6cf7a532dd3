import type { SessionStore } from '@fastify/session'
import type { Session } from 'fastify'
import { InvalidArgumentError } from '../../errors/index.js'
import type { LoadedSession, RequestSession } from '../common/index.js'
import { sessionOf, ttlOf, valuesOf } from './cookie-record.js'

type Done = (error?: unknown) => void
type Found = (error: unknown, session?: Session | null) => void

/** What a request does about the calls of its store. */
export interface StoreOwner {
  readonly session: RequestSession
  /** @fastify/session has found the session, or made one. From then on only the application calls. */
  readonly isLoaded: boolean
  /** The id that the request has now, where it has one. */
  readonly sessionId: string | undefined
  /** A session object that @fastify/session has just made, and not given to the request yet. */
  isUnknown(session: Session): boolean
  /** Returns true where the request answers the failure itself. */
  failed(error: unknown, call: 'get' | 'set'): boolean
}

/** The store of one request: everything happens under the lock of this request. */
export class RequestStore implements SessionStore {
  /** Sessions that are stored, by their ids. */
  private readonly stored = new Map<string, LoadedSession | undefined>()
  private readonly destroyed = new Set<string>()
  /** What `regenerate` made and could not save. The session from before goes on. */
  private readonly refused = new WeakSet<Session>()

  constructor(
    private readonly owner: StoreOwner,
    private readonly calls: StoreCalls,
  ) {}

  get(id: string, told: Found): void {
    this.find(id).then(
      (found) => this.answer(() => told(null, found)),
      (error: unknown) => {
        if (!this.owner.failed(error, 'get')) told(error)
      },
    )
  }

  set(id: string, session: Session, told: Done): void {
    const isFinal = this.calls.isFinal(this)
    this.save(id, session).then(
      () => this.answer(told),
      (error: unknown) => {
        if (this.owner.isUnknown(session)) this.refused.add(session)
        told(isFinal && this.owner.failed(error, 'set') ? undefined : error)
      },
    )
  }

  isRefused(session: Session): boolean {
    return this.refused.has(session)
  }

  isDestroyed(id: string): boolean {
    return this.destroyed.has(id)
  }

  destroy(id: string, told: Done): void {
    this.end(id).then(() => this.answer(told), told)
  }

  /** When it is told, @fastify/session may at once call the store that all requests share. */
  private answer(tell: () => void): void {
    if (this.owner.isLoaded) tell()
    else this.calls.during(this, tell)
  }

  private async find(id: string): Promise<Session | null> {
    const loaded = await this.owner.session.load(id)
    if (loaded === undefined) return null
    this.stored.set(id, loaded)
    return sessionOf(loaded)
  }

  private async save(id: string, session: Session): Promise<void> {
    const { owner, stored } = this
    const before = owner.isUnknown(session) ? owner.sessionId : undefined
    const ttlMs = ttlOf(session, stored.get(id))
    await owner.session.save(id, valuesOf(session), ttlMs)
    if (!stored.has(id)) stored.set(id, undefined)
    // `regenerate` leaves the old session as it is: it would be a way back, and requests under way would bring it back.
    if (before !== undefined && stored.has(before)) await this.end(before)
  }

  private async end(id: string): Promise<void> {
    this.stored.delete(id)
    await this.owner.session.destroy(id)
    this.destroyed.add(id)
  }
}

const OUTSIDE =
  'the session store was used outside of a request, where nothing is locked: use request.session, or holdfast.access'

/**
 * The store that @fastify/session has. It passes each call on to the store of a request. Session objects have the store
 * of their request. So it is called only while @fastify/session makes them: in its hooks, and in its callbacks, at once.
 */
export class StoreCalls implements SessionStore {
  private current: RequestStore | undefined
  private final: RequestStore | undefined

  get(id: string, callback: Found): void {
    const store = this.take()
    if (store === undefined) callback(new InvalidArgumentError(OUTSIDE))
    else store.get(id, callback)
  }

  set(id: string, session: Session, callback: Done): void {
    const store = this.take()
    if (store === undefined) callback(new InvalidArgumentError(OUTSIDE))
    else store.set(id, session, callback)
  }

  destroy(id: string, callback: Done): void {
    const store = this.take()
    if (store === undefined) callback(new InvalidArgumentError(OUTSIDE))
    else store.destroy(id, callback)
  }

  /** One call is this request's, if it is made before `work` returns or {@link endTurn} is called. */
  during(store: RequestStore, work: () => void): void {
    const before = this.current
    this.current = store
    try {
      work()
    } finally {
      this.current = before
    }
  }

  /** The save of a response, if it is made before `work` returns or {@link endTurn} is called. */
  duringFinal(store: RequestStore, work: () => void): void {
    const before = this.final
    this.final = store
    try {
      work()
    } finally {
      this.final = before
    }
  }

  /** @fastify/session has done its part, and calls the next hook. */
  endTurn(): void {
    this.current = undefined
    this.final = undefined
  }

  /** Whether this is the save of a response. The next call is not. */
  isFinal(store: RequestStore): boolean {
    const isFinal = this.final === store
    if (isFinal) this.final = undefined
    return isFinal
  }

  private take(): RequestStore | undefined {
    const store = this.current
    this.current = undefined
    return store
  }
}
