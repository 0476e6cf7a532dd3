import type { Timing } from '../../protocol/timing.js'
import { MESSAGE_TIME_MAX_MS, MESSAGE_TIME_SHARE } from '../limits.js'

/** The time that a function has for one message. */
export const messageTimeMs = ({ roundTripMs }: Pick<Timing, 'roundTripMs'>): number =>
  Math.min(MESSAGE_TIME_SHARE * roundTripMs, MESSAGE_TIME_MAX_MS)

/**
 * The time that a function has for the message that it handles. Lambda gives an environment one event at a time, so
 * there is one such message.
 */
export class MessageTime {
  private message = new AbortController()

  constructor(private readonly budgetMs: number) {}

  /** Aborted when the time of the message is over. To be given to each request for it. */
  get signal(): AbortSignal {
    return this.message.signal
  }

  async within<T>(handle: () => Promise<T>): Promise<T> {
    const message = new AbortController()
    this.message = message
    const over = () => {
      const problem = `the time for one message, ${this.budgetMs} ms, is over`
      message.abort(Object.assign(new Error(problem), { name: 'TimeoutError' }))
    }
    const timer = setTimeout(over, this.budgetMs)
    try {
      return await handle()
    } finally {
      // An environment is frozen between two events: the timer would fire in the next one.
      clearTimeout(timer)
    }
  }
}
