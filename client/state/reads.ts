import type { Store } from '../../protocol/dynamodb.js'
import { READ_SILENT_TIMEOUT_MS, READ_TIMEOUT_MS } from '../limits.js'
import type { Clock, Randomness } from '../ports.js'
import { type Attempted, attemptUntil, isUnanswered } from './dynamodb-retry.js'

interface Reader {
  readonly store: Store
  readonly clock: Clock
  readonly randomness: Randomness
}

/** The stores of which the last claim or read was not answered in its time: each client has one of its own. */
const silent = new WeakSet<Store>()

/** Until when a claim or a read that begins now may try: only briefly where DynamoDB seems to be out of reach. */
export const readUntilMs = ({ store, clock }: Reader): number =>
  clock.monotonicMs() + (silent.has(store) ? READ_SILENT_TIMEOUT_MS : READ_TIMEOUT_MS)

/** As {@link attemptUntil}; it notes whether DynamoDB answers. */
export async function attemptRead<T>(
  { store, clock, randomness }: Reader,
  untilMs: number,
  request: (signal: AbortSignal) => Promise<T>,
  isNeeded: () => boolean,
  unneeded?: AbortSignal,
): Promise<Attempted<T>> {
  const tried = await attemptUntil(untilMs, request, clock, randomness, isNeeded, unneeded)
  if (tried.ok || !isUnanswered(tried.error)) silent.delete(store)
  else if (isNeeded() && unneeded?.aborted !== true) silent.add(store)
  return tried
}
