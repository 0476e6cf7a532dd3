import { isHoldfastError, type SessionMissingError, SessionReplacedError } from '../../errors/index.js'
import { REPLACED_FOR_MS } from '../limits.js'

/** There is no such session. */
export const isMissing = (error: unknown): error is SessionMissingError =>
  isHoldfastError(error) && error.code === 'SESSION_MISSING'

/** Why a session was ended on purpose, where that is why it is missing. */
export function endedAs({ reason }: SessionMissingError): 'destroyed' | 'rotated' | undefined {
  return reason === 'destroyed' || reason === 'rotated' ? reason : undefined
}

/**
 * Refuses a request whose session was destroyed or rotated while it may have been under way.
 *
 * @param forMs how long ago that may be.
 */
export function refuseReplaced(error: SessionMissingError, forMs = REPLACED_FOR_MS): void {
  const reason = endedAs(error)
  if (reason !== undefined && (error.missingSinceMs ?? 0) < forMs) throw new SessionReplacedError(reason)
}
