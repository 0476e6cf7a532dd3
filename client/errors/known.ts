import type {
  AccessEndedError,
  InvalidArgumentError,
  InvalidValueError,
  NestedAccessError,
  NotLockedError,
  SchemaError,
  TooLargeError,
} from './arguments.js'
import { HoldfastError } from './base.js'
import type {
  CommitUnknownError,
  CorruptStateError,
  PartialCommitError,
  SessionLostError,
  SessionMissingError,
} from './losses.js'
import type {
  AbortedError,
  ClosedError,
  DeadlockError,
  RefusedError,
  UnreachableError,
  WaitTimeoutError,
} from './waits.js'

/** Every error that the client throws: told apart by `code`. */
export type KnownError =
  | AbortedError
  | AccessEndedError
  | ClosedError
  | CommitUnknownError
  | CorruptStateError
  | DeadlockError
  | InvalidArgumentError
  | InvalidValueError
  | NestedAccessError
  | NotLockedError
  | PartialCommitError
  | RefusedError
  | SchemaError
  | SessionLostError
  | SessionMissingError
  | TooLargeError
  | UnreachableError
  | WaitTimeoutError

/** The stable codes of the client's errors. A later version may add some: keep a `default` in a `switch`. */
export type HoldfastErrorCode = KnownError['code']

/**
 * Whether something that was thrown is an error of this package. `code` then tells which, and the compiler knows its
 * data. It is `instanceof HoldfastError` for the compiler's sake, and true for the same values.
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
