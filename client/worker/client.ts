import { randomBytes } from 'node:crypto'
import { isMainThread, MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { decodeValue } from '../codec.js'
import {
  AbortedError,
  ClosedError,
  CommitUnknownError,
  type HoldfastError,
  InvalidArgumentError,
  UnreachableError,
} from '../errors.js'
import type { Holdfast, Peeked } from '../holdfast.js'
import { WORKER_STANDSTILL_MS } from '../limits.js'
import { compileLockRequest, type LockSpec } from '../lock-request.js'
import { Nesting } from '../nesting.js'
import type { Entries, Opened, ToHost, ToWorker, TryLocked } from './messages.js'
import { type SessionLink, WorkerSession } from './session.js'
import { fromWire } from './wire-error.js'

/**
 * The client of a worker thread: the same accesses, on the sessions that the process holds. See
 * {@link connectHoldfast}.
 */
export interface WorkerHoldfast<S extends object>
  extends Pick<Holdfast<S>, 'access' | 'accessMany' | 'open' | 'peek' | 'create' | 'destroy' | 'rotate' | 'release'> {
  /** Ends it: what this thread still holds is freed, and nothing uncommitted of it is kept. */
  close(): void
}

type Work = (sessions: readonly WorkerSession[]) => unknown
type Options = { readonly signal?: AbortSignal; readonly [option: string]: unknown } | undefined

interface Running {
  readonly key: string
  readonly ticket: WorkerSession['ticket']
  readonly session: WorkerSession
}

/** One call that the main thread has not answered. */
interface Call {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  readonly begin: (sessions: readonly Opened[]) => void
  sessions: readonly WorkerSession[]
  /** What the work failed with; it is told unless the main thread knows of something worse. */
  failure: { readonly error: unknown } | undefined
  isFinishing: boolean
}

interface Request {
  readonly resolve: (attributes: Entries) => void
  readonly reject: (error: unknown) => void
  readonly isCommit: boolean
}

export class WorkerClient {
  private readonly calls = new Map<number, Call>()
  private readonly requests = new Map<number, Request>()
  private readonly nesting = new Nesting<Running>()
  private last = 0
  private isClosed = false

  constructor(private readonly port: MessagePort) {
    if (isMainThread) {
      throw new InvalidArgumentError('connectHoldfast is for worker threads: in the main thread use the client itself')
    }
    if (typeof port?.postMessage !== 'function') {
      throw new InvalidArgumentError(`connectHoldfast takes the port of workerPort(), received ${typeof port}`)
    }
    port.on('message', (message: ToWorker) => this.receive(message))
    port.on('close', () => this.closed())
    // Only what is under way keeps the thread alive.
    port.unref()
  }

  access(id: string, locks: LockSpec, work: (session: WorkerSession) => unknown, options?: Options): Promise<unknown> {
    return this.run('access', [id], locks, ([session]) => work(session as WorkerSession), options, work)
  }

  accessMany(ids: readonly string[], locks: LockSpec, work: Work, options?: Options): Promise<unknown> {
    return this.run('accessMany', [...ids], locks, work, options, work)
  }

  async rotate(
    id: string,
    work: (session: WorkerSession) => unknown = () => {},
    options: Options & { readonly to?: string } = {},
  ): Promise<string> {
    const to = options.to ?? randomBytes(32).toString('base64url')
    await this.run('rotate', [id], 'all', ([session]) => work(session as WorkerSession), { ...options, to }, work)
    return to
  }

  async open(id: string, locks: LockSpec, options?: Options): Promise<WorkerSession & AsyncDisposable> {
    const request = compileLockRequest(locks)
    let leave = () => {}
    const left = new Promise<never>((_resolve, reject) => {
      leave = () => reject(new Error('the scope was left'))
    })
    const n = this.nextNumber()
    return new Promise((resolve, reject) => {
      const ended = this.call(
        n,
        { op: 'access', n, ids: [id], locks, options: withoutSignal(options) },
        options,
        (opened) => {
          const session = new WorkerSession(opened, request, this.linkOf(n, 0))
          const dispose = async () => {
            leave()
            await ended.catch(() => {})
          }
          resolve(
            Object.defineProperty(session, Symbol.asyncDispose, { value: dispose }) as WorkerSession & AsyncDisposable,
          )
          return { sessions: [session], work: () => left }
        },
      )
      ended.catch(reject)
    })
  }

  async peek(id: string): Promise<Peeked<Record<string, unknown>> | undefined> {
    const found = (await this.ask('peek', id)) as { readonly state: Entries } | undefined
    if (found === undefined) return undefined
    const state = found.state.map(([name, value]) => [name, value === undefined ? undefined : decodeValue(value)])
    return { ...found, state: Object.fromEntries(state) } as Peeked<Record<string, unknown>>
  }

  async create(init: object = {}, options?: Options): Promise<string> {
    if (typeof init !== 'object' || init === null || Array.isArray(init)) {
      throw new InvalidArgumentError('create takes an object of attributes')
    }
    const id = randomBytes(32).toString('base64url')
    await this.access(id, 'all', (session) => void Object.assign(session.state, init), options)
    return id
  }

  async destroy(id: string, options?: Options): Promise<boolean> {
    this.nesting.refuse('destroyed')
    return (await this.ask('destroy', id, options)) as boolean
  }

  async release(id: string): Promise<void> {
    await this.ask('release', id)
  }

  close(): void {
    this.port.close()
  }

  private async run(
    op: 'access' | 'accessMany' | 'rotate',
    ids: readonly string[],
    locks: LockSpec,
    work: Work,
    options: Options,
    given: unknown,
  ): Promise<unknown> {
    const request = compileLockRequest(locks)
    if (typeof given !== 'function') {
      throw new InvalidArgumentError(`the work must be a function, received ${typeof given}`)
    }
    if (op === 'rotate') this.nesting.refuse('rotated')
    const outer = this.nesting.outer(ids, request)
    if (outer !== undefined) return work(outer.map(({ session }) => session))
    const n = this.nextNumber()
    return this.call(n, { op, n, ids, locks, options: withoutSignal(options) }, options, (...opened) => {
      const sessions = opened.map((one, index) => new WorkerSession(one, request, this.linkOf(n, index)))
      const running = sessions.map((session, index) => ({ key: ids[index] as string, ticket: session.ticket, session }))
      const scope = this.nesting.open(running)
      return {
        sessions,
        work: async () => {
          try {
            return await this.nesting.run(scope, () => work(sessions))
          } finally {
            scope.isEnded = true
          }
        },
      }
    })
  }

  private ask(op: 'peek' | 'destroy' | 'release', id: string, options?: Options): Promise<unknown> {
    const n = this.nextNumber()
    return this.call(n, { op, n, id, options: withoutSignal(options) }, options, () => ({
      sessions: [],
      work: async () => undefined,
    }))
  }

  /** Sends a call, runs its work when it begins, and settles with what the main thread says in the end. */
  private call(
    n: number,
    message: ToHost,
    options: Options,
    begin: (...opened: readonly Opened[]) => {
      readonly sessions: readonly WorkerSession[]
      readonly work: () => Promise<unknown>
    },
  ): Promise<unknown> {
    if (this.isClosed) return Promise.reject(new ClosedError())
    const signal = options?.signal
    if (signal?.aborted) return Promise.reject(new AbortedError(0, signal.reason))
    const abort = () => this.send({ op: 'abort', n })
    let result: unknown
    const settled = new Promise<unknown>((resolve, reject) => {
      const call: Call = {
        // An access returns what its work did; anything else what the main thread answers.
        resolve: (value) => resolve(call.sessions.length > 0 && message.op !== 'rotate' ? result : value),
        reject,
        begin: (opened) => {
          const { sessions, work } = begin(...opened)
          call.sessions = sessions
          work().then(
            (value) => {
              result = value
              this.finish(n, call)
            },
            (error: unknown) => this.drop(n, call, error),
          )
        },
        sessions: [],
        failure: undefined,
        isFinishing: false,
      }
      this.calls.set(n, call)
      this.port.ref()
      signal?.addEventListener('abort', abort)
      try {
        this.send(message)
      } catch (cause) {
        this.settle(n)
        reject(new InvalidArgumentError('an argument cannot be sent to the main thread', { cause }))
      }
    })
    return settled.finally(() => signal?.removeEventListener('abort', abort))
  }

  private finish(n: number, call: Call): void {
    try {
      const changes = call.sessions.map((session) => [...session.changes()])
      for (const session of call.sessions) session.end()
      call.isFinishing = true
      this.send({ op: 'finish', n, changes })
    } catch (error) {
      this.drop(n, call, error)
    }
  }

  private drop(n: number, call: Call, error: unknown): void {
    for (const session of call.sessions) session.end()
    call.failure = { error }
    this.send({ op: 'drop', n })
  }

  private linkOf(n: number, index: number): SessionLink {
    const request = (isCommit: boolean, message: (m: number) => ToHost) => {
      const m = this.nextNumber()
      return new Promise<Entries>((resolve, reject) => {
        if (this.isClosed) return reject(new ClosedError())
        this.requests.set(m, { resolve, reject, isCommit })
        this.send(message(m))
      })
    }
    return {
      commit: async (changes) => void (await request(true, (m) => ({ op: 'commit', n, m, index, changes }))),
      lock: (locks, options) => request(false, (m) => ({ op: 'lock', n, m, index, locks, options: { ...options } })),
      tryLock: (locks) => this.tryLock(n, index, locks),
    }
  }

  /** The thread stands still until the main thread, which never waits for this, has answered. */
  private tryLock(n: number, index: number, locks: LockSpec): Entries | undefined {
    const done = new Int32Array(new SharedArrayBuffer(4))
    const { port1, port2 } = new MessageChannel()
    try {
      this.port.postMessage({ op: 'tryLock', n, index, locks, done, port: port2 }, [port2])
      if (Atomics.wait(done, 0, 0, WORKER_STANDSTILL_MS) === 'timed-out') {
        throw new UnreachableError(`the main thread has not answered for ${WORKER_STANDSTILL_MS} ms: is it blocked?`)
      }
      const answer = receiveMessageOnPort(port1)?.message as TryLocked
      if (answer.attributes === undefined && answer.error !== undefined) throw fromWire(answer.error)
      return answer.attributes
    } finally {
      port1.close()
    }
  }

  private receive(message: ToWorker): void {
    const call = this.calls.get(message.n)
    switch (message.kind) {
      case 'begin':
        return call?.begin(message.sessions)
      case 'done':
        this.settle(message.n)
        return call?.resolve(message.value)
      case 'failed':
        return this.failed(message.n, message.error === undefined ? undefined : fromWire(message.error))
      case 'lost':
        return call?.sessions[message.index]?.lose(fromWire(message.error))
      case 'wanted': {
        const session = call?.sessions[message.index]
        if (session !== undefined) session.wanted = true
        return
      }
      case 'reply':
        return this.take(message.m)?.resolve(message.attributes)
      case 'refused':
        return this.take(message.m)?.reject(fromWire(message.error))
    }
  }

  /** The work's own failure is told, unless nobody knows what became of a commit of it. */
  private failed(n: number, error: Error | undefined): void {
    const call = this.calls.get(n)
    this.settle(n)
    if (call === undefined) return
    for (const session of call.sessions) session.end()
    const isWorse = (error as HoldfastError | undefined)?.effect === 'unknown'
    call.reject(call.failure === undefined || isWorse ? error : call.failure.error)
  }

  private take(m: number): Request | undefined {
    const request = this.requests.get(m)
    this.requests.delete(m)
    return request
  }

  private settle(n: number): void {
    this.calls.delete(n)
    if (this.calls.size === 0) this.port.unref()
  }

  /** The main thread's end is gone: what was to be committed may or may not be. */
  private closed(): void {
    this.isClosed = true
    for (const { reject, isCommit } of this.requests.values()) {
      reject(isCommit ? new CommitUnknownError(undefined) : new ClosedError())
    }
    this.requests.clear()
    for (const call of this.calls.values()) {
      const error = call.isFinishing ? new CommitUnknownError(undefined) : new ClosedError()
      for (const session of call.sessions) session.lose(error)
      call.reject(error)
    }
    this.calls.clear()
  }

  private send(message: ToHost): void {
    this.port.postMessage(message)
  }

  private nextNumber(): number {
    this.last += 1
    return this.last
  }
}

/** A signal cannot cross a port: it is sent when it fires. */
function withoutSignal(options: Options): { readonly [option: string]: unknown } | undefined {
  if (options === undefined) return undefined
  const { signal, ...rest } = options
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new InvalidArgumentError(`'signal' must be an AbortSignal, received ${typeof signal}`)
  }
  return rest
}
