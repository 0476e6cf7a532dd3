/**
 * Every error that the client SDK throws. All extend {@link HoldfastError}; tell them apart by `code`, which is
 * stable, or with `instanceof`, which also works across duplicate copies of this package.
 *
 * Messages start in lower case, say what was expected and what was received, and name the option to change.
 * None contains a session id or an attribute's value.
 */

import { brand, brandOf } from './brand.js'

/** Whether a failed operation changed anything: `none` is a promise, `unknown` means that nobody can tell. */
export type Effect = 'none' | 'unknown'

/**
 * Why a process lost a session that it held. `revoked`: it was asked for and not released within `maxBusyMs`.
 * `leaseExpired`: the process itself stood still beyond its lease. `unreachable`: the store answered no renewal until the
 * lease ended. `evicted`: the store gave the process up, since it did not answer. `expired` and `destroyed`: the session's
 * life has ended. `fenced`: a later holder has claimed it.
 */
export type LossReason = 'revoked' | 'leaseExpired' | 'evicted' | 'expired' | 'destroyed' | 'fenced' | 'unreachable'

interface ErrorTraits {
  readonly effect?: Effect
  readonly retryable?: boolean
  readonly cause?: unknown
}

/**
 * The base of all errors of this package.
 *
 * @example
 * try {
 *   await holdfast.access(id, { write: ['cart'] }, work)
 * } catch (error) {
 *   if (error instanceof HoldfastError && error.retryable && error.effect === 'none') return retryLater()
 *   throw error
 * }
 */
export class HoldfastError extends Error {
  /** Stable, in upper case, such as `WAIT_TIMEOUT`. */
  readonly code: string
  /** What the failed operation may have changed. */
  readonly effect: Effect
  /** True when the same call may succeed later without a change to the program. */
  readonly retryable: boolean

  constructor(code: string, message: string, traits: ErrorTraits = {}) {
    super(message, traits.cause === undefined ? undefined : { cause: traits.cause })
    this.name = new.target.name
    this.code = code
    this.effect = traits.effect ?? 'none'
    this.retryable = traits.retryable ?? false
    brand(this, new.target)
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brandOf(this) in value
  }
}

/** `INVALID_ARGUMENT`: an id, an attribute name, an option or a call is not acceptable. Nothing has happened. */
export class InvalidArgumentError extends HoldfastError {
  constructor(message: string, traits: ErrorTraits = {}) {
    super('INVALID_ARGUMENT', message, traits)
  }
}

/** `INVALID_VALUE`: a value that cannot be stored exactly. `path` says where, as in `cart.items[3].price`. */
export class InvalidValueError extends HoldfastError {
  readonly path: string

  constructor(path: string, problem: string) {
    super('INVALID_VALUE', `${path}: ${problem}`)
    this.path = path
  }
}

/** What a schema found wrong, and where in the attribute. */
export interface SchemaIssue {
  readonly message: string
  readonly path: readonly string[]
}

/** `SCHEMA_MISMATCH`: an attribute, as stored or as it was to be stored, does not match its schema. Nothing was written. */
export class SchemaError extends HoldfastError {
  readonly attribute: string
  /** What the schema says. Not shown when the error is printed: its messages may contain values. */
  declare readonly issues: readonly SchemaIssue[]

  constructor(attribute: string, issues: readonly SchemaIssue[]) {
    const places = [...new Set(issues.map(({ path }) => [attribute, ...path].join('.')))]
    super('SCHEMA_MISMATCH', `attribute '${attribute}' does not match its schema at ${places.join(', ')}: see 'issues'`)
    this.attribute = attribute
    Object.defineProperty(this, 'issues', { value: issues })
  }
}

/** `TOO_LARGE`: an attribute or the whole session is over its size limit. Nothing was written. */
export class TooLargeError extends HoldfastError {
  /** The attribute that is too large, or undefined where the session as a whole is. */
  readonly attribute: string | undefined
  readonly sizeBytes: number
  readonly limitBytes: number

