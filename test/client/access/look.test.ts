import type { Holdfast } from '../../../client/holdfast.js'
import { settle } from '../../support/world.js'
import { ID, type Shop, useShopStage } from './shop.js'

describe('a session that must exist', () => {
  const on = useShopStage()
  const { fill } = on

  const cost = () => ({
    reads: on.world.traffic.gets.length,
    writes: on.world.traffic.updates.length,
    messages: on.world.traffic.sent.length,
  })
  const costOf = async (calls: () => Promise<unknown>) => {
    const before = cost()
    await on.world.finish(calls())
    const after = cost()
    return {
      reads: after.reads - before.reads,
      writes: after.writes - before.writes,
      messages: after.messages - before.messages,
    }
  }
  const ifMissing = 'fail'

  const calls: [string, (client: Holdfast<Shop>) => Promise<unknown>, number][] = [
    ['access', (client) => client.access('gone', 'all', () => {}, { ifMissing }), 1],
    ['open', (client) => client.open('gone', 'all', { ifMissing }), 1],
    ['accessMany', (client) => client.accessMany([ID, 'gone'], 'all', () => {}, { ifMissing }), 2],
    ['rotate', (client) => client.rotate('gone'), 1],
  ]
  test.each(calls)('costs one read for each where it is missing, and nothing else: %s', async (_, call, reads) => {
    await fill(on.world.client<Shop>())
    const client = on.world.client<Shop>()
    expect(
      await costOf(() => expect(call(client)).rejects.toMatchObject({ code: 'SESSION_MISSING', reason: 'unknown' })),
    ).toEqual({ reads, writes: 0, messages: 0 })
    expect(client.health()).toMatchObject({ state: 'idle', heldSessions: 0, waitingSessions: 0 })
  })

  it('costs destroy one read where it is missing', async () => {
    const client = on.world.client<Shop>()
    expect(await costOf(() => expect(client.destroy('gone')).resolves.toBe(false))).toEqual({
      reads: 1,
      writes: 0,
      messages: 0,
    })
  })

  it('costs one read more than another where it exists and is not held, and none where it is', async () => {
    await fill(on.world.client<Shop>())
    const [first, second] = [on.world.client<Shop>(), on.world.client<Shop>()]
    const look = (client: Holdfast<Shop>, options = {}) => client.access(ID, { read: ['cart'] }, () => {}, options)
    const withoutLook = await costOf(() => look(first))
    const withLook = await costOf(() => look(second, { ifMissing }))
    expect(withLook).toEqual({ ...withoutLook, reads: withoutLook.reads + 1 })
    expect(await costOf(() => look(second, { ifMissing }))).toEqual({ reads: 0, writes: 0, messages: 0 })
  })

  describe('and is expired by its record', () => {
    const ttlMs = 10_000
    /** An access of another process, which began in time, runs until `end` is called. */
    const inUse = async (failure?: Error) => {
      const user = on.world.client<Shop>({ ttlMs })
      await fill(user)
      let end = () => {}
      const use = user.access(ID, 'all', async ({ state }) => {
        await new Promise<void>((resolve) => (end = resolve))
        state.cart?.push('pear')
        if (failure !== undefined) throw failure
      })
      use.catch(() => {})
      await settle()
      await on.world.clock.advance(ttlMs + 1)
      return { use, end: () => end() }
    }
    const found: [string, (client: Holdfast<Shop>) => Promise<unknown>, unknown][] = [
      ['access', (client) => client.access(ID, 'all', ({ state }) => state.cart?.length, { ifMissing }), 2],
      ['accessMany', (client) => client.accessMany([ID], 'all', ([one]) => one.state.cart?.length, { ifMissing }), 2],
      ['open', (client) => client.open(ID, 'all', { ifMissing }).then((one) => one.close()), undefined],
      ['rotate', (client) => client.rotate(ID, () => {}, { to: 'next' }), 'next'],
      ['destroy', (client) => client.destroy(ID), true],
    ]
    test.each(found)('is found where another process still uses it: %s', async (call, begin, result) => {
      const { use, end } = await inUse()
      const client = on.world.client<Shop>({ ttlMs })
      const outcome = begin(client)
      await on.world.clock.advance(200)
      end()
      await on.world.finish(use)
      expect(await on.world.finish(outcome, 10_000)).toBe(result)
      const isGone = call === 'destroy' || call === 'rotate'
      expect((await on.world.finish(client.peek(ID))) === undefined).toBe(isGone)
    })

    it('is missing where nobody uses it, or where its last use fails', async () => {
      const idle = on.world.client<Shop>({ ttlMs })
      await fill(idle, 'idle')
      await on.world.finish(idle.release('idle'))
      await on.world.clock.advance(ttlMs + 1)
      const client = on.world.client<Shop>({ ttlMs })
      const reason = { code: 'SESSION_MISSING', reason: 'expired' }
      await expect(on.world.finish(client.access('idle', 'all', () => {}, { ifMissing }))).rejects.toMatchObject(reason)
      expect(await on.world.finish(client.destroy('idle'))).toBe(false)
      const { use, end } = await inUse(new Error('the use fails'))
      const outcomes = Promise.allSettled([client.destroy(ID), client.access(ID, 'all', () => {}, { ifMissing })])
      await on.world.clock.advance(200)
      end()
      await expect(on.world.finish(use)).rejects.toThrow('the use fails')
      expect(await on.world.finish(outcomes, 10_000)).toMatchObject([{ value: false }, { reason }])
    })

    it.each([
      ['long ago', 'rolling', 10 * 60_000],
      ['just now, by a fixed end', 'fixed', 1],
    ] as const)('costs one read: %s', async (_, expiry, sinceMs) => {
      await fill(on.world.client<Shop>({ ttlMs, expiry }))
      await on.world.clock.advance(ttlMs + sinceMs)
      const client = on.world.client<Shop>({ ttlMs, expiry })
      const destroying = await costOf(() => expect(client.destroy(ID)).resolves.toBe(false))
      expect(destroying).toEqual({ reads: 1, writes: 0, messages: 0 })
    })
  })

  it('says why it is missing', async () => {
    const [first, second] = [on.world.client<Shop>({ ttlMs: 10_000 }), on.world.client<Shop>()]
    for (const id of ['destroyed', 'rotated', 'expired']) await fill(first, id)
    await on.world.finish(first.destroy('destroyed'))
    await on.world.finish(first.rotate('rotated'))
    await on.world.clock.advance(10_001)
    for (const reason of ['destroyed', 'rotated', 'expired', 'unknown']) {
      const access = second.access(reason, 'all', () => {}, { ifMissing })
      await expect(on.world.finish(access)).rejects.toMatchObject({ code: 'SESSION_MISSING', reason })
    }
  })

  it('is found missing by the claim where it goes between the look and the grant', async () => {
    const [first, second] = [on.world.client<Shop>(), on.world.client<Shop>()]
    await fill(first)
    const destroyed = first.destroy(ID)
    const access = second.access(ID, 'all', () => {}, { ifMissing })
    const outcome = Promise.allSettled([access])
    await on.world.finish(destroyed)
    expect(await on.world.finish(outcome, 10_000)).toMatchObject([
      { reason: { code: 'SESSION_MISSING', reason: 'destroyed' } },
    ])
  })

  describe('while DynamoDB does not answer', () => {
    const silent = () => {
      on.world.memory.get = () => new Promise(() => {})
    }
    const begin = (client: Holdfast<Shop>, options = {}) =>
      client.access(ID, 'all', () => {}, { ifMissing, ...options })

    it('is waited for until the timeout', async () => {
      const client = on.world.client<Shop>()
      silent()
      await expect(on.world.finish(begin(client, { timeoutMs: 300 }))).rejects.toMatchObject({ code: 'UNREACHABLE' })
    })

    it('is waited for until the signal', async () => {
      const client = on.world.client<Shop>()
      silent()
      const controller = new AbortController()
      const access = begin(client, { signal: controller.signal })
      await settle()
      controller.abort('enough')
      await expect(access).rejects.toMatchObject({ code: 'ABORTED', cause: 'enough' })
    })

    it('is waited for until the client closes, which it does not delay', async () => {
      const client = on.world.client<Shop>()
      silent()
      const accesses = [
        begin(client),
        client.destroy(ID),
        client.rotate(ID),
        client.create({}, { id: ID }),
        client.accessMany([ID, 'other'], 'all', () => {}, { ifMissing }),
      ]
      const outcomes = Promise.allSettled(accesses)
      await settle()
      await client.close()
      for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: { code: 'CLOSED' } })
    })
  })

  it('has one timeout for the look and the wait for its lock', async () => {
    const [first, second] = [on.world.client<Shop>(), on.world.client<Shop>()]
    await fill(first)
    const { get } = on.world.memory
    on.world.memory.get = async (table, key) => {
      if (table === 'sessions') await new Promise<void>((resolve) => on.world.clock.after(600, resolve))
      return get.call(on.world.memory, table, key)
    }
    let end = () => {}
    const running = first.access(ID, 'all', () => new Promise<void>((resolve) => (end = resolve)))
    const startedAt = on.world.clock.monotonicMs()
    const access = second.access(ID, 'all', () => {}, { ifMissing, timeoutMs: 1_000 })
    await expect(on.world.finish(access, 5_000)).rejects.toMatchObject({ code: 'WAIT_TIMEOUT', waitedMs: 1_000 })
    expect(on.world.clock.monotonicMs() - startedAt).toBeLessThan(1_100)
    end()
    await on.world.finish(running)
  })

  it('may be the default of a client', async () => {
    const client = on.world.client<Shop>({ ifMissing })
    await expect(on.world.finish(client.access(ID, 'all', () => {}))).rejects.toMatchObject({ code: 'SESSION_MISSING' })
    await on.world.finish(client.access(ID, 'all', () => {}, { ifMissing: 'create' }))
    const made = await on.world.finish(client.create({ cart: ['pear'] }))
    expect((await on.world.finish(client.peek(made)))?.state).toEqual({ cart: ['pear'] })
    expect(await on.world.finish(client.rotate(made))).not.toBe(made)
  })
})
