import type { Holdfast } from '../../../client/holdfast.js'
import type { Clock } from '../../../client/ports.js'
import { type Counter, ID, increment, quiet } from '../../support/counting.js'
import { World } from '../../support/world.js'

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
    void quiet(increment(client))
    await world.finish(client.close())
    expect(world.clock.pending).toBe(0)
    expect(world.connected).toBe(0)
  })
})
