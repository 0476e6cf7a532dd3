import { promisify } from 'node:util'
import expressSession, { type Session, type SessionData } from 'express-session'
import { isHoldfastError } from '../../errors/index.js'
import type { LoadedSession, RequestSession, ValueKind } from '../common/index.js'
import { COOKIE, cookieOf, hasEnded, sessionDataOf, ttlOf } from './cookie-record.js'

type ExpressRequest = Parameters<expressSession.Store['createSession']>[0]
type Generate = (req: ExpressRequest) => void
type StoredSession = Session & SessionData
/** The callbacks of express-session's stores. */
type Answer<T> = (error?: unknown, value?: T) => void

const NO_ANSWER = (): void => {}

/**
 * express-session's store for one request: everything that it does happens under the lock of this request. After the
 * request it refuses. There is no way to list sessions, because their ids are stored as hashes.
 */
export class RequestStore extends expressSession.Store {
  /** The error that a callback is told just now. */
  private told: unknown
  private generator: Generate = () => {}
  /** Ids made for this request that were never saved: the store need not be asked to destroy them. */
  private readonly unsaved = new Set<string>()
  /** The cookies of the sessions that are stored, as they are stored. */
  private readonly cookies = new Map<string, unknown>()
  /** The session that the request came with. */
  private given: { readonly id: string; readonly cookie: unknown } | undefined
  private readonly destroyed = new Set<string>()
  /** Writes that are not known yet. */
  private readonly underWay = new Set<Promise<void>>()
  /** By id: writes that failed, and that the application told nobody to hear of. */
  private readonly unheard = new Map<string, unknown>()

  constructor(
    private readonly session: RequestSession,
    private readonly values: ValueKind,
  ) {
    super()
  }

  /** The error that this store reports at this moment. express-session goes on with the response where it has failed. */
  get failure(): unknown {
    return this.told
  }

  /** A response that ends where its handler is told of an error has not failed with it. */
  heard(): void {
    this.told = undefined
  }

  /** Makes a new session. express-session assigns it. */
  get generate(): Generate {
    return (req) => {
      this.generator(req)
      this.unsaved.add(req.sessionID)
      this.complete(req.session as StoredSession)
    }
  }

  set generate(generate: Generate) {
    this.generator = generate
  }

  /** As express-session does it, but a session that was given back stays. */
  override regenerate(req: ExpressRequest, callback: Answer<void>): void {
    this.finish(req.sessionID, 'replace', (error) => {
      if (!isHoldfastError(error) || error.code !== 'SESSION_RELEASED') this.generate(req)
      callback(error)
    })
  }

  override createSession(req: ExpressRequest, data: SessionData): StoredSession {
    return this.complete(super.createSession(req, data))
  }

  override get(id: string, callback: Answer<SessionData | null>): void {
    this.answer(this.find(id), callback)
  }

  override set(id: string, session: SessionData, callback?: Answer<void>): void {
    this.write(id, this.save(id, session), callback)
  }

  override touch(id: string, session: SessionData, callback?: Answer<void>): void {
    // express-session compares JSON, and without the cookie.
    const stored = this.cookies.get(id)
    const isSame = this.values === 'json' && cookieOf(session, stored) === stored
    if (isSame) this.answer(this.session.touch(id, ttlOf(stored)), callback ?? NO_ANSWER)
    else this.write(id, this.save(id, session), callback)
  }

  override destroy(id: string, callback?: Answer<void>): void {
    this.finish(id, 'destroy', callback)
  }

  /** The cookie that the request's session was stored with, where that session has ended. */
  cookieOfEnded(isUnset: boolean): unknown {
    const { given } = this
    return given !== undefined && (isUnset || this.destroyed.has(given.id)) ? given.cookie : undefined
  }

  /**
   * Waits for the writes that the application did not wait for.
   *
   * @throws the error of one of them that it cannot know of: it gave no callback.
   */
  async settle(): Promise<void> {
    await Promise.all(this.underWay)
    for (const error of this.unheard.values()) throw error
  }

  /** Saves a session that has something to save: not one that is new and empty. */
  async commit(session: Session): Promise<void> {
    const isEmpty = Object.keys(session).every((name) => name === COOKIE)
    if (isEmpty && !this.cookies.has(session.id)) return
    await promisify((saved: (error?: unknown) => void) => session.save(saved))()
  }

  private async find(id: string): Promise<SessionData | null> {
    if (this.unsaved.has(id)) return null
    const loaded: LoadedSession | undefined = await this.session.load(id)
    if (loaded === undefined || hasEnded(loaded)) return null
    const { [COOKIE]: cookie = {} } = loaded.values
    this.cookies.set(id, cookie)
    this.given ??= { id, cookie }
    return sessionDataOf(loaded)
  }

  private finish(id: string, how: 'destroy' | 'replace', callback: Answer<void> | undefined): void {
    this.destroyed.add(id)
    this.write(id, this.unsaved.has(id) ? Promise.resolve() : this.end(id, how), callback)
  }

  private async end(id: string, how: 'destroy' | 'replace'): Promise<void> {
    try {
      await this.session[how](id)
      this.cookies.delete(id)
    } catch (error) {
      this.destroyed.delete(id)
      throw error
    }
  }

  private async save(id: string, session: SessionData): Promise<void> {
    const cookie = cookieOf(session, this.cookies.get(id))
    this.unsaved.delete(id)
    await this.session.save(id, { ...session, [COOKIE]: cookie }, ttlOf(cookie))
    this.cookies.set(id, cookie)
  }

  private complete(session: StoredSession): StoredSession {
    const release = async (): Promise<void> => {
      await this.commit(session)
      await this.session.release()
    }
    // express-session's own always gives a callback.
    const save = (callback?: Answer<void>): StoredSession => {
      this.set(session.id, session, callback)
      return session
    }
    for (const [name, value] of Object.entries({ release, save })) {
      Object.defineProperty(session, name, { configurable: true, enumerable: false, writable: true, value })
    }
    return session
  }

  private write(id: string, work: Promise<void>, callback: Answer<void> | undefined): void {
    const known = work.then(
      () => void this.unheard.delete(id),
      (error: unknown) => {
        if (callback === undefined) this.unheard.set(id, error)
      },
    )
    this.underWay.add(known)
    void known.then(() => this.underWay.delete(known))
    this.answer(work, callback ?? NO_ANSWER)
  }

  private answer<T>(work: Promise<T>, callback: Answer<T>): void {
    void this.tellOutcome(work, callback)
  }

  private async tellOutcome<T>(work: Promise<T>, callback: Answer<T>): Promise<void> {
    try {
      const value = await work
      this.tell(callback, undefined, value)
    } catch (error) {
      this.tell(callback, error)
    }
  }

  /** An error that the callback throws is an uncaught exception, as with every store. */
  private tell<T>(callback: Answer<T>, error: unknown, value?: T): void {
    queueMicrotask(() => {
      this.told = error
      try {
        callback(error, value)
      } finally {
        this.told = undefined
      }
    })
  }
}
