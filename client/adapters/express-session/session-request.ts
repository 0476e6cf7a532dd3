import expressSession from 'express-session'
import { InvalidArgumentError, isHoldfastError, type KnownError } from '../../errors/index.js'
import type { RequestSession } from '../common/index.js'
import { problemOf } from '../common/problem.js'
import { expiredCookie } from './cookie-record.js'
import { type HeldFor, HeldResponse, type ResponseSteps } from './held-response.js'
import { isResponse } from './node-response.js'
import type { CompiledOptions, ExpressNext, ExpressRequest, ExpressResponse, OnBusy } from './options.js'
import { RequestStore } from './request-store.js'
import { labelOf } from './route-label.js'
import { SeenResponse } from './seen-response.js'

const IGNORED = (): void => {}

/** One request, from the wait for its session to the end of its response. */
export class SessionRequest implements ResponseSteps {
  private readonly session: RequestSession
  private readonly store: RequestStore
  private readonly seen: SeenResponse
  /** Aborted when the client goes away. */
  private readonly gone = new AbortController()
  private isLoaded = false
  private isSaved = false
  private failure: unknown
  private refuseCommit: ((error: unknown) => void) | undefined

  constructor(
    private readonly options: CompiledOptions,
    private readonly req: ExpressRequest,
    private readonly res: ExpressResponse,
    private readonly next: ExpressNext,
  ) {
    this.session = options.sessions.request({
      lock: options.lockOf(req),
      signal: this.gone.signal,
      // The route is known only later.
      get label() {
        return labelOf(req)
      },
    })
    this.store = new RequestStore(this.session, options.values)
    this.seen = new SeenResponse(res)
  }

  /** Lets express-session find the session, or make a new one. */
  start(): void {
    const { options, req, res, seen, store } = this
    if ('stream' in res && !isResponse(req, res)) {
      this.next(new InvalidArgumentError('the session middleware needs a response of HTTP/1.1, received one of HTTP/2'))
      return
    }
    const handle = expressSession({ ...options.express, store })
    if (isResponse(req, res) && !res.destroyed) {
      res.once('close', () => this.closed())
      // A response that waits for an earlier one on its connection is told nothing.
      req.once('close', () => req.socket.destroyed && this.closed())
    } else if (isResponse(req, res)) this.gone.abort()
    else req.socket.once('close', () => this.gone.abort())
    handle(req, seen as unknown as ExpressResponse, (error?: unknown) => this.told(error))
  }

  head(status: number, reason: string | undefined, headers: unknown): { readonly status: number } {
    if (reason === undefined) this.seen.writeHead(status, headers)
    else this.seen.writeHead(status, reason, headers)
    if (!this.req.session) this.clearCookie()
    return { status: this.res.statusCode }
  }

  async commit(heldFor: HeldFor): Promise<void> {
    this.session.leave(heldFor)
    await new Promise<void>((resolve, reject) => {
      this.refuseCommit = reject
      this.store.heard()
      this.seen.save(() => {
        const { failure } = this.store
        if (failure === undefined) resolve()
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- it is the error of the store
        else reject(failure)
      })
    })
    await this.store.settle()
    await this.session.settle()
    if (heldFor === 'stream') await this.session.release('stream')
    else this.saved()
  }

  async commitRest(): Promise<void> {
    const { session } = this.req
    if (session !== undefined && session !== null) await this.store.commit(session)
    await this.store.settle()
    this.saved()
  }

  failed(error: unknown): void {
    this.failure = error
    this.saved()
    this.refuse(error)
  }

  /** express-session calls `next` when there is a session, and again with each error that it finds later. */
  private told(error: unknown): void {
    const { res } = this
    if (this.isLoaded) this.toldLate(error)
    else if (this.gone.signal.aborted || res.writableEnded) this.saved()
    else {
      this.isLoaded = true
      if (error !== undefined) this.failed(error)
      else if (!Object.hasOwn(this.seen, 'end')) this.pass()
      else this.handle()
    }
  }

  /** express-session has left the request alone: it is of another path. */
  private pass(): void {
    this.isSaved = true
    this.next()
  }

  private handle(): void {
    const { res, session } = this
    if (!isResponse(this.req, res)) {
      session.release('stream').then(
        () => this.next(),
        (error: unknown) => this.next(error),
      )
      return
    }
    new HeldResponse(res, this)
    session.run(() => this.next())
  }

  /** An error of the store is known from the store. The others are those of a cookie that cannot be written. */
  private toldLate(error: unknown): void {
    if (error === undefined || error === this.failure) return
    if (this.refuseCommit !== undefined && !this.isSaved) this.refuseCommit(error)
    else this.next(error)
  }

  /** The browser would come with the cookie of a session that has ended, and be told that it was replaced. */
  private clearCookie(): void {
    const { name = 'connect.sid', unset } = this.options.express
    const cookie = this.store.cookieOfEnded(unset === 'destroy')
    const others = [this.res.getHeader('set-cookie') ?? []].flat().map(String)
    if (cookie === undefined || others.some((other) => other.startsWith(`${name}=`))) return
    this.res.setHeader('set-cookie', [...others, expiredCookie(name, cookie)])
  }

  private refuse(error: unknown): void {
    const { next, options, req, res } = this
    const problem = problemOf(error)
    if (problem === undefined || !isResponse(this.req, res) || res.headersSent) next(error)
    else if (options.onBusy !== undefined && isHoldfastError(error) && problem.status === 503) {
      void answerBusy(options.onBusy, req, res, error, next)
    } else {
      res.removeHeader('set-cookie')
      res.writeHead(problem.status, problem.headers).end(problem.body)
    }
  }

  private saved(): void {
    this.isSaved = true
    this.session.end().catch(IGNORED)
  }

  private closed(): void {
    if (this.isSaved) return
    if (!this.isLoaded) this.gone.abort()
    setTimeout(() => void this.session.end().catch(IGNORED), this.options.graceMs).unref()
  }
}

/** What the application's function throws is an error of the request, as with every handler. */
async function answerBusy(
  onBusy: OnBusy,
  req: ExpressRequest,
  res: ExpressResponse,
  error: KnownError,
  next: ExpressNext,
): Promise<void> {
  try {
    await onBusy(req, res, error, next)
  } catch (thrown) {
    next(thrown)
  }
}
