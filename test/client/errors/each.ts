import type * as Errors from '../../../client/errors/index.js'

/** One error of each type that the client has, made by the classes of any copy or form of the package. */
export function oneOfEach(errors: typeof Errors): readonly Errors.HoldfastError[] {
  const cause = new errors.SessionLostError('fenced', 'another process has it')
  return [
    new errors.InvalidArgumentError('wrong'),
    new errors.InvalidValueError('cart.items[0]', 'is NaN'),
    new errors.SchemaError('user', [{ message: 'too short', path: ['name'] }]),
    new errors.TooLargeError(undefined, 2, 1),
    new errors.NotLockedError('cart', 'write'),
    new errors.AccessEndedError(),
    new errors.InvocationEndedError('deadline', 'unknown'),
    new errors.DeadlockError([{ access: 'one', holds: ['a'], waitsFor: ['b'] }]),
    new errors.NestedAccessError('inside'),
    new errors.WaitTimeoutError({ waitedMs: 5, behind: 1, heldMs: undefined, holder: 'web-1' }),
    new errors.AbortedError(5, new Error('the request is gone')),
    cause,
    new errors.CommitUnknownError(new Error('socket hang up')),
    new errors.PartialCommitError(cause),
    new errors.CorruptStateError(new Error('no N')),
    new errors.SessionMissingError('rotated', 5_000),
    new errors.SessionReplacedError('destroyed'),
    new errors.SessionChangedError(['cart']),
    new errors.SessionReleasedError('stream'),
    new errors.MigrationError(new errors.TooLargeError('cart', 2, 1)),
    new errors.UnreachableError('cannot reach', Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }), false),
    new errors.RefusedError('LOCAL_QUEUE_FULL', 'full', true),
    new errors.ClosedError(),
  ]
}
