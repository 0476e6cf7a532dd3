import { request as httpRequest } from 'node:http'
import { Readable } from 'node:stream'
import { setTimeout as after } from 'node:timers/promises'
import cookie from '@fastify/cookie'
import fastifySession from '@fastify/session'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { holdfastSession } from '../../../../client/adapters/fastify/index.js'
import type { Holdfast } from '../../../../client/index.js'
import { Browser, type Options, Servers, type Shop } from './servers.js'

describe('requests of Fastify that wait for a session, or hold one', () => {
  let servers: Servers
  beforeEach(() => {
    servers = new Servers()
  })
  afterEach(() => servers.stop())

  const stuck = async (options: Options = {}) => {
    const seen = { arrived: 0, failed: 0 }
    const browser = await servers.shop((server) => {
      server.addHook('onError', async () => {
        seen.failed += 1
      })
      server.get('/stuck', async () => {
        seen.arrived += 1
        await new Promise(() => {})
      })
      server.get('/wait', async () => {
        seen.arrived += 100
        return 'done'
      })
    }, options)
    const held = call(browser, '/stuck')
    while (seen.arrived === 0) await after(5)
    return { browser, held, seen }
  }
  /** A request whose client can go away. */
  const call = (browser: Browser, path: string) => {
    const made = httpRequest(browser.url + path, { headers: { cookie: browser.cookie as string } })
    made.on('error', () => {}).end()
    return made
  }

  it('answers 503 where the session is busy, or what onBusy says', async () => {
    const { browser } = await stuck({ timeoutMs: 1_000 })
    const { status, headers, text } = await browser.send('/wait')
    expect([status, headers.get('retry-after'), headers.get('cache-control')]).toEqual([503, '1', 'no-store'])
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/)
    expect(headers.getSetCookie()).toEqual([])
    expect(JSON.parse(text)).toMatchObject({ type: 'session-busy', status: 503 })
    const other = await stuck({
      timeoutMs: 1_000,
      onBusy: (_request, reply, error) => reply.code(429).send({ code: error.code }),
    })
    expect(await other.browser.send('/wait')).toMatchObject({ status: 429, text: '{"code":"WAIT_TIMEOUT"}' })
  })

  it('lets no more requests wait than it may', async () => {
    const { browser } = await stuck({ waitingMax: 2, timeoutMs: 1_000 })
    const all = Array.from({ length: 5 }, () => browser.send('/wait'))
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual(Array(5).fill(503))
  })

  it('frees a session at once where its response is cut while it is sent', async () => {
    const browser = await servers.shop((server) => {
      server.get('/cut', (_request, reply) => {
        const body = new Readable({ read: () => {} })
        body.push('part')
        reply.raw.once('pipe', () => setImmediate(() => body.destroy(new Error('the file is gone'))))
        reply.send(body)
      })
    })
    await expect(browser.send('/cut')).rejects.toMatchObject({ message: expect.any(String) })
    expect(await servers.isFreeWithin(1_000, browser)).toBe(true)
  })

  it('answers what onBusy throws', async () => {
    const { browser } = await stuck({
      timeoutMs: 1_000,
      onBusy: () => {
        throw new Error('onBusy failed')
      },
    })
    expect(await browser.send('/wait')).toMatchObject({ status: 500, text: expect.stringContaining('onBusy failed') })
  })

  it('a client that goes away while it waits cancels its wait: its handler never runs', async () => {
    const { browser, held, seen } = await stuck({ graceMs: 20 })
    const waiting = call(browser, '/wait')
    await after(50)
    waiting.destroy()
    await after(50)
    held.destroy()
    expect(await servers.isFreeWithin(2_000, browser)).toBe(true)
    expect(seen).toEqual({ arrived: 1, failed: 0 })
  })

  it('a client that goes away later leaves its handler graceMs', async () => {
    const browser = await servers.shop(
      (server) => {
        server.get('/slow', async ({ session }) => {
          session.count = 5
          await after(150)
          return 'done'
        })
      },
      { graceMs: 2_000 },
    )
    const slow = call(browser, '/slow')
    await after(50)
    slow.destroy()
    expect(await servers.count(browser)).toBe(5)
  })

  it('a request that never ends loses its session after maxHoldMs', async () => {
    const { browser } = await stuck({ maxHoldMs: 200 })
    expect(await servers.isFreeWithin(2_000, browser)).toBe(true)
  })

  it.each([
    ['read', 500],
    ['none', 200],
    ['merge', 200],
  ] as const)("a change under lock '%s' is answered with %s, and shared requests do not wait", async (lock, status) => {
    const together = { count: 0 }
    const browser = await servers.shop(
      (server) => {
        server.get('/together', async ({ session }) => {
          together.count += 1
          while (together.count < 2) await after(5)
          return session.count
        })
        server.get('/change', async ({ session }) => {
          session.count = 7
          return 'done'
        })
      },
      { lock: ({ url }) => (url === '/add' ? 'write' : lock) },
    )
    const both = await Promise.all([browser.send('/together'), browser.send('/together')])
    expect(both.map(({ text }) => text)).toEqual(['1', '1'])
    expect((await browser.send('/change')).status).toBe(status)
    expect(await servers.count(browser)).toBe(status === 200 ? 7 : 1)
  })

  it.each(['none', 'merge'] as const)(
    "answers 409 under lock '%s' where another request has changed it",
    async (lock) => {
      const browser = await servers.shop(
        (server) => {
          server.get('/race', async ({ session }) => {
            await after(200)
            session.count = 99
            return 'done'
          })
        },
        { lock: ({ url }) => (url === '/race' ? lock : 'write') },
      )
      const race = browser.send('/race')
      await after(50)
      await browser.send('/add')
      const { status, headers, text } = await race
      expect([status, headers.getSetCookie()]).toEqual([409, []])
      expect(JSON.parse(text)).toMatchObject({ type: 'session-changed' })
      expect(await servers.count(browser)).toBe(2)
    },
  )

  it('fails a request for which the function of lock does not say how', async () => {
    const browser = await servers.start(
      (server) => {
        server.get('/', async () => 'never')
        server.get('/async', async () => 'never')
      },
      {
        lock: ({ url }) => (url === '/async' ? (Promise.reject(new Error('of the lock')) as never) : ('all' as never)),
      },
    )
    for (const path of ['/', '/async']) {
      const { status, text } = await browser.send(path)
      expect([status, JSON.parse(text).code]).toEqual([500, 'INVALID_ARGUMENT'])
    }
  })

  it('takes the sessions of the store before it over, and ends them there', async () => {
    const old = new fastifySession.MemoryStore()
    const before = Fastify({ forceCloseConnections: true })
    await before.register(cookie)
    await before.register(fastifySession, { secret: 's'.repeat(32), cookie: { secure: false }, store: old })
    before.get('/', async ({ session }) => {
      session.count = 41
    })
    const visitor = new Browser(await before.listen({ port: 0 }))
    await visitor.send('/')
    await before.close()
    const browser = await servers.start(
      (server) => {
        server.get('/add', async ({ session }) => {
          session.count = (session.count ?? 0) + 1
          return session.count
        })
      },
      { fallback: old, fallbackDestroy: true },
    )
    browser.cookie = visitor.cookie
    expect((await browser.send('/add')).text).toBe('42')
    expect((await browser.send('/add')).text).toBe('43')
    expect((old as unknown as { store: Map<string, unknown> }).store.size).toBe(0)
  })

  it('refuses the store outside of a request', async () => {
    let server: FastifyInstance | undefined
    const browser = await servers.shop((made) => {
      server = made
    })
    const signed = decodeURIComponent(browser.cookie?.split('=')[1] ?? '')
    const found = new Promise((resolve) => server?.decryptSession(signed, {} as FastifyRequest, resolve))
    await expect(found).resolves.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('refuses wrong options', async () => {
    for (const options of [
      { store: {} },
      { lock: 'all' },
      { timeoutMs: 0 },
      { maxHoldMs: 'long' },
      { graceMs: -1 },
      { waitingMax: 0 },
      { values: 'yaml' },
      { onBusy: 5 },
      { fallback: {} },
      { fallbackDestroy: true },
      { holdfast: undefined },
      { resave: false },
    ]) {
      const started = servers.start(() => {}, options as unknown as Options)
      await expect(started).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
  })
})

describe('the types of the plugin', () => {
  it('take the client of the application', () => {
    const holdfast = undefined as unknown as Holdfast<Shop>
    const options: Options = { holdfast, lock: (request) => (request.method === 'GET' ? 'read' : 'write') }
    expect(options.holdfast).toBeUndefined()
    // @ts-expect-error the store is Holdfast's own
    const wrong: Options = { store: undefined }
    expect(wrong.timeoutMs).toBeUndefined()
  })

  it('tell the compiler what a function of lock gets', () => {
    const start = async (server: FastifyInstance, holdfast: Holdfast<Shop>) => {
      await server.register(holdfastSession, {
        holdfast,
        secret: 's'.repeat(32),
        lock: (request) => (request.url.startsWith('/static/') ? 'none' : 'write'),
        onBusy: (_request, reply, { retryable }) => reply.code(503).send({ retryable }),
      })
      // @ts-expect-error there is no such lock
      await server.register(holdfastSession, { holdfast, secret: 's'.repeat(32), lock: () => 'all' })
      // @ts-expect-error a client is needed
      await server.register(holdfastSession, { secret: 's'.repeat(32) })
    }
    expect(start).toBeInstanceOf(Function)
  })
})
