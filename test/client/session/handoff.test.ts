import { createHash } from 'node:crypto'
import { SessionLostError, WaitTimeoutError } from '../../../client/errors/index.js'
import { readLock } from '../../../protocol/lock/record.js'
import type { StoreMessage } from '../../../protocol/messages.js'
import { holdCostMaxMs } from '../../../protocol/timing.js'
import { settle, World } from '../../support/world.js'

interface Shop {
  cart: { items: string[] }
  count: number
  profile: { name: string }
}

const ID = 'a session id that nobody guesses'
const LOCK = `S#test#${createHash('sha256').update(ID).digest('base64url')}`

describe('one session between processes', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  const lock = async () => readLock(await world.memory.get('locks', LOCK))

  const finish = <T>(promise: Promise<T>, withinMs?: number): Promise<T> => world.finish(promise, withinMs)

  const add = (client: ReturnType<typeof world.client<Shop>>, by = 1) =>
    client.access(ID, { write: ['count'] }, (session) => {
      session.state.count = (session.state.count ?? 0) + by
      return session.state.count
    })

  it('is kept after an access, so that a read costs no request and a write costs one', async () => {
    const client = world.client<Shop>()
    await finish(add(client))
    world.traffic.updates.length = 0
    world.traffic.sent.length = 0

    const read = await client.access(ID, { read: ['count'] }, ({ state }) => state.count)
    expect(read).toBe(1)
    expect([world.traffic.updates.length, world.traffic.gets.length, world.traffic.sent.length]).toEqual([0, 0, 0])

    await add(client)
    expect(world.traffic.updates).toHaveLength(1)
    expect([world.traffic.gets.length, world.traffic.sent.length]).toEqual([0, 0])
  })

  it('goes to another process that asks, with everything the first has committed', async () => {
    const [first, second] = [world.client<Shop>(), world.client<Shop>()]
    await finish(add(first))
    expect(await finish(add(second))).toBe(2)
    expect(first.health().heldSessions).toBe(0)
    expect(second.health().heldSessions).toBe(1)
    expect(await finish(add(first))).toBe(3)
  })

  it('lets no other process in while an access runs', async () => {
    const [first, second] = [world.client<Shop>(), world.client<Shop>()]
    let end = () => {}
    const running = first.access(ID, 'all', async (session) => {
      await new Promise<void>((resolve) => {
        end = resolve
      })
      session.state.count = 10
    })
    await world.clock.advance(100)
    const waiting = add(second)
    await world.clock.advance(5_000)
    expect((await lock())?.waiters).toHaveLength(1)
    end()
    await finish(running)
    expect(await finish(waiting)).toBe(11)
  })

  it('tells a running access that it is wanted', async () => {
    const [first, second] = [world.client<Shop>(), world.client<Shop>()]
    let end = () => {}
    const seen: boolean[] = []
    const running = first.access(ID, 'all', async (session) => {
      seen.push(session.wanted)
      await new Promise<void>((resolve) => {
        end = resolve
      })
      seen.push(session.wanted)
    })
    await world.clock.advance(100)
    const waiting = add(second)
    await world.clock.advance(100)
    end()
    await finish(running)
    await finish(waiting)
    expect(seen).toEqual([false, true])
  })

  it('serves waiting processes in the order of the list', async () => {
    const clients = [1, 2, 3, 4, 5].map(() => world.client<Shop>())
    const order: number[] = []
    const first = clients[0]
    if (first === undefined) throw new Error('no client')
    await finish(add(first))
    let end = () => {}
    const running = first.access(
      ID,
      'all',
      () =>
        new Promise<void>((resolve) => {
          end = resolve
        }),
    )
    await settle()
    const waiting: Promise<unknown>[] = []
    for (const [index, client] of clients.entries()) {
      if (index === 0) continue
      waiting.push(client.access(ID, 'all', () => void order.push(index)))
      await world.clock.advance(100)
    }
    end()
    await finish(Promise.all([running, ...waiting]), 10_000)
    expect(order).toEqual([1, 2, 3, 4])
  })

  it('is handed over within the stated bound when every push is lost', async () => {
    const [first, second] = [world.client<Shop>(), world.client<Shop>()]
    await finish(add(first))
    world.onPush = () => false
    const startedAt = world.clock.wallMs()
    expect(await finish(add(second), holdCostMaxMs(world.timing))).toBe(2)
    expect(world.clock.wallMs() - startedAt).toBeLessThanOrEqual(holdCostMaxMs(world.timing))
  })

  it('is taken from a dead process when its lease is over', async () => {
    const [first, second] = [world.client<Shop>(), world.client<Shop>()]
    await finish(add(first))
    world.partition(first)
    const { leaseMs, storeMarginMs, nudgeAfterMs } = world.timing
    expect(await finish(add(second), leaseMs + storeMarginMs + 3 * nudgeAfterMs)).toBe(2)
  })

  it('is not used any more by a process whose lease is over', async () => {
    const [first, second] = [world.client<Shop>(), world.client<Shop>()]
    await finish(add(first))
    let end = () => {}
    const running = first.access(ID, { write: ['count'] }, async (session) => {
      await new Promise<void>((resolve) => {
        end = resolve
      })
      session.state.count = 1_000
    })
    running.catch(() => {})
    world.partition(first)
    await finish(add(second), 60_000)
    end()
    await expect(finish(running)).rejects.toMatchObject({ reason: 'unreachable', effect: 'none' })
    world.partition(first, false)
    expect(await finish(add(first), 60_000)).toBe(3)
  })

  it('serves the accesses of its own that were queued before the revoke, then goes', async () => {
    const [first, second] = [world.client<Shop>(), world.client<Shop>()]
    await finish(add(first))
    let end = () => {}
    const running = first.access(ID, { write: ['count'] }, async (session) => {
      await new Promise<void>((resolve) => {
        end = resolve
      })
      session.state.count = (session.state.count ?? 0) + 1
    })
    const queued = add(first)
    await settle()
    const other = add(second)
    await settle()
    end()
    await finish(Promise.all([running, queued]))
    expect(await finish(other)).toBe(4)
  })

  it('marks a grant that its revoke has overtaken, and gives it back after use', async () => {
    const [first, second] = [world.client<Shop>(), world.client<Shop>()]
    await finish(add(first))
    // The grant's push is held back until the revoke, caused by a third process, has come before it.
    const held: StoreMessage[] = []
    world.onPush = (message) => {
      if (message.type !== 'granted') return true
      held.push(message)
      return false
    }
    const waiting = add(second)
    await settle()
    expect(held).toMatchObject([{ type: 'granted', contended: false }])
    const wanted = jest.fn()
    second.on('wanted', wanted)
    // No nudge arrives: nobody but the revoke says that the third waits.
    world.onSend = (text) => !text.includes('"nudge":true')
    const last = add(world.client<Shop>())
    await settle()
    world.onPush = () => true
    for (const message of held) world.say(second, message)
    const { nudgeAfterMs } = world.timing
    expect(await finish(waiting, nudgeAfterMs / 4)).toBe(2)
    expect(await finish(last, nudgeAfterMs / 4)).toBe(3)
    expect(wanted).toHaveBeenCalledTimes(1)
  })

  it('is lost by a holder that does not let go within maxBusyMs, and its access fails typed', async () => {
    const [first, second] = [world.client<Shop>(), world.client<Shop>()]
    let reason: unknown
    const endless = first.access(ID, 'all', (session) => {
      session.signal.addEventListener('abort', () => {
        reason = session.signal.reason
      })
      return new Promise(() => {})
    })
    endless.catch(() => {})
    await world.clock.advance(100)
    const waiting = second.access(ID, 'all', () => 'mine', { timeoutMs: 120_000 })
    const { busyAfterMs, maxBusyMs, nudgeAfterMs } = world.timing
    expect(await finish(waiting, busyAfterMs + maxBusyMs + 4 * nudgeAfterMs)).toBe('mine')
    await expect(endless).rejects.toMatchObject({ code: 'SESSION_LOST', reason: 'revoked', effect: 'none' })
    expect(reason).toBeInstanceOf(SessionLostError)
  })

  it('is asked for by a trickle of nudges from a store that does not answer', async () => {
    const client = world.client<Shop>()
    world.onSend = (text) => !text.includes('"acquire"')
    const waiting = client.access(ID, 'all', () => {}, { timeoutMs: 60_000 })
    await expect(finish(waiting, 61_000)).rejects.toBeInstanceOf(WaitTimeoutError)
    const asked = world.traffic.sent.filter((text) => text.includes('"acquire"'))
    expect(asked.length).toBeGreaterThan(2)
    expect(asked.length).toBeLessThanOrEqual(1 + 60_000 / world.timing.roundTripMs)
  })

  it('costs one release and one grant each time, though every push arrives three times', async () => {
    world.pushCopies = 3
    const clients = [1, 2, 3].map(() => world.client<Shop>())
    let grants = 0
    for (const client of clients) client.on('granted', () => (grants += 1))
    const rounds = Array.from({ length: 20 }, () => clients.map((client) => add(client)))
    await finish(Promise.all(rounds.flat()), 60_000)
    for (let round = 0; round < 20; round += 1) for (const client of clients) await finish(add(client), 60_000)
    const count = (type: string) => world.traffic.sent.filter((text) => text.includes(`"type":"${type}"`)).length
    expect(grants).toBeGreaterThan(50)
    expect(count('release')).toBeLessThan(1.2 * grants)
    expect(world.traffic.pushed.filter(({ type }) => type === 'granted').length).toBeLessThan(1.2 * grants)
  })

  it('survives cut connections without losing what is held', async () => {
    const client = world.client<Shop>()
    await finish(add(client))
    world.cutConnections()
    await world.clock.advance(world.timing.leaseMs * 3)
    world.traffic.updates.length = 0
    expect(await finish(add(client))).toBe(2)
    // Still the same hold: one commit, no claim.
    expect(world.traffic.updates).toHaveLength(1)
  })
})
