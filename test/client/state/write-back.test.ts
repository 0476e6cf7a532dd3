import type { Holdfast } from '../../../client/holdfast.js'
import { type Counter, ID, increment } from '../../support/counting.js'
import { settle, World } from '../../support/world.js'

describe('durability release: the state is written behind', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  const lazy = () => world.client<Counter>({ durability: 'release', flushMs: 1_000 })
  const add = (client: Holdfast<Counter>, options = {}) => increment(client, ID, options)
  /** Lets everything happen that needs no time. */
  const at = async <T>(promise: Promise<T>): Promise<T> => {
    await settle()
    return promise
  }
  const stored = async () => (await at(world.client<Counter>().peek(ID)))?.state.count
  const commits = () => world.traffic.updates.filter(({ update }) => update.includes('rev = rev + :one')).length

  it('resolves before anything is written, and writes many accesses at once after flushMs', async () => {
    const client = lazy()
    await world.finish(add(client))
    for (let turn = 2; turn <= 50; turn += 1) expect(await at(add(client))).toBe(turn)
    // The birth of the session is never written behind.
    expect(await stored()).toBe(1)
    await world.clock.advance(1_000)
    expect(await stored()).toBe(50)
    expect(commits()).toBe(2)
  })

  it('writes no later than flushMs after the first change, however many follow', async () => {
    const client = lazy()
    await world.finish(add(client))
    for (let turn = 0; turn < 30; turn += 1) {
      await at(add(client))
      await world.clock.advance(100)
    }
    expect(await stored()).toBeGreaterThan(20)
  })

  it.each([
    ['an access with durability access', (client: Holdfast<Counter>) => add(client, { durability: 'access' })],
    [
      'an access with durability access that only reads what was written',
      (client: Holdfast<Counter>) => client.access(ID, { read: ['count'] }, () => {}, { durability: 'access' }),
    ],
    ['commit()', (client: Holdfast<Counter>) => client.access(ID, { read: ['count'] }, (session) => session.commit())],
    ['release(id)', (client: Holdfast<Counter>) => client.release(ID)],
    ['close()', (client: Holdfast<Counter>) => client.close()],
  ])('%s waits until it is written', async (_name, call) => {
    const client = lazy()
    await world.finish(add(client))
    await at(add(client))
    await at<unknown>(call(client))
    expect(await stored()).toBeGreaterThanOrEqual(2)
  })

  it('an access that saw nothing unwritten waits for nothing', async () => {
    const client = lazy()
    await world.finish(add(client, { durability: 'access' }))
    await at(add(client))
    await at(client.access(ID, { read: ['other'] }, () => {}, { durability: 'access' }))
    expect(await stored()).toBe(1)
  })

  it('every access sees that there is a session, and waits until its birth is written', async () => {
    const client = lazy()
    await world.finish(add(client))
    await at(client.access(ID, { read: ['other'] }, () => {}, { durability: 'access', ifMissing: 'fail' }))
    expect(await stored()).toBe(1)
  })

  it('another process that asks finds everything', async () => {
    const [first, second] = [lazy(), lazy()]
    for (let turn = 1; turn <= 10; turn += 1) {
      expect(await world.finish(add(first))).toBe(2 * turn - 1)
      expect(await world.finish(add(second))).toBe(2 * turn)
    }
  })

  it.each([
    ['idleness', { idleReleaseMs: 100 }],
    ['the cap on held sessions', { heldSessionsMax: 1 }],
    ['the policy perAccess', { holdPolicy: 'perAccess' }],
  ] as const)('a release by %s writes first', async (_name, options) => {
    const client = world.client<Counter>({ durability: 'release', flushMs: 60_000, ...options })
    await world.finish(add(client))
    await world.finish(client.access('another id', { write: ['count'] }, ({ state }) => void (state.count = 1)))
    await world.clock.advance(200)
    expect(await stored()).toBe(1)
    expect(client.health().heldSessions).toBeLessThanOrEqual(1)
  })

  it('is written before the session expires', async () => {
    const client = world.client<Counter>({ durability: 'release', flushMs: 60_000, ttlMs: 2_000 })
    await world.finish(add(client))
    await world.clock.advance(1_500)
    expect(await stored()).toBe(1)
  })

  it('tells how many acknowledged changes were lost with the session', async () => {
    const client = lazy()
    const lost: number[] = []
    client.on('lost', ({ unwritten }) => lost.push(unwritten))
    await world.finish(add(client))
    await at(add(client))
    world.partition(client)
    world.onStateWrite = () => Promise.reject(new Error('no answer'))
    await world.clock.advance(20_000)
    expect(lost).toEqual([1])
    world.onStateWrite = (_update, write) => write()
    world.partition(client, false)
    expect(await world.finish(add(client), 60_000)).toBe(2)
  })

  it('an access with durability access on a lazy client resolves only when it is written, and the other way round', async () => {
    const client = world.client<Counter>()
    await world.finish(add(client))
    expect(await stored()).toBe(1)
    expect(await at(add(client, { durability: 'release' }))).toBe(2)
    expect(await stored()).toBe(1)
    expect(await at(add(client))).toBe(3)
    expect(await stored()).toBe(3)
  })

  it('refuses a durability that does not exist', async () => {
    await expect(add(lazy(), { durability: 'never' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(() => world.client({ flushMs: 0 })).toThrow("'flushMs' must be an integer from 1 to 60000, received 0")
  })
})
