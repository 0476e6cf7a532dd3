import { clockMs } from '../../../local/inspector/clock.js'

afterEach(() => void jest.restoreAllMocks())

test('the clock goes with the clock of the machine: where it is set, and where the machine has slept', () => {
  const { now } = Date
  for (const aheadMs of [0, 8 * 3_600_000, -60_000, 0]) {
    jest.spyOn(Date, 'now').mockImplementation(() => now() + aheadMs)
    expect(Math.abs(clockMs() - Date.now())).toBeLessThan(1_000)
    jest.restoreAllMocks()
  }
})

test('a part of a millisecond is told, and time does not go back while nobody sets the clock', () => {
  const times = Array.from({ length: 1_000 }, clockMs)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
  expect(times.some((ms) => !Number.isInteger(ms))).toBe(true)
})
