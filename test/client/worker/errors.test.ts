import * as errors from '../../../client/errors/index.js'
import { fromWire, toWire } from '../../../client/worker/wire-error.js'
import { oneOfEach } from '../errors/each.js'

const EACH = oneOfEach(errors)
const cause = new errors.SessionLostError('fenced', 'another process has it')
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

  it("keeps the name of an application's own error, and the type that it extends", () => {
    class OwnTimeoutError extends errors.WaitTimeoutError {}
    const received = across(new OwnTimeoutError({ waitedMs: 5, behind: 1, holder: undefined, heldMs: undefined }))
    expect(received).toBeInstanceOf(errors.WaitTimeoutError)
    expect(received).toMatchObject({ name: 'OwnTimeoutError', code: 'WAIT_TIMEOUT', waitedMs: 5 })
  })

  it("stays an application's own error where only its name is the same as ours", () => {
    class SchemaError extends Error {
      override name = 'SchemaError'
    }
    const received = across(new SchemaError('not ours'))
    expect(received.name).toBe('SchemaError')
    expect(received).not.toBeInstanceOf(errors.HoldfastError)
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
