import { ABOVE_MAX, ASKS_MAX, LOCK_TTL_MS, MESSAGE_BYTES_MAX } from '../../protocol/limits.js'
import { SESSION } from '../store/fixtures.js'

const DAY_MS = 86_400_000

describe('the bounds of size', () => {
  test('epochs above the highest fence stay exact for as many grants again', () => {
    expect(Number.isSafeInteger(ABOVE_MAX + 1)).toBe(true)
    expect(Number.MAX_SAFE_INTEGER - ABOVE_MAX).toBe(ABOVE_MAX - 1)
  })

  test('a renewal with every ask that a process may have fits into one message', () => {
    const longest = SESSION.replace('shop', 'n'.repeat(64))
    const asks = Array.from({ length: ASKS_MAX }, () => ({ session: longest, epoch: Number.MAX_SAFE_INTEGER }))
    const renewed = { type: 'renewed', n: Number.MAX_SAFE_INTEGER, leaseMs: DAY_MS, incarnation: 'i'.repeat(36), asks }
    expect(Buffer.byteLength(JSON.stringify(renewed))).toBeLessThanOrEqual(MESSAGE_BYTES_MAX)
  })

  test('a held lock outlives the longest lease by days', () => {
    expect(LOCK_TTL_MS).toBeGreaterThan(5 * DAY_MS)
  })
})
