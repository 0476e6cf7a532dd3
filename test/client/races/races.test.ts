import * as fc from 'fast-check'
import { timesEffort } from '../../support/effort.js'
import { faultyPlans, orderlyPlans } from './plan.js'
import { Race } from './run.js'

const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
console.info(`races: SEED=${seed}`)

describe('lock operations that race', () => {
  it.each([
    ['in whatever order messages, writes, timers and calls take effect', orderlyPlans],
    ['when messages, answers, connections and leases are lost as well', faultyPlans],
  ])(
    'grant nothing twice, lose no wake-up and leave nothing behind, %s',
    async (_when, plans) => {
      const property = fc.asyncProperty(plans, fc.scheduler(), (plan, scheduler) => new Race(plan, scheduler).run())
      await fc.assert(property, { seed, numRuns: timesEffort(100) })
    },
    300_000,
  )
})
