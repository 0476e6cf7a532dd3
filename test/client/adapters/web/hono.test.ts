import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer, type ServerType } from '@hono/node-server'
import { createParser } from 'eventsource-parser'
import { Hono } from 'hono'
import { handle } from 'hono/aws-lambda'
import { streamSSE } from 'hono/streaming'
import { type WebOptions, type WebSession, withSession } from '../../../../client/adapters/web/index.js'
import type { Holdfast } from '../../../../client/index.js'
import { Gate } from '../../../support/counting.js'
import { timesEffort } from '../../../support/effort.js'
import { Browser, SECRET, type Shop, Site, setCookies } from './harness.js'

interface Tokens {
  readonly access: string
  readonly refresh: string
}
interface Mail extends Shop {
  tokens: Tokens
}
type Env = { Bindings: { session: WebSession<Mail> } }

/** An identity provider, which takes each refresh token once. */
class Provider {
  refreshes = 0
  private valid = 'refresh-0'

  first(): Tokens {
    return { access: '', refresh: this.valid }
  }

  async refresh(token: string): Promise<Tokens> {
    if (token !== this.valid) throw new Error('the refresh token was used already')
    this.refreshes += 1
    this.valid = `refresh-${this.refreshes}`
    await new Promise(setImmediate)
    return { access: `access-${this.refreshes}`, refresh: this.valid }
  }
}

