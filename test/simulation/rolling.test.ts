import { DURATIONS_MS } from './shape.js'
import { Simulation } from './simulation.js'

/** In a run of this seed nothing fails. */
const SEED = 200

describe('a stack that is deployed again and again', () => {
  it('counts every write, and ends each process once for each incarnation', async () => {
    const script = { shape: 'rolling', durationMs: DURATIONS_MS.rolling ?? 0, crash: undefined } as const
    const { violations, landed, counts } = await new Simulation(SEED, script).run()
    expect(violations).toEqual([])
    expect(landed).toBeGreaterThan(10)
    expect(counts.incarnationEveryMs).toBe(3)
    expect(counts.functionsReplaced).toBe(16)
    expect(counts.timingChanged).toBe(8)
  }, 120_000)
})
