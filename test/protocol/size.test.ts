import { leaseMsFor, messagesPerSecondMin, renewalsPerSecond } from '../../protocol/size.js'
import { answerTimeoutMinMs, compileTiming } from '../../protocol/timing.js'

test('the lease is 15 s up to 2,000 processes, 30 s up to 10,000, and 60 s beyond', () => {
  const sizes = [1, 1_000, 2_000, 2_001, 10_000, 10_001, 1_000_000]
  expect(sizes.map(leaseMsFor)).toEqual([15_000, 15_000, 15_000, 30_000, 30_000, 60_000, 60_000])
})

test('each process renews four times per lease', () => {
  expect(renewalsPerSecond({ processes: 1, leaseMs: 4_000 })).toBe(1)
  expect(renewalsPerSecond({ processes: 6_000, leaseMs: 30_000 })).toBe(800)
  expect(renewalsPerSecond({ processes: 10_000, leaseMs: 15_000 })).toBeCloseTo(2_666.7, 1)
})

test('a gateway lets through that and three tenths more, in whole messages', () => {
  expect(messagesPerSecondMin({ processes: 2_000, leaseMs: 15_000 })).toBe(694)
  expect(messagesPerSecondMin({ processes: 10_000, leaseMs: 30_000 })).toBe(1_734)
  expect(messagesPerSecondMin({ processes: 50_000, leaseMs: 60_000 })).toBe(4_334)
})

test('each of these leases is safe with the other times of the protocol, and a holder has time to answer', () => {
  for (const processes of [1, 10_000, 1_000_000]) {
    const timing = compileTiming({ leaseMs: leaseMsFor(processes) })
    expect(timing.answerTimeoutMs).toBe(answerTimeoutMinMs(timing) + 1)
  }
})
