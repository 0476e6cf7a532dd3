import type { RequestSessions } from '../../../../client/adapters/common/index.js'
import { Gate, quiet } from '../../../support/counting.js'
import { ID, Servers } from './servers.js'

/** A request that holds everything until the gate opens. */
async function holdUntil(servers: Servers, server: RequestSessions, { passed }: Gate): Promise<void> {
  const request = await servers.loaded(server)
  void passed.then(() => request.end())
}

describe.each(['none', 'merge'] as const)("a request with lock '%s'", (lock) => {
  let servers: Servers
  beforeEach(() => {
    servers = new Servers()
  })
  afterEach(() => servers.stop())

  it('sees the last commit without waiting for those who hold the session', async () => {
    const [one, other] = [servers.server(), servers.server()]
    await servers.make(one, { n: 1, cart: { b: 1, a: 2 } })
    const holding = await servers.loaded(one)
    const request = servers.request(other, lock)
    const cost = await servers.costOf(async () => {
      const loaded = await request.load(ID)
      expect(loaded?.values).toEqual({ n: 1, cart: { a: 2, b: 1 } })
      await request.save(ID, { cart: { a: 2, b: 1 }, n: 1 })
      await request.touch(ID)
      await request.end()
    })
    expect(cost).toEqual(['application GetItem'])
    await holding.save(ID, { n: 2 })
  })

  it('refuses a change where another has changed the same attribute, and writes nothing', async () => {
    const [one, other] = [servers.server(), servers.server()]
    await servers.make(one, { list: [1], n: 1 })
    const request = await servers.loaded(other, lock)
    await servers.write(one, { list: [1, 2], n: 1 })
    const refused = request.save(ID, { list: [1, 3], n: 2 })
    await expect(refused).rejects.toMatchObject({ code: 'SESSION_CHANGED', attributes: ['list'], effect: 'none' })
    expect(await servers.committed()).toEqual({ list: [1, 2], n: 1 })
  })

  it.each([
    ['the other deleted it', { n: 1 }, { list: [1, 3], n: 1 }],
    ['this one deletes it', { list: [1, 2], n: 1 }, { n: 1 }],
    ['both made it', { list: [1], n: 1, more: 1 }, { list: [1], n: 1, more: 2 }],
  ])('takes a deleted attribute for a change, and one that is new: %s', async (_which, theirs, ours) => {
    const [one, other] = [servers.server(), servers.server()]
    await servers.make(one, { list: [1], n: 1 })
    const request = await servers.loaded(other, lock)
    await servers.write(one, theirs)
    await expect(request.save(ID, ours)).rejects.toMatchObject({ code: 'SESSION_CHANGED' })
    expect(await servers.committed()).toEqual(theirs)
  })

  it('keeps or refuses each of 40 overlapping changes of one attribute, and overwrites none', async () => {
    const both = [servers.server(), servers.server()]
    await servers.make(both[0] as never, { items: [] })
    const add = async (item: number) => {
      const request = servers.request(both[item % 2] as never, lock)
      const values = await servers.valuesOf<{ items: number[] }>(request)
      values.items.push(item)
      await request.save(ID, values)
      return item
    }
    const outcomes = await Promise.allSettled(Array.from({ length: 40 }, (_, item) => add(item)))
    const kept = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const refused = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
    expect(new Set(refused)).toEqual(new Set(['SESSION_CHANGED']))
    expect(kept.length).toBeGreaterThan(0)
    const { items } = (await servers.committed()) as { items: number[] }
    expect(items.toSorted((a, b) => a - b)).toEqual(kept)
  })

  it('goes on from what it saved', async () => {
    const [one, other] = [servers.server(), servers.server()]
    await servers.make(one, { n: 1 })
    const request = await servers.loaded(other, lock)
    await request.save(ID, { n: 2 })
    await request.save(ID, { n: 3 })
    await servers.write(one, { n: 4 })
    await request.save(ID, { n: 3 })
    await expect(request.save(ID, { n: 5 })).rejects.toMatchObject({ code: 'SESSION_CHANGED' })
    expect((await request.reload(ID))?.values).toEqual({ n: 4 })
    await request.save(ID, { n: 5 })
    expect(await servers.committed()).toEqual({ n: 5 })
  })

  it('does not see a change where another has only extended the life', async () => {
    const [one, other] = [servers.server(), servers.server()]
    await servers.make(one, { n: 1 }, { ttlMs: 60_000 })
    await servers.stack.advance(10_000)
    const request = await servers.loaded(other, lock)
    await servers.write(one, { n: 1 }, { ttlMs: 50_000 })
    await request.save(ID, { n: 2 }, 50_000)
    expect(await servers.committed()).toEqual({ n: 2 })
  })

  it('sees a change that is not written yet', async () => {
    const holdfast = servers.client({ durability: 'release', flushMs: 60_000 })
    const server = servers.server({ holdfast })
    await servers.make(server, { n: 1 })
    const request = await servers.loaded(server, lock)
    await holdfast.access(ID, { write: ['n'] }, ({ state }) => void (state.n = 2))
    await expect(request.save(ID, { n: 3 })).rejects.toMatchObject({ code: 'SESSION_CHANGED' })
    await holdfast.release(ID)
    expect(await servers.committed()).toEqual({ n: 2 })
  })

  it('brings no session back that was destroyed meanwhile, however long ago', async () => {
    const [one, other] = [servers.server(), servers.server()]
    await servers.make(one, { n: 1 })
    const requests = [await servers.loaded(other, lock), await servers.loaded(other, lock)] as const
    const ending = await servers.loaded(one)
    await ending.destroy(ID)
    await ending.end()
    await expect(requests[0].save(ID, { n: 2 })).rejects.toMatchObject({
      code: 'SESSION_REPLACED',
      reason: 'destroyed',
    })
    await servers.stack.advance(60_000)
    await expect(requests[1].save(ID, { n: 2 })).rejects.toMatchObject({ code: 'SESSION_REPLACED' })
    await expect(requests[1].touch(ID, 5_000)).rejects.toMatchObject({ code: 'SESSION_REPLACED' })
    await requests[1].touch(ID)
    expect(await servers.committed()).toBeUndefined()
  })

  it('takes a session that was made anew under the same id for another', async () => {
    const [one, other] = [servers.server(), servers.server()]
    await servers.make(one, { n: 1 })
    const request = await servers.loaded(other, lock)
    const ending = await servers.loaded(one)
    await ending.destroy(ID)
    await ending.end()
    await servers.stack.advance(1)
    await servers.make(one, { n: 1 })
    await expect(request.save(ID, { n: 2 })).rejects.toMatchObject({ code: 'SESSION_CHANGED', attributes: [] })
    expect(await servers.committed()).toEqual({ n: 1 })
  })

  it('brings no session back that has expired meanwhile', async () => {
    const server = servers.server()
    await servers.make(server, { n: 1 }, { ttlMs: 1_000 })
    const request = await servers.loaded(server, lock)
    await servers.stack.advance(1_000)
    await expect(request.save(ID, { n: 2 }, 1_000)).rejects.toMatchObject({ code: 'SESSION_MISSING' })
    expect(await servers.committed()).toBeUndefined()
  })

  it('tells whether a session that is not there was destroyed, with one read more', async () => {
    const server = servers.server()
    await servers.make(server, { n: 1 })
    const ending = await servers.loaded(server)
    await ending.destroy(ID)
    await ending.end()
    const request = servers.request(servers.server(), lock)
    const cost = await servers.costOf(() =>
      expect(request.load(ID)).rejects.toMatchObject({ code: 'SESSION_REPLACED' }),
    )
    expect(cost).toEqual(['application GetItem', 'application GetItem'])
    await servers.stack.advance(30_000)
    expect(await servers.request(servers.server(), lock).load(ID)).toBeUndefined()
  })

  it('makes a session under a new id, and keeps it', async () => {
    const request = servers.request(servers.server(), lock)
    await request.save(ID, { n: 1 })
    await request.save(ID, { n: 2 })
    expect(await servers.committed()).toEqual({ n: 2 })
    await request.destroy(ID)
    await expect(request.save(ID, { n: 3 })).rejects.toMatchObject({ code: 'SESSION_REPLACED' })
    expect(await servers.committed()).toBeUndefined()
  })
})

