import * as errors from '../../../client/errors/index.js'
import * as local from '../../../local/errors.js'
import { oneOfEach } from './each.js'

const EACH = [
  new errors.HoldfastError('SOME_CODE', 'something'),
  ...oneOfEach(errors),
  new local.JavaMissingError(17, undefined, 'install it'),
  new local.LocalStartError('no port'),
  new local.TemplateError('no table'),
]

describe('an error', () => {
  test.each(EACH.map((error) => [error.constructor.name, error] as const))(
    '%s has the name of its class',
    (name, { name: own }) => {
      expect(own).toBe(name)
    },
  )

  test('is an instance of its own types only, where all classes have one name', () => {
    const types = EACH.map((error) => error.constructor)
    const kept = types.map(({ name }) => name)
    try {
      for (const type of types) Object.defineProperty(type, 'name', { value: 'a' })
      const lost = new errors.SessionLostError('fenced', 'another process has it')
      expect(lost.name).toBe('SessionLostError')
      expect(types.filter((type) => lost instanceof type)).toEqual([errors.HoldfastError, errors.SessionLostError])
    } finally {
      for (const [index, type] of types.entries()) Object.defineProperty(type, 'name', { value: kept[index] })
    }
  })
})

describe("an application's own class of errors", () => {
  class OwnError extends errors.ClosedError {}
  class OtherError extends errors.ClosedError {}
  Object.defineProperty(OtherError, 'name', { value: 'OwnError' })

  test('gives its errors its own name', () => {
    expect(new OwnError().name).toBe('OwnError')
  })

  test('has its own instances, which are those of the class that it extends too', () => {
    const types = [OwnError, OtherError, errors.ClosedError, errors.HoldfastError, errors.AbortedError]
    const own = new OwnError()
    expect(types.filter((type) => own instanceof type)).toEqual([OwnError, errors.ClosedError, errors.HoldfastError])
    expect(new errors.ClosedError()).not.toBeInstanceOf(OwnError)
  })
})

test.each([undefined, null, 'text', {}, new Error('other'), { [Symbol.for('holdfast.error.types')]: 'HoldfastError' }])(
  '%p is no error of this package',
  (value) => {
    expect(errors.isHoldfastError(value)).toBe(false)
  },
)
