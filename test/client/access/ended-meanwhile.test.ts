import type { Holdfast } from '../../../client/holdfast.js'
import { settle } from '../../support/world.js'
import { ID, type Shop, useShopStage } from './shop.js'

const TO = 'the next'

describe('while the rotation of a session is under way', () => {
  const on = useShopStage()
  const { fill, stored } = on

  const pause = (ms: number) => new Promise<void>((resolve) => on.world.clock.after(ms, resolve))
  /** The request, or its answer, takes this long. */
  const slow = (ms: number, what: 'request' | 'answer' = 'request') => {
    on.world.onStateTransact = async (_updates, write) => {
      if (what === 'request') await pause(ms)
      const outcome = await write()
      if (what === 'answer') await pause(ms)
      return outcome
    }
  }
  const userOf = (client: Holdfast<Shop>, id: string) =>
    on.world.finish(client.access(id, 'all', ({ state }) => state.user ?? 'nobody', { timeoutMs: 500 }))
  const thrown = new Error('other')

  it.each(['request', 'answer'] as const)(
    'an access that fails leaves when that has ended, under the new id: %s',
    async (what) => {
      const client = on.world.client<Shop>()
      await fill(client)
      slow(300, what)
      let failedAt = 0
      const startedAt = on.world.clock.monotonicMs()
      const access = client.access(ID, 'all', async (session) => {
        session.state.user = 'Ada'
        await Promise.all([session.rotate({ to: TO }), pause(100).then(() => Promise.reject(thrown))])
      })
      const failure = access.catch((error) => {
        failedAt = on.world.clock.monotonicMs() - startedAt
        return error
      })
      await on.world.clock.advance(50)
      let entered = 0
      const queued = [
        client.access(ID, 'all', () => void (entered += 1)),
        client.access(ID, { write: ['user'] }, () => void (entered += 1)),
      ]
      const told = Promise.allSettled(queued)
      expect(await on.world.finish(failure)).toBe(thrown)
      expect(failedAt).toBeGreaterThanOrEqual(300)
      const missing = { reason: { code: 'SESSION_MISSING', reason: 'rotated' } }
      expect(await on.world.finish(told)).toMatchObject([missing, missing])
      expect(entered).toBe(0)
      expect(await userOf(client, TO)).toBe('Ada')
      expect([await stored(ID), await stored(TO)]).toEqual([undefined, { cart: ['apple'], user: 'Ada' }])
    },
  )

  it('a failed access reports that its outcome is unknown, and nobody sees what may not be stored', async () => {
    const client = on.world.client<Shop>()
    await fill(client)
    on.world.onStateTransact = () => Promise.reject(new Error('no answer'))
    const access = client.access(ID, 'all', async (session) => {
      session.state.user = 'Ada'
      await Promise.all([session.rotate({ to: TO }), pause(10).then(() => Promise.reject(thrown))])
    })
    const outcome = Promise.allSettled([access])
    await on.world.clock.advance(50)
    const queued = client.access(ID, 'all', ({ state }) => state.user)
    const seen = Promise.allSettled([queued])
    expect(await on.world.finish(outcome, 60_000)).toMatchObject([{ reason: { code: 'COMMIT_UNKNOWN' } }])
    expect(await on.world.finish(seen)).toMatchObject([{ reason: { code: 'SESSION_LOST' } }])
    expect(await userOf(client, ID)).toBe('nobody')
    expect(client.health().waitingSessions).toBe(0)
  })

  it('the loss of another session fails the access when that has ended', async () => {
    const client = on.world.client<Shop>()
    for (const id of ['one', 'two']) await fill(client, id)
    slow(300)
    const access = client.accessMany(['one', 'two'], 'all', async ([one, two]) => {
      const moved = one.rotate({ to: TO })
      await pause(100)
      on.world.onStateWrite = () => Promise.reject(Object.assign(new Error('no'), { name: 'AccessDeniedException' }))
      two.state.user = 'Bob'
      await Promise.allSettled([two.commit(), moved])
      on.world.onStateWrite = (_update, write) => write()
      await moved
    })
    const failure = Promise.allSettled([access])
    await on.world.clock.advance(50)
    const queued = Promise.allSettled([client.access('one', 'all', () => {})])
    expect(await on.world.finish(failure, 20_000)).toMatchObject([{ status: 'rejected' }])
    expect(await on.world.finish(queued)).toMatchObject([{ reason: { code: 'SESSION_MISSING' } }])
    expect(await userOf(client, TO)).toBe('nobody')
    expect(await stored('one')).toBeUndefined()
  })

  it('an access that fails does not wait for the new id, and nothing has moved', async () => {
    const [client, holder] = [on.world.client<Shop>(), on.world.client<Shop>()]
    await fill(client)
    let end = () => {}
    const holding = holder
      .access(TO, 'all', async () => {
        await new Promise<void>((resolve) => (end = resolve))
        throw thrown
      })
      .catch(() => {})
    await on.world.clock.advance(50)
    const rotations: Promise<unknown>[] = []
    const access = client.access(ID, 'all', async (session) => {
      rotations.push(session.rotate({ to: TO }).catch((error) => error.code))
      await pause(100)
      throw thrown
    })
    expect(await on.world.finish(Promise.allSettled([access]))).toMatchObject([{ reason: thrown }])
    expect(await Promise.all(rotations)).toEqual(['ACCESS_ENDED'])
    expect(await userOf(client, ID)).toBe('nobody')
    end()
    await on.world.finish(holding)
    expect(await stored(TO)).toBeUndefined()
  })

  it('a lifetime and changes that are set are committed with the access', async () => {
    const client = on.world.client<Shop>()
    await fill(client)
    slow(100)
    const access = client.access(ID, 'all', async (session) => {
      session.ttlMs = 50_000
      const moved = session.rotate({ to: TO })
      await pause(50)
      session.ttlMs = 500_000
      session.state.user = 'Ada'
      await moved
      expect(session.ttlMs).toBe(500_000)
    })
    await on.world.finish(access)
    const other = on.world.client<Shop>()
    expect(
      await on.world.finish(
        other.access(TO, 'all', ({ ttlMs, state }) => [ttlMs, state.user]),
        5_000,
      ),
    ).toEqual([500_000, 'Ada'])
  })

  describe('the client closes', () => {
    it('and a rotation that lands returns the new id', async () => {
      const client = on.world.client<Shop>()
      await fill(client)
      slow(300)
      const rotated = client.rotate(ID, ({ state }) => void (state.user = 'Ada'), { to: TO })
      await on.world.clock.advance(100)
      const closed = client.close({ drainMs: 0 })
      expect(await on.world.finish(rotated)).toBe(TO)
      await on.world.finish(closed, 10_000)
      expect([await stored(ID), await stored(TO)]).toEqual([undefined, { cart: ['apple'], user: 'Ada' }])
    })

    it.each(['ends', 'goes on'] as const)(
      'and inside an access, too: then that fails, where its work %s',
      async (then) => {
        const client = on.world.client<Shop>()
        await fill(client)
        slow(300)
        const seen: unknown[] = []
        let signal: AbortSignal | undefined
        const access = client.access(ID, 'all', async (session) => {
          ;({ signal } = session)
          seen.push(await session.rotate({ to: TO }))
          expect(() => session.state.user).toThrow(expect.objectContaining({ code: 'CLOSED' }))
          if (then === 'goes on') await new Promise(() => {})
        })
        const failure = access.catch((error) => seen.push(error.code))
        await on.world.clock.advance(100)
        const closed = client.close({ drainMs: 0 })
        await on.world.finish(failure)
        expect(seen).toEqual([TO, 'CLOSED'])
        expect(signal?.aborted).toBe(true)
        await on.world.finish(closed, 10_000)
        expect(await stored(TO)).toEqual({ cart: ['apple'] })
      },
    )
  })

  it('an open session is closed or disposed of under its new id, by one promise', async () => {
    const client = on.world.client<Shop>()
    await fill(client)
    slow(100)
    const first = await on.world.finish(client.open(ID, 'all'))
    const moved = [first.rotate({ to: TO })]
    const closing = [first.close(), first.close()]
    expect(closing[0]).toBe(closing[1])
    await on.world.finish(Promise.all([...moved, ...closing]))
    expect(await userOf(client, TO)).toBe('nobody')
    const second = await on.world.finish(client.open(TO, 'all'))
    const again = second.rotate({ to: 'the last' })
    await on.world.finish(Promise.all([again, second[Symbol.asyncDispose]()]))
    expect(await userOf(client, 'the last')).toBe('nobody')
  })

  it('which fails, the close of an open session fails too, and frees what it holds', async () => {
    const client = on.world.client<Shop>()
    await fill(client)
    const session = await on.world.finish(client.open(ID, 'all'))
    on.world.onStateTransact = () => Promise.reject(new Error('no answer'))
    const outcomes = Promise.allSettled([session.rotate({ to: TO }), session.close()])
    const unknown = { reason: { code: 'COMMIT_UNKNOWN' } }
    expect(await on.world.finish(outcomes, 60_000)).toMatchObject([unknown, unknown])
    const startedAt = on.world.clock.monotonicMs()
    await on.world.finish(client.close(), 20_000)
    expect(on.world.clock.monotonicMs() - startedAt).toBeLessThan(1_000)
  })
})

describe('while the destruction of a session is under way', () => {
  const on = useShopStage()

  it('an access that fails keeps its locks until that has ended', async () => {
    const client = on.world.client<Shop>()
    await on.world.finish(client.create({ cart: ['apple'] }, { id: ID }))
    const pause = (ms: number) => new Promise<void>((resolve) => on.world.clock.after(ms, resolve))
    on.world.onStateWrite = (_update, write) => pause(300).then(write)
    const access = client.access(ID, 'all', (session) =>
      Promise.all([session.destroy(), pause(100).then(() => Promise.reject(new Error('other')))]),
    )
    const order: string[] = []
    const failure = access.catch((error) => order.push(error.message))
    await settle()
    const queued = client.access(ID, 'all', () => {}).catch((error) => order.push(error.reason))
    await on.world.finish(Promise.all([failure, queued]))
    expect(order).toEqual(['destroyed', 'other'])
    on.world.onStateWrite = (_update, write) => write()
    expect(await on.world.finish(client.peek(ID))).toBeUndefined()
  })
})
