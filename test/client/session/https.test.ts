import type { Reply } from '../../../client/ports.js'
import { type Counter, Gate, ID, increment, quiet } from '../../support/counting.js'
import { World } from '../../support/world.js'

const typeOf = (text: string): string => (JSON.parse(text) as { readonly type: string }).type

describe('a client that sends its messages over HTTPS', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  const perAccess = () => world.httpsClient<Counter>('https', { holdPolicy: 'perAccess' })
  const sent = () => world.traffic.sent.splice(0).map(typeOf)

  it('says hello once, and then an acquire and a release for each access', async () => {
    const client = perAccess()
    expect(await world.finish(increment(client))).toBe(1)
    expect(await world.finish(increment(client))).toBe(2)
    expect(sent()).toEqual(['hello', 'acquire', 'release', 'acquire', 'release'])
    expect(client.health().state).toBe('connected')
    expect(world.connected).toBe(0)
  })

  it('goes on under another id after a time in which it was frozen, with one hello', async () => {
    const client = perAccess()
    await world.finish(increment(client))
    sent()
    world.clock.freeze(world.timing.leaseMs * 2)
    expect(await world.finish(increment(client))).toBe(2)
    expect(sent()).toEqual(['hello', 'acquire', 'release'])
  })

  it('waits for its turn by looking, and is served soon after it is free', async () => {
    const [first, second] = [perAccess(), perAccess()]
    const gate = new Gate()
    const holding = first.access(ID, 'all', () => gate.passed)
    await world.clock.advance(50)
    const waiting = increment(second)
    await world.clock.advance(500)
    gate.open()
    await world.finish(holding)
    const freeAtMs = world.clock.monotonicMs()
    expect(await world.finish(waiting)).toBe(1)
    expect(world.clock.monotonicMs() - freeAtMs).toBeLessThan(400)
    expect(world.traffic.pushed).toEqual([])
  })

  it.each(['https', 'socket'] as const)('gives back what it keeps when another asks for it, by %s', async (way) => {
    const holder = world.httpsClient<Counter>()
    await world.finish(increment(holder))
    const other = way === 'https' ? world.httpsClient<Counter>() : world.client<Counter>()
    expect(await world.finish(increment(other), 10_000)).toBe(2)
    expect(await world.finish(increment(holder), 10_000)).toBe(3)
  })

  it('that many wait for says that it is busy no more often than one is answered', async () => {
    const holder = world.client<Counter>()
    const gate = new Gate()
    const holding = holder.access(ID, 'all', () => gate.passed)
    await world.clock.advance(50)
    const waiting = Array.from({ length: 8 }, () => increment(perAccess(), ID, { timeoutMs: 60_000 }))
    await world.clock.advance(20_000)
    const said = sent().filter((type) => type === 'busy').length
    expect(said).toBeGreaterThan(1)
    expect(said).toBeLessThanOrEqual(20_000 / world.timing.roundTripMs)
    gate.open()
    await world.finish(holding)
    await world.finish(Promise.all(waiting), 60_000)
  })

  it('loses no count where answers overtake one another', async () => {
    const { door } = world
    let turn = 0
    world.door = {
      post: async (speaker, text) => {
        const reply = await door.post(speaker, text)
        turn += 1
        // Each second answer is late.
        const lateMs = turn % 2 === 0 ? 40 : 5
        return new Promise<Reply>((resolve) => void world.clock.after(lateMs, () => resolve(reply)))
      },
    }
    const clients = [perAccess(), perAccess(), perAccess()]
    const counts = clients.flatMap((client) =>
      Array.from({ length: 10 }, () => increment(client, ID, { timeoutMs: 600_000 })),
    )
    const all = await world.finish(Promise.all(counts), 600_000)
    expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1))
  })

  it('tells an access why the store is out of reach', async () => {
    world.door = { post: async () => ({ failure: { message: 'the test refuses the request', kind: 'passing' } }) }
    const access = quiet(increment(perAccess()))
    await expect(world.finish(access, 60_000)).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringContaining('the test refuses the request'),
    })
  })

  it('makes another connection of it when a message gets no answer, and is served', async () => {
    const client = perAccess()
    await world.finish(increment(client))
    sent()
    const { door } = world
    let failures = 1
    world.door = {
      post: async (speaker, text) =>
        failures-- > 0 ? { failure: { message: 'lost', kind: 'passing' } } : door.post(speaker, text),
    }
    expect(await world.finish(increment(client), 10_000)).toBe(2)
    expect(sent()).toEqual(['acquire', 'hello', 'renew', 'acquire', 'release'])
  })
})

