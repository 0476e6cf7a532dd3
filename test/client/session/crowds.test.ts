import type { Holdfast } from '../../../client/holdfast.js'
import { nudgePeriodMaxMs } from '../../../protocol/timing.js'
import { World } from '../../support/world.js'

interface Counter {
  count: number
}

const ID = 'everybody wants it'
const WORK_MS = 40

let world: World
beforeEach(() => {
  world = new World()
})
afterEach(() => world.close())

const pause = (ms: number) => new Promise<void>((resolve) => void world.clock.after(ms, resolve))
const crowd = (size: number) => Array.from({ length: size }, () => world.client<Counter>({ timeoutMs: 3_600_000 }))

/** One access; who came in is noted in `served`. */
const visit = (client: Holdfast<Counter>, name: string, served: string[]) =>
  client.access(ID, 'all', async ({ state }) => {
    served.push(name)
    state.count = (state.count ?? 0) + 1
    await pause(WORK_MS)
  })

describe('a session that more processes want than its queue has places', () => {
  it('serves 200 of one principal, each three times, and refuses none', async () => {
    const [size, times] = [200, 3]
    const served: string[] = []
    let longestMs = 0
    const all = crowd(size).map(async (client, index) => {
      for (let time = 0; time < times; time += 1) {
        const sinceMs = world.clock.monotonicMs()
        await visit(client, `${index}`, served)
        longestMs = Math.max(longestMs, world.clock.monotonicMs() - sinceMs)
      }
    })
    await world.finish(Promise.all(all), 600_000)
    const last = await world.finish(world.client<Counter>().peek(ID))
    expect(last?.state.count).toBe(size * times)
    expect(world.traffic.sent.some((text) => text.includes('"since"'))).toBe(true)
    // As docs/internals/protocol.md bounds it, with the time of a hold where nothing fails.
    const holdMs = 4 * WORK_MS
    expect(longestMs).toBeLessThan(3 * (size + 40) * (holdMs + nudgePeriodMaxMs(world.timing)))
  })
})

describe('a session that as many processes want as its queue has places', () => {
  it('never lies idle, though the last of them find no place at first', async () => {
    const served: string[] = []
    await world.finish(visit(world.client<Counter>(), 'holder', served))
    const sinceMs = world.clock.monotonicMs()
    await world.finish(Promise.all(crowd(64).map((client, index) => visit(client, `${index}`, served))), 600_000)
    expect(served).toHaveLength(65)
    expect(world.traffic.sent.some((text) => text.includes('"since"'))).toBe(true)
    // The work of all, one after the other, and not half of the pause before a nudge.
    expect(world.clock.monotonicMs() - sinceMs).toBeLessThan(64 * WORK_MS + world.timing.nudgeAfterMs / 2)
  })
})

describe('a session that two principals want, of 60 processes and of 1', () => {
  it('goes to the one after one hold of the other at most, each time', async () => {
    const served: string[] = []
    const many = crowd(60).map(async (client, index) => {
      for (let time = 0; time < 3; time += 1) await visit(client, `${index}`, served)
    })
    const few = world.client<Counter>()
    world.giveRole(few, 'other')
    await world.clock.advance(500)
    const between: number[] = []
    const visits = async () => {
      for (let time = 0; time < 5; time += 1) {
        const before = served.length
        await visit(few, 'few', served)
        const ahead = served.slice(before, served.lastIndexOf('few'))
        between.push(ahead.filter((name, index) => name !== ahead[index - 1]).length)
      }
    }
    await world.finish(visits(), 600_000)
    // The process that held it, or had just been given it, and the one whose turn it was.
    for (const others of between) expect(others).toBeLessThanOrEqual(2)
    await world.finish(Promise.all(many), 600_000)
  })
})
