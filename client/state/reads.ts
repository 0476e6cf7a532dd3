import type { HoldfastError } from '../errors/index.js'
import { READ_SILENT_TIMEOUT_MS, READ_TIMEOUT_MS, WRONG_SETTING_AFTER_MS } from '../limits.js'
import type { Clock, Randomness } from '../ports.js'
import { type Attempted, attemptUntil, isRefusedByIam, isUnanswered, unreachable } from './dynamodb-retry.js'

/** The claims and reads of one client. They try for long, but only briefly where DynamoDB seems to be out of reach. */
export class Reads {
  /** The last one was not answered in its time. */
  private isSilent = false
  /** Until when refusals of IAM may pass: for some seconds from the first on, and not after DynamoDB has served this client. */
  private iamSpreadsUntilMs: number | undefined
  /** The last such refusal. What gives up meanwhile is told it. */
  refusal: HoldfastError | undefined

  constructor(
    private readonly clock: Clock,
    private readonly randomness: Randomness,
  ) {}

  /** Until when one that begins now may try, by the monotonic clock. */
  get untilMs(): number {
    return this.clock.monotonicMs() + (this.isSilent ? READ_SILENT_TIMEOUT_MS : READ_TIMEOUT_MS)
  }

  /** As {@link attemptUntil}; it notes whether DynamoDB answers. */
  async attempt<T>(
    untilMs: number,
    request: (signal: AbortSignal) => Promise<T>,
    isNeeded: () => boolean,
    unneeded: AbortSignal,
  ): Promise<Attempted<T>> {
    const { clock, randomness } = this
    const mayPass = (error: unknown) => isRefusedByIam(error) && this.mayIamSpread(error)
    const tried = await attemptUntil(untilMs, request, clock, randomness, isNeeded, unneeded, mayPass)
    if (tried.ok) {
      this.iamSpreadsUntilMs = Number.NEGATIVE_INFINITY
      this.refusal = undefined
    }
    if (tried.ok || !isUnanswered(tried.error)) this.isSilent = false
    else if (isNeeded() && !unneeded.aborted) this.isSilent = true
    return tried
  }

  private mayIamSpread(error: unknown): boolean {
    this.refusal = unreachable('cannot read the session', error)
    const nowMs = this.clock.monotonicMs()
    this.iamSpreadsUntilMs ??= nowMs + WRONG_SETTING_AFTER_MS
    return nowMs < this.iamSpreadsUntilMs
  }
}
