import { countConsumption } from '../../bench/mix/counted.js'
import { dollarsOfIdleHour, dollarsOfSleepingHour } from '../../inspector/costs/consumption.js'

/** Messages of both directions, and calls of functions for connections: all that a process with nothing to do costs. */
test('a process that sleeps sends and hears less than a tenth of what one that renews does, and costs less', async () => {
  const { idleHour, sleepingHour } = await countConsumption()
  expect(idleHour.messages).toBeCloseTo(960, -1)
  expect(sleepingHour).toMatchObject({ messages: 0, pushes: 0, readUnits: 0 })
  expect(sleepingHour.writeUnits).toBe(2 * sleepingHour.connections)
  expect(2 * sleepingHour.connections).toBeLessThan(idleHour.messages / 10)
  expect(dollarsOfSleepingHour(sleepingHour)).toBeLessThan(dollarsOfIdleHour(idleHour) / 10)
})
