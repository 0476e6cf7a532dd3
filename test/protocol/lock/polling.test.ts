import * as fc from 'fast-check'
import { waitingPeriodMs } from '../../../protocol/lock/polling.js'
import { DEFAULT_TIMING, nudgePeriodMaxMs, nudgePeriodMs } from '../../../protocol/timing.js'

const period = (askedForMs: number | undefined, position = 0, nudged = false) =>
  waitingPeriodMs(DEFAULT_TIMING, { position, nudged, askedForMs })

describe('the time after which a waiter looks again', () => {
  test('is that of a nudge for one that a push tells of its grant', () => {
    for (const nudged of [false, true])
      expect(period(undefined, 2, nudged)).toBe(nudgePeriodMs(DEFAULT_TIMING, 2, nudged))
  })

  test.each([
    [0, 250],
    [1_000, 250],
    [2_000, 500],
    [8_000, 2_000],
    [60_000, 4_000],
    [-500, 250],
  ])('is, for one that must look for itself, %i ms after the holder was asked: %i ms', (askedForMs, expected) => {
    expect(period(askedForMs)).toBe(expected)
    // Whether it has looked before.
    expect(period(askedForMs, 0, true)).toBe(expected)
  })

  test('is never longer than the longest time between two nudges, and longer for those who are far behind', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e6, max: 1e7 }), fc.nat(64), (askedForMs, position) => {
        expect(period(askedForMs, position)).toBeLessThanOrEqual(nudgePeriodMaxMs(DEFAULT_TIMING))
        expect(period(askedForMs, position)).toBeGreaterThanOrEqual(period(askedForMs, 0))
      }),
    )
  })
})
