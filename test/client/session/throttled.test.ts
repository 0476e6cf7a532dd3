import { type Counter, Gate, ID, increment } from '../../support/counting.js'
import { Random } from '../../support/random.js'
import { World } from '../../support/world.js'

const TOO_MANY = 'Too Many Requests'
const typeOf = (text: string): string => JSON.parse(text).type

describe('a gateway that turns messages away', () => {
  let world: World
  beforeEach(() => {
    world = new World({ maxBusyMs: 120_000 })
  })
  afterEach(() => world.close())

  it('costs no connection and no session, only time', async () => {
    const [holder, waiter] = [world.client<Counter>(), world.client<Counter>()]
    await world.finish(increment(holder))
    const random = new Random(1)
    let turnedAway = 0
    // Half of the messages of any kind are turned away, again and again.
    world.gatewaySays = () => {
      if (random.chance(0.5)) return undefined
      turnedAway += 1
      return TOO_MANY
    }
    const losses: string[] = []
    for (const client of [holder, waiter]) {
      client.on('lost', ({ error }) => losses.push(error.code))
      client.on('connection', ({ state }) => losses.push(...(state === 'disconnected' ? [state] : [])))
    }
    let count = 1
    for (let round = 0; round < 5; round += 1) {
      for (const client of [waiter, holder]) {
        count += 1
        expect(await world.finish(increment(client, ID, { timeoutMs: 60_000 }), 60_000)).toBe(count)
      }
    }
    expect(turnedAway).toBeGreaterThan(10)
    expect(losses).toEqual([])
    expect(world.connected).toBe(2)
  })

  it('is asked less often by those who wait', async () => {
    const [holder, waiter] = [world.client<Counter>(), world.client<Counter>()]
    const gate = new Gate()
    const holding = holder.access(ID, 'all', () => gate.passed)
    await world.clock.advance(100)
    const waiting = increment(waiter, ID, { timeoutMs: 60_000 })
    await world.clock.advance(1_000)
    const nudges = () => world.traffic.sent.filter((text) => JSON.parse(text).nudge === true).length
    const nudgesIn = async (ms: number): Promise<number> => {
      const before = nudges()
      await world.clock.advance(ms)
      return nudges() - before
    }
    const before = await nudgesIn(16_000)
    world.gatewaySays = (text) => (typeOf(text) === 'acquire' ? TOO_MANY : undefined)
    await world.clock.advance(5_000)
    world.gatewaySays = () => undefined
    const throttled = await nudgesIn(16_000)
    expect(throttled).toBeLessThan(before)
    gate.open()
    await world.finish(holding, 10_000)
    await world.finish(waiting, 10_000)
  })
})
