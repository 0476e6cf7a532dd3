import type { Holdfast } from '../../../client/holdfast.js'
import type { ClientMessageType } from '../../../protocol/messages.js'
import { type Counter, ID, increment as incrementOf } from '../../support/counting.js'
import { settle, World } from '../../support/world.js'

/** The store refuses messages with TOO_MANY_MESSAGES: that delays, and breaks nothing. */
describe('a client that is told that its messages are too many', () => {
  let world: World
  let lost: unknown[]
  const expectNothingLost = () => expect(lost).toEqual([])
  beforeEach(() => {
    world = new World()
    lost = []
  })
  afterEach(async () => {
    world.refusalOf = () => undefined
    await world.close()
    expectNothingLost()
  })

  const typeOf = (text: string) => (JSON.parse(text) as { readonly type: ClientMessageType }).type
  /** Refuses the next messages of a type, as many as said. Returns how many of them are left. */
  const refuse = (type: ClientMessageType, times: number) => {
    let left = times
    world.refusalOf = (text) => {
      if (typeOf(text) !== type || left === 0) return undefined
      left -= 1
      return 'TOO_MANY_MESSAGES'
    }
    return () => left
  }
  const sent = (type: ClientMessageType) => world.traffic.sent.filter((text) => typeOf(text) === type).length
  const client = () => {
    const created = world.client<Counter>({ ttlMs: 3 * 24 * 3_600_000 })
    created.on('lost', (event) => lost.push(event))
    return created
  }
  const increment = (holdfast: Holdfast<Counter>, timeoutMs = 30_000) => incrementOf(holdfast, ID, { timeoutMs })
  /** An access that goes on until it is told to end. */
  const stay = (holdfast: Holdfast<Counter>) => {
    let end = () => {}
    const running = holdfast.access(ID, { write: ['count'] }, async ({ state, signal }) => {
      await new Promise<void>((resolve) => {
        end = resolve
      })
      state.count = (state.count ?? 0) + 1
      return signal.aborted
    })
    return { running, end: () => end() }
  }

  it('says hello again on another connection', async () => {
    const left = refuse('hello', 3)
    expect(await world.finish(increment(client()), 5_000)).toBe(1)
    expect(left()).toBe(0)
  })

  it('acquires again later, and the access that waits for it knows nothing of it', async () => {
    const left = refuse('acquire', 3)
    expect(await world.finish(increment(client()), 20_000)).toBe(1)
    expect(left()).toBe(0)
  })

  it('fails an access only for having waited too long', async () => {
    refuse('acquire', Number.POSITIVE_INFINITY)
    const waiting = increment(client(), 8_000)
    await expect(world.finish(waiting, 10_000)).rejects.toMatchObject({ code: 'WAIT_TIMEOUT', retryable: true })
  })

  it('acquires no faster for being refused', async () => {
    refuse('acquire', Number.POSITIVE_INFINITY)
    const waiting = increment(client(), 20_000)
    waiting.catch(() => {})
    await world.clock.advance(19_000)
    expect(sent('acquire')).toBeLessThanOrEqual(1 + 19_000 / world.timing.roundTripMs)
    await world.clock.advance(2_000)
  })

  it('releases again, so that the next gets the session', async () => {
    const [first, second] = [client(), client()]
    await world.finish(increment(first))
    const left = refuse('release', 3)
    expect(await world.finish(increment(second), 20_000)).toBe(2)
    expect(left()).toBe(0)
  })

  it('releases when it is asked again, where it had given up to release', async () => {
    const [first, second] = [client(), client()]
    await world.finish(increment(first))
    const left = refuse('release', 5)
    await world.finish(first.release(ID), 20_000)
    expect(left()).toBe(0)
    expect(await world.finish(increment(second), 20_000)).toBe(2)
    expect(await world.finish(increment(first), 20_000)).toBe(3)
  })

  it('says that it is busy when it is asked again', async () => {
    const [first, second] = [client(), client()]
    const { running, end } = stay(first)
    await settle()
    const left = refuse('busy', 1)
    const next = increment(second)
    await world.clock.advance(10_000)
    expect(left()).toBe(0)
    expect(sent('busy')).toBeGreaterThan(1)
    end()
    expect(await world.finish(running)).toBe(false)
    expect(await world.finish(next, 20_000)).toBe(2)
  })

  it('keeps its session and its lease when a renewal is refused', async () => {
    const holder = client()
    await world.finish(increment(holder))
    const left = refuse('renew', 2)
    await world.clock.advance(2 * world.timing.leaseMs)
    expect(left()).toBe(0)
    expect(await world.finish(increment(holder))).toBe(2)
    expect(sent('acquire')).toBe(1)
  })

  it('keeps its session when it cannot refresh the lock record', async () => {
    // With a long lease a day has few renewals.
    world = new World({ leaseMs: 300_000 })
    const holder = client()
    await world.finish(increment(holder))
    const { running, end } = stay(holder)
    const left = refuse('keep', 1)
    await world.clock.advance(25 * 3_600_000)
    expect(left()).toBe(0)
    end()
    expect(await world.finish(running)).toBe(false)
    expect(sent('acquire')).toBe(1)
  })

  it('gives back what it no longer waits for, where its cancel was refused', async () => {
    const [first, second] = [client(), client()]
    const { running, end } = stay(first)
    await settle()
    const left = refuse('cancel', 1)
    const waiting = increment(second, 500)
    waiting.catch(() => {})
    await world.clock.advance(1_000)
    await expect(waiting).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' })
    expect(left()).toBe(0)
    end()
    await world.finish(running)
    const third = client()
    expect(await world.finish(increment(third), 20_000)).toBe(2)
  })

  it('closes in bounded time, and its sessions go on elsewhere', async () => {
    const [first, second] = [client(), client()]
    await world.finish(increment(first))
    const left = refuse('retire', 1)
    await world.finish(first.close(), world.timing.roundTripMs + 1_000)
    expect(left()).toBe(0)
    expect(await world.finish(increment(second), 30_000)).toBe(2)
  })
})