  constructor(attribute: string | undefined, sizeBytes: number, limitBytes: number) {
    const what = attribute === undefined ? 'the session' : `attribute '${attribute}'`
    super('TOO_LARGE', `${what} would be ${sizeBytes} bytes, at most ${limitBytes} are allowed: keep less in it`)
    this.attribute = attribute
    this.sizeBytes = sizeBytes
    this.limitBytes = limitBytes
  }
}

const NOT_LOCKED = {
  read: "is not locked for reading by this access: name it in 'read' or 'write', or call session.lock() first",
  write: "is not locked for writing by this access: name it in 'write', or call session.lock() first",
  change: 'was locked for reading, so this value of it is read-only: read it under a write lock, or change a copy',
} as const

/**
 * `NOT_LOCKED`: an access touched an attribute that it did not lock, wrote one that it locked for reading, or called
 * what changes a Map, Set or Date in it.
 */
export class NotLockedError extends HoldfastError {
  readonly attribute: string

  constructor(attribute: string, needed: keyof typeof NOT_LOCKED) {
    super('NOT_LOCKED', `attribute '${attribute}' ${NOT_LOCKED[needed]}`)
    this.attribute = attribute
  }
}

/** `ACCESS_ENDED`: a session object was used after its access had ended. */
export class AccessEndedError extends HoldfastError {
  constructor() {
    super('ACCESS_ENDED', 'this access has ended: use the session only inside it, and await what you start there')
  }
}

/** One party to a deadlock: the access that waits, the attributes it holds and those it waits for. */
export interface DeadlockParty {
  readonly access: string
  readonly holds: readonly string[]
  readonly waitsFor: readonly string[]
}

/** `DEADLOCK`: the lock request would have waited for itself, by way of the accesses in `cycle`. */
export class DeadlockError extends HoldfastError {
  readonly cycle: readonly DeadlockParty[]

  constructor(cycle: readonly DeadlockParty[]) {
    const shown = cycle.map((p) => `${p.access} holds [${p.holds.join(', ')}] and waits for [${p.waitsFor.join(', ')}]`)
    super('DEADLOCK', `this lock request can never be granted: ${shown.join('; ')}. Lock all attributes at the start`, {
      retryable: true,
    })
    this.cycle = cycle
  }
}

/** `NESTED_ACCESS`: an access began inside another of the same task that does not hold what it needs. */
export class NestedAccessError extends HoldfastError {
  constructor(message: string) {
    super('NESTED_ACCESS', message)
  }
}

/** What a wait had come to when it failed. */
export interface WaitData {
  readonly waitedMs: number
  /** How many processes stood before this one in the store's queue, where the store has said. */
  readonly behind: number | undefined
  /** The label of the process that holds the session, where the store has said. */
  readonly holder: string | undefined
}

function placeInLine(behind: number): string {
  if (behind === 0) return 'next in line'
  return `behind ${behind} other ${behind === 1 ? 'process' : 'processes'}`
}

/** `WAIT_TIMEOUT`: the locks were not granted within `timeoutMs`. The request has left the queue. */
export class WaitTimeoutError extends HoldfastError implements WaitData {
  readonly waitedMs: number
  readonly behind: number | undefined
  readonly holder: string | undefined

  constructor(data: WaitData) {
    const behind = data.behind === undefined ? '' : `, ${placeInLine(data.behind)}`
    const holder = data.holder === undefined ? '' : `, held by '${data.holder}'`
    super('WAIT_TIMEOUT', `locks not granted after ${data.waitedMs} ms${behind}${holder}: raise timeoutMs or retry`, {
      retryable: true,
    })
    this.waitedMs = data.waitedMs
    this.behind = data.behind
    this.holder = data.holder
  }
}

/** `ABORTED`: the caller's AbortSignal ended the wait. `cause` is the signal's reason. */
export class AbortedError extends HoldfastError {
  readonly waitedMs: number