describe('a client whose connection is gone', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  it('keeps its lease and what it holds over HTTPS', async () => {
    const client = world.httpsClient<Counter>('socketAndHttps')
    const lost: unknown[] = []
    client.on('lost', ({ error }) => lost.push(error.message))
    await world.finish(increment(client))
    world.refuseConnections()
    await world.clock.advance(5 * world.timing.leaseMs)
    expect(client.health()).toMatchObject({ state: 'connecting', heldSessions: 1 })
    expect(await world.finish(increment(client))).toBe(2)
    expect(lost).toEqual([])
    world.acceptConnections()
    await world.clock.advance(30_000)
    expect(client.health()).toMatchObject({ state: 'connected', heldSessions: 1 })
  })

  it('tries more and more seldom to connect, although it renews', async () => {
    const client = world.httpsClient<Counter>('socketAndHttps')
    await world.finish(increment(client))
    const opening = jest.spyOn(world, 'opening')
    world.refuseConnections()
    await world.clock.advance(60_000)
    expect(opening.mock.calls.length).toBeGreaterThan(5)
    expect(opening.mock.calls.length).toBeLessThan(40)
  })

  it('would lose its lease without', async () => {
    const client = world.client<Counter>()
    await world.finish(increment(client))
    world.refuseConnections()
    await world.clock.advance(5 * world.timing.leaseMs)
    expect(client.health()).toMatchObject({ heldSessions: 0 })
  })

  it('hears that others wait, and gives the session back', async () => {
    const holder = world.httpsClient<Counter>('socketAndHttps')
    await world.finish(increment(holder))
    world.refuseConnections()
    const other = world.httpsClient<Counter>()
    expect(await world.finish(increment(other), world.timing.leaseMs)).toBe(2)
  })

  it('asks for nothing over HTTPS', async () => {
    const client = world.httpsClient<Counter>('socketAndHttps')
    await world.finish(increment(client))
    world.refuseConnections()
    world.traffic.sent.length = 0
    const access = quiet(increment(client, 'another', { timeoutMs: 5_000 }))
    await expect(world.finish(access, 60_000)).rejects.toMatchObject({ code: 'UNREACHABLE' })
    expect(new Set(world.traffic.sent.map(typeOf))).toEqual(new Set(['renew']))
  })

  it('says nothing over HTTPS before the store knows it', async () => {
    world.refuseConnections()
    const client = world.httpsClient<Counter>('socketAndHttps')
    const access = quiet(increment(client, ID, { timeoutMs: 1_000 }))
    await expect(world.finish(access, 10_000)).rejects.toMatchObject({ code: 'UNREACHABLE' })
    await world.finish(client.close())
    expect(world.traffic.sent).toEqual([])
  })

  it('takes back what it has asked for, so that the lock is not kept for it', async () => {
    const holder = world.httpsClient<Counter>()
    const gate = new Gate()
    const holding = holder.access(ID, 'all', () => gate.passed)
    await world.clock.advance(50)
    const access = quiet(increment(world.httpsClient<Counter>('socketAndHttps'), ID, { timeoutMs: 3_000 }))
    await world.clock.advance(500)
    world.refuseConnections()
    world.traffic.sent.length = 0
    await expect(world.finish(access, 10_000)).rejects.toMatchObject({ code: 'UNREACHABLE' })
    expect(world.traffic.sent.map(typeOf)).toContain('cancel')
    gate.open()
    await world.finish(holding)
  })

  it('says that it is busy, and ends a long access by itself no later than it was told', async () => {
    const holder = world.httpsClient<Counter>('socketAndHttps')
    const gate = new Gate()
    const lost = quiet(holder.access(ID, 'all', () => gate.passed))
    await world.clock.advance(50)
    world.refuseConnections()
    const waiting = increment(world.httpsClient<Counter>(), ID, { timeoutMs: 60_000 })
    await world.clock.advance(world.timing.leaseMs)
    expect(world.traffic.sent.map(typeOf)).toContain('busy')
    await world.clock.advance(world.timing.maxBusyMs)
    await expect(lost).rejects.toMatchObject({ code: 'SESSION_LOST', reason: 'revoked' })
    expect(await world.finish(waiting, 10_000)).toBe(1)
    gate.open()
  })

  it('retires when it closes, so that others wait for none of its locks', async () => {
    const holder = world.httpsClient<Counter>('socketAndHttps')
    await world.finish(increment(holder))
    world.refuseConnections()
    await world.finish(holder.close())
    const other = world.httpsClient<Counter>()
    expect(await world.finish(increment(other), 1_000)).toBe(2)
  })
})
