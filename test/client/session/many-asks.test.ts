import type { Holdfast } from '../../../client/holdfast.js'
import { KEEPS_AT_ONCE, KEEPS_PERIOD_MS } from '../../../client/limits.js'
import { ASKS_MAX } from '../../../protocol/limits.js'
import type { ClientMessage } from '../../../protocol/messages.js'
import { holdCostMaxMs } from '../../../protocol/timing.js'
import { type Counter, increment } from '../../support/counting.js'
import { timesEffort } from '../../support/effort.js'
import { World } from '../../support/world.js'

const SESSIONS = timesEffort(400)
/** Enough for what takes several turns, and quicker. */
const FEWER = 300

/** Every push is lost, so a holder hears only by its renewals that others wait. */
describe('a process that is asked for more sessions than a renewal names', () => {
  let world: World
  beforeEach(() => {
    world = new World()
    world.onPush = () => false
  })
  afterEach(() => world.close())

  const client = () => world.client<Counter>({ holdPolicy: 'untilRevoked', idleReleaseMs: 3_600_000 })
  /** Adds one to every session, and says how long the slowest took. */
  const countAll = async (holdfast: Holdfast<Counter>, sessions: number) => {
    const sinceMs = world.clock.monotonicMs()
    let slowestMs = 0
    const timeoutMs = 600_000
    const access = async (index: number) => {
      const count = await increment(holdfast, `session ${index}`, { timeoutMs })
      slowestMs = Math.max(slowestMs, world.clock.monotonicMs() - sinceMs)
      return count
    }
    const all = Promise.all(Array.from({ length: sessions }, (_, index) => access(index)))
    return { counts: new Set(await world.finish(all, timeoutMs)), slowestMs }
  }

  it(`gives ${SESSIONS} of them within the time that one hold may cost others`, async () => {
    const [holder, other] = [client(), client()]
    await countAll(holder, SESSIONS)
    const { counts, slowestMs } = await countAll(other, SESSIONS)
    expect(counts).toEqual(new Set([2]))
    expect(slowestMs).toBeGreaterThan(world.timing.nudgeAfterMs)
    expect(slowestMs).toBeLessThan(holdCostMaxMs(world.timing))
  }, 60_000)

  it('gives them to two that wait for each, one after the other', async () => {
    await countAll(client(), FEWER)
    const others = [client(), client()]
    const found = await Promise.all(others.map((other) => countAll(other, FEWER)))
    for (const { slowestMs } of found) expect(slowestMs).toBeLessThan(2 * holdCostMaxMs(world.timing))
    expect(new Set(found.flatMap(({ counts }) => [...counts]))).toEqual(new Set([2, 3]))
  }, 120_000)

  it('looks for them once, some at a time, and not where a renewal names them all', async () => {
    const looks = new Map<number, number>()
    world.onSend = (text) => {
      const { type } = JSON.parse(text) as ClientMessage
      const nowMs = world.clock.monotonicMs()
      if (type === 'keep') looks.set(nowMs, 1 + (looks.get(nowMs) ?? 0))
      return true
    }
    await countAll(client(), FEWER)
    const other = client()
    await countAll(other, ASKS_MAX)
    expect(looks.size).toBe(0)
    await countAll(other, ASKS_MAX + 30)
    await world.clock.advance((KEEPS_PERIOD_MS * FEWER) / KEEPS_AT_ONCE)
    const [firstMs = 0] = looks.keys()
    expect([...looks.keys()].map((ms) => ms - firstMs)).toEqual(
      [...looks.keys()].map((_, turn) => turn * KEEPS_PERIOD_MS),
    )
    // None for the sessions that the other has by now, nor for those of which the first asks came.
    const counts = [...looks.values()]
    expect(counts.slice(0, -1)).toEqual(counts.slice(0, -1).map(() => KEEPS_AT_ONCE))
    expect(counts).toHaveLength(FEWER / KEEPS_AT_ONCE)
  }, 60_000)
})