describe('an application on Hono', () => {
  let site: Site
  let provider: Provider
  let browser: Browser
  let entered: Gate
  let leaves: Gate
  const servers: ServerType[] = []
  const origins: string[] = []

  const appOf = (holdfast: Holdfast<Mail>, options: Partial<WebOptions> = {}) => {
    const app = new Hono<Env>()
    app.post('/login', (c) => {
      c.env.session.regenerate()
      c.env.session.state.tokens = provider.first()
      return c.redirect('/token', 303)
    })
    app.post('/logout', async (c) => {
      await c.env.session.destroy()
      return c.json('bye')
    })
    app.get('/token', async (c) => {
      const { session } = c.env
      const { tokens } = session.state
      if (tokens === undefined) return c.json('nobody', 401)
      if (tokens.access !== '') return c.json(tokens.access)
      const fresh = await provider.refresh(tokens.refresh)
      session.state.tokens = fresh
      await session.commit()
      return c.json(fresh.access)
    })
    app.post('/count', (c) => {
      const { state } = c.env.session
      state.count = (state.count ?? 0) + 1
      return c.json(state.count)
    })
    app.post('/fails', (c) => {
      c.env.session.state.count = 17
      throw new Error(`for ${c.req.method}`)
    })
    app.post('/slow', async (c) => {
      entered.open()
      await leaves.passed
      return c.json('slow')
    })
    app.get('/events', (c) =>
      streamSSE(c, async (stream) => {
        await stream.writeSSE({ data: 'first' })
        await leaves.passed
        await stream.writeSSE({ data: 'last' })
      }),
    )
    app.onError((error) => {
      throw error
    })
    return withSession(holdfast, { secrets: [SECRET], ...options }, (request, session, ...rest: readonly unknown[]) =>
      app.fetch(request, { session, rest }),
    )
  }

  const served = async (holdfast: Holdfast<Mail>) => {
    const fetch = appOf(holdfast)
    const server = createAdaptorServer({ fetch: (request) => fetch(request) })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    servers.push(server)
    origins.push(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  }

  beforeEach(async () => {
    site = new Site()
    provider = new Provider()
    browser = new Browser()
    ;[entered, leaves] = [new Gate(), new Gate()]
    for (const holdfast of site.servers) await served(holdfast as unknown as Holdfast<Mail>)
  })
  afterEach(async () => {
    leaves.open()
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve))
    origins.length = 0
    await site.stop()
  })

  const ask = async (server: number, method: string, path: string, init: RequestInit = {}) => {
    const headers = { cookie: browser.cookie ?? '', connection: 'close' }
    const response = await fetch(`${origins[server]}${path}`, { method, headers, redirect: 'manual', ...init })
    browser.keep(response)
    return response
  }
  const answer = async (...args: Parameters<typeof ask>) => (await ask(...args)).json() as Promise<unknown>

  it('refreshes a token once for 20 requests at once, on two servers', async () => {
    await ask(0, 'POST', '/login')
    const answers = await Promise.all([...Array(20)].map((_, each) => answer(each % 2, 'GET', '/token')))
    expect([answers, provider.refreshes]).toEqual([Array(20).fill('access-1'), 1])
  })

  it('counts 40 requests at once, on two servers', async () => {
    await ask(0, 'POST', '/count')
    const counts = await Promise.all([...Array(40)].map((_, each) => answer(each % 2, 'POST', '/count')))
    expect(new Set(counts)).toEqual(new Set([...Array(40)].map((_, each) => each + 2)))
  })

  it('logs in and out while requests are under way: nobody is logged out, and nobody is in after it', async () => {
    const rounds = timesEffort(8)
    let replaced = 0
    for (let round = 0; round < rounds; round += 1) {
      browser.cookie = undefined
      await ask(0, 'POST', '/count')
      const under = [...Array(30)].map((_, each) => ask(each % 2, 'POST', '/count'))
      const login = await ask(1, 'POST', '/login')
      const statuses = (await Promise.all(under)).map(({ status }) => status)
      expect(login.status).toBe(303)
      replaced += statuses.filter((status) => status === 409).length
      expect(statuses.filter((status) => status !== 200 && status !== 409)).toEqual([])
      expect((await ask(0, 'GET', '/token')).status).toBe(200)
      const old = browser.cookie
      const [out] = await Promise.all([ask(0, 'POST', '/logout'), ask(1, 'POST', '/count')])
      expect(setCookies(out)).toEqual([expect.stringContaining('Max-Age=0')])
      browser.cookie = old
      expect((await ask(1, 'GET', '/token')).status).toBe(409)
    }
    // Requests and logins did overlap.
    expect(replaced).toBeGreaterThan(rounds)
  }, 300_000)

  it('sends an event stream that keeps nobody waiting', async () => {
    await ask(0, 'POST', '/count')
    const response = await ask(0, 'GET', '/events')
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    expect(await answer(1, 'POST', '/count')).toBe(2)
    expect(await answer(0, 'POST', '/count')).toBe(3)
    leaves.open()
    const events: string[] = []
    createParser({ onEvent: ({ data }) => events.push(data) }).feed(await response.text())
    expect(events).toEqual(['first', 'last'])
  })

  it('lets no client wait that has gone away', async () => {
    await ask(0, 'POST', '/count')
    const slow = answer(0, 'POST', '/slow')
    await entered.passed
    const gone = new AbortController()
    const waiting = ask(1, 'POST', '/count', { signal: gone.signal })
    while (site.servers[1].health().waitingSessions === 0) await new Promise(setImmediate)
    gone.abort()
    await expect(waiting).rejects.toThrow('abort')
    while (site.servers[1].health().waitingSessions > 0) await new Promise(setImmediate)
    leaves.open()
    await slow
    expect(await answer(1, 'POST', '/count')).toBe(2)
  })

  it('drops the changes of a route that throws, where onError throws on', async () => {
    await ask(0, 'POST', '/count')
    const logged = jest.spyOn(console, 'error').mockImplementation(() => {})
    expect((await ask(0, 'POST', '/fails')).status).toBe(500)
    logged.mockRestore()
    expect(await answer(1, 'POST', '/count')).toBe(2)
  })

  it('runs in Lambda, where hono/aws-lambda hands over the event', async () => {
    const fetch = appOf(site.servers[0] as unknown as Holdfast<Mail>)
    const outer = new Hono()
    outer.all('*', (c) => fetch(c.req.raw, c.env))
    const invoke = async (cookies: string[]) => {
      const requestContext = { http: { method: 'POST' }, domainName: 'shop.test' }
      const event = { version: '2.0', rawPath: '/count', rawQueryString: '', headers: {}, cookies, requestContext }
      // oxlint-disable-next-line typescript/no-deprecated -- applications on this version of Hono use it
      return (await handle(outer)(event as never, {} as never)) as unknown as { body: string; cookies: string[] }
    }
    const first = await invoke([])
    const second = await invoke(first.cookies.map((cookie) => cookie.split(';')[0] ?? ''))
    expect([first.body, second.body]).toEqual(['1', '2'])
  })
})
