import type { Store } from '../protocol/dynamodb.js'
import { readIncarnation } from '../protocol/incarnation.js'
import { INCARNATION_KEY } from '../protocol/keys.js'
import { INCARNATION_REMEMBERED_MS } from './limits.js'

/** The incarnation of the Locks table, which this environment remembers for a short time. */
export class KnownIncarnation {
  private known: { readonly incarnation: number; readonly untilMs: number } | undefined

  constructor(
    private readonly store: Pick<Store, 'get'>,
    private readonly nowMs: () => number,
  ) {}

  /** As it was at most {@link INCARNATION_REMEMBERED_MS} ago. */
  async recall(): Promise<number> {
    return this.known !== undefined && this.known.untilMs > this.nowMs() ? this.known.incarnation : this.read()
  }

  /** As it is now. A process that begins now is not ended by a change that came before it. */
  async read(): Promise<number> {
    const untilMs = this.nowMs() + INCARNATION_REMEMBERED_MS
    const incarnation = readIncarnation(await this.store.get('locks', INCARNATION_KEY))
    this.known = { incarnation, untilMs }
    return incarnation
  }
}
