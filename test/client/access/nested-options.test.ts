import type { Session } from '../../../client/access/session.js'
import type { AccessOptions } from '../../../client/options/access-options.js'
import { Gate } from '../../support/counting.js'
import { settle } from '../../support/world.js'
import { codeOf, FAILED, fail, ID, OTHER, type Shop, useNestedStage } from './nested.js'

describe('the options of a nested access', () => {
  const on = useNestedStage()
  const { finish, stored } = on

  const change = (values: Partial<Shop>, options?: AccessOptions) =>
    on.holdfast.access(ID, 'all', ({ state }) => void Object.assign(state, values), options)

  it.each<[string, AccessOptions | undefined, AccessOptions | undefined, object]>([
    ["'access' has its changes in DynamoDB when it resolves", undefined, { durability: 'access' }, { note: 'inner' }],
    ["'access' does so inside 'release'", { durability: 'release' }, { durability: 'access' }, { note: 'inner' }],
    ["'release' joins the outer one", undefined, { durability: 'release' }, {}],
    ['none joins the outer one', undefined, undefined, {}],
    ["none joins an outer one of 'release'", { durability: 'release' }, undefined, {}],
  ])('durability: %s', async (_what, outer, inner, expected) => {
    await finish(change({ count: 1 }))
    const access = on.holdfast.access(
      ID,
      'all',
      async ({ state }) => {
        state.cart = { items: ['outer'] }
        await change({ note: 'inner' }, inner)
        return stored()
      },
      outer,
    )
    expect(await finish(access)).toEqual({ count: 1, ...expected })
    await on.world.clock.advance(10_000)
    expect(await stored()).toEqual({ count: 1, note: 'inner', cart: { items: ['outer'] } })
  })

  it("durability: 'access' commits the attributes that it used under write locks, with what the outer work changed in them", async () => {
    const access = on.holdfast.access(ID, 'all', async (outer) => {
      outer.state.cart = { items: ['outer'] }
      outer.state.note = 'outer'
      const inner = ({ state }: { readonly state: Partial<Shop> }) => void state.cart?.items.push('inner')
      await on.holdfast.access(ID, { write: ['cart'], read: ['note'] }, inner, { durability: 'access' })
      expect(await stored()).toEqual({ cart: { items: ['outer', 'inner'] } })
      fail()
    })
    expect(await finish(codeOf(access))).toBe(FAILED)
    expect(await stored()).toEqual({ cart: { items: ['outer', 'inner'] } })
  })

  it("durability: 'access' includes what accesses nested in it have changed, and none that failed", async () => {
    const access = on.holdfast.access(ID, 'all', () =>
      on.holdfast
        .access(
          ID,
          'all',
          async () => {
            await change({ count: 2 })
            await codeOf(
              on.holdfast.access(ID, 'all', (session) => {
                session.state.note = 'failed'
                fail()
              }),
            )
          },
          { durability: 'access' },
        )
        .then(() => stored()),
    )
    expect(await finish(access)).toEqual({ count: 2 })
  })

  it("durability: 'access' is of every session of an accessMany", async () => {
    const access = on.holdfast.accessMany([ID, OTHER], 'all', async ([one]) => {
      one.state.note = 'outer'
      const inner = on.holdfast.accessMany(
        [OTHER, ID],
        'all',
        (sessions) => {
          for (const [index, { state }] of sessions.entries()) state.count = index
        },
        { durability: 'access' },
      )
      await inner
      return [await stored(ID), await stored(OTHER)]
    })
    expect(await finish(access)).toEqual([{ count: 1 }, { count: 0 }])
  })

  it("durability: 'access' refuses a value that cannot be stored, and undoes it", async () => {
    const access = on.holdfast.access(ID, 'all', async ({ state }) => {
      state.note = 'outer'
      expect(await codeOf(change({ count: Number.NaN, note: 'inner' }, { durability: 'access' }))).toBe('INVALID_VALUE')
      expect(await codeOf(change({ note: 'x'.repeat(500_000) }, { durability: 'access' }))).toBe('TOO_LARGE')
    })
    await finish(access)
    expect(await stored()).toEqual({ note: 'outer' })
  })

  it("durability: 'access' reports a commit that may have landed", async () => {
    await finish(change({ count: 1 }))
    on.world.onStateWrite = async () => {
      throw Object.assign(new Error('reset'), { name: 'TimeoutError' })
    }
    let inner: unknown
    const access = on.holdfast.access(ID, 'all', async () => {
      inner = await codeOf(change({ count: 2 }, { durability: 'access' }))
    })
    expect(await finish(codeOf(access), 60_000)).toBe('COMMIT_UNKNOWN')
    await settle()
    expect(inner).toBe('COMMIT_UNKNOWN')
    on.world.onStateWrite = (_update, write) => write()
  })

  it('its error is that of a commit() under way which may have landed', async () => {
    await finish(change({ count: 1 }))
    let inner: unknown
    const access = on.holdfast.access(ID, 'all', async () => {
      on.world.onStateWrite = async () => {
        throw Object.assign(new Error('reset'), { name: 'TimeoutError' })
      }
      const nested = on.holdfast.access(ID, 'all', async (session) => {
        session.state.count = 2
        session.commit().catch(() => {})
        fail()
      })
      inner = await codeOf(nested)
    })
    expect(await finish(codeOf(access), 60_000)).toBe('COMMIT_UNKNOWN')
    await settle()
    expect(inner).toBe('COMMIT_UNKNOWN')
    on.world.onStateWrite = (_update, write) => write()
  })

  it('signal: aborted already, its work does not run', async () => {
    const reason = new Error('too late')
    let hasRun = false
    const access = on.holdfast.access(ID, 'all', async () => {
      const nested = on.holdfast.access(ID, 'all', () => void (hasRun = true), { signal: AbortSignal.abort(reason) })
      await expect(nested).rejects.toMatchObject({ code: 'ABORTED', cause: reason, waitedMs: 0 })
    })
    await finish(access)
    expect(hasRun).toBe(false)
  })

  it('signal: ends a wait of its session.lock()', async () => {
    const gate = new Gate()
    const holding = on.holdfast.access(ID, { write: ['note'] }, () => gate.passed)
    const controller = new AbortController()
    const access = on.holdfast.access(ID, { write: ['count'] }, () =>
      on.holdfast.access(ID, { read: ['count'] }, (session) => codeOf(session.lock({ write: ['note'] })), {
        signal: controller.signal,
      }),
    )
    await settle()
    controller.abort()
    expect(await finish(access)).toBe('ABORTED')
    gate.open()
    await finish(holding)
  })

  it('timeoutMs: bounds the waits of its session.lock()', async () => {
    const gate = new Gate()
    const holding = on.holdfast.access(ID, { write: ['note'] }, () => gate.passed)
    const wait = (options: AccessOptions) =>
      finish(
        on.holdfast.access(ID, { write: ['count'] }, () =>
          on.holdfast.access(
            ID,
            { read: ['count'] },
            (session) => session.lock({ write: ['note'] }).catch((error) => error),
            options,
          ),
        ),
      )
    expect(await wait({ timeoutMs: 100 })).toMatchObject({ code: 'WAIT_TIMEOUT', waitedMs: 100 })
    gate.open()
    await finish(holding)
  })

  it("ifMissing: 'fail' tells how the session before it ended", async () => {
    await finish(on.holdfast.access(ID, 'all', () => {}))
    await finish(on.holdfast.destroy(ID))
    const find = () => on.holdfast.access(ID, 'all', () => {}, { ifMissing: 'fail' }).catch((thrown: unknown) => thrown)
    const nested = on.holdfast.access(ID, 'all', () => on.holdfast.access(ID, 'all', find))
    expect(await finish(nested)).toMatchObject({ code: 'SESSION_MISSING', reason: 'destroyed' })
  })

  it("ifMissing: 'fail' fails as long as nothing is committed", async () => {
    const find = (id: string) => codeOf(on.holdfast.access(id, 'all', () => 'found', { ifMissing: 'fail' }))
    const access = on.holdfast.access(ID, 'all', async (session) => {
      session.state.count = 1
      const error = await on.holdfast.access(ID, 'all', () => {}, { ifMissing: 'fail' }).catch((thrown) => thrown)
      expect(error).toMatchObject({ code: 'SESSION_MISSING', reason: 'unknown' })
      expect(await codeOf(on.holdfast.accessMany([ID], 'all', () => {}, { ifMissing: 'fail' }))).toBe('SESSION_MISSING')
      await session.commit()
      return find(ID)
    })
    expect(await finish(access)).toEqual({ value: 'found' })
    expect(await finish(on.holdfast.access(ID, 'all', () => find(ID)))).toEqual({ value: 'found' })
  })

  it('label: names it where its session.lock() would wait for ever', async () => {
    const [begun, gates] = [new Gate(), [new Gate(), new Gate()]]
    const crossing = (first: 'count' | 'note', second: 'count' | 'note', gate: Gate | undefined) =>
      on.holdfast.access(
        ID,
        { write: [first] },
        async () => {
          gate?.open()
          await begun.passed
          const inner = (session: { lock(more: { readonly write: ('count' | 'note')[] }): Promise<unknown> }) =>
            session.lock({ write: [second] }).catch((error) => error)
          return on.holdfast.access(ID, { write: [first] }, inner as never, { label: `inner ${first}` })
        },
        { label: `outer ${first}` },
      )
    const both = Promise.all([crossing('count', 'note', gates[0]), crossing('note', 'count', gates[1])])
    await settle()
    begun.open()
    const errors = (await finish(both)).filter((outcome) => outcome instanceof Error)
    expect(errors).toHaveLength(1)
    expect((errors[0] as Error).message).toContain('inner count holds [count]')
    expect((errors[0] as Error).message).toContain('inner note holds [note]')
  })

  it('ttlMs: is that of its aliveUntil', async () => {
    const before = await finish(on.holdfast.access(ID, 'all', ({ ttlMs }) => ttlMs))
    const access = on.holdfast.access(ID, 'all', async (outer) => {
      await on.holdfast.access(ID, 'all', (inner) => {
        const until = outer.aliveUntil.getTime()
        inner.ttlMs = before * 2
        expect(inner.aliveUntil.getTime()).toBeGreaterThanOrEqual(until + before)
        expect(outer.aliveUntil.getTime()).toBe(until)
      })
      expect(outer.ttlMs).toBe(before * 2)
    })
    await finish(access)
  })

  it.each<[string, (inner: Session) => Promise<unknown>, { readonly durability?: 'access' }]>([
    ['commit()', (inner) => inner.commit(), {}],
    ["durability: 'access'", async () => {}, { durability: 'access' }],
  ])('ttlMs: nothing of it stays where %s refuses a value', async (_what, commit, options) => {
    const access = on.holdfast.access(ID, 'all', async (outer) => {
      const before = outer.ttlMs
      const nested = on.holdfast.access(
        ID,
        'all',
        async (inner) => {
          inner.ttlMs = 5000
          Object.assign(inner.state, { count: () => {} })
          await commit(inner as unknown as Session)
        },
        options,
      )
      expect(await codeOf(nested)).toBe('INVALID_VALUE')
      expect(outer.ttlMs).toBe(before)
      return before
    })
    const before = await finish(access)
    expect(await finish(on.holdfast.access(ID, 'all', ({ ttlMs }) => ttlMs))).toBe(before)
  })

  it("ttlMs: durability: 'access' commits it, also deep inside an access that fails", async () => {
    const access = on.holdfast.access(ID, 'all', async () => {
      const middle = on.holdfast.access(ID, 'all', async () => {
        await on.holdfast.access(ID, 'all', (inner) => void (inner.ttlMs = 500_000), { durability: 'access' })
        fail()
      })
      await middle
    })
    expect(await finish(codeOf(access))).toBe(FAILED)
    expect(await finish(on.holdfast.access(ID, 'all', ({ ttlMs }) => ttlMs))).toBe(500_000)
  })

  it("undefinedValues: 'drop' holds for what it changes, reads and leaves undone", async () => {
    const dropping = on.world.client<{ a: { k: number; u?: undefined } }>({ undefinedValues: 'drop' })
    const access = dropping.access(OTHER, 'all', async ({ state }) => {
      state.a = { k: 1, u: undefined }
      await dropping.access(OTHER, { write: ['a'] }, (inner) => void Object.assign(inner.state.a ?? {}, { k: 2 }))
      expect(await dropping.access(OTHER, { read: ['a'] }, (inner) => inner.state.a?.k)).toBe(2)
      const failing = dropping.access(OTHER, { write: ['a'] }, (inner) => {
        Object.assign(inner.state.a ?? {}, { k: 3 })
        return fail()
      })
      expect(await codeOf(failing)).toBe(FAILED)
    })
    await finish(access)
    expect((await dropping.peek(OTHER))?.state.a).toEqual({ k: 2 })
  })
})
