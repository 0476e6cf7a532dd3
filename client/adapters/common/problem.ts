import { isHoldfastError, type KnownError } from '../../errors/index.js'
import { RETRY_AFTER_SECONDS } from '../limits.js'

/** An answer to a request, as RFC 9457 describes it. It has no id, no value and no label in it. */
export interface Problem {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly body: string
}

const BUSY = {
  type: 'session-busy',
  status: 503,
  title: 'The session is in use, or cannot be reached. Repeat the request later.',
} as const
const REPLACED = {
  type: 'session-replaced',
  status: 409,
  title: 'The session has ended or moved while this request was under way. Repeat it with the cookies as they are now.',
} as const
const CHANGED = {
  type: 'session-changed',
  status: 409,
  title: 'Another request has changed the session. Nothing was stored: repeat the request.',
} as const

/**
 * The answer to a request that failed because of its session; undefined where the application has to answer. A busy or
 * unreachable session is a 503, one that was replaced or changed meanwhile a 409.
 */
export function problemOf(error: unknown): Problem | undefined {
  const kind = isHoldfastError(error) ? kindOf(error) : undefined
  if (kind === undefined) return undefined
  const headers = {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    ...(kind === BUSY ? { 'retry-after': String(RETRY_AFTER_SECONDS) } : {}),
  }
  return { status: kind.status, headers, body: JSON.stringify(kind) }
}

function kindOf(error: KnownError): typeof BUSY | typeof REPLACED | typeof CHANGED | undefined {
  switch (error.code) {
    case 'WAIT_TIMEOUT':
    case 'CLOSED':
      return BUSY
    case 'REFUSED':
      return error.reason === 'LOCAL_QUEUE_FULL' ? BUSY : undefined
    case 'UNREACHABLE':
      return error.retryable ? BUSY : undefined
    case 'SESSION_REPLACED':
    case 'SESSION_MISSING':
      return REPLACED
    case 'SESSION_CHANGED':
      return CHANGED
    default:
      return undefined
  }
}
