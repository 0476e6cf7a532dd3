import { setTimeout as pause } from 'node:timers/promises'
import { createHoldfast, type Holdfast, HoldfastError } from '../../client/index.js'
import type { LocalStack } from '../../local/index.js'
import { isExpected } from './codes.js'
import type { Book, Ledger } from './ledger.js'
import type { State } from './messages.js'
import { allServedMaxMs, nowMs } from './timing.js'
import { verdictOf } from './verdict.js'

const RETRY_MS = 200
const TRY_TIMEOUT_MS = 30_000

/** Settles sessions that nobody uses any more: reads the last state, compares it with the ledger, and destroys it. */
export class Judge {
  settled = 0
  private readonly client: Holdfast<State>

  constructor(
    stack: LocalStack,
    namespace: string,
    private readonly ledger: Ledger,
    /** How many processes there are, this one included: as many may stand before it. */
    private readonly processes: number,
    private readonly violate: (problem: string) => void,
    private readonly signal: AbortSignal,
  ) {
    const { config } = stack
    const credentials = stack.addApplication('judge')
    this.client = createHoldfast<State>({ namespace, config, credentials, label: 'judge', timeoutMs: TRY_TIMEOUT_MS })
    this.client.on('granted', ({ session, epoch }) =>
      ledger.note('judge', { type: 'granted', sessionKey: session, epoch }),
    )
  }

  /** The read is under the lock: whatever was under way elsewhere is fenced by then, and can change nothing later. */
  async settle(book: Book): Promise<void> {
    const state = await this.persist((timeoutMs) =>
      this.client
        .access(book.session, { all: 'read' }, ({ state: { ...copy } }) => copy, { ifMissing: 'fail', timeoutMs })
        .catch(emptyIfMissing),
    )
    if (state === undefined) return
    for (const problem of verdictOf(book, state as Partial<State>)) this.violate(problem)
    await this.persist((timeoutMs) => this.client.destroy(book.session, { timeoutMs }))
    this.ledger.forget(book)
    this.settled += 1
  }

  close(): Promise<void> {
    return this.client.close()
  }

  /** Tries until it succeeds: while there are faults, an access may fail. Undefined when the run was broken off. */
  private async persist<T>(tried: (timeoutMs: number) => Promise<T>): Promise<T | undefined> {
    const deadlineMs = nowMs() + allServedMaxMs(this.processes)
    for (;;) {
      try {
        return await tried(TRY_TIMEOUT_MS)
      } catch (error) {
        if (this.signal.aborted) return undefined
        const { code, message } = error as HoldfastError
        if (!(error instanceof HoldfastError) || !isExpected(error))
          this.violate(`the judge failed with ${code}: ${message}`)
        if (nowMs() > deadlineMs) {
          this.violate(`a session could not be settled in time: ${message}`)
          return undefined
        }
        await pause(RETRY_MS)
      }
    }
  }
}

function emptyIfMissing(error: unknown): Partial<State> {
  if ((error as HoldfastError).code === 'SESSION_MISSING') return {}
  throw error
}
