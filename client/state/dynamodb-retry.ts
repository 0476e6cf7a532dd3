import { isThrottlingError } from '@smithy/core/retry'
import { ForeignAnswerError, NotSentError } from '../../protocol/dynamodb.js'
import { onAbort } from '../abort-listeners.js'
import { ClosedError, type HoldfastError, RefusedError, UnreachableError } from '../errors/index.js'
import {
  READ_TRIES_MAX,
  SIGNATURE_TRIES_MAX,
  STATE_RETRY_BASE_MS,
  STATE_RETRY_MAX_MS,
  STATE_TRIES_MAX,
} from '../limits.js'
import type { Clock, Randomness, Timer } from '../ports.js'

/** How a DynamoDB request ended. `mayHaveLanded`: a try before this one, or this one, got no telling answer. */
export type Attempted<T> =
  | { readonly ok: true; readonly value: T; readonly mayHaveLanded: boolean }
  | { readonly ok: false; readonly error: unknown; readonly mayHaveLanded: boolean }

/** DynamoDB names throttling in its own way among the reasons for which a transaction was cancelled. */
const THROTTLED_REASONS = new Set(['ProvisionedThroughputExceeded', 'RequestLimitExceeded', 'ThrottlingError'])

const isThrottled = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && isThrottlingError(error as Parameters<typeof isThrottlingError>[0])

/** Another transaction was at work on the item. DynamoDB then refuses plain writes too, instead of letting them wait. */
const CONFLICTS = new Set(['TransactionConflict', 'TransactionConflictException'])

const httpStatus = (error: unknown): number | undefined =>
  (error as { readonly $metadata?: { readonly httpStatusCode?: number } })?.$metadata?.httpStatusCode

const errorName = (error: unknown): string => (error as { readonly name?: string })?.name ?? ''

/** The obstacles: the error's name, or each reason for which a transaction was cancelled. */
function reasonsOf(error: unknown): readonly string[] {
  const name = errorName(error)
  if (name !== 'TransactionCanceledException') return [name]
  const { CancellationReasons = [] } = error as { readonly CancellationReasons?: readonly { readonly Code?: string }[] }
  const codes = CancellationReasons.map(({ Code = '' }) => Code)
  // A failed condition beside another reason is no obstacle: the next try tells which record it found.
  const obstacles = codes.filter((code) => code !== 'None' && code !== 'ConditionalCheckFailed')
  return obstacles.length === 0 ? [name] : obstacles
}

/** DynamoDB refused it, or it was never sent. Anything else, such as a lost answer, leaves the outcome open. */
const wasRefused = (error: unknown): boolean => {
  if (error instanceof NotSentError) return true
  const name = errorName(error)
  // An earlier copy of the same transaction is still under way, and may land.
  if (name === 'TransactionInProgressException') return false
  if (name === 'TransactionCanceledException') return true
  const status = httpStatus(error)
  return status !== undefined && status >= 400 && status < 500
}

/** Nothing came back from DynamoDB, or from anything in its place. */
export const isUnanswered = (error: unknown): boolean => httpStatus(error) === undefined

/** AWS's refusals of a signature, or of the credentials that it was made with. The next try is signed anew. */
const SIGNATURE_REFUSALS = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'RequestExpired',
  'RequestInTheFuture',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
])

/** So DynamoDB refuses a right or a key, also one that was given seconds ago and is not known everywhere. */
const IAM_REFUSALS = new Set(['AccessDeniedException', 'InvalidClientTokenId', 'UnrecognizedClientException'])

export const isRefusedByIam = (error: unknown): boolean => IAM_REFUSALS.has(errorName(error))

/** How often a request may be tried that failed so: once where another try is of no use. */
function triesMaxAfter(error: unknown, triesMax: number, mayPass: (error: unknown) => boolean): number {
  // The client is closed.
  if (reasonOf(error) instanceof ClosedError) return 1
  if (mayPass(error)) return triesMax
  if (SIGNATURE_REFUSALS.has(errorName(error))) return SIGNATURE_TRIES_MAX
  return isPassing(error) ? triesMax : 1
}

const isPassing = (error: unknown): boolean =>
  error instanceof NotSentError ||
  !wasRefused(error) ||
  isThrottled(error) ||
  reasonsOf(error).every((reason) => THROTTLED_REASONS.has(reason) || CONFLICTS.has(reason))

const reasonOf = (error: unknown): unknown => (error instanceof NotSentError ? error.cause : error)

/**
 * Tries a request a bounded number of times, with full jitter between. Every try must send the same bytes: the
 * caller learns whether one of them may have landed, and tells its own write by its commitId. `signal` ends a pause.
 */
