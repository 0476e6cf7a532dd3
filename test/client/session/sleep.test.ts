import { SLEEP_AFTER_LEASES, STAND_BY_ANSWER_MS, STAND_BY_SPREAD_MS } from '../../../client/limits.js'
import { processKey } from '../../../protocol/keys.js'
import { readProcess } from '../../../protocol/process/record.js'
import { type Counter, Gate, ID, increment } from '../../support/counting.js'
import { settle, World } from '../../support/world.js'
import { typeOf } from './counting-client.js'

const HOUR_MS = 3_600_000

/** Counts the connections that are opened, too. */
class CountingWorld extends World {
  opened = 0

  override opening(): void {
    this.opened += 1
  }
}

describe('a process with nothing to do', () => {
  let world: CountingWorld
  beforeEach(() => {
    world = new CountingWorld()
  })
  afterEach(() => world.close())

  const types = () => world.traffic.sent.map(typeOf)
  /** The types of the messages that are sent meanwhile. */
  const sentIn = async (pass: () => Promise<unknown>) => {
    const before = world.traffic.sent.length
    await pass()
    return types().slice(before)
  }
  const asleepAfterMs = () => (SLEEP_AFTER_LEASES + 1) * world.timing.leaseMs + STAND_BY_SPREAD_MS
  const client = (options = {}) => world.client<Counter>({ holdPolicy: 'perAccess', ...options })
  /** A client that sleeps. */
  const sleeper = async (options = {}) => {
    const made = client(options)
    await world.finish(increment(made))
    await world.clock.advance(asleepAfterMs())
    expect(made.health()).toMatchObject({ state: 'idle', leaseRemainingMs: 0 })
    return made
  }

  it('sleeps after some leases: its process id is over at the store, and one connection stands by', async () => {
    const made = client()
    await world.finish(increment(made))
    await world.clock.advance(SLEEP_AFTER_LEASES * world.timing.leaseMs - 1_000)
    expect(made.health().state).toBe('connected')
    await world.clock.advance(world.timing.leaseMs + STAND_BY_SPREAD_MS + 1_000)
    expect(made.health().state).toBe('idle')
    expect(types().at(-1)).toBe('retire')
    expect(world.connected).toBe(1)
    const ids = world.traffic.sent.map((text) => JSON.parse(text).processId).filter((id) => id !== undefined)
    expect(ids).toHaveLength(1)
    expect(readProcess(await world.memory.get('locks', processKey(ids[0])))?.leaseUntil).toBe(0)
  })

  it('sends nothing while it sleeps, and opens a connection every few minutes', async () => {
    await sleeper()
    const { opened } = world
    expect(await sentIn(() => world.clock.advance(HOUR_MS))).toEqual([])
    expect(world.opened - opened).toBeGreaterThan(0)
    expect(world.opened - opened).toBeLessThanOrEqual(16)
    expect(world.connected).toBe(1)
  })

  it('wakes at the cost of one more message and its answer, over the connection that stands by', async () => {
    const made = await sleeper()
    const { opened } = world
    expect(await sentIn(() => world.finish(increment(made)))).toEqual(['hello', 'acquire', 'release'])
    expect(world.opened).toBe(opened)
    expect(made.health().state).toBe('connected')
    expect((await made.peek(ID))?.state.count).toBe(2)
  })

  it('goes on under another process id, every time', async () => {
    const made = client()
    for (let times = 0; times < 3; times += 1) {
      await world.finish(increment(made))
      await world.clock.advance(asleepAfterMs())
    }
    const hellos = world.traffic.sent.filter((text) => typeOf(text) === 'hello').map((text) => JSON.parse(text))
    expect(new Set(hellos.map(({ processId }) => processId)).size).toBe(3)
    expect(new Set(hellos.map(({ secret }) => secret)).size).toBe(3)
    expect(hellos.map(({ gen }) => gen)).toEqual([1, 1, 1])
  })

  it('tells of it by an event, and of the connection when it wakes', async () => {
    const made = client()
    const states: string[] = []
    made.on('connection', ({ state }) => states.push(state))
    await world.finish(increment(made))
    await world.clock.advance(asleepAfterMs())
    await world.finish(increment(made))
    await settle()
    expect(states).toEqual(['connected', 'idle', 'connected'])
  })

  it('does not sleep while it holds a session, and does so some leases after that went back unused', async () => {
    const made = client({ holdPolicy: 'untilRevoked', idleReleaseMs: 20 * world.timing.leaseMs })
    await world.finish(increment(made))
    await world.clock.advance(19 * world.timing.leaseMs)
    expect(made.health()).toMatchObject({ state: 'connected', heldSessions: 1 })
    await world.clock.advance(world.timing.leaseMs + asleepAfterMs())
    expect(made.health()).toMatchObject({ state: 'idle', heldSessions: 0 })
  })

  it('does not sleep while an access waits or runs', async () => {
    const gate = new Gate()
    const holder = client({ label: 'holder' })
    const running = holder.access(ID, 'all', () => gate.passed)
    await world.clock.advance(100)
    const made = client({ timeoutMs: HOUR_MS })
    const waiting = increment(made)
    await world.clock.advance(world.timing.maxBusyMs - 5_000)
    expect([holder.health().state, made.health().state]).toEqual(['connected', 'connected'])
    gate.open()
    await world.finish(Promise.all([running, waiting]), 10_000)
  })

  it('does not sleep while there is an access now and then', async () => {
    const made = client()
    const pauseMs = (SLEEP_AFTER_LEASES - 1) * world.timing.leaseMs
    const sent = await sentIn(async () => {
      for (let times = 0; times < 5; times += 1) {
        await world.finish(increment(made))
        await world.clock.advance(pauseMs)
      }
    })
    expect(sent.filter((type) => type === 'hello')).toHaveLength(1)
    expect(sent).not.toContain('retire')
  })

  it('opens no connection that it does not need: one that was to stand by goes where an access comes', async () => {
    // A lease with which no renewal is due in the moment in which the connection is opened.
    world = new CountingWorld({ leaseMs: 14_000 })
    const made = client()
    await world.finish(increment(made))
    const openedAt = async () => {
      for (let ms = 0; world.opened < 2 && ms < 2 * asleepAfterMs(); ms += 100) await world.clock.advance(100)
    }
    await openedAt()
    expect(made.health().state).toBe('connected')
    await world.finish(increment(made))
    expect(world.connected).toBe(1)
    await world.clock.advance(world.timing.leaseMs)
    expect(made.health().state).toBe('connected')
  })

  it('does not sleep where no connection can stand by: the next access is as quick as ever', async () => {
    const made = client()
    await world.finish(increment(made))
    const update = world.memory.update.bind(world.memory)
    world.memory.update = async (write) => {
      if (write.key.startsWith('C#')) throw new Error('the test lets no connection be opened')
      return update(write)
    }
    const { opened } = world
    await world.clock.advance(HOUR_MS)
    expect(made.health().state).toBe('connected')
    expect(world.opened - opened).toBeLessThanOrEqual(16)
    expect(await sentIn(() => world.finish(increment(made)))).toEqual(['acquire', 'release'])
    world.memory.update = update
    await world.clock.advance(HOUR_MS)
    expect(made.health().state).toBe('idle')
  })

  it('wakes after it stood still, over a connection of its own', async () => {
    const made = await sleeper()
    world.clock.freeze(HOUR_MS)
    const { opened } = world
    await world.finish(increment(made), 5_000)
    expect(world.opened).toBe(opened + 1)
    expect(world.connected).toBe(1)
  })

  it('wakes where the connection that stood by was cut', async () => {
    const made = await sleeper()
    world.cutConnections()
    expect(world.connected).toBe(0)
    await world.finish(increment(made), 5_000)
    expect(made.health().state).toBe('connected')
  })

  it('wakes soon where the connection that stood by was cut, and its own side does not know', async () => {
    const made = await sleeper()
    world.halfOpen()
    const beganMs = world.clock.monotonicMs()
    await world.finish(increment(made), 5_000)
    expect(world.clock.monotonicMs() - beganMs).toBeLessThan(STAND_BY_ANSWER_MS + 1_000)
  })

  it('serves accesses that come together in the moment in which it wakes or falls asleep', async () => {
    const made = client()
    // The randomness of these tests is fixed.
    const asleepMs = SLEEP_AFTER_LEASES * world.timing.leaseMs + STAND_BY_SPREAD_MS / 2
    for (let offsetMs = -5_000; offsetMs <= 5_000; offsetMs += 250) {
      await world.finish(increment(made))
      await world.clock.advance(asleepMs + offsetMs)
      await world.finish(Promise.all([increment(made), increment(made, 'other')]), 5_000)
    }
    expect(made.health().waitingSessions).toBe(0)
    expect(world.connected).toBe(1)
  })

  it('drops a grant of before its sleep: a late acquire of its former id delays nobody for long', async () => {
    const late: (() => void)[] = []
    const made = client()
    await world.finish(increment(made))
    // The network repeats the acquire, and the copy arrives when the process sleeps.
    world.onRequest = (arrive) => {
      arrive()
      late.push(arrive)
    }
    await world.finish(increment(made))
    world.onRequest = (arrive) => arrive()
    await world.clock.advance(asleepAfterMs())
    const granted = world.traffic.pushed.length
    for (const arrive of late) arrive()
    await settle()
    expect(world.traffic.pushed.slice(granted)).toEqual([])
    expect(made.health()).toMatchObject({ state: 'idle', heldSessions: 0 })
    const other = client()
    await world.finish(increment(other), 2 * world.timing.nudgeAfterMs)
    await world.finish(increment(made), 2 * world.timing.nudgeAfterMs)
    expect((await made.peek(ID))?.state.count).toBe(4)
  })

  it('closes while it sleeps, and leaves no connection and no timer', async () => {
    const made = await sleeper()
    const closing = made.close()
    await settle()
    await closing
    expect(world.connected).toBe(0)
    expect(world.clock.pending).toBe(0)
    expect(made.health().state).toBe('closed')
    await expect(increment(made)).rejects.toMatchObject({ code: 'CLOSED' })
  })
})
