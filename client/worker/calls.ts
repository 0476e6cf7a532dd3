import { AsyncLocalStorage } from 'node:async_hooks'
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import { onAbort } from '../abort-listeners.js'
import type { WaitOptions } from '../access/nested-session.js'
import type { LockSpec } from '../attribute-locks/lock-request.js'
import {
  AbortedError,
  AccessEndedError,
  ClosedError,
  CommitUnknownError,
  type HoldfastError,
  InvalidArgumentError,
  UnreachableError,
} from '../errors/index.js'
import { WORKER_STANDSTILL_MS } from '../limits.js'
import type { LockOptions } from '../options/access-options.js'
import type { Attributes, CallMessage, Opened, Reply, RequestMessage, ToHost, ToWorker, TryLocked } from './messages.js'
import type { Port } from './port.js'
import type { SessionLink, WorkerSession } from './session.js'
import { fromWire } from './wire-error.js'

/** The sessions and the work of a call, when the main thread has the locks. */
export interface Begun {
  readonly sessions: readonly WorkerSession[]
  readonly work: () => Promise<unknown>
}

const NOTHING: Begun = { sessions: [], work: async () => {} }

/** One call that the main thread has not answered. */
interface Call {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  readonly begin: (opened: readonly Opened[]) => void
  readonly signal: AbortSignal | undefined
  sessions: readonly WorkerSession[]
  /** The error of the work. The caller gets it, unless the main thread reports a failure with an unknown effect. */
  failure: { readonly error: unknown } | undefined
  isFinishing: boolean
}

/** One request within a running access. */
interface Request {
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: unknown) => void
  /** The signal of its wait. */
  readonly signal: AbortSignal | undefined
  /** The call that is writing, where the request is a write. */
  readonly writing: number | undefined
}

/** A worker thread's calls to the main thread, over one port. */
export class Calls {
  private readonly calls = new Map<number, Call>()
  private readonly requests = new Map<number, Request>()
  private last = 0
  private isClosed = false

  constructor(private readonly port: Port) {
    port.on('message', (message) => this.receive(message as ToWorker))
    port.on('close', () => this.closed())
    // Only calls under way keep the thread alive.
    port.unref()
  }

  nextNumber(): number {
    this.last += 1
    return this.last
  }

  /** The port's event `close` comes later: a call made before it must not wait for an answer. */
  close(): void {
    this.port.close()
    this.closed()
  }

  /**
   * Sends a call, runs its work when the access begins, and settles when the main thread says that the call is done or
   * has failed. Returns the result of the work or, for a call that has an answer, the main thread's.
   */
  async make(
    n: number,
    message: CallMessage,
    signal: AbortSignal | undefined,
    begin: (opened: readonly Opened[]) => Begun = () => NOTHING,
  ): Promise<unknown> {
    if (this.isClosed) throw new ClosedError()
    if (signal?.aborted) throw new AbortedError(0, signal.reason)
    const unlisten = onAbort(signal, () => this.send({ op: 'abort', n }))
    // The work runs in the asynchronous context of its caller, as in the main thread, and not in that of the port.
    const inContext = AsyncLocalStorage.snapshot()
    let result: { readonly value: unknown } | undefined
    try {
      const answer = await new Promise<unknown>((resolve, reject) => {
        const call: Call = {
          resolve,
          reject,
          begin: (opened) => {
            const { sessions, work } = begin(opened)
            call.sessions = sessions
            inContext(work).then(
              (value) => {
                result = { value }
                void this.finish(n, call)
              },
              (error: unknown) => this.drop(n, call, error),
            )
          },
          signal,
          sessions: [],
          failure: undefined,
          // This thread cannot know whether these still wait or have written already.
          isFinishing: message.op === 'destroy' || message.op === 'create',
        }
        this.calls.set(n, call)
        this.port.ref()
        this.send(message)
      })
      return answer === undefined ? result?.value : answer
    } finally {
      unlisten()
      this.settle(n)
    }
  }

  /** The requests that a session of a call can make. */
  linkOf(n: number, index: number): SessionLink {
    const write = (message: (m: number) => RequestMessage) => this.request(n, true, message, this.calls.get(n)?.signal)
    return {
      commit: (changes, ttlMs) => write((m) => ({ op: 'commit', n, m, index, changes, ttlMs })),
      close: (changes) => write((m) => ({ op: 'close', n, m, index, changes })),
      rotate: (changes, to) => write((m) => ({ op: 'rotateSession', n, m, index, changes, to })),
      destroy: () => write((m) => ({ op: 'destroySession', n, m, index })),
      lock: (locks, options, waits) => this.lock(n, index, locks, options, waits),
      setTtl: (ttlMs) => this.send({ op: 'ttl', n, index, ttlMs }),
      tryLock: (locks) => this.tryLock(n, index, locks),
    }
  }

