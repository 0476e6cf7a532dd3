import type { Holdfast } from '../../../client/holdfast.js'
import {
  OUT_OF_REACH_AFTER_MS,
  OUT_OF_REACH_WAIT_MAX_MS,
  OUT_OF_REACH_WAIT_MS,
  RECONNECT_AWAITED_MS,
  RECONNECT_MAX_MS,
  WAIT_TIMEOUT_DEFAULT_MS,
  WELCOME_TIMEOUT_MS,
  WRONG_SETTING_AFTER_MS,
} from '../../../client/limits.js'
import { type Counter, ID, increment, quiet } from '../../support/counting.js'
import { World } from '../../support/world.js'

/** The pause before a try, and the access's own look at how things are. */
const LATE_MS = RECONNECT_AWAITED_MS + 500

describe('a store that is out of reach', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  /** How an access ends, and after how long. */
  async function outcome(client: Holdfast<Counter>, options = {}, id = ID) {
    const startMs = world.clock.monotonicMs()
    const access = quiet(increment(client, id, options))
    const error = await world.finish(access, 60_000).catch((failure) => failure)
    return { error, ms: world.clock.monotonicMs() - startMs }
  }
  /** A client that has had a connection, in an outage that has lasted for long. */
  async function inOutage(): Promise<Holdfast<Counter>> {
    const client = world.client<Counter>()
    await world.finish(increment(client))
    await world.finish(client.release(ID))
    world.refuseConnections()
    await outcome(client)
    return client
  }

  it.each([
    ['passing', OUT_OF_REACH_AFTER_MS],
    ['setting', WRONG_SETTING_AFTER_MS],
  ] as const)('for a shorter time is waited for: %s', async (kind, limitMs) => {
    world.refuseConnections(kind)
    const client = world.client<Counter>()
    const access = increment(client)
    await world.clock.advance(limitMs - 100)
    expect(client.health()).toMatchObject({ state: 'connecting', lastFailure: 'the test refuses the connection' })
    world.acceptConnections()
    expect(await world.finish(access, RECONNECT_AWAITED_MS + 100)).toBe(1)
    expect(client.health()).toMatchObject({ state: 'connected', lastFailure: undefined })
  })

  it.each([
    ['passing', false, OUT_OF_REACH_AFTER_MS, true],
    ['setting', false, WRONG_SETTING_AFTER_MS, false],
    // With these settings it was connected before.
    ['setting', true, OUT_OF_REACH_AFTER_MS, true],
    ['passing', true, OUT_OF_REACH_AFTER_MS, true],
  ] as const)(
    'for long fails those that wait: %s, after a connection: %s',
    async (kind, hasConnected, ms, retryable) => {
      const client = world.client<Counter>()
      if (hasConnected) await world.finish(increment(client))
      await world.finish(client.release(ID))
      world.refuseConnections(kind)
      const first = await outcome(client)
      expect(first.error).toMatchObject({ code: 'UNREACHABLE', effect: 'none', retryable })
      expect(first.error.message).toMatch(/^no lock after \d+ ms.*: the test refuses the connection$/)
      expect(first.ms).toBeGreaterThanOrEqual(ms)
      expect(first.ms).toBeLessThan(ms + LATE_MS)
      const second = await outcome(client, {}, 'another')
      expect(second.error).toMatchObject({ code: 'UNREACHABLE', effect: 'none', retryable })
      expect(second.error.message).toMatch(/, out of reach for \d+ ms: the test refuses the connection$/)
      expect(second.ms).toBeGreaterThanOrEqual(OUT_OF_REACH_WAIT_MS)
      expect(second.ms).toBeLessThan(OUT_OF_REACH_WAIT_MS + LATE_MS)
    },
  )

  it('may let in later whom it refuses now: an access that ends before that is certain may be tried again', async () => {
    world.refuseConnections('setting')
    const { error, ms } = await outcome(world.client<Counter>(), { timeoutMs: 1_000 })
    expect(error).toMatchObject({ code: 'UNREACHABLE', retryable: true })
    expect(ms).toBe(1_000)
  })

  it('is tried while accesses come, at most once a second, and serves them at once when it is back', async () => {
    const client = await inOutage()
    const open = jest.spyOn(world, 'opening')
    for (let second = 0; second < 30; second += 1) {
      void quiet(increment(client, `visitor ${second}`))
      await world.clock.advance(1_000)
    }
    expect(open.mock.calls.length).toBeGreaterThan(10)
    expect(open.mock.calls.length).toBeLessThanOrEqual(30)
    world.acceptConnections()
    const { error, ms } = await outcome(client)
    expect(error).toBe(2)
    expect(ms).toBeLessThanOrEqual(RECONNECT_AWAITED_MS)
  })

  it('is tried before an access fails that came in a long pause', async () => {
    const client = await inOutage()
    await world.clock.advance(5 * RECONNECT_MAX_MS)
    const open = jest.spyOn(world, 'opening')
    const { error } = await outcome(client)
    expect(error).toMatchObject({ code: 'UNREACHABLE' })
    expect(open).toHaveBeenCalled()
  })

  it('that answers nothing is not waited for much longer, and one try under way when it is back fails nobody', async () => {
    const client = await inOutage()
    world.acceptConnections()
    world.partition(client)
    for (const id of ['one', 'two', 'three']) {
      const { error, ms } = await outcome(client, {}, id)
      expect(error).toMatchObject({ code: 'UNREACHABLE', retryable: true })
      expect(ms).toBeLessThanOrEqual(OUT_OF_REACH_WAIT_MAX_MS + 50)
    }
    await world.clock.advance(WELCOME_TIMEOUT_MS / 2)
    world.partition(client, false)
    expect((await outcome(client)).error).toBe(2)
  })

  it('was not out of reach while the process was frozen', async () => {
    world.refuseConnections()
    const client = world.client<Counter>()
    const access = quiet(increment(client))
    await world.clock.advance(2_000)
    world.clock.freeze(WAIT_TIMEOUT_DEFAULT_MS / 2)
    world.acceptConnections()
    expect(await world.finish(access)).toBe(1)
  })

  it('is given its time anew where no connection was wanted for a while', async () => {
    const client = world.client<Counter>()
    await world.finish(increment(client))
    await world.finish(client.release(ID))
    world.refuseConnections()
    await world.clock.advance(10 * world.timing.leaseMs)
    const { ms } = await outcome(client)
    expect(ms).toBeGreaterThanOrEqual(OUT_OF_REACH_AFTER_MS)
  })

  it('leaves nothing of a client that is closed meanwhile', async () => {
    const client = await inOutage()
    const access = quiet(increment(client))
    await world.clock.advance(500)
    await world.finish(client.close())
    await expect(access).rejects.toMatchObject({ code: 'CLOSED' })
    expect(world.clock.pending).toBe(0)
  })
})

describe('the health of a client', () => {
  it('shows no lease once it is closed', async () => {
    const world = new World()
    const client = world.client<Counter>()
    await world.finish(increment(client))
    expect(client.health().leaseRemainingMs).toBeGreaterThan(10_000)
    await world.finish(client.close())
    expect(client.health()).toMatchObject({ state: 'closed', leaseRemainingMs: 0, heldSessions: 0 })
    await world.close()
  })
})
