import { leaseMsFor } from '../../../protocol/size.js'
import { CHECKS } from './checks.js'
import { keepsLeases, survivesCut } from './sizes.js'

test.each(CHECKS.map((check) => [check.name, check] as const))('a small storm has nothing wrong: %s', (_, check) => {
  expect(check(1)).toEqual([])
})

test('the lease that fits keeps the leases of so many processes, and through a cut of fewer', () => {
  const throttle = { perSecond: 2_000, burst: 1_000 }
  const connections = { perSecond: 500, burst: 500 }
  const promised = [2_000, 6_000, 10_000, 50_000].map((processes) => {
    const leaseMs = leaseMsFor(processes)
    return [leaseMs, keepsLeases(processes, leaseMs, throttle), survivesCut(processes, leaseMs, connections)]
  })
  expect(promised).toEqual([
    [15_000, true, true],
    [30_000, true, true],
    [30_000, true, false],
    [60_000, false, false],
  ])
})
