import { inspect } from 'node:util'
import { sign } from 'cookie-signature'
import { isHoldfastError } from '../../../../client/index.js'
import { Gate, quiet } from '../../../support/counting.js'
import { Browser, COOKIE, countUp, SECRET, Site, setCookies } from './harness.js'

describe('a handler with a session', () => {
  let site: Site
  let browser: Browser
  beforeEach(() => {
    site = new Site()
    browser = new Browser()
  })
  afterEach(() => site.stop())

  it('keeps its state from request to request, on every server', async () => {
    for (const server of [0, 1, 0, 1] as const) await browser.send(site.handler(countUp, {}, server))
    const response = await browser.send(site.handler(countUp))
    expect(await response.json()).toBe(5)
  })

  it('keeps the types of values', async () => {
    const seen = new Date(17)
    await browser.send(
      site.handler((_, { state }) => {
        state.seen = seen
        return new Response()
      }),
    )
    const read = site.handler(
      (_, { state }) => Response.json({ isDate: state.seen instanceof Date, at: state.seen }),
      {},
      1,
    )
    expect(await (await browser.send(read)).json()).toEqual({ isDate: true, at: seen.toISOString() })
  })

  it('sets a cookie of a host, for HTTPS, out of reach of scripts', async () => {
    const response = await browser.send(site.handler(countUp))
    expect(setCookies(response)).toEqual([
      expect.stringMatching(/^__Host-session=[\w-]{43}\.[\w%]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
    ])
    expect(setCookies(await browser.send(site.handler(countUp)))).toEqual([])
  })

  it('lets nobody see a change before it is committed', async () => {
    const [first, second] = [new Gate(), new Gate()]
    await browser.send(site.handler(countUp))
    const slow = site.handler(async (request, session) => {
      const response = countUp(request, session)
      first.open()
      await second.passed
      return response
    })
    const responses = [slow(browser.request())]
    await first.passed
    for (let each = 0; each < 9; each += 1)
      responses.push(site.handler(countUp, {}, each % 2 ? 1 : 0)(browser.request()))
    second.open()
    const counts = (await Promise.all(responses.map(async (response) => (await response).json()))) as number[]
    expect(counts.toSorted((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  })

  it('drops the changes of a handler that throws, and frees the session', async () => {
    await browser.send(site.handler(countUp))
    const fails = site.handler((request, session) => {
      countUp(request, session)
      throw new Error('handler')
    })
    await expect(browser.send(fails)).rejects.toThrow('handler')
    await expect(new Browser().send(fails)).rejects.toThrow('handler')
    expect(await (await browser.send(site.handler(countUp, {}, 1))).json()).toBe(2)
  })

  it('refuses what is no response, and drops the changes', async () => {
    await browser.send(site.handler(countUp))
    const wrong = site.handler((request, session) => {
      countUp(request, session)
      return 'text' as unknown as Response
    })
    await expect(browser.send(wrong)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await (await browser.send(site.handler(countUp))).json()).toBe(2)
  })

  it('adds its cookie to a response whose headers cannot be changed', async () => {
    const redirect = site.handler((request, session) => {
      countUp(request, session)
      return Response.redirect('https://shop.test/home', 303)
    })
    const response = await browser.send(redirect)
    expect(response).toMatchObject({ status: 303 })
    expect(response.headers.get('location')).toBe('https://shop.test/home')
    expect(await (await browser.send(site.handler(countUp, {}, 1))).json()).toBe(2)
  })

  it('keeps the cookies of the handler', async () => {
    const response = await browser.send(
      site.handler((request, session) => {
        countUp(request, session)
        return new Response('', { headers: { 'set-cookie': 'theme=dark' } })
      }),
    )
    expect(setCookies(response)).toEqual(['theme=dark', expect.stringContaining(COOKIE)])
  })

  it('passes further arguments on', async () => {
    const handler = site.handler((_, _session, ...rest: unknown[]) => Response.json(rest)) as unknown as (
      request: Request,
      ...rest: unknown[]
    ) => Promise<Response>
    expect(await (await handler(browser.request(), { params: 1 }, 2)).json()).toEqual([{ params: 1 }, 2])
  })

  it('refuses a handler for the same session inside it, and lets another one in', async () => {
    await browser.send(site.handler(countUp))
    const other = new Browser()
    await other.send(site.handler(countUp))
    const nested = (inner: Browser) =>
      site.handler(async () => Response.json(await (await site.handler(countUp)(inner.request())).json()))
    await expect(browser.send(nested(browser))).rejects.toMatchObject({ code: 'NESTED_ACCESS' })
    expect(await (await browser.send(nested(other))).json()).toBe(2)
  })

  it('shows neither values nor the id in a log', async () => {
    const shown: string[] = []
    await browser.send(site.handler(countUp))
    const show = site.handler((_, session) => {
      shown.push(inspect(session, { depth: 9 }), JSON.stringify(session))
      return new Response()
    })
    await browser.send(show)
    expect(shown).toEqual(['{ WebSession: { isNew: false, isEnded: false } }', '{"isNew":false,"isEnded":false}'])
  })

  describe('counts its requests to the store:', () => {
    it('none without a cookie, where nothing is set', async () => {
      const count = site.counting()
      const response = await browser.send(
        site.handler((_, { state, isNew }) => Response.json([isNew, state.count ?? 0])),
      )
      expect([await response.json(), setCookies(response), count()]).toEqual([[true, 0], [], 0])
      expect(site.servers[0].health().state).toBe('idle')
    })

    it('none where nothing was changed in a held session, 20 times', async () => {
      await browser.send(site.handler(countUp))
      const count = site.counting()
      for (let each = 0; each < 20; each += 1) {
        await browser.send(site.handler((_, { state }) => Response.json(state.count)))
      }
      expect(count()).toBe(0)
    })

    it('one read for an id that is unknown', async () => {
      const signed = `${COOKIE}=${encodeURIComponent(sign('a'.repeat(43), SECRET))}`
      const count = site.counting()
      const response = await new Browser(signed).send(site.handler((_, { isNew }) => Response.json(isNew)))
      expect([await response.json(), setCookies(response), count()]).toEqual([true, [], 1])
    })

    it.each([
      ['not signed', 'a'.repeat(43)],
      ['signed with another secret', sign('a'.repeat(43), 'another secret of at least 32 bytes!')],
      ['no id', sign('my own id', SECRET)],
      ['empty', ''],
    ])('none for a cookie that is %s', async (_, value) => {
      const count = site.counting()
      await new Browser(`${COOKIE}=${encodeURIComponent(value)}`).send(site.handler(() => new Response()))
      expect(count()).toBe(0)
    })
  })

  it('never makes a session under an id that a browser brought', async () => {
    const given = `${COOKIE}=${encodeURIComponent(sign('a'.repeat(43), SECRET))}`
    const visitor = new Browser(given)
    await visitor.send(site.handler(countUp))
    expect(visitor.cookie).not.toBe(given)
    expect(await (await new Browser(given).send(site.handler(countUp))).json()).toBe(1)
  })

  it('accepts cookies of each secret, and signs with the first', async () => {
    await browser.send(site.handler(countUp))
    const secrets = ['a newer secret of at least 32 bytes!', SECRET]
    expect(await (await browser.send(site.handler(countUp, { secrets }))).json()).toBe(2)
    const fresh = new Browser()
    await fresh.send(site.handler(countUp, { secrets }))
    expect(await (await fresh.send(site.handler(countUp))).json()).toBe(1)
  })

  it('throws the error of values that cannot be stored, and makes nothing of it', async () => {
    const bad = site.handler((_, { state }) => {
      state.cart = [(() => {}) as unknown as string]
      return new Response()
    })
    await expect(browser.send(bad)).rejects.toMatchObject({ code: 'INVALID_VALUE' })
    await browser.send(site.handler(countUp))
    const error = await quiet(browser.send(bad)).catch((thrown) => thrown)
    expect(isHoldfastError(error) && error.code).toBe('INVALID_VALUE')
    expect(await (await browser.send(site.handler(countUp, {}, 1))).json()).toBe(2)
  })
})