  private request(
    n: number,
    isWrite: boolean,
    message: (m: number) => RequestMessage,
    signal: AbortSignal | undefined,
    m = this.nextNumber(),
  ): Promise<Reply> {
    return new Promise<Reply>((resolve, reject) => {
      if (this.isClosed) return reject(new ClosedError())
      this.send(message(m))
      this.requests.set(m, { resolve, reject, signal, writing: isWrite ? n : undefined })
    })
  }

  /** The signal of a nested access is its own: it ends this wait alone. */
  private async lock(
    n: number,
    index: number,
    locks: LockSpec,
    options: LockOptions | undefined,
    waits: WaitOptions | undefined,
  ): Promise<Reply> {
    if (waits === undefined) {
      const message = (m: number) => ({ op: 'lock', n, m, index, locks, options, waits }) as const
      return this.request(n, false, message, this.calls.get(n)?.signal)
    }
    const { signal, timeoutMs, label } = waits
    const sent = { timeoutMs, label, isAborted: signal?.aborted === true }
    const m = this.nextNumber()
    const unlisten = onAbort(signal, () => this.send({ op: 'abort', n, m }))
    try {
      return await this.request(n, false, () => ({ op: 'lock', n, m, index, locks, options, waits: sent }), signal, m)
    } finally {
      unlisten()
    }
  }

  private async finish(n: number, call: Call): Promise<void> {
    try {
      // What was refused of its commits is a change of the access still.
      for (const session of call.sessions) if (session.answered !== undefined) await session.answered
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

  /** Blocks this thread until the main thread has answered. The main thread never waits for this thread. */
  private tryLock(n: number, index: number, locks: LockSpec): Attributes | undefined {
    if (this.isClosed) throw new ClosedError()
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
    if (message.kind === 'closed') return this.closed(true)
    const call = this.calls.get(message.n)
    switch (message.kind) {
      case 'begin':
        return call?.begin(message.sessions)
      case 'done':
        return call?.resolve(message.value)
      case 'failed':
        return this.failed(call, message.error === undefined ? undefined : fromWire(message.error))
      case 'lost':
        return call?.sessions[message.index]?.lose(fromWire(message.error))
      case 'wanted':
        return call?.sessions[message.index]?.becomeWanted()
      case 'reply':
        return this.take(message.m)?.resolve(message)
      case 'refused':
        return this.refused(this.take(message.m), fromWire(message.error))
    }
  }

  /**
   * The caller gets the work's own error, unless the outcome of a commit is unknown, or the work was told only that its
   * access has ended.
   */
  private failed(call: Call | undefined, error: Error | undefined): void {
    if (call === undefined) return
    for (const session of call.sessions) session.end()
    const isWorse = (error as HoldfastError | undefined)?.effect === 'unknown'
    const isCause = error !== undefined && call.failure?.error instanceof AccessEndedError
    if (call.failure !== undefined && !isWorse && !isCause) return call.reject(call.failure.error)
    call.reject(error === undefined ? undefined : withReason(error, call.signal))
  }

  private refused(request: Request | undefined, error: Error): void {
    request?.reject(withReason(error, request.signal))
  }

  private take(m: number): Request | undefined {
    const request = this.requests.get(m)
    this.requests.delete(m)
    return request
  }

  private settle(n: number): void {
    for (const session of this.calls.get(n)?.sessions ?? []) session.end()
    this.calls.delete(n)
    if (this.calls.size === 0) this.port.unref()
  }

  /**
   * The port is closed. A write that was under way may or may not have landed.
   *
   * @param isAnswered the client has answered all that it has received: the rest had no effect
   */
  private closed(isAnswered = false): void {
    if (this.isClosed) return
    this.isClosed = true
    const writing = new Set<number>()
    for (const { reject, writing: n } of this.requests.values()) {
      const isUnknown = n !== undefined && !isAnswered
      if (isUnknown) writing.add(n)
      reject(isUnknown ? new CommitUnknownError(undefined) : new ClosedError())
    }
    this.requests.clear()
    for (const [n, call] of this.calls) {
      const isUnknown = writing.has(n) || (call.isFinishing && !isAnswered)
      const error = isUnknown ? new CommitUnknownError(undefined) : new ClosedError()
      for (const session of call.sessions) session.lose(error)
      call.reject(error)
    }
  }

  private send(message: ToHost): void {
    try {
      this.port.postMessage(message)
    } catch (cause) {
      throw new InvalidArgumentError('an argument cannot be sent to the main thread', { cause })
    }
  }
}

/** The reason of a signal was not sent to the main thread. */
function withReason(error: Error, signal: AbortSignal | undefined): Error {
  const isOwn = error instanceof AbortedError && signal?.aborted === true
  return isOwn ? new AbortedError(error.waitedMs, signal.reason) : error
}
