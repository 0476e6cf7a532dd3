import { STATE_RETRY_BASE_MS, STATE_RETRY_MAX_MS, STATE_TRIES_MAX } from './limits.js'
import type { Clock, Randomness } from './ports.js'

/** How a DynamoDB request ended. `mayHaveLanded`: a try before this one, or this one, got no telling answer. */
export type Attempted<T> =
  | { readonly ok: true; readonly value: T; readonly mayHaveLanded: boolean }
  | { readonly ok: false; readonly error: unknown; readonly mayHaveLanded: boolean }

const THROTTLED = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'TransactionInProgressException',
])

const httpStatus = (error: unknown): number | undefined =>
  (error as { readonly $metadata?: { readonly httpStatusCode?: number } })?.$metadata?.httpStatusCode

const errorName = (error: unknown): string => (error as { readonly name?: string })?.name ?? ''

/** DynamoDB refused it, or it was never sent. Anything else, such as a lost answer, leaves the outcome open. */
const wasRefused = (error: unknown): boolean => {
  const status = httpStatus(error)
  return (status !== undefined && status >= 400 && status < 500) || errorName(error) === 'CredentialsProviderError'
}

const isPassing = (error: unknown): boolean => !wasRefused(error) || THROTTLED.has(errorName(error))

/**
 * Tries a request a bounded number of times, with full jitter between. Every try must send the same bytes: the
 * caller learns whether one of them may have landed, and tells its own write by its commitId.
 */
export async function attempt<T>(
  request: () => Promise<T>,
  clock: Clock,
  randomness: Randomness,
  mayGoOn: () => boolean,
): Promise<Attempted<T>> {
  let mayHaveLanded = false
  for (let tries = 1; ; tries += 1) {
    try {
      return { ok: true, value: await request(), mayHaveLanded }
    } catch (error) {
      mayHaveLanded ||= !wasRefused(error)
      if (!isPassing(error) || tries >= STATE_TRIES_MAX || !mayGoOn()) return { ok: false, error, mayHaveLanded }
      const ceilingMs = Math.min(STATE_RETRY_MAX_MS, STATE_RETRY_BASE_MS * 2 ** tries)
      await new Promise<void>((resolve) => clock.after(ceilingMs * randomness.fraction(), resolve, 'awaited'))
      if (!mayGoOn()) return { ok: false, error, mayHaveLanded }
    }
  }
}

/** Says in the words of the settings what a DynamoDB error means. */
export function explain(error: unknown): string {
  const name = errorName(error)
  if (name === 'ResourceNotFoundException') return 'the sessions table does not exist: check sessionsTable and region'
  if (name === 'AccessDeniedException') return 'these credentials may not use the sessions table: see grantAccess'
  if (name === 'CredentialsProviderError') return 'no AWS credentials were found'
  if (THROTTLED.has(name)) return 'DynamoDB throttled the request'
  return `DynamoDB could not be reached or failed (${name})`
}
