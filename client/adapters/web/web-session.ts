import type { NameOf, StateOf } from '../../state/types.js'
import type { WebLock } from './options.js'

/** The state of a session under this lock. A lock that is known at run time only may be 'write'. */
export type StateUnder<S extends object, L extends WebLock> = StateOf<
  S,
  [L] extends ['read' | 'none'] ? { readonly all: 'read' } : 'all'
>

/**
 * The session of one request. Its changes are committed after the handler has returned its response, and before anybody
 * has a byte of it. Where the handler throws they are dropped.
 *
 * The hazard: it ends with the handler, not with the body of the response. A stream takes its values first.
 *
 * @typeParam S all attributes of the session.
 * @typeParam State the attributes as the handler may use them.
 */
export interface WebSession<S extends object, State = StateUnder<S, 'write'>> {
  /**
   * The attributes, with the values and types of {@link Session.state}. Those of a session that is new are as the handler
   * sets them: they are checked and stored when the handler has returned, or with {@link commit} or {@link release}.
   *
   * @throws {SessionReleasedError} after {@link release} and after the end of the request, {@link AccessEndedError} after
   * {@link destroy}, {@link SessionLostError} where the session was lost.
   */
  readonly state: State
  /**
   * Whether there was no session in the store when the request began: it had no cookie, or one whose session has ended. A
   * new session is made when one of its attributes was set; otherwise it leaves no trace, and no cookie is set.
   */
  readonly isNew: boolean
  /**
   * The session's id, for calls of the client after the end of the request: an event stream looks at the session with
   * `holdfast.peek(id)`. Undefined while there is no session in the store; another one from the commit of a
   * {@link regenerate} on. Logs of the session do not show it.
   *
   * The hazard: it is a secret. A person who knows it and a secret of the cookie has the session.
   */
  readonly id: string | undefined
  /**
   * Aborted when the session is lost under the handler, also because of `maxHoldMs`. Its `reason` is the typed error. Pass
   * it on to slow calls.
   */
  readonly signal: AbortSignal
  /**
   * The session's lifetime in milliseconds, from 1,000 (a second) to 34,560,000,000 (400 days). To set it is a change, and
   * is committed with the others. That of a session that was given none is the client's.
   *
   * @throws {InvalidArgumentError} on setting another value; {@link NotLockedError} with lock 'none'.
   * @example
   * if (rememberMe) session.ttlMs = 30 * 86_400_000
   */
  ttlMs: number
  /** Deletes an attribute. Does nothing where it does not exist. */
  delete(name: NameOf<S>): void
  /**
   * Commits the changes so far; the handler goes on, with its lock. They stay where it throws later. Use it for what must
   * not be lost, such as a token that can be used once. It makes a session that is new and has attributes; where the
   * handler throws after that, the browser never gets its cookie.
   *
   * @throws as {@link Session.commit}, and {@link HoldfastApi.open} for a new session.
   */
  commit(): Promise<void>
  /**
   * Gives the session a new id, with the next commit and in the same transaction. The state stays: delete what must not.
   * Call it when somebody logs in, against session fixation. Requests that still come with the old id are answered with 409
   * for 30 s, and change no cookie. Does nothing for a session that is new.
   *
   * @throws {NotLockedError} unless the session is locked for writing.
   * @example
   * session.regenerate()
   * session.state.user = { name }
   * return Response.redirect(home, 303)
   */
  regenerate(): void
  /**
   * Ends the session's life now, and drops the changes that are not committed. The response removes the cookie. The next
   * request has a new session.
   *
   * @throws {NotLockedError} unless the session is locked for writing, {@link SessionLostError} where it was lost,
   * {@link CommitUnknownError} where it is unknown whether it is destroyed.
   */
  destroy(): Promise<void>
  /**
   * Commits the changes and gives the session back now, before the handler ends: for slow work that does not need it. It
   * cannot be used afterwards. The response has its cookie all the same.
   *
   * @throws as the end of the handler; the session is then not given back.
   * @example
   * const { prompt } = session.state
   * await session.release()
   * return new Response(await model.answer(prompt))
   */
  release(): Promise<void>
}

/** The session that {@link sessionOf} gives. It ends when it is closed or disposed of. */
export interface CookieSession<S extends object, State = StateUnder<S, 'write'>>
  extends WebSession<S, State>,
    AsyncDisposable {
  /**
   * Commits the changes, gives the session back, and then sets the cookie where it must be set. Without it the changes are
   * dropped when the session is disposed of. A second call does nothing.
   *
   * @throws as {@link OpenSession.close}, and what `cookies.set` throws.
   */
  close(): Promise<void>
}
