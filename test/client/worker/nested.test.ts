import type { Session } from '../../../client/access/session.js'
import type { Holdfast } from '../../../client/holdfast.js'
import type { WorkerHoldfast } from '../../../client/worker/client.js'
import type { World } from '../../support/world.js'
import { closeEnds, codeOf as codeIn, type Ends, ID, makeEnds, type Shop, setBy, storedBy } from './this-thread.js'

jest.mock('node:worker_threads', () => ({ ...jest.requireActual<object>('node:worker_threads'), isMainThread: false }))

const FAILED = new Error('the inner work failed')
const fail = (): never => {
  throw FAILED
}
const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => ({ value }),
    (error: { readonly code?: string }) => error.code ?? error,
  )

describe('an access nested in one of a worker thread', () => {
  let ends: Ends
  let world: World
  let holdfast: Holdfast<Shop>
  let thread: WorkerHoldfast<Shop>
  beforeEach(async () => {
    ends = makeEnds()
    ;({ world, holdfast, thread } = ends)
    await setBy(ends, { a: 1, cart: { items: ['x'] } })
  })
  afterEach(() => closeEnds(ends))

  const finish = <T>(promise: Promise<T>, withinMs?: number): Promise<T> => world.finish(promise, withinMs)
  const stored = () => storedBy(ends)
  const peeked = async () => (await holdfast.peek(ID))?.state

  it('that fails leaves nothing of its own', async () => {
    const access = thread.access(ID, 'all', async ({ state }) => {
      state.b = 2
      const nested = thread.access(ID, 'all', (inner) => {
        inner.state.a = 5
        inner.state.b = 6
        inner.state.cart?.items.push('inner')
        fail()
      })
      expect(await caught(nested)).toBe(FAILED)
      state.cart?.items.push('outer')
    })
    await finish(access)
    expect(await stored()).toEqual({ a: 1, b: 2, cart: { items: ['x', 'outer'] } })
  })

  it("leaves the session's lifetime where its commit is refused, and its aliveUntil is that of its own", async () => {
    const access = thread.access(ID, 'all', async (outer) => {
      const before = outer.ttlMs
      const nested = thread.access(ID, 'all', async (inner) => {
        const until = outer.aliveUntil.getTime()
        inner.ttlMs = 500_000
        expect(inner.aliveUntil.getTime()).not.toBe(until)
        expect(outer.aliveUntil.getTime()).toBe(until)
        inner.state.a = 'x'.repeat(1_000_000) as never
        await inner.commit()
      })
      expect(await caught(nested)).toBe('TOO_LARGE')
      expect(outer.ttlMs).toBe(before)
      return before
    })
    const before = await finish(access)
    expect(await finish(holdfast.access(ID, 'all', ({ ttlMs }) => ttlMs))).toBe(before)
  })

  it.each([
    ['commit()', (inner: Session) => inner.commit(), {}],
    ["durability: 'access'", () => {}, { durability: 'access' }],
  ] as const)('leaves what the outer work had changed, where its %s is refused', async (_what, commit, options) => {
    const access = thread.access(ID, 'all', async ({ state }) => {
      state.b = 2
      const cart = { items: ['outer'] }
      state.cart = cart
      const nested = thread.access(
        ID,
        'all',
        async (inner) => {
          inner.state.b = 3
          inner.state.cart?.items.push('inner')
          inner.state.a = 'x'.repeat(1_000_000) as never
          await commit(inner as unknown as Session)
        },
        { ...options, ttlMs: 500_000 },
      )
      expect(await caught(nested)).toBe('TOO_LARGE')
      expect(state.cart).toBe(cart)
    })
    await finish(access)
    expect(await stored()).toEqual({ a: 1, b: 2, cart: { items: ['outer'] } })
    // It has the lifetime of the client that uses it: it was given none of its own.
    const other = world.client({ ttlMs: 77_000 })
    expect(await finish(other.access(ID, 'all', ({ ttlMs }) => ttlMs))).toBe(77_000)
  })

  it('leaves what it has committed', async () => {
    const access = thread.access(ID, 'all', async ({ state }) => {
      state.b = 2
      const nested = thread.access(ID, { write: ['a'] }, async (inner) => {
        inner.state.a = 5
        await inner.commit()
        inner.state.a = 6
        fail()
      })
      expect(await caught(nested)).toBe(FAILED)
      expect(await peeked()).toEqual({ a: 5, cart: { items: ['x'] } })
    })
    await finish(access)
    expect(await stored()).toEqual({ a: 5, b: 2, cart: { items: ['x'] } })
  })

  it('means what its options say', async () => {
    const access = thread.access(
      ID,
      'all',
      async ({ state }) => {
        state.b = 2
        await thread.access(ID, { write: ['a'] }, (inner) => void (inner.state.a = 5), { durability: 'access' })
        const seen = await peeked()
        const set = (options: object) => caught(thread.access(ID, 'all', () => 'ran', options))
        return [seen, await set({ signal: AbortSignal.abort() }), await set({ ifMissing: 'fail' })]
      },
      { durability: 'release' },
    )
    expect(await finish(access)).toEqual([{ a: 5, cart: { items: ['x'] } }, 'ABORTED', { value: 'ran' }])
    const isNew = thread.access('new', 'all', () => thread.access('new', 'all', () => {}, { ifMissing: 'fail' }))
    expect(await codeIn(world, isNew)).toBe('SESSION_MISSING')
  })

  it('locks more through the main thread, for itself alone', async () => {
    const access = thread.access(ID, { write: ['a'] }, (outer) =>
      thread.access(ID, { read: ['a'] }, async (inner) => {
        const wider = await inner.lock({ write: ['b'] })
        wider.state.b = (outer as unknown as typeof wider).state.b ?? 7
        return inner.state.a
      }),
    )
    expect(await finish(access)).toBe(1)
    expect(await stored()).toEqual({ a: 1, b: 7, cart: { items: ['x'] } })
  })

  it('throws what its work throws, also where that is a promise', async () => {
    for (const thrown of [Promise.resolve(5), Object.fromEntries([['then', () => {}]])]) {
      const work = (): never => {
        throw thrown
      }
      for (const call of [
        () => thread.access(ID, 'all', work),
        () => thread.access(ID, 'all', () => thread.access(ID, 'all', work)),
        () => thread.accessMany([ID], 'all', () => Promise.reject(thrown)),
        () => thread.rotate(ID, work),
      ]) {
        const outcome = await finish(
          call().then(
            () => ({}),
            (error: unknown) => ({ error }),
          ),
        )
        expect('error' in outcome && outcome.error === thrown).toBe(true)
      }
    }
  })
})
