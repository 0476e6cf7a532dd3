import type { Absence } from '../../protocol/state/record.js'
import { type ErrorTraits, HoldfastError } from './base.js'
import { nameType } from './brand.js'

/**
 * The reason why a process lost a session that it held.
 * - `revoked`: another process asked for the session, and an access went on for longer than `maxBusyMs`.
 * - `leaseExpired`: this process stood still for longer than its lease.
 * - `unreachable`: the store answered no renewal until the lease ended.
 * - `evicted`: the store ended the hold because this process did not answer, or runs as two copies.
 * - `expired`, `destroyed`: the session's life has ended.
 * - `fenced`: a later holder has claimed the session.
 */
export type LossReason = 'revoked' | 'leaseExpired' | 'evicted' | 'expired' | 'destroyed' | 'fenced' | 'unreachable'

/** `SESSION_LOST`: the process lost the session while the access ran or was queued. Nothing of it was committed. */
export class SessionLostError extends HoldfastError {
  static {
    nameType(this, 'SessionLostError')
  }

  declare readonly code: 'SESSION_LOST'
  readonly reason: LossReason

  constructor(reason: LossReason, explanation: string, traits: ErrorTraits = {}) {
    super('SESSION_LOST', `session lost (${reason}): ${explanation}`, { retryable: true, ...traits })
    this.reason = reason
  }
}

/** `COMMIT_UNKNOWN`: a commit was sent and its outcome could not be learned. It may or may not have landed. */
export class CommitUnknownError extends HoldfastError {
  static {
    nameType(this, 'CommitUnknownError')
  }

  declare readonly code: 'COMMIT_UNKNOWN'

  constructor(cause: unknown) {
    super(
      'COMMIT_UNKNOWN',
      'the commit was sent but DynamoDB gave no answer that tells whether it landed: read the session before retrying',
      { effect: 'unknown', cause },
    )
  }
}

/** `PARTIAL_COMMIT`: some sessions of an accessMany are committed and others are not. */
export class PartialCommitError extends HoldfastError {
  static {
    nameType(this, 'PartialCommitError')
  }

  declare readonly code: 'PARTIAL_COMMIT'

  constructor(cause: unknown) {
    super('PARTIAL_COMMIT', 'some of these sessions are committed, others are not: read them before retrying', {
      effect: 'unknown',
      cause,
    })
  }
}

/** `CORRUPT_STATE`: the stored session was not written by this version of the package. Nothing was changed. */
export class CorruptStateError extends HoldfastError {
  static {
    nameType(this, 'CorruptStateError')
  }

  declare readonly code: 'CORRUPT_STATE'

  constructor(cause: unknown) {
    super('CORRUPT_STATE', `the stored session cannot be read: ${(cause as Error)?.message ?? cause}`, { cause })
  }

  /** Runs a function that reads stored state. If it throws, its error becomes the cause of a CorruptStateError. */
  static guard<T>(read: () => T): T {
    try {
      return read()
    } catch (cause) {
      throw new CorruptStateError(cause)
    }
  }
}

/**
 * The reason why there is no session.
 * - `unknown`: it was never made, or it ended long ago.
 * - `expired`: its life is over.
 * - `destroyed`: it was destroyed.
 * - `rotated`: it has another id now.
 */
export type MissingReason = Absence['reason']

const MISSING: { readonly [R in MissingReason]: string } = {
  unknown: 'it was never made, or it ended long ago',
  expired: 'its life is over',
  destroyed: 'it was destroyed',
  rotated: 'it was given another id, and this one is not used again',
}

/**
 * `SESSION_MISSING`: there is no such session, and the access did not create it. `reason` says why. About a day after a
 * session expired, was destroyed or was rotated, its reason becomes `unknown`.
 */
export class SessionMissingError extends HoldfastError {
  static {
    nameType(this, 'SessionMissingError')
  }

  declare readonly code: 'SESSION_MISSING'
  readonly reason: MissingReason
  /**
   * How many milliseconds ago the session expired, was destroyed or was rotated, to the error of the clocks of two
   * processes. So a session that ended while this request was under way can be told from an old cookie. Undefined where
   * `reason` is `unknown`.
   */
  readonly missingSinceMs: number | undefined

  constructor(reason: MissingReason, missingSinceMs?: number) {
    super('SESSION_MISSING', `no such session (${reason}): ${MISSING[reason]}`)
    this.reason = reason
    this.missingSinceMs = missingSinceMs
  }

  /** The error that says why there is no session, at this time. */
  static of({ reason, endedAt }: Absence, nowMs: number): SessionMissingError {
    return new SessionMissingError(reason, endedAt === undefined ? undefined : Math.max(0, nowMs - endedAt))
  }
}
