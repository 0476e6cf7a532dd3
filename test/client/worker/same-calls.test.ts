import { z } from 'zod'
import type { HoldfastApi } from '../../../client/api.js'
import { Either, outcomeOf, THREADS } from './either.js'
import { arrive, ID, type Shop } from './this-thread.js'

jest.mock('node:worker_threads', () => ({ ...jest.requireActual<object>('node:worker_threads'), isMainThread: false }))

const FAILED = new Error('the inner work failed')

describe.each(THREADS)('the calls and options of a client (%s)', (kind) => {
  let either: Either
  beforeEach(() => {
    either = new Either(kind)
  })
  afterEach(() => either.close())

  const finish = <T>(promise: Promise<T>): Promise<T> => either.finish(promise)
  const fill = (client: HoldfastApi<Shop>, id = ID) =>
    finish(client.access(id, 'all', ({ state }) => void (state.a = 1)))
  const gate = () => {
    let open = () => {}
    const opened = new Promise<void>((resolve) => (open = resolve))
    return { open, opened }
  }

  it.each(['rolling', 'fixed'] as const)('give a session a lifetime of its own (%s)', async (expiry) => {
    const client = either.client({ ttlMs: 10_000, expiry })
    const nowMs = () => either.world.clock.wallMs()
    // Virtual time goes on in steps while a call is awaited.
    const near = (date: Date | undefined, ms: number) => expect(Math.abs((date?.getTime() ?? 0) - ms)).toBeLessThan(200)
    await finish(client.create({ a: 1 }, { id: ID, ttlMs: 60_000 }))
    const bornMs = nowMs()
    near(await either.until(), bornMs + 60_000)
    await either.world.clock.advance(5_000)
    await finish(
      client.access(ID, { write: ['a'] }, async (session) => {
        expect(session.ttlMs).toBe(60_000)
        near(session.aliveUntil, bornMs + 60_000)
        session.ttlMs = 90_000
        expect(session.ttlMs).toBe(90_000)
        near(session.aliveUntil, (expiry === 'fixed' ? bornMs : nowMs()) + 90_000)
        expect(() => (session.ttlMs = 5)).toThrow(/'ttlMs' must be/)
        await session.commit()
        near(session.aliveUntil, (expiry === 'fixed' ? bornMs : nowMs()) + 90_000)
        expect([session.ttlMs, session.rev]).toEqual([90_000, 2])
        await outcomeOf(
          client.access(ID, { read: ['a'] }, (inner) => {
            inner.ttlMs = 5_000
            throw FAILED
          }),
        )
        expect(session.ttlMs).toBe(90_000)
        await client.access(ID, { read: ['a'] }, (inner) => void (inner.ttlMs = 120_000))
        expect(session.ttlMs).toBe(120_000)
      }),
    )
    near(await either.until(), (expiry === 'fixed' ? bornMs : nowMs()) + 120_000)
    const read = client.access(ID, { read: ['a'] }, ({ ttlMs }) => ttlMs, { ttlMs: 30_000 })
    expect(await finish(read)).toBe(30_000)
    const options = [{ ttlMs: 5 }, { ttlMs: '5' as never }]
    for (const each of options) {
      expect(await outcomeOf(client.access(ID, 'all', () => {}, each))).toBe('INVALID_ARGUMENT')
    }
  })

  it('create() takes an id that has no session, at the cost of one read', async () => {
    const client = either.client()
    const gets = () => either.world.traffic.gets.length
    const before = gets()
    expect(await finish(client.create({ a: 1 }, { id: ID }))).toBe(ID)
    expect(gets() - before).toBe(1)
    expect(await finish(outcomeOf(client.create({ a: 2 }, { id: ID })))).toBe('INVALID_ARGUMENT')
    await finish(client.rotate(ID, () => {}, { to: 'next' }))
    expect(await finish(outcomeOf(client.create({ a: 2 }, { id: ID })))).toBe('INVALID_ARGUMENT')
    const inside = client.access('new', 'all', async () => [
      await outcomeOf(client.create({}, { id: 'new' })),
      await outcomeOf(client.create({}, { id: 'another' })),
      await outcomeOf(client.create()),
    ])
    expect(await finish(inside)).toEqual(Array(3).fill('NESTED_ACCESS'))
    expect(await finish(outcomeOf(client.create({ a: undefined as never })))).toBe('INVALID_VALUE')
    expect(await finish(outcomeOf(client.create({ a: Number.NaN })))).toBe('INVALID_VALUE')
    expect(await either.stored('next')).toEqual({ a: 1 })
  })

  it("follow the client's ifMissing, nested too", async () => {
    const client = either.client({ ifMissing: 'fail' })
    expect(await finish(outcomeOf(client.access(ID, 'all', () => {})))).toBe('SESSION_MISSING')
    const made = client.access(ID, 'all', () => outcomeOf(client.access(ID, 'all', () => {})), { ifMissing: 'create' })
    expect(await finish(made)).toBe('SESSION_MISSING')
    expect(await finish(client.access(ID, 'all', () => client.access(ID, 'all', () => 'found')))).toBe('found')
  })

  it.each(['refuse', 'drop'] as const)("store undefined as the client's undefinedValues says: %s", async (how) => {
    const client = either.client({ undefinedValues: how })
    const id = await finish(outcomeOf(client.create({ cart: { items: [undefined] } })))
    const set = client.access(ID, 'all', (session) => {
      session.state.a = 1
      session.state.cart = { items: [undefined, { x: undefined }] }
    })
    const removed = finish(outcomeOf(set)).then(() =>
      client.access(ID, 'all', (session) => void (session.state.a = undefined as never)),
    )
    const outcome = await finish(outcomeOf(removed))
    const made = how === 'drop' ? await either.stored(id as string) : id
    const refused = ['INVALID_VALUE', 'INVALID_VALUE', undefined]
    const dropped = [{ cart: { items: [null] } }, undefined, { cart: { items: [null, {}] } }]
    expect([made, outcome, await either.stored()]).toEqual(how === 'drop' ? dropped : refused)
  })

  it('read on where one attribute does not match its schema, in peek and in every access', async () => {
    const plain = either.main()
    const cart = { items: ['x'] }
    await finish(plain.access(ID, 'all', ({ state }) => void Object.assign(state, { a: 1, b: 2, cart })))
    await finish(plain.release(ID))
    const asText = z.union([z.number(), z.string()]).transform(String)
    const client = either.client({ schemas: { a: z.string(), b: asText } })
    const seen = await finish(client.peek(ID))
    const mismatch = expect.objectContaining({ code: 'SCHEMA_MISMATCH', attribute: 'a', issues: expect.any(Array) })
    const look = (state: { readonly a?: unknown; readonly b?: unknown; readonly cart?: unknown }) => {
      expect([state.cart, state.b, Object.keys(state).sort()]).toEqual([cart, '2', ['a', 'b', 'cart']])
      expect(() => state.a).toThrow(mismatch)
      expect(() => ({ ...state })).toThrow(mismatch)
    }
    const whole = seen?.state as { b: number }
    look(whole)
    expect(() => (whole.b = 3)).toThrow(/for writing/)
    expect([seen?.createdAt, seen?.aliveUntil].every((date) => date instanceof Date)).toBe(true)
    await finish(
      client.access(ID, 'all', async (session) => {
        look(session.state)
        await client.access(ID, { all: 'read' }, (inner) => look(inner.state))
        session.state.a = 'mended' as never
        expect(session.state.a).toBe('mended')
      }),
    )
    const wider = client.access(ID, { read: ['cart'] }, async (session) => {
      const { state } = await session.lock({ all: 'read' })
      return { ...state }
    })
    expect(await finish(wider)).toEqual({ a: 'mended', b: '2', cart })
    expect(await either.stored()).toEqual({ a: 'mended', b: 2, cart })
  })

  it('wait no longer than a nested access says for more locks, which tells who has them', async () => {
    const client = either.client()
    await fill(client)
    const { open, opened } = gate()
    const holding = client.access(ID, { write: ['b'] }, () => opened, { label: 'holder' })
    const reason = new Error('gone')
    const outer = client.access(
      ID,
      { write: ['a'] },
      async () => {
        const controller = new AbortController()
        const lock = (options: object, own?: object) =>
          client
            .access(ID, { write: ['a'] }, (inner) => inner.lock({ write: ['b'] }, own), options)
            .catch((error: unknown) => error)
        const late = await lock({ timeoutMs: 100, label: 'inner' })
        const sooner = await lock({ timeoutMs: 50_000 }, { timeoutMs: 50 })
        const aborted = lock({ signal: controller.signal })
        await arrive()
        controller.abort(reason)
        return [late, sooner, await aborted]
      },
      { timeoutMs: 40_000 },
    )
    const [late, sooner, aborted] = (await finish(outer)) as unknown[]
    expect(late).toMatchObject({ code: 'WAIT_TIMEOUT', waitedMs: 100, holder: 'holder', heldMs: expect.any(Number) })
    expect(sooner).toMatchObject({ code: 'WAIT_TIMEOUT', waitedMs: 50 })
    expect(aborted).toMatchObject({ code: 'ABORTED', cause: reason })
    open()
    await finish(holding)
  })

  it('keep what a nested access has committed, though it is not awaited and the access fails', async () => {
    const client = either.client()
    await fill(client)
    const access = client.access(ID, 'all', async (session) => {
      const nested = client.access(ID, { write: ['a'] }, (inner) => {
        inner.state.a = 5
        void inner.commit()
        inner.state.a = 6
        throw FAILED
      })
      expect(await outcomeOf(nested)).toBe(FAILED)
      expect(session.state.a).toBe(5)
      session.state.b = 2
    })
    await finish(access)
    expect(await either.stored()).toEqual({ a: 5, b: 2 })
  })

  it('keep what a nested access has committed, though the outer one commits or ends meanwhile', async () => {
    const client = either.client()
    await fill(client)
    for (const isEnd of [false, true]) {
      const late: Promise<unknown>[] = []
      const access = client.access(ID, 'all', async (session) => {
        const { open, opened } = gate()
        const nested = client.access(ID, { write: ['a', 'b'] }, async (inner) => {
          inner.state.a = (inner.state.a ?? 0) + 1
          const committing = inner.commit()
          open()
          await committing
          inner.state.b = 7
          await new Promise(() => {})
        })
        late.push(outcomeOf(nested))
        await opened
        session.state.cart = { items: [] }
        if (!isEnd) await session.commit()
      })
      await finish(access)
    }
    expect(await either.stored()).toEqual({ a: 3, cart: { items: [] } })
  })

  it('fail where a commit that is not awaited is refused and its changes stay, and undo those of a nested access', async () => {
    const client = either.client({ attributeBytesMax: 100 })
    await fill(client)
    const tooLarge = { items: ['x'.repeat(200)] }
    const stays = client.access(ID, 'all', (session) => {
      session.state.cart = tooLarge
      session.commit().catch(() => {})
    })
    expect(await finish(outcomeOf(stays))).toBe('TOO_LARGE')
    const undone = client.access(ID, 'all', async (session) => {
      const nested = client.access(ID, { write: ['cart'] }, (inner) => {
        inner.state.cart = tooLarge
        inner.commit().catch(() => {})
        throw FAILED
      })
      expect(await outcomeOf(nested)).toBe(FAILED)
      session.state.b = 2
    })
    await finish(undone)
    expect(await either.stored()).toEqual({ a: 1, b: 2 })
  })

  it('tell a nested access that a commit may have landed', async () => {
    const client = either.client()
    await fill(client)
    either.world.onStateWrite = () => Promise.reject(new Error('no answer'))
    let nested: unknown
    const access = client.access(ID, 'all', async () => {
      nested = client.access(ID, { write: ['a'] }, async (inner) => {
        inner.state.a = 2
        await inner.commit().catch(() => {})
        throw FAILED
      })
      nested = await outcomeOf(nested as Promise<unknown>)
    })
    expect(await finish(outcomeOf(access))).toBe('COMMIT_UNKNOWN')
    await arrive()
    expect(nested).toBe('COMMIT_UNKNOWN')
    either.world.onStateWrite = (_update, write) => write()
  })

  it('abort wantedSignal when another process asks, anew after a rotation', async () => {
    const client = either.client()
    await fill(client)
    const [begun, rotated] = [gate(), gate()]
    const heard: string[] = []
    const hear = (session: { readonly wantedSignal: AbortSignal }, name: string) =>
      new Promise<void>((resolve) => {
        session.wantedSignal.addEventListener('abort', () => {
          heard.push(name)
          resolve()
        })
      })
    const access = client.access(ID, 'all', async (session) => {
      const wanted = hear(session, 'old')
      begun.open()
      await wanted
      await session.rotate({ to: 'next' })
      expect(session.wanted).toBe(false)
      const again = hear(session, 'new')
      rotated.open()
      await again
      expect(session.wanted).toBe(true)
    })
    const other = either.main()
    const ask = (id: string) => outcomeOf(other.access(id, 'all', ({ state }) => state.a, { timeoutMs: 50_000 }))
    await finish(begun.opened)
    const first = ask(ID)
    await finish(rotated.opened)
    const second = ask('next')
    await finish(access)
    expect(await finish(Promise.all([first, second]))).toEqual(['SESSION_MISSING', 1])
    expect(heard).toEqual(['old', 'new'])
  })
})
