import { UnreachableError } from '../errors/index.js'
import {
  OUT_OF_REACH_AFTER_MS,
  OUT_OF_REACH_WAIT_MAX_MS,
  OUT_OF_REACH_WAIT_MS,
  WRONG_SETTING_AFTER_MS,
} from '../limits.js'
import type { Clock, ConnectFailure } from '../ports.js'

/** Whether a client reaches its store, over all its process ids; and how long accesses wait while it does not. */
export class Reach {
  /** Why a connection failed last, since one was last welcomed. */
  lastFailure: ConnectFailure | undefined
  private hasConnected = false
  /** When the connection was lost, or could not be opened for the first time; and when this last failed. */
  private failed: { readonly firstMs: number; readonly lastMs: number } | undefined
  /** When the try began that failed last. */
  private triedAtMs = Number.NEGATIVE_INFINITY

  constructor(private readonly clock: Clock) {}

  /** There is no connection, for this reason. `triedAtMs`: when the try began that failed. */
  missed(failure: ConnectFailure, triedAtMs = this.triedAtMs): void {
    this.lastFailure = failure
    this.triedAtMs = triedAtMs
    const nowMs = this.clock.monotonicMs()
    this.failed = { firstMs: this.failed?.firstMs ?? nowMs, lastMs: nowMs }
  }

  welcomed(): void {
    this.hasConnected = true
    this.failed = undefined
    this.lastFailure = undefined
  }

  /** No connection is wanted until the next access. */
  unneeded(): void {
    this.failed = undefined
  }

  /** How much longer an access waits for a connection that has waited since then: not at all if 0 or less. */
  patienceMs(waitingSinceMs: number): number {
    if (this.outOfReachMs < this.limitMs) return Number.POSITIVE_INFINITY
    const waitMs = this.triedAtMs >= waitingSinceMs ? OUT_OF_REACH_WAIT_MS : OUT_OF_REACH_WAIT_MAX_MS
    return waitingSinceMs + waitMs - this.clock.monotonicMs()
  }

  /** Why an access has waited in vain. */
  error(waitedMs: number): UnreachableError {
    const { lastFailure, outOfReachMs } = this
    const outage = outOfReachMs > waitedMs ? `, out of reach for ${Math.round(outOfReachMs)} ms` : ''
    const reason = lastFailure?.message ?? 'not connected'
    return new UnreachableError(`no lock after ${waitedMs} ms${outage}: ${reason}`, lastFailure?.cause, !this.isFinal)
  }

  /** From the first failure to the last: time in which nothing was tried, as in a frozen process, shows nothing. */
  private get outOfReachMs(): number {
    return this.failed === undefined ? 0 : this.failed.lastMs - this.failed.firstMs
  }

  /** Settings with which a connection was welcomed before are right. */
  private get isSettingWrong(): boolean {
    return this.lastFailure?.kind === 'setting' && !this.hasConnected
  }

  private get limitMs(): number {
    return this.isSettingWrong ? WRONG_SETTING_AFTER_MS : OUT_OF_REACH_AFTER_MS
  }

  private get isFinal(): boolean {
    return this.lastFailure?.kind === 'final' || (this.isSettingWrong && this.outOfReachMs >= this.limitMs)
  }
}
