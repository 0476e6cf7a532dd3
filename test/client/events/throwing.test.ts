import type { HoldfastEvents } from '../../../client/events.js'
import { type Counter, increment } from '../../support/counting.js'
import { World } from '../../support/world.js'

describe('a listener that throws', () => {
  let world: World
  const uncaught: unknown[] = []
  beforeEach(() => {
    // What would be an uncaught exception of the process.
    const { queueMicrotask: later } = globalThis
    jest.spyOn(globalThis, 'queueMicrotask').mockImplementation((run) =>
      later(() => {
        try {
          run()
        } catch (error) {
          uncaught.push(error)
        }
      }),
    )
    world = new World()
  })
  afterEach(async () => {
    await world.close()
    jest.restoreAllMocks()
    uncaught.length = 0
  })

  it.each<keyof HoldfastEvents>(['granted', 'wanted', 'released', 'lost', 'retried', 'connection'])(
    'interrupts nothing of what it is told, and its error is an uncaught exception: %s',
    async (event) => {
      const [client, other] = [world.client<Counter>(), world.client<Counter>()]
      const problem = new Error(`of the listener of ${event}`)
      const before = jest.fn()
      const after = jest.fn()
      client.on(event, before)
      client.on(event, () => {
        throw problem
      })
      other.on(event, after)
      expect(await world.finish(increment(other, 'its own'), 10_000)).toBe(1)
      expect(await world.finish(increment(client), 10_000)).toBe(1)
      expect(await world.finish(increment(other), 10_000)).toBe(2)
      expect(await world.finish(increment(client), 10_000)).toBe(3)
      for (const [one, id] of [
        [client, undefined],
        [other, 'its own'],
      ] as const) {
        let left = 1
        world.onStateWrite = (_update, write) => (left-- > 0 ? Promise.reject(new Error('no answer')) : write())
        expect(await world.finish(increment(one, id), 10_000)).toBe(one === client ? 4 : 2)
      }
      world.clock.freeze(world.timing.leaseMs)
      expect(await world.finish(increment(client), 60_000)).toBe(5)
      expect(await world.finish(increment(other), 60_000)).toBe(6)
      await world.finish(client.close(), 10_000)
      expect(before).toHaveBeenCalled()
      expect(after).toHaveBeenCalled()
      expect(uncaught).toEqual(before.mock.calls.map(() => problem))
    },
  )
})
