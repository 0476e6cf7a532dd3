import { CACHED_BYTES_DEFAULT } from '../../client/limits.js'
import { NO_FAULTS } from './faults.js'
import type { Script } from './script.js'
import { Simulation } from './simulation.js'

const script = (about: Partial<Script>): Script => ({
  durationMs: 20_000,
  faults: NO_FAULTS,
  crash: undefined,
  ...about,
})

const SHARES = {
  wholeShare: 0.4,
  wideShare: 0.5,
  peekShare: 0.1,
  createShare: 0.1,
  oddShare: 0.3,
  nestedShare: 0.2,
  ttlShare: 0.1,
  noteShare: 0.1,
  workerMishapChance: 0.01,
}
const ENDS = { destroyShare: 0.05, rotateShare: 0.05 }

/** Between them, these runs execute everything that the simulation counts. */
const SCRIPTS: readonly Script[] = [
  script({
    durationMs: 60_000,
    workload: { ...SHARES, ...ENDS, workerShare: 0.6, writeShare: 0.9, cachedBytesMax: CACHED_BYTES_DEFAULT },
  }),
  script({
    faults: { ...NO_FAULTS, cutEveryMs: 500, killEveryMs: 4_000, sendLost: 0.15 },
    workload: {
      ...SHARES,
      isMigrating: true,
      cachedBytesMax: 600,
      options: { expiry: 'fixed', ttlMs: 4_000, durability: 'release', ifMissing: 'fail' },
    },
  }),
  script({ shape: 'contended', durationMs: 5_000 }),
  script({ shape: 'idle', durationMs: 1_800_000 }),
  script({ durationMs: 30_000, usesHttps: true, faults: { ...NO_FAULTS, cutEveryMs: 500 }, workload: SHARES }),
  script({
    shape: 'days',
    durationMs: 12 * 24 * 3_600_000,
    workload: {
      sessions: ['session'],
      ...SHARES,
      destroyShare: 0,
      rotateShare: 0,
      releaseShare: 0,
      options: { ttlMs: 2 * 24 * 3_600_000, expiry: 'rolling' },
    },
  }),
]

it('executes every kind of call and of event that it counts, and comes to a good end', async () => {
  const executed: Record<string, number> = {}
  const violations: string[] = []
  for (const one of SCRIPTS) {
    for (const seed of one.shape === undefined ? [1, 2, 4] : [2]) {
      const result = await new Simulation(seed, one).run()
      violations.push(...result.violations.map(({ message }) => message))
      for (const [kind, times] of Object.entries(result.executed)) executed[kind] = (executed[kind] ?? 0) + times
    }
  }
  expect(violations).toEqual([])
  expect(Object.entries(executed).filter(([, times]) => times === 0)).toEqual([])
}, 120_000)
