import { type EndSignal, ForeignAnswerError, NotSentError } from '../protocol/dynamodb.js'
import { isConnecting } from './connecting.js'

/** The bounds of the requests of one store. */
export interface RequestBounds {
  /** The longest time of one try: credentials, signature, connection, headers and body. Time in line does not count. */
  readonly timeoutMs: number
  /** Requests under way at once; the others wait in line. */
  readonly requestsMax: number
}

/** A command of the AWS SDK, as far as this looks at it. */
interface Command {
  readonly middlewareStack: {
    add(
      middleware: <A, R>(next: (args: A) => Promise<R>) => (args: A) => Promise<R>,
      options: { readonly step: 'deserialize'; readonly priority: 'low'; readonly name: string },
    ): void
  }
}

/** The arguments of the step that hands a request to the connection. */
interface HttpArguments {
  readonly request: { readonly headers: object; readonly hostname: string; readonly port?: number }
}

/**
 * Sends requests through the AWS SDK, in the order in which they come, and each with one bound. When its bound, its
 * signal or {@link close} ends a request, the request is over whatever the SDK does. It fails with a NotSentError where
 * it has not come to an open connection, and never will.
 */
export class Requests {
  /** Those in line; each is started by a call, unless its signal is ending it. */
  private readonly line = new Set<() => boolean>()
  /** All in line and under way; each is ended by a call. */
  private readonly open = new Set<(reason: Error) => void>()
  private underWay = 0
  private closedBy: Error | undefined

  constructor(private readonly bounds: RequestBounds) {}

  async send<T>(command: Command, request: (signal: AbortSignal) => Promise<T>, signal?: EndSignal): Promise<T> {
    const aborter = new AbortController()
    let sent: HttpArguments['request'] | undefined
    // The innermost step: after it comes the connection. A request that was given up goes no further.
    const track =
      <A, R>(next: (args: A) => Promise<R>) =>
      async (args: A): Promise<R> => {
        aborter.signal.throwIfAborted()
        sent = (args as HttpArguments).request
        return next(args)
      }
    command.middlewareStack.add(track, { step: 'deserialize', priority: 'low', name: 'trackRequest' })
    try {
      if (this.closedBy !== undefined) throw this.closedBy
      if (signal?.aborted === true) throw signal.reason
      return await this.bounded(async () => request(aborter.signal), aborter, signal)
    } catch (error) {
      if (sent === undefined) throw new NotSentError(error)
      const host = sent.port === undefined ? sent.hostname : `${sent.hostname}:${sent.port}`
      if (isConnecting(sent.headers)) throw new NotSentError(error, host)
      const status = foreignStatus(error)
      if (status !== undefined) throw new ForeignAnswerError(host, status)
      throw brokenOff(error) ?? error
    }
  }

  /** Ends all that wait or are under way, and refuses all that come. */
  close(reason: Error): void {
    this.closedBy = reason
    for (const giveUp of this.open) giveUp(reason)
  }

  private bounded<T>(request: () => Promise<T>, aborter: AbortController, signal?: EndSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined
      const end = () => {
        this.open.delete(giveUp)
        signal?.removeEventListener('abort', aborted)
        clearTimeout(timer)
        if (!this.line.delete(start)) this.ended()
      }
      const giveUp = (reason: Error) => {
        end()
        reject(reason)
        aborter.abort(reason)
      }
      const aborted = () => giveUp(signal?.reason as Error)
      const start = () => {
        if (signal?.aborted === true) return false
        this.line.delete(start)
        this.underWay += 1
        const { timeoutMs } = this.bounds
        timer = setTimeout(() => giveUp(timeoutError(timeoutMs)), timeoutMs)
        const answer = request()
        const settled = () => {
          // The outcome of a request that was given up comes too late.
          if (!this.open.has(giveUp)) return
          end()
          resolve(answer)
        }
        answer.then(settled, settled)
        return true
      }
      signal?.addEventListener('abort', aborted)
      this.open.add(giveUp)
      if (this.underWay < this.bounds.requestsMax) start()
      else this.line.add(start)
    })
  }

  private ended(): void {
    this.underWay -= 1
    if (this.closedBy !== undefined) return
    for (const start of this.line) if (start()) return
  }
}

/** The status of an answer that is not JSON, or names no error of DynamoDB's. The SDK's error may quote such an answer. */
function foreignStatus(error: unknown): number | undefined {
  const { name, $metadata } = (error ?? {}) as {
    readonly name?: string
    readonly $metadata?: { readonly httpStatusCode?: number }
  }
  return name === 'Unknown' || name === 'SyntaxError' ? $metadata?.httpStatusCode : undefined
}

/**
 * The error of an answer that broke off in its body. The SDK gives it the status of the head, which alone does not tell
 * why DynamoDB refused: it may be an obstacle that passes. So it counts as no answer.
 */
function brokenOff(error: unknown): Error | undefined {
  const { $fault, $metadata, code } = (error ?? {}) as {
    readonly $fault?: unknown
    readonly $metadata?: { readonly httpStatusCode?: number }
    readonly code?: unknown
  }
  const isBroken = $metadata?.httpStatusCode !== undefined && $fault === undefined && typeof code === 'string'
  return isBroken ? Object.assign(new Error('the answer broke off'), { name: code, code }) : undefined
}

export const timeoutError = (timeoutMs: number): Error =>
  Object.assign(new Error(`no whole answer within ${timeoutMs} ms`), { name: 'TimeoutError' })
