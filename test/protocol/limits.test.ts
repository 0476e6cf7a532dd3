import { ABOVE_MAX, ASKS_MAX, MESSAGE_BYTES_MAX } from '../../protocol/limits.js'
import { grant, grantAbove, handOver, keep, raise, regrant } from '../../protocol/lock/writes.js'
import { compileTiming, DEFAULT_TIMING } from '../../protocol/timing.js'
import { SESSION } from '../store/fixtures.js'

const DAY_MS = 86_400_000

describe('the bounds of size', () => {
  test('epochs above the highest fence stay exact for as many grants again', () => {
    expect(Number.isSafeInteger(ABOVE_MAX + 1)).toBe(true)
    expect(Number.MAX_SAFE_INTEGER - ABOVE_MAX).toBe(ABOVE_MAX - 1)
  })

  test('a renewal with every ask that it may name fits into one message', () => {
    const longest = SESSION.replace('shop', 'n'.repeat(64))
    const asks = Array.from({ length: ASKS_MAX }, () => ({ session: longest, epoch: Number.MAX_SAFE_INTEGER }))
    const highest = Number.MAX_SAFE_INTEGER
    // No time of a timing is longer than a day. A fraction of one is written with up to 17 digits.
    const timing = Object.fromEntries(Object.keys(DEFAULT_TIMING).map((name) => [name, DAY_MS - 1 / 3]))
    const incarnation = String(highest)
    const renewed = { type: 'renewed', n: highest, leaseMs: DAY_MS, incarnation, timing, asks, more: highest }
    expect(Buffer.byteLength(JSON.stringify(renewed))).toBeLessThanOrEqual(MESSAGE_BYTES_MAX)
  })

  const NOW = 1_800_000_000_000
  const me = { p: 'me', r: 2 }
  const again = { me, seen: { p: 'me', r: 1 }, epoch: 7, nowMs: NOW }
  const held = { holder: 'me', epoch: 7, nowMs: NOW }
  test.each([
    ['grant', grant(SESSION, me, NOW)],
    ['grantAbove', grantAbove(SESSION, me, { above: 7, nowMs: NOW })],
    ['regrant', regrant(SESSION, again)],
    ['raise', raise(SESSION, { ...again, above: 9 })],
    ['handOver', handOver(SESSION, held)],
    ['keep', keep(SESSION, held)],
  ])('a lock outlives the longest lease by days, as left by %s', (_, { update, values }) => {
    expect(() => compileTiming({ leaseMs: DAY_MS + 1 })).toThrow('leaseMs')
    expect(update).toContain('expiresAt = :far')
    const far = values[':far'] as { readonly N: string }
    expect(Number(far.N) * 1_000 - NOW).toBeGreaterThan(DAY_MS + 5 * DAY_MS)
  })
})
