import * as fc from 'fast-check'
import {
  answerTimeoutMinMs,
  compileTiming,
  DEFAULT_TIMING,
  deadHolderMs,
  holdCostMaxMs,
  nudgePeriodMaxMs,
  nudgePeriodMs,
  type Timing,
} from '../../protocol/timing.js'

const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
console.info(`timing: SEED=${seed}`)

const DAY_MS = 86_400_000

/** A timing whose sums can be made by hand. */
const ROUND: Timing = {
  leaseMs: 10_000,
  maxBusyMs: 20_000,
  busyAfterMs: 500,
  nudgeAfterMs: 1_000,
  roundTripMs: 2_000,
  answerTimeoutMs: 30_000,
  clockErrorMs: 100,
  clockDriftPpm: 1_000,
  clientMarginMs: 300,
  storeMarginMs: 400,
}

/** Undefined where the timing is refused. Nothing but a RangeError is a refusal. */
function compiled(options: Partial<Timing>): Timing | undefined {
  try {
    return compileTiming(options)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

describe('the bounds of time', () => {
  test('a nudge period grows from once to twice the shortest over eight places', () => {
    const periods = [0, 1, 4, 8, 9, 1_000].map((position) => nudgePeriodMs(ROUND, position, false))
    expect(periods).toEqual([1_000, 1_125, 1_500, 2_000, 2_000, 2_000])
    expect(nudgePeriodMaxMs(ROUND)).toBe(2_000)
  })

  test('after the first nudge every period is the longest', () => {
    for (const position of [0, 1, 8, 1_000]) expect(nudgePeriodMs(ROUND, position, true)).toBe(nudgePeriodMaxMs(ROUND))
  })

  test('a holder is given two nudges, half a lease, four round trips, its time to say busy and two clock errors', () => {
    expect(answerTimeoutMinMs(ROUND)).toBe(4_000 + 5_000 + 8_000 + 500 + 200)
  })

  test('a holder that has died costs its lease, the margin of the store and a nudge', () => {
    expect(deadHolderMs(ROUND)).toBe(10_000 + 400 + 2_000)
  })

  test('a hold costs at most three nudges with their round trips, the answer, the longer of lease and busy, and errors', () => {
    expect(holdCostMaxMs(ROUND)).toBe(3 * 4_000 + 30_000 + 20_000 + 400 + 200)
    expect(holdCostMaxMs({ ...ROUND, leaseMs: 50_000 })).toBe(3 * 4_000 + 30_000 + 50_000 + 400 + 200)
  })
})

describe('compileTiming', () => {
  test('gives the defaults, which pass their own checks', () => {
    expect(compileTiming()).toEqual(DEFAULT_TIMING)
    expect(compileTiming(DEFAULT_TIMING)).toEqual(DEFAULT_TIMING)
  })

  test('lets the answer timeout follow from the other times, just above its minimum', () => {
    const { answerTimeoutMs: _, ...times } = ROUND
    expect(compileTiming(times)).toEqual({ ...ROUND, answerTimeoutMs: 17_701 })
    expect(compileTiming({ ...times, leaseMs: 10_001 }).answerTimeoutMs).toBe(17_702)
  })

  test('takes a complete timing as it is', () => {
    expect(compileTiming(ROUND)).toEqual(ROUND)
  })

  test('refuses a time that it does not know, by its name', () => {
    for (const name of ['leaseMS', 'lease', 'toString', '__proto__x', '']) {
      const options = { [name]: 1_000 } as Partial<Timing>
      expect(() => compileTiming(options)).toThrow(new RangeError(`unknown timing '${name}'`))
    }
  })

  test.each(Object.keys(DEFAULT_TIMING) as (keyof Timing)[])(
    'refuses %s unless it is a number within its bounds',
    (name) => {
      const least = name === 'clockErrorMs' || name === 'clockDriftPpm' ? 0 : 1
      for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, least - 1, -1, DAY_MS + 1, '1000', null, undefined]) {
        const options = { [name]: wrong } as unknown as Partial<Timing>
        expect(() => compileTiming(options)).toThrow(`timing '${name}' must be a number from ${least} to ${DAY_MS}`)
      }
    },
  )

  test('takes perfect clocks', () => {
    expect(compileTiming({ clockErrorMs: 0, clockDriftPpm: 0 })).toMatchObject({ clockErrorMs: 0, clockDriftPpm: 0 })
  })

  test('holds the margins to twice the clock error plus the drift over the longer of lease and busy', () => {
    const safe = { ...ROUND, clientMarginMs: 120, storeMarginMs: 100 }
    expect(compileTiming(safe)).toEqual(safe)
    expect(() => compileTiming({ ...safe, storeMarginMs: 99 })).toThrow('must be at least 2 clockErrorMs + drift = 220')
    expect(() => compileTiming({ ...safe, clientMarginMs: 119 })).toThrow('received 219')
    expect(() => compileTiming({ ...safe, clockErrorMs: 101 })).toThrow('= 222')
    expect(() => compileTiming({ ...safe, clockDriftPpm: 1_100 })).toThrow('= 222')
    expect(() => compileTiming({ ...safe, maxBusyMs: 21_000 })).toThrow('= 221')
    expect(() => compileTiming({ ...safe, maxBusyMs: 5_000, leaseMs: 21_000 })).toThrow('= 221')
  })

  test('holds the answer timeout above what an honest holder may need', () => {
    const enough = { ...ROUND, answerTimeoutMs: 17_701 }
    expect(compileTiming(enough)).toEqual(enough)
    const problem = 'answerTimeoutMs must be above 17700 for these times, received 17700'
    expect(() => compileTiming({ ...ROUND, answerTimeoutMs: 17_700 })).toThrow(new RangeError(problem))
  })

  test('leaves a client more than half of its lease', () => {
    const { answerTimeoutMs: _, ...times } = ROUND
    expect(compileTiming({ ...times, clientMarginMs: 4_999 })).toMatchObject({ clientMarginMs: 4_999 })
    expect(() => compileTiming({ ...times, clientMarginMs: 5_000 })).toThrow(
      'must be below half of leaseMs, received 5000',
    )
  })

  test('holds a round trip below the lease, which no renewal would extend in time otherwise', () => {
    const { answerTimeoutMs: _, ...times } = ROUND
    expect(compileTiming({ ...times, roundTripMs: 9_999 })).toMatchObject({ roundTripMs: 9_999 })
    const problem = 'roundTripMs must be below leaseMs = 10000, received 10000'
    expect(() => compileTiming({ ...times, roundTripMs: 10_000 })).toThrow(new RangeError(problem))
  })

  test('has a holder say that it is busy before its time for being busy is over', () => {
    const { answerTimeoutMs: _, ...times } = ROUND
    expect(compileTiming({ ...times, busyAfterMs: 19_999 })).toMatchObject({ busyAfterMs: 19_999 })
    const problem = 'busyAfterMs must be below maxBusyMs = 20000, received 20000'
    expect(() => compileTiming({ ...times, busyAfterMs: 20_000 })).toThrow(new RangeError(problem))
  })

  test('gives safe timings only, whatever it is given', () => {
    const upTo = (max: number) => fc.oneof({ arbitrary: fc.integer({ min: 0, max }), weight: 40 }, fc.integer())
    const times: fc.Arbitrary<Partial<Timing>> = fc.record(
      {
        leaseMs: upTo(40_000),
        maxBusyMs: upTo(60_000),
        busyAfterMs: upTo(2_000),
        nudgeAfterMs: upTo(2_000),
        roundTripMs: upTo(5_000),
        answerTimeoutMs: upTo(100_000),
        clockErrorMs: upTo(1_000),
        clockDriftPpm: upTo(10_000),
        clientMarginMs: upTo(2_000),
        storeMarginMs: upTo(2_000),
      },
      { requiredKeys: [] },
    )
    let accepted = 0
    fc.assert(
      fc.property(times, (options) => {
        const t = compiled(options)
        if (t === undefined) return
        accepted += 1
        expect(t).toEqual({ ...DEFAULT_TIMING, answerTimeoutMs: expect.any(Number), ...options })
        const drift = (t.clockDriftPpm / 1e6) * Math.max(t.leaseMs, t.maxBusyMs)
        expect(t.clientMarginMs + t.storeMarginMs).toBeGreaterThanOrEqual(2 * t.clockErrorMs + drift)
        const needed = 4 * t.nudgeAfterMs + t.leaseMs / 2 + 4 * t.roundTripMs + t.busyAfterMs + 2 * t.clockErrorMs
        expect(t.answerTimeoutMs).toBeGreaterThan(needed)
        expect(t.leaseMs - t.clientMarginMs).toBeGreaterThan(t.leaseMs / 2)
      }),
      { seed, numRuns: 3_000 },
    )
    expect(accepted).toBeGreaterThan(50)
  })
})
