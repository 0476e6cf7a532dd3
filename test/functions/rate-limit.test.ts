import * as fc from 'fast-check'
import { HELD_SESSIONS_DEFAULT } from '../../client/limits.js'
import { RateLimit } from '../../functions/rate-limit.js'
import {
  MESSAGES_BURST_MAX,
  MESSAGES_PER_SECOND_MAX,
  RARE_MESSAGES_BURST_MAX,
  RARE_MESSAGES_PER_SECOND_MAX,
  RENEWALS_PER_LEASE,
} from '../../protocol/limits.js'

const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
console.info(`rate: SEED=${seed}`)

describe('a rate', () => {
  let nowMs = 0
  const takeAll = (rate: RateLimit, key: string) => {
    let taken = 0
    while (rate.take(key)) taken += 1
    return taken
  }

  test('allows a number at once, and fills up again in time', () => {
    const rate = new RateLimit({ burstMax: 5, perSecondMax: 2 }, () => nowMs)
    expect(takeAll(rate, 'a')).toBe(5)
    expect(rate.allows('a')).toBe(false)
    nowMs += 499
    expect(takeAll(rate, 'a')).toBe(0)
    nowMs += 1
    expect(rate.allows('a')).toBe(true)
    expect(takeAll(rate, 'a')).toBe(1)
    nowMs += 60_000
    expect(takeAll(rate, 'a')).toBe(5)
  })

  test('counts each key by itself, and asking counts nothing', () => {
    const rate = new RateLimit({ burstMax: 2, perSecondMax: 1 }, () => nowMs)
    expect(takeAll(rate, 'a')).toBe(2)
    for (let times = 0; times < 10; times += 1) expect(rate.allows('b')).toBe(true)
    expect(takeAll(rate, 'b')).toBe(2)
  })

  test('gives nothing for a clock that is set back, and takes nothing', () => {
    const rate = new RateLimit({ burstMax: 2, perSecondMax: 1 }, () => nowMs)
    rate.take('a')
    nowMs -= 3_600_000
    expect(takeAll(rate, 'a')).toBe(1)
    nowMs += 1_000
    expect(takeAll(rate, 'a')).toBe(1)
  })

  test('remembers those who spoke last', () => {
    const rate = new RateLimit({ burstMax: 1, perSecondMax: 0 }, () => nowMs)
    rate.take('silent')
    rate.take('a')
    for (let index = 0; index < 9_998; index += 1) {
      rate.take(`key ${index}`)
      rate.take('a')
    }
    expect([rate.allows('silent'), rate.allows('a')]).toEqual([false, false])
    rate.take('one more')
    expect([rate.allows('silent'), rate.allows('a')]).toEqual([true, false])
  })

  test('allows in no span of time more than at once and what that span adds', () => {
    const steps = fc.array(fc.record({ waitMs: fc.nat({ max: 700 }), takes: fc.nat({ max: 6 }) }), { maxLength: 60 })
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 8 }), fc.nat({ max: 9 }), (visits, burst, perSecond) => {
        let atMs = 0
        const rate = new RateLimit({ burstMax: burst, perSecondMax: perSecond }, () => atMs)
        const allowed: number[] = []
        for (const { waitMs, takes } of visits) {
          atMs += waitMs
          for (let times = 0; times < takes; times += 1) if (rate.take('a')) allowed.push(atMs)
        }
        for (const [first, fromMs] of allowed.entries()) {
          for (const [offset, untilMs] of allowed.slice(first).entries()) {
            const most = burst + ((untilMs - fromMs) / 1_000) * perSecond
            expect(offset + 1).toBeLessThanOrEqual(most + 1e-6)
          }
        }
      }),
      { seed, numRuns: 200 },
    )
  })
})

describe('the bounds on messages', () => {
  test('leave room for all sessions that a client holds at one stroke, and as many more', () => {
    const work = new RateLimit({ burstMax: MESSAGES_BURST_MAX, perSecondMax: MESSAGES_PER_SECOND_MAX }, () => 0)
    for (let session = 0; session < 2 * HELD_SESSIONS_DEFAULT; session += 1) expect(work.take('a')).toBe(true)
  })

  test('leave room for the renewals of a lease of a second, each of them twice', () => {
    let atMs = 0
    const bounds = { burstMax: RARE_MESSAGES_BURST_MAX, perSecondMax: RARE_MESSAGES_PER_SECOND_MAX }
    const rare = new RateLimit(bounds, () => atMs)
    for (; atMs < 600_000; atMs += 1_000 / RENEWALS_PER_LEASE) {
      for (const copy of [1, 2]) expect([atMs, copy, rare.take('a')]).toEqual([atMs, copy, true])
    }
  })
})
