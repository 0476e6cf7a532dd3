import type { LockMode } from '../../../../client/adapters/common/index.js'
import { DAY_MS, ID, Servers } from './servers.js'

describe('the lifetime of a session', () => {
  let servers: Servers
  beforeEach(() => {
    servers = new Servers()
  })
  afterEach(() => servers.stop())

  const ttlOf = async () => (await servers.client().peek(ID))?.ttlMs
  const MODES: readonly LockMode[] = ['write', 'read', 'none', 'merge']

  it.each(MODES)("is that of the client, or given at save or touch, and can change back (lock '%s')", async (lock) => {
    const server = servers.server({ holdfast: servers.client({ ttlMs: 7_000 }) })
    await servers.make(server, { n: 1 })
    const request = servers.request(server, lock)
    expect(await request.load(ID)).toMatchObject({ ttlMs: 7_000 })
    await request.save(ID, { n: 1 }, 30 * DAY_MS)
    expect(await ttlOf()).toBe(30 * DAY_MS)
    expect(await request.reload(ID)).toMatchObject({ ttlMs: 30 * DAY_MS })
    await request.touch(ID, 2_000)
    expect(await ttlOf()).toBe(2_000)
    await request.touch(ID)
    expect(await ttlOf()).toBe(7_000)
  })

  it.each(MODES)("is stored when the call resolves, whatever the client's durability ('%s')", async (lock) => {
    const server = servers.server({ holdfast: servers.client({ durability: 'release' }) })
    await servers.make(server, { n: 1 })
    const request = await servers.loaded(server, lock)
    await request.touch(ID, 5_000)
    expect(await ttlOf()).toBe(5_000)
    if (lock === 'read') return
    await request.save(ID, { n: 2 }, 5_000)
    expect(await servers.committed()).toEqual({ n: 2 })
  })

  it.each([
    [-5, 1_000],
    [0, 1_000],
    [1_500.4, 1_500],
    [Number.POSITIVE_INFINITY, 400 * DAY_MS],
    [500 * DAY_MS, 400 * DAY_MS],
  ])('is brought into its bounds: %p to %p', async (given, ttlMs) => {
    await servers.make(servers.server(), { n: 1 }, { ttlMs: given })
    expect(await ttlOf()).toBe(ttlMs)
  })

  it('ends a session that is not used, beside one that lives for 30 days', async () => {
    const server = servers.server()
    await servers.make(server, { n: 1 }, { ttlMs: 2_000 })
    await servers.make(server, { n: 1 }, { id: 'remembered', ttlMs: 30 * DAY_MS })
    await servers.stack.advance(2_000)
    expect(await servers.request(server).load(ID)).toBeUndefined()
    await servers.stack.advance(DAY_MS / 24)
    expect(await servers.request(server).load('remembered')).toMatchObject({ values: { n: 1 } })
  })

  it.each(MODES)(
    "is extended by an unchanged request once touchShare has passed, and not before ('%s')",
    async (lock) => {
      const server = servers.server()
      await servers.make(server, { n: 1 }, { ttlMs: 60_000 })
      await servers.stack.advance(5_999)
      const unchanged = async () => {
        const request = servers.request(server, lock)
        await request.load(ID)
        await request.touch(ID, 60_000)
        await request.end()
      }
      expect(await servers.costOf(unchanged)).not.toContain('application UpdateItem')
      await servers.stack.advance(1)
      expect(await servers.costOf(unchanged)).toContain('application UpdateItem')
      expect(await servers.costOf(unchanged)).not.toContain('application UpdateItem')
      await servers.stack.advance(59_999)
      expect(await servers.committed()).toEqual({ n: 1 })
    },
  )

  it('is extended without a lock where the session is held, by its holder, and no request waits', async () => {
    const [one, other] = [servers.server(), servers.server()]
    await servers.make(one, { n: 1 }, { ttlMs: 60_000 })
    const holding = await servers.loaded(one)
    await servers.stack.advance(10_000)
    const request = await servers.loaded(other, 'merge')
    await request.touch(ID, 60_000)
    await Promise.all([request.end(), servers.stack.advance(1_000)])
    await holding.touch(ID, 60_000)
    await holding.end()
    await servers.stack.advance(59_999)
    expect(await servers.committed()).toEqual({ n: 1 })
  })
})
