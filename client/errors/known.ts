import {
  AccessEndedError,
  InvalidArgumentError,
  InvalidValueError,
  NestedAccessError,
  NotLockedError,
  SchemaError,
  TooLargeError,
} from './arguments.js'
import { HoldfastError } from './base.js'
import { InvocationEndedError } from './invocation.js'
import {
  CommitUnknownError,
  CorruptStateError,
  PartialCommitError,
  SessionLostError,
  SessionMissingError,
} from './losses.js'
import { MigrationError, SessionChangedError, SessionReleasedError, SessionReplacedError } from './requests.js'
import { AbortedError, ClosedError, DeadlockError, RefusedError, UnreachableError, WaitTimeoutError } from './waits.js'

/** The types of all errors that the client throws. */
export const KNOWN_TYPES = [
  AbortedError,
  AccessEndedError,
  ClosedError,
  CommitUnknownError,
  CorruptStateError,
  DeadlockError,
  InvalidArgumentError,
  InvalidValueError,
  InvocationEndedError,
  MigrationError,
  NestedAccessError,
  NotLockedError,
  PartialCommitError,
  RefusedError,
  SchemaError,
  SessionChangedError,
  SessionLostError,
  SessionMissingError,
  SessionReleasedError,
  SessionReplacedError,
  TooLargeError,
  UnreachableError,
  WaitTimeoutError,
] as const

/** Every error that the client throws. `code` distinguishes them. */
export type KnownError = InstanceType<(typeof KNOWN_TYPES)[number]>

/** The stable codes of the client's errors. A later version may add codes: keep a `default` in a `switch`. */
export type HoldfastErrorCode = KnownError['code']

/**
 * Whether a thrown value is an error of this package. The compiler then derives the error's type and data from `code`.
 * It is true for the same values as `instanceof HoldfastError`, which does not give the compiler these types.
 *
 * @example
 * try {
 *   await holdfast.access(id, { write: ['cart'] }, work)
 * } catch (error) {
 *   if (isHoldfastError(error) && error.code === 'WAIT_TIMEOUT') return busy(error.behind)
 *   throw error
 * }
 */
export const isHoldfastError = (error: unknown): error is KnownError => error instanceof HoldfastError
