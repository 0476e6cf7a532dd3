import { InvalidArgumentError } from '../../../client/errors/index.js'
import type { Holdfast } from '../../../client/holdfast.js'
import { World } from '../../support/world.js'

interface Shop {
  count: number
}

describe('several sessions', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  it('are locked together in one order, so that two such accesses never deadlock', async () => {
    const [first, second] = [world.client<Shop>(), world.client<Shop>()]
    const move = (client: Holdfast<Shop>, from: string, to: string) =>
      client.accessMany([from, to], { write: ['count'] }, ([source, target]) => {
        if (source === undefined || target === undefined) throw new Error('two sessions were asked for')
        source.state.count = (source.state.count ?? 100) - 1
        target.state.count = (target.state.count ?? 100) + 1
      })
    const moves = Array.from({ length: 10 }, () => [
      move(first, 'a', 'b'),
      move(second, 'b', 'a'),
      move(first, 'b', 'a'),
    ])
    await world.finish(Promise.all(moves.flat()), 60_000)
    const [a, b] = [await first.peek('a'), await first.peek('b')]
    expect((a?.state.count ?? 0) + (b?.state.count ?? 0)).toBe(200)
    expect(a?.state.count).toBe(110)
  })

  it('are waited for within one timeout, which begins with the call', async () => {
    const client = world.client<Shop>()
    const [first, second] = ['a', 'b'].sort((a, b) => (client.session(a).key < client.session(b).key ? -1 : 1))
    const heldFor = (id: string | undefined, ms: number) =>
      client.access(
        id as string,
        'all',
        () => new Promise<void>((resolve) => void world.clock.after(ms, resolve, 'awaited')),
      )
    const holding = Promise.all([heldFor(first, 800), heldFor(second, 1_600)])
    await world.clock.advance(0)
    const waiting = client.accessMany([second as string, first as string], 'all', () => {}, { timeoutMs: 1_000 })
    await expect(world.finish(waiting, 10_000)).rejects.toMatchObject({ code: 'WAIT_TIMEOUT', waitedMs: 1_000 })
    await world.finish(holding, 10_000)
  })

  it('are looked for within the same timeout', async () => {
    const client = world.client<Shop>()
    await world.finish(Promise.all(['a', 'b'].map((id) => client.create({ count: 1 }, { id }))))
    const other = world.client<Shop>()
    const holding = client.access(
      'a',
      'all',
      () => new Promise<void>((resolve) => void world.clock.after(5_000, resolve, 'awaited')),
    )
    await world.clock.advance(0)
    const get = world.memory.get.bind(world.memory)
    world.memory.get = async (table, key) => {
      if (table === 'sessions') await new Promise<void>((resolve) => void world.clock.after(800, resolve, 'awaited'))
      return get(table, key)
    }
    const options = { timeoutMs: 1_000, ifMissing: 'fail' } as const
    const beganMs = world.clock.monotonicMs()
    const waiting = other.accessMany(['a', 'b'], 'all', () => {}, options)
    await expect(world.finish(waiting, 10_000)).rejects.toMatchObject({ code: 'WAIT_TIMEOUT', waitedMs: 1_000 })
    expect(world.clock.monotonicMs() - beganMs).toBeLessThan(1_100)
    world.memory.get = get
    await world.finish(holding, 10_000)
  })

  it('are refused twice, none, or too many', async () => {
    const client = world.client<Shop>()
    for (const ids of [[], ['a', 'a'], Array.from({ length: 26 }, (_, index) => `id ${index}`)]) {
      await expect(client.accessMany(ids, 'all', () => {})).rejects.toBeInstanceOf(InvalidArgumentError)
    }
  })

  it('are not used by an access that never began', async () => {
    const [client, other] = [world.client<Shop>(), world.client<Shop>()]
    const ids = ['one', 'two']
    const use = (id: string) => world.finish(client.access(id, 'all', ({ state }) => void (state.count = 1)))
    for (const id of ids) await use(id)
    // Sessions are entered in the order of their keys: in one of the two rounds the free one is entered first.
    for (const taken of ids) {
      const [free = ''] = ids.filter((id) => id !== taken)
      const usedMs = world.clock.wallMs()
      await use(free)
      let end = () => {}
      const using = other.access(taken, 'all', () => new Promise<void>((resolve) => (end = resolve)))
      await world.clock.advance(10_000)
      const both = client.accessMany(ids, { write: ['count'] }, () => {}, { timeoutMs: 5_000 })
      await expect(world.finish(both, 10_000)).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' })
      const told = client.access(free, { read: ['count'] }, ({ lastAccessAt }) => lastAccessAt.getTime())
      expect((await world.finish(told)) - usedMs).toBeLessThan(1_000)
      end()
      await world.finish(using)
    }
  })

  it('are told the last access to each before their work began, also where one waited for the other', async () => {
    const [client, other] = [world.client<Shop>(), world.client<Shop>()]
    const ids = ['one', 'two']
    // Sessions are entered in the order of their keys: in one of the two rounds the free one is entered first.
    for (const taken of ids) {
      const [free = ''] = ids.filter((id) => id !== taken)
      await world.finish(client.access(free, { read: ['count'] }, () => {}))
      let end = () => {}
      const using = other.access(taken, 'all', () => new Promise<void>((resolve) => (end = resolve)))
      await world.clock.advance(10_000)
      const told = client.accessMany(ids, { read: ['count'] }, (sessions) =>
        sessions.map(({ lastAccessAt }) => lastAccessAt.getTime()),
      )
      await world.clock.advance(2_000)
      const usedMs = await world.finish(client.access(free, { read: ['count'] }, () => world.clock.wallMs()))
      end()
      await world.finish(using)
      expect((await world.finish(told))[ids.indexOf(free)]).toBe(usedMs)
    }
  })
})