export async function attempt<T>(
  request: () => Promise<T>,
  clock: Clock,
  randomness: Randomness,
  mayGoOn: () => boolean,
  triesMax = STATE_TRIES_MAX,
  signal?: AbortSignal,
  mayPass: (error: unknown) => boolean = () => false,
): Promise<Attempted<T>> {
  let mayHaveLanded = false
  for (let tries = 1; ; tries += 1) {
    try {
      return { ok: true, value: await request(), mayHaveLanded }
    } catch (error) {
      mayHaveLanded ||= !wasRefused(error)
      const failed = { ok: false, error: mayHaveLanded ? reasonOf(error) : error, mayHaveLanded } as const
      if (tries >= triesMaxAfter(error, triesMax, mayPass) || !mayGoOn()) return failed
      const ceilingMs = Math.min(STATE_RETRY_MAX_MS, STATE_RETRY_BASE_MS * 2 ** tries)
      await pause(ceilingMs * randomness.fraction(), clock, signal)
      if (!mayGoOn()) return failed
    }
  }
}

function pause(ms: number, clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      timer.cancel()
      unlisten()
      resolve()
    }
    const timer = clock.after(ms, end, 'awaited')
    const unlisten = onAbort(signal, end)
  })
}

/**
 * The same for a claim or a read, which ends at the monotonic time `untilMs` whatever the store does. Its last error is
 * returned then, or else that of the deadline. Where `unneeded` is aborted, it ends at once with the reason of that. A
 * refusal that `mayPass` is true of is no end.
 */
export async function attemptUntil<T>(
  untilMs: number,
  request: (signal: AbortSignal) => Promise<T>,
  clock: Clock,
  randomness: Randomness,
  mayGoOn: () => boolean,
  unneeded?: AbortSignal,
  mayPass?: (error: unknown) => boolean,
): Promise<Attempted<T>> {
  if (unneeded?.aborted) return { ok: false, error: unneeded.reason, mayHaveLanded: false }
  const deadline = new AbortController()
  const { signal } = deadline
  let error: unknown = Object.assign(new Error('no answer in time'), { name: 'TimeoutError' })
  let timer: Timer | undefined
  let unlisten = () => {}
  const over = new Promise<Attempted<T>>((resolve) => {
    const end = (reason: unknown) => {
      resolve({ ok: false, error: reason, mayHaveLanded: true })
      deadline.abort(reason)
    }
    timer = clock.after(untilMs - clock.monotonicMs(), () => end(error), 'awaited')
    unlisten = onAbort(unneeded, () => end(unneeded?.reason))
  })
  const noted = () =>
    request(signal).catch((reason: unknown) => {
      error = reason
      throw reason
    })
  const trying = attempt(noted, clock, randomness, () => !signal.aborted && mayGoOn(), READ_TRIES_MAX, signal, mayPass)
  try {
    return await Promise.race([trying, over])
  } finally {
    timer?.cancel()
    unlisten()
  }
}

/** DynamoDB's errors for a signature that it does not accept. */
const BAD_CREDENTIALS = new Map([
  ['UnrecognizedClientException', 'the AWS credentials are unknown in this region: check them, or get new ones'],
  ['InvalidClientTokenId', 'the AWS credentials are unknown: check them, or get new ones'],
  ['InvalidSignatureException', "the request's signature is wrong: check the secret access key and the clock"],
  ['RequestExpired', "the request's signature has expired: check the clock"],
  ['RequestTimeTooSkewed', "the request's signature is of another time: check the clock"],
  ['IncompleteSignatureException', "the request's signature is incomplete: check the AWS credentials"],
  ['ExpiredTokenException', 'the AWS credentials have expired: get new ones'],
])

/** Explains a DynamoDB error in the words of the settings. */
export function explain(failure: unknown): string {
  const error = reasonOf(failure)
  const name = errorName(error)
  if (error instanceof ForeignAnswerError) {
    return `${error.message}: check dynamoDbEndpoint, the proxy and the network between`
  }
  if (name === 'ResourceNotFoundException') return 'the sessions table does not exist: check sessionsTable and region'
  if (name === 'CredentialsProviderError') return `no AWS credentials: ${(error as Error).message}`
  const credentials = BAD_CREDENTIALS.get(name)
  if (credentials !== undefined) return credentials
  const reasons = reasonsOf(error)
  if (isThrottled(error) || reasons.some((reason) => THROTTLED_REASONS.has(reason))) {
    return 'DynamoDB throttled the request'
  }
  if (reasons.some((reason) => CONFLICTS.has(reason)))
    return 'transactions on the same session kept conflicting with it'
  if (failure instanceof NotSentError) {
    const { host } = failure
    if (name === 'TimeoutError') {
      return host === undefined
        ? 'the request waited too long for AWS credentials, a connection or other requests'
        : `no connection to ${host} in time`
    }
    const { code = name } = (error ?? {}) as { readonly code?: unknown }
    return `the request could not be sent${host === undefined ? '' : ` to ${host}`} (${String(code)})`
  }
  return `DynamoDB could not be reached or failed (${reasons.join(', ')})`
}

/** A request failed that cannot have landed. Asking again is of use only where the obstacle may pass. */
export function unreachable(what: string, error: unknown): HoldfastError {
  const cause = reasonOf(error)
  if (cause instanceof ClosedError) return cause
  if (errorName(cause) === 'AccessDeniedException') {
    const problem = 'these credentials may not use the sessions table, or this namespace of it: see grants.connect'
    return new RefusedError('FORBIDDEN', `${what}: ${problem}`, false, cause)
  }
  return new UnreachableError(`${what}: ${explain(error)}`, cause, isPassing(error))
}
