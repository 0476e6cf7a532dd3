import type { FastifyReply, FastifyRequest, Session } from 'fastify'
import { isHoldfastError } from '../../errors/index.js'
import { problemOf, type RequestSession } from '../common/index.js'
import { answerWith, dropBody, dropHeaders } from './answers.js'
import { dataOf } from './cookie-record.js'
import type { CompiledOptions } from './options.js'
import { RequestStore, type StoreCalls, type StoreOwner } from './request-store.js'
import { isSession, type SessionObjects } from './session-objects.js'

const IGNORED = (): void => {}

/** What the requests of one server share. */
export interface Shared {
  readonly options: CompiledOptions
  readonly calls: StoreCalls
  readonly objects: SessionObjects
}

/** One request, from the wait for its session to the end of its response. */
export class SessionRequest implements StoreOwner {
  readonly session: RequestSession
  isLoaded = false
  private readonly store: RequestStore
  /** Aborted when the client goes away before there is a session. */
  private readonly gone = new AbortController()
  /** The value of `request.session`. */
  private current: unknown = null
  private readonly known = new WeakSet<object>()
  private failure: { readonly error: unknown; isTold: boolean } | undefined
  /** The session that the handler has destroyed. */
  private last: (Session & { readonly sessionId: string }) | undefined
  /** The response was passed on to be sent: the handler has had its time. */
  private isSent = false
  /** `request.session` is undefined, so that @fastify/session neither saves nor sets a cookie. */
  private isHidden = false

  constructor(
    private readonly shared: Shared,
    private readonly request: FastifyRequest,
    private readonly reply: FastifyReply,
  ) {
    const { options, calls } = shared
    const lock = options.lockOf(request)
    const label = `${request.method} ${request.routeOptions.url ?? '*'}`
    this.session = options.sessions.request({ lock, signal: this.gone.signal, label })
    this.store = new RequestStore(this, calls)
    this.watch()
  }

  get sessionId(): string | undefined {
    return isSession(this.current) ? this.current.sessionId : undefined
  }

  isUnknown(session: Session): boolean {
    return !this.known.has(session)
  }

  /** Lets @fastify/session find the session, or make a new one. */
  find(next: () => void): void {
    this.shared.calls.during(this.store, next)
  }

  /** There is a session, or another path than the cookie's. */
  found(next: () => void): void {
    this.isLoaded = true
    this.shared.calls.endTurn()
    // Fastify keeps to it where it reads a body.
    this.session.run(next)
  }

  failed(error: unknown, call: 'get' | 'set'): boolean {
    if (call === 'get') return !this.isLoaded && this.refuse(error)
    this.failure = { error, isTold: false }
    return true
  }

  /** Lets @fastify/session save the session, and set its cookie. What is sent in one piece needs the session no more. */
  save(payload: unknown, next: () => void): void {
    const isStreamed = typeof payload === 'object' && payload !== null && !ArrayBuffer.isView(payload)
    if (!isStreamed) this.session.leave('end')
    // The response tells that the save has failed. It must not be tried again, and there is no cookie.
    this.isHidden = this.failure !== undefined
    this.shared.calls.duringFinal(this.store, next)
  }

  /** Returns what is sent in place of `payload`, or throws what the error handler answers. */
  async saved(payload: unknown): Promise<unknown> {
    const { reply } = this
    this.isHidden = false
    this.shared.calls.endTurn()
    await this.session.settle().catch((error: unknown) => this.failed(error, 'set'))
    const { failure } = this
    if (failure === undefined) {
      if (isEventStream(reply, payload)) await this.session.release('stream')
      this.clearCookie()
    } else if (!failure.isTold) {
      failure.isTold = true
      return this.answerFailure(failure.error, payload)
    } else if (reply.statusCode < 400) reply.code(500)
    this.isSent = true
    if (reply.raw.destroyed) this.end()
    return payload
  }

