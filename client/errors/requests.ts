import { HoldfastError } from './base.js'
import { nameType } from './brand.js'

/** Why the session of a request is no longer under its id: `destroyed`, or `rotated` (it has another id now). */
export type ReplacedReason = 'destroyed' | 'rotated'

/**
 * `SESSION_REPLACED`: the session of this request was destroyed, or got another id, while the request was under way or
 * at most 30 s before. Answer with 409, and leave the cookie alone: the answer that ended the session has set it.
 */
export class SessionReplacedError extends HoldfastError {
  static {
    nameType(this, 'SessionReplacedError')
  }

  declare readonly code: 'SESSION_REPLACED'
  readonly reason: ReplacedReason

  constructor(reason: ReplacedReason) {
    super(
      'SESSION_REPLACED',
      `the session of this request was ${reason} meanwhile: nothing was written, send the request again with the cookie as it is now`,
    )
    this.reason = reason
  }
}

/**
 * `SESSION_CHANGED`: the request did not hold the session (lock 'none' or 'merge'), and another one has changed it since
 * this request loaded it. Nothing was written. Answer with 409, or do the work again from the start.
 */
export class SessionChangedError extends HoldfastError {
  static {
    nameType(this, 'SessionChangedError')
  }

  declare readonly code: 'SESSION_CHANGED'
  /** The attributes that another request has changed. Empty where the session was made anew under the same id. */
  readonly attributes: readonly string[]

  constructor(attributes: readonly string[]) {
    const what = attributes.length === 0 ? 'was made anew' : `was changed in ${attributes.length} of these attributes`
    super(
      'SESSION_CHANGED',
      `the session ${what} since this request loaded it: nothing was written, repeat the request or use lock 'write'`,
      { retryable: true },
    )
    this.attributes = attributes
  }
}

/**
 * How a request gave its session back.
 * - `release`: it called `release()`.
 * - `stream`: it began to send an event stream, or has a response without an end.
 * - `maxHoldMs`: it held the session for longer than that.
 * - `end`: it had ended.
 */
export type ReleasedReason = 'release' | 'stream' | 'maxHoldMs' | 'end'

const RELEASED: { readonly [R in ReleasedReason]: string } = {
  release: 'release() was called',
  stream: 'its response is a stream',
  maxHoldMs: 'it held the session for longer than maxHoldMs',
  end: 'it had ended',
}

/**
 * `SESSION_RELEASED`: a request changed its session after it had given it back. Nothing of that change was written.
 * Save before that, or change the session in an access of its own.
 */
export class SessionReleasedError extends HoldfastError {
  static {
    nameType(this, 'SessionReleasedError')
  }

  declare readonly code: 'SESSION_RELEASED'
  readonly reason: ReleasedReason

  constructor(reason: ReleasedReason) {
    super(
      'SESSION_RELEASED',
      `the request gave its session back before this change (${reason}): ${RELEASED[reason]}. Save first, or use holdfast.access`,
    )
    this.reason = reason
  }
}

/**
 * `MIGRATION_FAILED`: a session of the `fallback` store cannot be stored here. `cause` says why: an attribute's name is
 * empty or too long, a value cannot be stored or does not match its schema, or it is too large. Both stores are as they were, and each request of this
 * session fails until the fallback's `get` gives it without that, or gives none, which logs its user out.
 */
export class MigrationError extends HoldfastError {
  static {
    nameType(this, 'MigrationError')
  }

  declare readonly code: 'MIGRATION_FAILED'

  constructor(cause: HoldfastError) {
    super(
      'MIGRATION_FAILED',
      `a session of the fallback store cannot be stored here, and was left there: ${cause.message}. Let 'get' of the fallback give it without that`,
      { cause },
    )
  }
}
