import type { FallbackStore, LockMode } from '../../../../client/adapters/common/index.js'
import { quiet } from '../../../support/counting.js'
import { DAY_MS, ID, Servers } from './servers.js'

/** A store as express-session has them. */
class OldStore implements FallbackStore {
  readonly sessions = new Map<string, object>()
  asked = 0
  destroyed = 0
  /** What happens before an answer. */
  before: () => Promise<void> = async () => {}

  get(id: string, callback: (error: unknown, session?: object | null) => void): void {
    this.asked += 1
    const found = this.sessions.get(id)
    void this.answer(found, callback)
  }

  private async answer(found: object | undefined, callback: (error: unknown, session?: object) => void): Promise<void> {
    try {
      await this.before()
    } catch (error) {
      return callback(error)
    }
    callback(null, found)
  }

  destroy(id: string, callback?: (error?: unknown) => void): void {
    this.destroyed += 1
    this.sessions.delete(id)
    callback?.()
  }
}

const inDays = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString()

describe('sessions of an old store', () => {
  let servers: Servers
  let old: OldStore
  beforeEach(() => {
    servers = new Servers()
    old = new OldStore()
    old.sessions.set(ID, { cookie: { originalMaxAge: null, expires: null, path: '/' }, user: 'Ada', cart: ['apple'] })
  })
  afterEach(() => servers.stop())
  const server = (options: object = {}) =>
    servers.server({ fallback: old, isReserved: (name) => name === 'cookie', ...options })
  const MODES: readonly LockMode[] = ['write', 'read', 'none', 'merge']

  it.each(MODES)("are taken over under the same id when they are asked for first ('%s')", async (lock) => {
    const one = server()
    const request = servers.request(one, lock)
    expect(await request.load(ID)).toMatchObject({ values: { user: 'Ada', cart: ['apple'] }, ttlMs: DAY_MS })
    await request.end()
    expect(await servers.committed()).toEqual({ user: 'Ada', cart: ['apple'] })
    await servers.loaded(server(), lock)
    expect(old.asked).toBe(1)
    expect(old.sessions.size).toBe(1)
  })

  it('are held after that, as any session', async () => {
    const request = await servers.loaded(server())
    const waiting = quiet(servers.loaded(server()))
    await request.save(ID, { user: 'Ada', cart: [] })
    await request.end()
    expect((await (await waiting).reload(ID))?.values).toEqual({ user: 'Ada', cart: [] })
  })

  it('are made by exactly one of the requests that ask at once, on two servers', async () => {
    const both = [server(), server()]
    let asking = 0
    let open = () => {}
    const all = new Promise<void>((resolve) => {
      open = resolve
    })
    old.before = () => {
      asking += 1
      if (asking === 6) open()
      return all
    }
    const add = async (item: number) => {
      const request = servers.request(both[item % 2] as never)
      const values = await servers.valuesOf<{ cart: unknown[] }>(request)
      values.cart.push(item)
      await request.save(ID, values)
      await request.end()
    }
    await Promise.all(Array.from({ length: 6 }, (_, item) => add(item)))
    const { cart } = (await servers.committed()) as { cart: unknown[] }
    expect(new Set(cart)).toEqual(new Set(['apple', 0, 1, 2, 3, 4, 5]))
    expect(cart).toHaveLength(7)
  })

  it.each([
    ['the date of its cookie', { expires: inDays(30), originalMaxAge: 5 }, 30 * DAY_MS],
    ['a date that is no text', { expires: new Date(inDays(2)) }, 2 * DAY_MS],
    ['the age of its cookie', { originalMaxAge: 5_000, expires: null }, 5_000],
    ['the lifetime of the client', { expires: false, originalMaxAge: null }, DAY_MS],
  ])('live as long as %s says', async (_what, cookie, ttlMs) => {
    old.sessions.set(ID, { cookie, user: 'Ada' })
    const loaded = await servers.request(server()).load(ID)
    expect(Math.abs((loaded?.ttlMs ?? 0) - ttlMs)).toBeLessThan(5_000)
  })

  it('are gone where their cookie has expired', async () => {
    old.sessions.set(ID, { cookie: { expires: inDays(-1) }, user: 'Ada' })
    expect(await servers.request(server()).load(ID)).toBeUndefined()
    expect(await servers.committed()).toBeUndefined()
  })

  it.each([undefined, null])('are none where the old store answers %p', async (nothing) => {
    old.sessions.set(ID, nothing as never)
    expect(await servers.request(server()).load(ID)).toBeUndefined()
  })

  it.each(MODES)("are not asked for once the session was destroyed, however long ago ('%s')", async (lock) => {
    const one = server()
    const request = await servers.loaded(one)
    await request.destroy(ID)
    await request.end()
    await expect(servers.request(one, lock).load(ID)).rejects.toMatchObject({ code: 'SESSION_REPLACED' })
    await servers.stack.advance(60_000)
    expect(await servers.request(one, lock).load(ID)).toBeUndefined()
    expect(old.asked).toBe(1)
  })

  it.each(MODES)("are destroyed there, too: they would come back when the tombstone is gone ('%s')", async (lock) => {
    const request = await servers.loaded(server(), lock)
    await request.destroy(ID)
    expect(old.sessions.size).toBe(0)
    expect(await servers.committed()).toBeUndefined()
  })

  it('are not destroyed anywhere where that fails, until it is tried again', async () => {
    const { destroy } = OldStore.prototype
    old.destroy = (_id, callback) => callback?.(new Error('wrong'))
    const request = await servers.loaded(server())
    await expect(request.destroy(ID)).rejects.toMatchObject({ code: 'UNREACHABLE' })
    expect(await servers.committed()).toMatchObject({ user: 'Ada' })
    old.destroy = destroy
    await request.destroy(ID)
    expect(old.sessions.size).toBe(0)
    expect(await servers.committed()).toBeUndefined()
  })

  it('are destroyed there where the request had not loaded them', async () => {
    await servers.request(server()).destroy(ID)
    expect(old.sessions.size).toBe(0)
  })

  it('stay there where that store has no destroy', async () => {
    const request = await servers.loaded(server({ fallback: { get: old.get.bind(old) } }))
    await request.destroy(ID)
    expect(await servers.committed()).toBeUndefined()
    expect(old.sessions.size).toBe(1)
  })

  it('are destroyed nowhere where that store does not answer in time', async () => {
    old.destroy = () => {}
    const request = await servers.loaded(server({ timeoutMs: 20 }))
    await expect(request.destroy(ID)).rejects.toMatchObject({ code: 'UNREACHABLE', effect: 'none' })
    await request.save(ID, { user: 'Eve' })
    expect(await servers.committed()).toEqual({ user: 'Eve' })
  })

  it('are not asked for once the session has expired: what the old store has is older', async () => {
    const one = server()
    await servers.write(one, { user: 'Ada' }, { ttlMs: 1_000 })
    await servers.stack.advance(1_000)
    expect(await servers.request(one).load(ID)).toBeUndefined()
    expect(old.asked).toBe(1)
  })

  it('do not come back where the session was taken over and destroyed while the old store was asked', async () => {
    const [one, other] = [server(), servers.server()]
    old.before = async () => {
      await servers.make(other, { user: 'Ada' })
      const logout = await servers.loaded(other)
      await logout.destroy(ID)
      await logout.end()
    }
    await expect(servers.request(one).load(ID)).rejects.toMatchObject({ code: 'SESSION_REPLACED' })
    expect(await servers.committed()).toBeUndefined()
    // Nothing is left locked.
    await servers.make(other, { user: 'Eve' })
  })

  it('stay in the old store, or are destroyed there after the commit', async () => {
    const request = await servers.loaded(server({ fallbackDestroy: true }))
    await request.end()
    expect(old.sessions.size).toBe(0)
    expect(await servers.committed()).toEqual({ user: 'Ada', cart: ['apple'] })
  })

  it('stay there where the new one cannot be written', async () => {
    servers.stack.dynamodb.inject({
      beforeForward: ({ caller, operation }) =>
        caller === 'application' && operation === 'UpdateItem' ? { refuse: 'AccessDeniedException' } : undefined,
    })
    const load = servers.request(server({ fallbackDestroy: true })).load(ID)
    await expect(load).rejects.toMatchObject({ effect: 'none' })
    expect(old.destroyed).toBe(0)
  })

  it.each<[string, object, string, RegExp]>([
    ['a name that is empty', { '': 1 }, 'INVALID_ARGUMENT', /at least one character/],
    [
      'a name that is too long',
      { ['n'.repeat(300)]: 1 },
      'INVALID_ARGUMENT',
      /255 bytes of UTF-8, received one of 300/,
    ],
    ['a value that is too large', { cart: 'x'.repeat(500_000) }, 'TOO_LARGE', /'cart' would be/],
    ['too much together', { cart: 'x'.repeat(300_000), bag: 'y'.repeat(300_000) }, 'TOO_LARGE', /the session would be/],
    ['a list instead of attributes', ['apple'], 'INVALID_ARGUMENT', /must be an object/],
  ])('fail typed, and stay there, where they have %s', async (_what, values, code, message) => {
    const { user } = old.sessions.get(ID) as { user: string }
    old.sessions.set(ID, Array.isArray(values) ? values : { ...values, user })
    for (const fallbackDestroy of [false, true]) {
      const error: unknown = await servers
        .request(server({ fallbackDestroy }))
        .load(ID)
        .catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'MIGRATION_FAILED', effect: 'none', retryable: false, cause: { code } })
      expect((error as Error).message).toMatch(message)
      expect((error as Error).message).toContain("'get' of the fallback")
      expect((error as Error).message).not.toMatch(/Ada|xx|nnn/)
    }
    expect(await servers.committed()).toBeUndefined()
    expect([old.sessions.size, old.destroyed]).toEqual([1, 0])
    // A store around the old one leaves it out.
    const fallback: FallbackStore = { get: (_id, done) => done(null, { user }) }
    expect(await servers.request(server({ fallback })).load(ID)).toMatchObject({ values: { user: 'Ada' } })
  })

  describe('where the old store fails', () => {
    const unreachable = { code: 'UNREACHABLE', retryable: true, effect: 'none' }

    it('fails typed, without the id', async () => {
      old.before = async () => {
        throw Object.assign(new Error(`GET sess:${ID}`), { code: 'ECONNREFUSED', command: ['GET', ID] })
      }
      const error: unknown = await servers
        .request(server())
        .load(ID)
        .catch((thrown: unknown) => thrown)
      expect(error).toMatchObject(unreachable)
      expect((error as Error).message).toContain('ECONNREFUSED')
      expect(JSON.stringify([error, (error as Error).stack, (error as Error).cause])).not.toContain(ID)
      expect(await servers.committed()).toBeUndefined()
    })

    it('fails typed where it throws', async () => {
      const fallback = {
        get() {
          throw new TypeError('wrong')
        },
      }
      await expect(servers.request(server({ fallback })).load(ID)).rejects.toMatchObject(unreachable)
    })

    it('fails typed where it is async and rejects', async () => {
      const fallback = { get: () => Promise.reject(new TypeError('wrong')) as never }
      await expect(servers.request(server({ fallback })).load(ID)).rejects.toMatchObject(unreachable)
    })

    it.each([false, 0, ''])('takes %p for no error, as express-session does', async (none) => {
      const fallback: FallbackStore = { get: (_id, callback) => callback(none, { user: 'Ada' }) }
      expect(await servers.request(server({ fallback })).load(ID)).toMatchObject({ values: { user: 'Ada' } })
    })

    it('fails in time where it never answers', async () => {
      old.before = () => new Promise(() => {})
      await expect(servers.request(server({ timeoutMs: 20 })).load(ID)).rejects.toMatchObject(unreachable)
    })

    it('goes on where only the old one cannot be destroyed', async () => {
      old.destroy = () => {
        throw new Error('wrong')
      }
      const request = await servers.loaded(server({ fallbackDestroy: true }))
      await request.end()
      expect(await servers.committed()).toEqual({ user: 'Ada', cart: ['apple'] })
    })

    it('takes a missing file for a missing session', async () => {
      old.before = () => Promise.reject(Object.assign(new Error('no file'), { code: 'ENOENT' }))
      expect(await servers.request(server()).load(ID)).toBeUndefined()
    })
  })
})
