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
import type { Clock } from '../../../client/ports.js'
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
      quiet(increment(client, `visitor ${second}`))
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

describe('a process whose wall clock is put forward', () => {
  let world: World
  let offMs: number
  let clock: Clock
  beforeEach(() => {
    world = new World()
    offMs = 0
    clock = {
      wallMs: () => world.clock.wallMs() + offMs,
      monotonicMs: () => world.clock.monotonicMs(),
      after: (ms, fire) => world.clock.after(ms, fire),
    }
  })
  afterEach(() => world.close())

  const sent = () => world.traffic.sent.map((text) => (JSON.parse(text) as { type: string }).type)
  /** A client that holds the session, and whose lease is over by its own clock. */
  async function leapt(): Promise<Holdfast<Counter>> {
    const client = world.client<Counter>({}, clock)
    await world.finish(increment(client))
    offMs = 60_000
    return client
  }

  it('drops all it held, says so, and need not wait for locks of its own', async () => {
    const client = await leapt()
    const lost = jest.fn()
    client.on('lost', lost)
    expect(await world.finish(increment(client))).toBe(2)
    expect(lost).toHaveBeenCalledTimes(1)
    expect(sent().filter((type) => type === 'retire')).toHaveLength(1)
    // Only the connection of the next process id is left.
    expect(world.connected).toBe(1)
  })

  it('lets others have its sessions at once', async () => {
    const client = await leapt()
    const other = increment(world.client<Counter>())
    await world.clock.advance(100)
    await world.finish(increment(client, 'another'))
    expect(await world.finish(other, world.timing.nudgeAfterMs + 1_000)).toBe(2)
  })

  it('says so when its last commit has landed, whose access is told that it has', async () => {
    const client = world.client<Counter>({}, clock)
    await world.finish(increment(client))
    let land = () => {}
    world.onStateWrite = async (_update, write) => {
      world.onStateWrite = (_next, go) => go()
      const outcome = await write()
      await new Promise<void>((resolve) => {
        land = resolve
      })
      return outcome
    }
    const committing = increment(client)
    await world.clock.advance(50)
    offMs = 60_000
    const next = increment(client)
    await world.clock.advance(1_000)
    expect(sent()).not.toContain('retire')
    land()
    expect(await world.finish(committing)).toBe(2)
    expect(await world.finish(next)).toBe(3)
    expect(sent()).toContain('retire')
  })

  it('does not wait for long for a commit without an answer', async () => {
    const client = world.client<Counter>({}, clock)
    await world.finish(increment(client))
    let land = () => {}
    world.onStateWrite = async (_update, write) => {
      world.onStateWrite = (_next, go) => go()
      await new Promise<void>((resolve) => {
        land = resolve
      })
      return write()
    }
    const committing = quiet(increment(client))
    await world.clock.advance(50)
    offMs = 60_000
    expect(await world.finish(increment(client), world.timing.roundTripMs + 500)).toBe(2)
    land()
    await expect(world.finish(committing)).rejects.toMatchObject({ code: 'SESSION_LOST', effect: 'none' })
    expect(await world.finish(increment(client))).toBe(3)
  })

  it('hears nothing any more that is said to the process id that it was', async () => {
    const [holder, client] = [world.client<Counter>(), world.client<Counter>({}, clock)]
    await world.finish(increment(holder))
    await world.finish(increment(client, 'its own'))
    world.onPush = ({ type }) => type !== 'revoke'
    const waiting = increment(client)
    await world.clock.advance(100)
    offMs = 60_000
    // The store grants the first id the session while that one says goodbye.
    const late: (() => void)[] = []
    world.onDeliver = (arrive) => void late.push(arrive)
    await world.finish(holder.release(ID), 10).catch(() => {})
    world.onDeliver = (arrive) => queueMicrotask(arrive)
    for (const arrive of late) arrive()
    expect(await world.finish(waiting, 20_000)).toBe(2)
    expect((await holder.peek(ID))?.state.count).toBe(2)
  })

  it('leaves nothing open where it is closed at once', async () => {
    const client = await leapt()
    quiet(increment(client))
    await world.finish(client.close())
    expect(world.clock.pending).toBe(0)
    expect(world.connected).toBe(0)
  })
})
