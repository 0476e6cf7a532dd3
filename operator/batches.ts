import { setTimeout as pause } from 'node:timers/promises'
import { BATCH_PAUSE_MS, BATCH_ROUNDS_MAX } from './limits.js'

/**
 * Sends a batch, and again what DynamoDB has left undone of it. `send` returns that. Throws a ThrottlingException where
 * something is left each time.
 */
export async function inRounds<T>(
  batch: readonly T[],
  send: (left: readonly T[]) => Promise<readonly T[]>,
): Promise<void> {
  let left = batch
  for (let round = 0; left.length > 0; round += 1) {
    if (round === BATCH_ROUNDS_MAX) {
      const problem = `DynamoDB has left ${left.length} of ${batch.length} records of a batch undone ${round} times: run it again later`
      throw Object.assign(new Error(problem), { name: 'ThrottlingException' })
    }
    if (round > 0) await pause(BATCH_PAUSE_MS * 2 ** (round - 1))
    left = await send(left)
  }
}
