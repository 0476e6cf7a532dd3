import { InternalError } from '../../protocol/assert.js'
import { num, ttlSeconds } from '../../protocol/dynamodb.js'

describe('a number', () => {
  test('is stored as a decimal', () => {
    expect([0, -1, 2 ** 53].map(num)).toEqual([{ N: '0' }, { N: '-1' }, { N: '9007199254740992' }])
  })

  test('that is none is never stored', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(() => num(value)).toThrow(InternalError)
      expect(() => num(value)).toThrow('a number that is stored is finite')
      expect(() => ttlSeconds(value)).toThrow(InternalError)
    }
  })
})

test('a time to live is in whole seconds, and never too short', () => {
  expect([1_000, 1_001, 1_999].map(ttlSeconds)).toEqual([{ N: '1' }, { N: '2' }, { N: '2' }])
})