  constructor(waitedMs: number, cause: unknown) {
    super('ABORTED', `aborted by the caller after waiting ${waitedMs} ms`, { cause })
    this.waitedMs = waitedMs
  }
}

/** `SESSION_LOST`: the process lost the session while the access ran or was queued. Nothing of it was committed. */
export class SessionLostError extends HoldfastError {
  readonly reason: LossReason

  constructor(reason: LossReason, explanation: string, traits: ErrorTraits = {}) {
    super('SESSION_LOST', `session lost (${reason}): ${explanation}`, { retryable: true, ...traits })
    this.reason = reason
  }
}

/** `COMMIT_UNKNOWN`: a commit was sent and its outcome could not be learned. It may or may not have landed. */
export class CommitUnknownError extends HoldfastError {
  constructor(cause: unknown) {
    super(
      'COMMIT_UNKNOWN',
      'the commit was sent but DynamoDB gave no answer that tells whether it landed: read the session before retrying',
      { effect: 'unknown', cause },
    )
  }
}

/** `PARTIAL_COMMIT`: of the sessions of an accessMany some are committed and others are not. */
export class PartialCommitError extends HoldfastError {
  constructor(cause: unknown) {
    super('PARTIAL_COMMIT', 'some of these sessions are committed, others are not: read them before retrying', {
      effect: 'unknown',
      cause,
    })
  }
}

/** `CORRUPT_STATE`: what DynamoDB holds was not written by this version of the package. Nothing was changed. */
export class CorruptStateError extends HoldfastError {
  constructor(cause: unknown) {
    super('CORRUPT_STATE', `the stored session cannot be read: ${(cause as Error)?.message ?? cause}`, { cause })
  }

  /** Runs what reads stored state, and gives its failure a type. */
  static guard<T>(read: () => T): T {
    try {
      return read()
    } catch (cause) {
      throw new CorruptStateError(cause)
    }
  }
}

/** Why there is no session: never made (or long gone), its time was over, it was destroyed, it has another id now. */
export type MissingReason = 'unknown' | 'expired' | 'destroyed' | 'rotated'

const MISSING: { readonly [R in MissingReason]: string } = {
  unknown: "it does not exist (ifMissing is 'fail')",
  expired: "it has expired (ifMissing is 'fail')",
  destroyed: "it was destroyed (ifMissing is 'fail')",
  rotated: 'it was given another id, and this one is not used again',
}

/**
 * `SESSION_MISSING`: there is no such session, and it was not to be created. `reason` says why; after a day or so, those
 * that have expired, were destroyed or rotated are `unknown` too.
 */
export class SessionMissingError extends HoldfastError {
  readonly reason: MissingReason

  constructor(reason: MissingReason) {
    super('SESSION_MISSING', `no such session (${reason}): ${MISSING[reason]}`)
    this.reason = reason
  }
}

/**
 * `UNREACHABLE`: the store could not be reached, or did not answer in time. `cause` is the underlying error. It is
 * `retryable` unless what is wrong stays so until a setting changes: the URL, a name, the credentials or their rights.
 */
export class UnreachableError extends HoldfastError {
  constructor(message: string, cause?: unknown, retryable = true) {
    super('UNREACHABLE', message, { retryable, cause })
  }
}

/** `REFUSED`: too many wait already, or the store refused the request. `reason` is a code such as `QUEUE_FULL`. */
export class RefusedError extends HoldfastError {
  readonly reason: string

  constructor(reason: string, message: string, retryable: boolean) {
    super('REFUSED', `the store refused the request (${reason}): ${message}`, { retryable })
    this.reason = reason
  }
}

/** `CLOSED`: the client is closing or closed. */
export class ClosedError extends HoldfastError {
  constructor() {
    super('CLOSED', 'this Holdfast client is closed: create a new one')
  }
}
