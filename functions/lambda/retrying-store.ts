import { setTimeout as pause } from 'node:timers/promises'
import { isServerError, isThrottlingError, isTransientError } from '@smithy/core/retry'
import {
  type Item,
  NotSentError,
  type Store,
  type TableName,
  type TransactOutcome,
  type Update,
  type UpdateOutcome,
} from '../../protocol/dynamodb.js'
import { DYNAMODB_RETRY_MS, DYNAMODB_TRIES_MAX } from '../limits.js'

/**
 * A store whose requests are tried again where the obstacle may pass, all within the time of one message. An update may
 * land twice: its condition then fails the second time, as it does for a message that arrives twice.
 */
export class RetryingStore implements Store {
  /** `signal` is that of the present message. */
  constructor(
    private readonly store: Store,
    private readonly signal: () => AbortSignal,
  ) {}

  update(update: Update): Promise<UpdateOutcome> {
    return this.retry((signal) => this.store.update(update, signal))
  }

  transact(updates: readonly Update[]): Promise<TransactOutcome> {
    return this.retry((signal) => this.store.transact(updates, signal))
  }

  get(table: TableName, key: string): Promise<Item | undefined> {
    return this.retry((signal) => this.store.get(table, key, signal))
  }

  remove(table: TableName, key: string): Promise<void> {
    return this.retry((signal) => this.store.remove(table, key, signal))
  }

  private async retry<T>(request: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const signal = this.signal()
    for (let tries = 1; ; tries += 1) {
      try {
        return await request(signal)
      } catch (error) {
        if (tries >= DYNAMODB_TRIES_MAX || signal.aborted || !isPassing(error)) throw error
        await pause(Math.random() * DYNAMODB_RETRY_MS * 2 ** tries, undefined, { signal })
      }
    }
  }
}

function isPassing(error: unknown): boolean {
  if (error instanceof NotSentError) return true
  if (!(error instanceof Error)) return false
  const failure = error as Parameters<typeof isTransientError>[0]
  return isTransientError(failure) || isThrottlingError(failure) || isServerError(failure)
}
