import { setMaxListeners } from 'node:events'
import { isThenable } from '../../access/outcome.js'
import type { HoldfastApi } from '../../api.js'
import { InvocationEndedError } from '../../errors/invocation.js'
import type { Holdfast } from '../../holdfast-api.js'
import { Call } from './call.js'

/** The client for one invocation of a Lambda function: the same calls. Each fails once the invocation has ended. */
export interface InvocationHoldfast<S extends object> extends HoldfastApi<S> {
  /** Aborted with an InvocationEndedError when the time of the invocation is over. Pass it to slow calls. */
  readonly signal: AbortSignal
}

interface InvocationTimes {
  readonly remainingMs: number
  readonly marginMs: number
  readonly timeoutMs: number
}

type Work = (sessions: never) => unknown
interface Options {
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** Everything that one invocation does with sessions, until all of it has ended. */
class InvocationClient implements Record<keyof InvocationHoldfast<object>, unknown> {
  private readonly ending = new AbortController()
  /** Rejects at the deadline. */
  private readonly cut: Promise<never>
  private readonly waitsUntilMs: number
  private readonly untilMs: number
  /** Calls under way. */
  private readonly calls = new Set<Promise<unknown>>()
  /** Calls that failed. */
  private readonly failed: { readonly call: Call<unknown>; readonly error: unknown }[] = []
  private readonly opened = new Set<AsyncDisposable>()
  private ended: InvocationEndedError | undefined

  constructor(
    private readonly client: Holdfast<Record<string, unknown>>,
    private readonly times: InvocationTimes,
  ) {
    // Slow calls listen to it, however many there are.
    setMaxListeners(Number.POSITIVE_INFINITY, this.signal)
    const endMs = performance.now() + times.remainingMs
    this.waitsUntilMs = endMs - times.marginMs
    this.untilMs = endMs - times.marginMs / 2
    this.cut = new Promise((_resolve, reject) => {
      this.signal.addEventListener('abort', () => reject(this.signal.reason as Error), { once: true })
    })
    this.cut.catch(() => {})
  }

  get signal(): AbortSignal {
    return this.ending.signal
  }

  /** Runs the handler, and ends everything that it has begun before it settles. */
  async run<T>(handle: () => T | Promise<T>): Promise<T> {
    if (this.waitsUntilMs <= performance.now()) throw new InvocationEndedError('deadline')
    const timer = setTimeout(() => this.timeIsOver(), this.untilMs - performance.now())
    const cut = this.cut.catch(() => {
      throw new InvocationEndedError('deadline', 'unknown')
    })
    try {
      return await Promise.race([this.handled(handle), cut])
    } finally {
      clearTimeout(timer)
      this.ended ??= new InvocationEndedError('returned')
      await this.giveBack()
    }
  }

  access(id: string, locks: never, work: Work, options?: Options): Promise<unknown> {
    return this.call(async () => this.client.access(id, locks, this.cuttable(work), this.bounded(options)))
  }

  accessMany(ids: readonly [string], locks: never, work: Work, options?: Options): Promise<unknown> {
    return this.call(async () => this.client.accessMany(ids, locks, this.cuttable(work), this.bounded(options)))
  }

  open(id: string, locks: never, options?: Options): Promise<unknown> {
    return this.call(async () => {
      const session = await this.client.open(id, locks, this.bounded(options))
      this.opened.add(session)
      return session
    })
  }

  peek(id: string): Promise<unknown> {
    return this.call(async () => this.client.peek(id))
  }

  create(init?: Record<string, unknown>, options?: Options): Promise<unknown> {
    return this.call(async () => this.client.create(init, this.bounded(options)))
  }

  destroy(id: string, options?: Options): Promise<unknown> {
    return this.call(async () => this.client.destroy(id, this.bounded(options)))
  }

  rotate(id: string, work?: Work, options?: Options): Promise<unknown> {
    return this.call(async () => this.client.rotate(id, this.cuttable(work), this.bounded(options)))
  }

  release(id: string): Promise<unknown> {
    return this.call(async () => this.client.release(id))
  }

  private call<T>(make: () => Promise<T>): Promise<T> {
    if (this.ended !== undefined) return Promise.reject(this.ended)
    const outcome = make()
    const call = Call.of(outcome)
    const ended = outcome
      .then(
        () => {},
        (error: unknown) => void this.failed.push({ call, error }),
      )
      .finally(() => void this.calls.delete(ended))
    this.calls.add(ended)
    return call
  }

  /** The options of an access, in the time that is left. */
  private bounded(options: Options = {}): Options {
    const { timeoutMs = this.times.timeoutMs, signal } = options
    const leftMs = Math.max(1, Math.floor(this.waitsUntilMs - performance.now()))
    return {
      ...options,
      timeoutMs: Math.min(timeoutMs, leftMs),
      signal: signal instanceof AbortSignal ? AbortSignal.any([signal, this.signal]) : (signal ?? this.signal),
    }
  }

  /** The same work, which fails at the deadline although it may go on for ever. Its access ends by that. */
  private cuttable(work: Work | undefined): never {
    if (typeof work !== 'function') return work as never
    const cuttable: Work = (sessions) => {
      const result = work(sessions)
      return isThenable(result) ? Promise.race([result, this.cut]) : result
    }
    return cuttable as never
  }

  private timeIsOver(): void {
    this.ended = new InvocationEndedError('deadline')
    this.ending.abort(this.ended)
  }

  /** What the handler returns or throws, once everything that it has begun has ended, too. */
  private async handled<T>(handle: () => T | Promise<T>): Promise<T> {
    const [outcome] = await Promise.allSettled([(async () => handle())()])
    await this.settle()
    if (outcome.status === 'rejected') throw outcome.reason
    const unheard = this.failed.find(({ call }) => !call.isAwaited)
    if (unheard !== undefined) throw unheard.error
    return outcome.value
  }

  /** Ends the sessions that are open, and waits for the calls that were not awaited. */
  private async settle(): Promise<void> {
    while (this.calls.size + this.opened.size > 0) {
      const disposed = [...this.opened].map((session) => session[Symbol.asyncDispose]())
      this.opened.clear()
      await Promise.allSettled([...this.calls, ...disposed])
    }
  }

  /** After the deadline a short time is left: a commit that is under way may take longer than Lambda waits. */
  private async giveBack(): Promise<void> {
    const released = this.settle().then(() => this.client.releaseUnused())
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.max(this.untilMs - performance.now(), this.times.marginMs / 4))
    })
    await Promise.race([released, late])
    clearTimeout(timer)
  }
}

/** One invocation, typed for programs. */
export type Invocation<S extends object> = InvocationHoldfast<S> & Pick<InvocationClient, 'run'>

export const Invocation = InvocationClient as unknown as new <S extends object>(
  client: Holdfast<S>,
  times: InvocationTimes,
) => Invocation<S>