describe("a request with lock 'none' alone", () => {
  it('refuses a change where another has changed anything', async () => {
    const servers = new Servers()
    try {
      const [one, other] = [servers.server(), servers.server()]
      await servers.make(one, { a: 1, b: 1 })
      const request = await servers.loaded(other, 'none')
      await servers.write(one, { a: 1, b: 1, c: 1 })
      const refused = request.save(ID, { a: 2, b: 1 })
      await expect(refused).rejects.toMatchObject({ code: 'SESSION_CHANGED', attributes: ['c'] })
      expect(await servers.committed()).toEqual({ a: 1, b: 1, c: 1 })
    } finally {
      await servers.stop()
    }
  })
})

describe('a request that merges', () => {
  let servers: Servers
  beforeEach(() => {
    servers = new Servers()
  })
  afterEach(() => servers.stop())

  it('keeps what others have changed in other attributes', async () => {
    const [one, other] = [servers.server(), servers.server()]
    await servers.make(one, { a: 1, b: 1, c: 1 })
    const requests = [await servers.loaded(one, 'merge'), await servers.loaded(other, 'merge')] as const
    await Promise.all([requests[0].save(ID, { a: 2, b: 1, c: 1 }), requests[1].save(ID, { a: 1, b: 2, d: 1 })])
    expect(await servers.committed()).toEqual({ a: 2, b: 2, d: 1 })
  })

  it('keeps an attribute of each of 40 requests', async () => {
    const both = [servers.server(), servers.server()]
    await servers.make(both[0] as never, {})
    const requests = Array.from({ length: 40 }, (_, n) => servers.request(both[n % 2] as never, 'merge'))
    await Promise.all(requests.map((request) => request.load(ID)))
    await Promise.all(requests.map((request, n) => request.save(ID, { [`of${n}`]: n })))
    expect(Object.values((await servers.committed()) ?? {}).toSorted((a, b) => a - b)).toEqual(
      requests.map((_, n) => n),
    )
  })

  it('fails in time where the session is held for longer', async () => {
    const [one, other] = [servers.server(), servers.server({ timeoutMs: 1_000 })]
    await servers.make(one, { n: 1 })
    const gate = new Gate()
    await holdUntil(servers, one, gate)
    const request = await servers.loaded(other, 'merge')
    const saving = quiet(request.save(ID, { n: 2 }))
    await servers.stack.advance(1_000)
    await expect(saving).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' })
    gate.open()
    await request.save(ID, { n: 2 })
    expect(await servers.committed()).toEqual({ n: 2 })
  })
})
