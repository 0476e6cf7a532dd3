import { InternalError, invariant } from '../../protocol/assert.js'

describe('an invariant', () => {
  test('that holds changes nothing', () => {
    expect(() => invariant(true, 'numbers count')).not.toThrow()
  })

  test('that is broken says which rule it was, and asks to report it', () => {
    expect(() => invariant(false, 'numbers count')).toThrow(InternalError)
    const error = new InternalError('numbers count')
    expect(error).toMatchObject({ name: 'InternalError', code: 'BROKEN_INVARIANT', rule: 'numbers count' })
    expect(error.message).toBe(
      'a rule inside Holdfast was broken: numbers count. This is a bug in Holdfast: please report it with this message',
    )
  })
})
