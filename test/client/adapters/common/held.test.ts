import { quiet } from '../../../support/counting.js'
import { ID, Servers } from './servers.js'

describe('a request that holds its session', () => {
  let servers: Servers
  beforeEach(() => {
    servers = new Servers()
  })
  afterEach(() => servers.stop())

  it('finds what another server saved, and saves what changed', async () => {
    const [one, other] = [servers.server(), servers.server()]
    await servers.make(one, { cart: ['apple'], user: 'Ada' })
    const request = servers.request(other)
    const loaded = await request.load(ID)
    expect(loaded?.values).toEqual({ cart: ['apple'], user: 'Ada' })
    await request.save(ID, { cart: ['apple', 'pear'] })
    expect(await servers.committed()).toEqual({ cart: ['apple', 'pear'] })
  })

  it('loses none of 40 changes that overlap on two servers', async () => {
    const both = [servers.server(), servers.server()]
    await servers.make(both[0] as never, { items: [] })
    const add = async (item: number) => {
      const request = servers.request(both[item % 2] as never)
      const values = await servers.valuesOf<{ items: number[] }>(request)
      await Promise.resolve()
      values.items.push(item)
      await request.save(ID, values)
      await request.end()
    }
    await Promise.all(Array.from({ length: 40 }, (_, item) => add(item)))
    const { items } = (await servers.committed()) as { items: number[] }
    expect(items.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, item) => item))
  })

  it('costs no request where the session is held and unchanged, 20 times', async () => {
    const server = servers.server()
    await servers.make(server, { cart: { b: 1, a: [2] } })
    const cost = await servers.costOf(async () => {
      for (let n = 0; n < 20; n += 1) {
        const request = servers.request(server)
        await request.load(ID)
        await request.save(ID, { cart: { a: [2], b: 1 } })
        await request.touch(ID)
        await request.end()
      }
    })
    expect(cost).toEqual([])
  })

  it('costs one write where the session is held and changed, and no more for a second save', async () => {
    const server = servers.server()
    await servers.make(server, { n: 1, big: 'x'.repeat(10_000) })
    const request = await servers.loaded(server)
    const values = { n: 2, big: 'x'.repeat(10_000) }
    expect(await servers.costOf(() => request.save(ID, values))).toEqual(['application UpdateItem'])
    expect(await servers.costOf(() => request.save(ID, values))).toEqual([])
    await request.save(ID, { ...values, n: 1 })
    expect(await servers.committed()).toMatchObject({ n: 1 })
  })

  it('costs one read for an id that nobody knows, which cannot be given to a new session', async () => {
    const server = servers.server()
    const request = servers.request(server)
    expect(await servers.costOf(() => request.load(ID))).toEqual(['application GetItem'])
    await expect(request.save(ID, { n: 1 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await servers.committed()).toBeUndefined()
  })

  it('makes no call before the first save of a new id, and keeps the session from then on', async () => {
    const server = servers.server()
    const request = servers.request(server)
    expect(await servers.costOf(() => request.touch(ID))).toEqual([])
    await request.save(ID, { n: 1 })
    expect(await servers.committed()).toEqual({ n: 1 })
    const waiting = quiet(servers.loaded(servers.server()))
    await request.save(ID, { n: 2 })
    await request.end()
    const next = await waiting
    expect((await next.reload(ID))?.values).toEqual({ n: 2 })
  })

  it('refuses a new id under which there is a session already, and leaves that alone', async () => {
    const [one, other] = [servers.server(), servers.server()]
    await servers.make(one, { user: 'Ada' })
    const request = servers.request(other)
    await expect(request.save(ID, { user: 'Eve' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await servers.committed()).toEqual({ user: 'Ada' })
    // It is not kept locked.
    await servers.write(one, { user: 'Ada', n: 1 })
    expect(await servers.committed()).toEqual({ user: 'Ada', n: 1 })
  })

  it('drops what was not saved', async () => {
    const server = servers.server()
    await servers.make(server, { cart: ['apple'] })
    const request = servers.request(server)
    const values = await servers.valuesOf<{ cart: string[] }>(request)
    values.cart.push('pear')
    await request.touch(ID)
    await request.end()
    expect(await servers.committed()).toEqual({ cart: ['apple'] })
  })

  it('reloads the session as it was saved', async () => {
    const server = servers.server()
    await servers.make(server, { n: 1 })
    const request = servers.request(server)
    const loaded = await request.load(ID)
    await request.save(ID, { n: 2 })
    Object.assign(loaded?.values ?? {}, { n: 3 })
    expect((await request.reload(ID))?.values).toEqual({ n: 2 })
  })

  it('saves several times at once, one after the other', async () => {
    const server = servers.server()
    await servers.make(server, { n: 0 })
    const request = await servers.loaded(server)
    await Promise.all([1, 2, 3].map((n) => request.save(ID, { n })))
    expect(await servers.committed()).toEqual({ n: 3 })
  })

  it('undoes a save that was refused, whatever is saved later', async () => {
    const server = servers.server()
    const holdfast = servers.client()
    await holdfast.create({ at: new Date(5), n: 1 }, { id: ID })
    const request = servers.request(server)
    const values = await servers.valuesOf<object>(request)
    const refused = request.save(ID, { at: 'now', n: 2, text: 'x'.repeat(500_000) })
    await expect(refused).rejects.toMatchObject({ code: 'TOO_LARGE' })
    await request.save(ID, { ...values, more: true })
    expect(await servers.committed()).toEqual({ at: new Date(5), n: 1, more: true })
  })

  it('makes no session whose first save was refused, unless a later one succeeds', async () => {
    const server = servers.server()
    const [failing, second] = [servers.request(server), servers.request(server)]
    await expect(failing.save(ID, { text: 'x'.repeat(500_000) })).rejects.toMatchObject({ code: 'TOO_LARGE' })
    await failing.touch(ID)
    await failing.end()
    expect(await servers.committed()).toBeUndefined()
    await expect(second.save(ID, { text: 'x'.repeat(500_000) })).rejects.toMatchObject({ code: 'TOO_LARGE' })
    await second.save(ID, { text: 'x' })
    expect(await servers.committed()).toEqual({ text: 'x' })
  })

  it('lets accesses inside join it until it ends', async () => {
    const holdfast = servers.client()
    const server = servers.server({ holdfast })
    await servers.make(server, { n: 1, cart: [] })
    const request = await servers.loaded(server)
    const inside = () => holdfast.access(ID, { write: ['n'] }, ({ state }) => void (state.n = 2), { timeoutMs: 1 })
    const result = await request.run(async () => {
      await Promise.resolve()
      await inside()
      await request.save(ID, { n: 1, cart: ['apple'] })
      return 'handled'
    })
    expect(result).toBe('handled')
    expect(await servers.committed()).toEqual({ n: 2, cart: ['apple'] })
    await expect(Promise.all([inside(), servers.stack.advance(1)])).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' })
    expect(() =>
      request.run(() => {
        throw new Error('of the handler')
      }),
    ).toThrow('of the handler')
  })

  it('lets accesses to a session that it makes join that, until it ends', async () => {
    const holdfast = servers.client()
    const server = servers.server({ holdfast })
    const request = servers.request(server)
    const inside = (id: string) => holdfast.access(id, { write: ['n'] }, ({ state }) => (state.n = 2), { timeoutMs: 1 })
    await request.run(async () => {
      await request.save('first', { n: 1 })
      expect(await inside('first')).toBe(2)
      await request.destroy('first')
      await request.save('second', { n: 1, user: 'Ada' })
      expect(await inside('second')).toBe(2)
      await request.save('second', { n: 1, user: 'Bob' })
    })
    expect(await servers.committed('second')).toEqual({ n: 2, user: 'Bob' })
    await expect(Promise.all([inside('second'), servers.stack.advance(1)])).rejects.toMatchObject({
      code: 'WAIT_TIMEOUT',
    })
  })

  it('fails at save and at touch where the session was lost meanwhile', async () => {
    const server = servers.server()
    await servers.make(server, { n: 1 })
    const request = await servers.loaded(server)
    servers.stack.gateway.dropAll()
    await servers.stack.gateway.stop()
    await servers.stack.advance(60_000)
    await expect(request.touch(ID)).rejects.toMatchObject({ code: 'SESSION_LOST' })
    await expect(request.save(ID, { n: 1 })).rejects.toMatchObject({ code: 'SESSION_LOST' })
    await expect(request.save(ID, { n: 2 })).rejects.toMatchObject({ code: 'SESSION_LOST' })
  })
})

describe('a request that only reads', () => {
  let servers: Servers
  beforeEach(() => {
    servers = new Servers()
  })
  afterEach(() => servers.stop())

  it('shares the session with others of its process, and cannot change it', async () => {
    const server = servers.server()
    await servers.make(server, { at: 1, list: [{ a: 1 }] })
    const [one, other] = await Promise.all([servers.loaded(server, 'read'), servers.loaded(server, 'read')])
    await one.save(ID, { list: [{ a: 1 }], at: 1 })
    await expect(other.save(ID, { at: 2 })).rejects.toMatchObject({ code: 'NOT_LOCKED' })
    expect(await servers.committed()).toEqual({ at: 1, list: [{ a: 1 }] })
  })

  it('keeps writers out until it ends', async () => {
    const [one, other] = [servers.server(), servers.server()]
    await servers.make(one, { n: 1 })
    const reading = await servers.loaded(one, 'read')
    const order: string[] = []
    const writing = servers.write(other, { n: 2 }).then(() => order.push('written'))
    expect((await reading.reload(ID))?.values).toEqual({ n: 1 })
    order.push('read')
    await reading.end()
    await writing
    expect(order).toEqual(['read', 'written'])
  })

  it('may end the session, and log in under a new id', async () => {
    const server = servers.server()
    await servers.make(server, { n: 1 })
    const request = await servers.loaded(server, 'read')
    await request.destroy(ID)
    await request.save('a new id', { user: 'Ada' })
    expect(await servers.committed()).toBeUndefined()
    expect(await servers.committed('a new id')).toEqual({ user: 'Ada' })
  })
})
