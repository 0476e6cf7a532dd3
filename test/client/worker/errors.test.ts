import * as errors from '../../../client/errors/index.js'
import { fromWire, toWire } from '../../../client/worker/wire-error.js'

const cause = new errors.SessionLostError('fenced', 'another process has it')
const EACH: readonly errors.HoldfastError[] = [
  new errors.InvalidArgumentError('wrong'),
  new errors.InvalidValueError('cart.items[0]', 'is NaN'),
  new errors.SchemaError('user', [{ message: 'too short', path: ['name'] }]),
  new errors.TooLargeError(undefined, 2, 1),
  new errors.NotLockedError('cart', 'write'),
  new errors.AccessEndedError(),
  new errors.DeadlockError([{ access: 'one', holds: ['a'], waitsFor: ['b'] }]),
  new errors.NestedAccessError('inside'),
  new errors.WaitTimeoutError({ waitedMs: 5, behind: 1, holder: 'web-1' }),
  new errors.AbortedError(5, new Error('the request is gone')),
  cause,
  new errors.CommitUnknownError(new Error('socket hang up')),
  new errors.PartialCommitError(cause),
  new errors.CorruptStateError(new Error('no N')),
  new errors.SessionMissingError('rotated'),
  new errors.UnreachableError('cannot reach', Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }), false),
  new errors.RefusedError('QUEUE_FULL', 'full', true),
  new errors.ClosedError(),
]
const across = (error: unknown) => fromWire(structuredClone(toWire(error)))

describe('an error that crosses to a worker thread', () => {
  it('is tested for every type of error that there is', () => {
    const types = Object.values(errors).filter((type) => 'prototype' in type && type !== errors.HoldfastError)
    expect(new Set(EACH.map((error) => error.constructor))).toEqual(new Set(types))
  })

  it('keeps the name of an error of Node.js itself, which is of another realm here', () => {
    const cloned = structuredClone(new RangeError('out of bounds'))
    expect(cloned instanceof RangeError).toBe(false)
    expect([across(cloned).name, across(cloned).message]).toEqual(['RangeError', 'out of bounds'])
  })

  it.each(EACH.map((error) => [error.name, error] as const))('%s keeps its class and its data', (name, error) => {
    const received = across(error)
    expect(received.constructor).toBe(error.constructor)
    expect(received).toBeInstanceOf(errors.HoldfastError)
    expect(received).toBeInstanceOf(Error)
    expect(received.name).toBe(name)
    expect(Object.fromEntries(Object.entries(received))).toEqual(Object.fromEntries(Object.entries(error)))
    expect([received.message, received.stack]).toEqual([error.message, error.stack])
    expect((received as errors.SchemaError).issues).toEqual((error as errors.SchemaError).issues)
    expect((received.cause as Error | undefined)?.message).toBe((error.cause as Error | undefined)?.message)
  })

  it('keeps the type and the code of its cause', () => {
    const partial = across(new errors.PartialCommitError(cause))
    expect(partial.cause).toBeInstanceOf(errors.SessionLostError)
    expect(partial.cause).toMatchObject({ code: 'SESSION_LOST', reason: 'fenced' })
    const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
    expect(across(new errors.UnreachableError('cannot reach', refused)).cause).toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('leaves behind what cannot cross, and never fails to', () => {
    const odd = Object.assign(new Error('odd'), {
      retry: () => {},
      port: Symbol('port'),
      code: 'ODD',
      nothing: undefined,
    })
    odd.cause = odd
    const received = across(odd)
    expect(received).toMatchObject({ message: 'odd', code: 'ODD' })
    expect(received).not.toHaveProperty('retry')
    const throwing = Object.defineProperty({}, 'code', { enumerable: true, get: () => JSON.parse('{') })
    for (const value of ['text', 5, null, undefined, Symbol('s'), Object.create(null), throwing]) {
      expect(across(value)).toBeInstanceOf(Error)
    }
    expect(across('text').message).toBe('text')
  })
})
