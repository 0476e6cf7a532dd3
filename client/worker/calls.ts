import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import {
  AbortedError,
  ClosedError,
  CommitUnknownError,
  type HoldfastError,
  InvalidArgumentError,
  UnreachableError,
} from '../errors.js'
import { WORKER_STANDSTILL_MS } from '../limits.js'
import type { LockSpec } from '../lock-request.js'
import type { Entries, Opened, ToHost, ToWorker, TryLocked } from './messages.js'
import type { SessionLink, WorkerSession } from './session.js'
import { fromWire } from './wire-error.js'

/** What a call begins with, once the main thread has the locks. */
export interface Begun {
  readonly sessions: readonly WorkerSession[]
  readonly work: () => Promise<unknown>
}

/** One call that the main thread has not answered. */
interface Call {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  readonly begin: (opened: readonly Opened[]) => void
  sessions: readonly WorkerSession[]
  /** What the work failed with; it is told unless the main thread knows of something worse. */
  failure: { readonly error: unknown } | undefined
  isFinishing: boolean
}

/** One request within a running access. */
interface Request {
  readonly resolve: (attributes: Entries) => void
  readonly reject: (error: unknown) => void
  readonly isCommit: boolean
}

/** A worker thread's calls to the main thread, over one port. */
export class Calls {
  private readonly calls = new Map<number, Call>()
  private readonly requests = new Map<number, Request>()
  private last = 0
  private isClosed = false

  constructor(private readonly port: MessagePort) {
    port.on('message', (message: ToWorker) => this.receive(message))
    port.on('close', () => this.closed())
    // Only what is under way keeps the thread alive.
    port.unref()
  }

  nextNumber(): number {
    this.last += 1
    return this.last
  }

  close(): void {
    this.port.close()
  }

  /**
   * Sends a call, runs its work when it begins, and settles with what the main thread says in the end: with what the
   * work returned, where there was some, or else with the answer.
   */
  async make(
    n: number,
    message: ToHost,
    signal: AbortSignal | undefined,
    begin: (opened: readonly Opened[]) => Begun,
  ): Promise<unknown> {
    if (this.isClosed) throw new ClosedError()
    if (signal?.aborted) throw new AbortedError(0, signal.reason)
    const abort = () => this.send({ op: 'abort', n })
    signal?.addEventListener('abort', abort)
    let result: { readonly value: unknown } | undefined
    try {
      const answer = await new Promise<unknown>((resolve, reject) => {
        const call: Call = {
          resolve,
          reject,
          begin: (opened) => {
            const { sessions, work } = begin(opened)
            call.sessions = sessions
            work().then(
              (value) => {
                result = { value }
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
        this.send(message)
      })
      return result === undefined ? answer : result.value
    } finally {
      signal?.removeEventListener('abort', abort)
      this.settle(n)
    }
  }

  /** What a session of a call asks for. */
  linkOf(n: number, index: number): SessionLink {
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
        return call?.resolve(message.value)
      case 'failed':
        return this.failed(call, message.error === undefined ? undefined : fromWire(message.error))
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
  private failed(call: Call | undefined, error: Error | undefined): void {
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
  }

  private send(message: ToHost): void {
    try {
      this.port.postMessage(message)
    } catch (cause) {
      throw new InvalidArgumentError('an argument cannot be sent to the main thread', { cause })
    }
  }
}
