import { MINIMUM_HOLD_MAX_MS, MINIMUM_HOLDS_AHEAD_MAX_MS } from '../../../client/limits.js'
import type { Grant } from '../../../client/session/grant.js'
import { HandoffCost } from '../../../client/session/handoff-cost.js'
import { MinimumHold } from '../../../client/session/minimum-hold.js'
import { DEFAULT_TIMING } from '../../../protocol/timing.js'
import { VirtualClock, World } from '../../support/world.js'

interface Counter {
  count: number
}

const ID = 'a session that all want'
/** Of each message from the store: a handoff takes some of them. */
const DELAY_MS = 10
const WORK_MS = 2

describe('while other processes wait, a hold', () => {
  let world: World
  beforeEach(() => {
    world = new World()
    world.onDeliver = (arrive) => void world.clock.after(DELAY_MS, arrive)
  })
  afterEach(() => world.close())

  type Client = ReturnType<typeof world.client<Counter>>

  const sleep = (ms: number) => new Promise<void>((resolve) => void world.clock.after(ms, resolve))

  /** Returns whether another process waited already when it began. */
  const add = (client: Client) =>
    client.access(ID, { write: ['count'] }, async ({ state, wanted }) => {
      await sleep(WORK_MS)
      state.count = (state.count ?? 0) + 1
      return wanted
    })

  /** Both processes have handed the session over, and the first one holds it. */
  const measured = async (): Promise<[Client, Client]> => {
    const [first, second] = [world.client<Counter>(), world.client<Counter>()]
    for (let round = 0; round < 2; round += 1) for (const client of [first, second]) await world.finish(add(client))
    await world.finish(add(first))
    return [first, second]
  }

  /** Uses the session without a pause. Returns how often while another process waited. */
  const useWhile = async (client: Client, isGoingOn: () => boolean) => {
    let times = 0
    while (isGoingOn()) if (await add(client)) times += 1
    return times
  }

  /** How long an access of this client waits until it runs. */
  const waitOf = async (client: Client) => {
    const startedAtMs = world.clock.monotonicMs()
    let waitMs = Number.NaN
    await client.access(ID, { write: ['count'] }, () => {
      waitMs = world.clock.monotonicMs() - startedAtMs
    })
    return waitMs
  }

  it('serves several accesses of its process, and then goes to the next', async () => {
    const [first, second] = await measured()
    let isWaiting = true
    // The session goes away and comes back: a hold counts from its claim.
    await world.finish(add(second))
    const using = useWhile(first, () => isWaiting)
    await world.clock.advance(2 * DELAY_MS + 1)
    const waiting = waitOf(second).finally(() => {
      isWaiting = false
    })
    const waitMs = await world.finish(waiting)
    const times = await world.finish(using)
    expect(times).toBeGreaterThan(2)
    expect(waitMs).toBeLessThan(MINIMUM_HOLD_MAX_MS + 4 * DELAY_MS)
  })

  it('goes to the next at once where nothing is to be done, however short it was', async () => {
    const [, second] = await measured()
    expect(await world.finish(waitOf(second))).toBeLessThanOrEqual(4 * DELAY_MS)
  })

  it('goes to the next in the turn after its last access, however short it was', async () => {
    const [first, second] = await measured()
    await world.finish(add(second))
    const last = add(first)
    await world.clock.advance(2 * DELAY_MS + 1)
    const waiting = waitOf(second)
    await world.finish(last)
    expect(await world.finish(waiting)).toBeLessThanOrEqual(WORK_MS + 4 * DELAY_MS)
  })

  it('is given back at once by a process that keeps nothing after an access', async () => {
    const [first, second] = [world.client<Counter>({ holdPolicy: 'perAccess' }), world.client<Counter>()]
    for (let round = 0; round < 3; round += 1) for (const client of [first, second]) await world.finish(add(client))
    const using = [add(first), sleep(2).then(() => add(first))]
    await world.clock.advance(4 * DELAY_MS)
    const waiting = waitOf(second)
    await world.finish(Promise.all(using))
    expect(await world.finish(waiting)).toBeLessThanOrEqual(2 * WORK_MS + 5 * DELAY_MS)
  })
})

describe('the time of a minimum hold', () => {
  const clock = new VirtualClock()
  const granted = (heldMs: number, ahead = 1) => ({ heldMs, ahead }) as Grant
  const handOver = async (cost: HandoffCost, ms: number) => {
    const handedOver = cost.handingOver()
    await clock.advance(ms)
    handedOver()
  }

  it('is nothing before the first handoff, and in a process that keeps nothing after an access', async () => {
    const cost = new HandoffCost(clock, false)
    expect(cost.claimed(granted(5), DEFAULT_TIMING)).toBe(0)
    await handOver(cost, 20)
    expect(cost.claimed(granted(5), DEFAULT_TIMING)).toBeGreaterThan(25)
    const released = new HandoffCost(clock, true)
    await handOver(released, 20)
    expect(released.claimed(granted(5), DEFAULT_TIMING)).toBe(0)
  })

  it('is in proportion to the least of the latest handoffs', async () => {
    const cost = new HandoffCost(clock, false)
    await handOver(cost, 800)
    await handOver(cost, 20)
    const first = cost.claimed(granted(10), DEFAULT_TIMING)
    const slower = cost.claimed(granted(100), DEFAULT_TIMING)
    expect(slower).toBe(first)
    for (let times = 0; times < 4; times += 1) await handOver(cost, 50)
    expect(cost.claimed(granted(10), DEFAULT_TIMING)).toBeCloseTo((first * 60) / 30)
  })

  it('is bounded: by itself, by the time to be busy, and by the number of processes that were ahead', async () => {
    const cost = new HandoffCost(clock, false)
    await handOver(cost, 5_000)
    expect(cost.claimed(granted(5_000), DEFAULT_TIMING)).toBe(MINIMUM_HOLD_MAX_MS)
    expect(cost.claimed(granted(5_000), { ...DEFAULT_TIMING, busyAfterMs: 100 })).toBe(50)
    expect(cost.claimed(granted(5_000, 64), DEFAULT_TIMING)).toBe(MINIMUM_HOLDS_AHEAD_MAX_MS / 64)
  })

  it('is over by the clock, even if no timer ran', () => {
    let nowMs = 0
    const held = { isAtWork: true, drain: () => {}, endCohort: () => {} }
    const stopped = { wallMs: () => nowMs, monotonicMs: () => nowMs, after: () => ({ cancel: () => {} }) }
    const minimum = new MinimumHold(stopped, 100, held)
    minimum.begin()
    expect(minimum.isOver).toBe(false)
    nowMs = 100
    expect(minimum.isOver).toBe(true)
  })
})