  /** Saves what was changed, and frees the lock. */
  async release(): Promise<void> {
    const { current } = this
    const isChanged = isSession(current) && (current as unknown as { isModified(): boolean }).isModified()
    if (isChanged) await (current as unknown as { save(): Promise<void> }).save()
    await this.session.settle()
    await this.session.release()
  }

  end(): void {
    if (this.isSent && this.reply.raw.writableFinished) this.session.settle().catch((error) => this.tellLate(error))
    this.session.end().catch(IGNORED)
  }

  /** `request.session` becomes a property that knows which session objects it gets. */
  private watch(): void {
    const { request, reply, store } = this
    Object.defineProperty(request, 'session', {
      configurable: true,
      enumerable: true,
      get: () => (this.isHidden ? undefined : this.current),
      set: (value: unknown) => {
        this.assign(value)
      },
    })
    Object.defineProperty(request, 'sessionStore', { configurable: true, value: store })
    const hijack = reply.hijack.bind(reply)
    reply.hijack = () => {
      hijack()
      this.hijacked()
      return reply
    }
    reply.raw.once('close', () => this.closed())
  }

  private assign(value: unknown): void {
    if (value === null && isSession(this.current)) this.last = this.current
    if (isSession(value)) {
      if (this.store.isRefused(value)) return
      this.shared.objects.bind(value, this.request, this.store)
      this.known.add(value)
    }
    this.current = value
  }

  /** Answers a request whose session cannot be had. Its handler never runs. */
  private refuse(error: unknown): boolean {
    const { reply, request } = this
    const { onBusy } = this.shared.options
    const problem = problemOf(error)
    if (this.gone.signal.aborted) return true
    if (problem === undefined) return false
    if (onBusy !== undefined && problem.status === 503 && isHoldfastError(error)) {
      const answered = async () => onBusy(request, reply, error)
      answered().catch((failure: unknown) => reply.send(failure))
    } else reply.send(answerWith(reply, problem))
    return true
  }

  private answerFailure(error: unknown, payload: unknown): string {
    const { reply } = this
    const problem = problemOf(error)
    this.end()
    dropBody(payload)
    dropHeaders(reply)
    if (problem !== undefined) return answerWith(reply, problem)
    reply.code(500)
    throw error
  }

  /** The browser would come with the cookie of a session that has ended, and be told that it was replaced. */
  private clearCookie(): void {
    const { last, reply, request } = this
    const { cookieName = 'sessionId' } = this.shared.options.fastifySession
    if (last === undefined || this.current !== null || !this.store.isDestroyed(last.sessionId)) return
    const others = [reply.getHeader('set-cookie') ?? []].flat().map(String)
    if (request.cookies[cookieName] === undefined || others.some((other) => other.startsWith(`${cookieName}=`))) return
    reply.clearCookie(cookieName, dataOf(last))
  }

  private tellLate(error: unknown): void {
    this.request.log.error({ err: error }, 'what accesses changed in the session during the response was not stored')
  }

  /** The application sends the response itself: it cannot be held until the session is saved. */
  private hijacked(): void {
    this.release().catch((error: unknown) => {
      this.end()
      this.request.log.error({ err: error }, 'the session of a hijacked reply could not be saved')
      this.reply.raw.destroy()
    })
  }

  /** The response has ended, or its client is gone: what the handler does then may still end in time. */
  private closed(): void {
    const { graceMs } = this.shared.options
    if (!this.isLoaded) this.gone.abort()
    if (!this.isLoaded || this.isSent || this.reply.raw.writableFinished) this.end()
    else setTimeout(() => this.end(), graceMs).unref()
  }
}

function isEventStream(reply: FastifyReply, payload: unknown): boolean {
  // Fastify takes the headers of a web Response only after the hooks.
  const type = payload instanceof Response ? payload.headers.get('content-type') : reply.getHeader('content-type')
  return String(type).toLowerCase().startsWith('text/event-stream')
}
