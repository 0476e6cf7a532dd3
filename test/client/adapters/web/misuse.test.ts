import { setImmediate as turn } from 'node:timers/promises'
import { Browser, countUp, Site, setCookies } from './harness.js'

describe('handlers that do what they should not', () => {
  let site: Site
  beforeEach(() => {
    site = new Site()
  })
  afterEach(() => site.stop())

  it('one response for many users gives none of them the cookie of another', async () => {
    const shared = new Response(null, { status: 204, headers: { 'x-kind': 'shared' } })
    const handler = site.handler((request, session) => {
      countUp(request, session)
      return shared
    })
    const cookies = new Set<string>()
    for (const browser of [new Browser(), new Browser()]) {
      const response = await browser.send(handler)
      expect([response.status, response.headers.get('x-kind')]).toEqual([204, 'shared'])
      expect(setCookies(response)).toHaveLength(1)
      cookies.add(setCookies(response)[0] as string)
    }
    expect(cookies.size).toBe(2)
    expect(setCookies(shared)).toEqual([])
  })

  it('a response that no server can send is refused before anything is committed', async () => {
    const browser = new Browser()
    await browser.send(site.handler(countUp))
    const handler = site.handler((request, session) => {
      countUp(request, session)
      return Response.error()
    })
    for (const each of [browser, new Browser()]) {
      await expect(each.send(handler)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
    expect(await (await browser.send(site.handler(countUp, {}, 1))).json()).toBe(2)
  })

  it('a new session whose commit nobody awaited is not held after the handler has thrown', async () => {
    let committed: Promise<void> = Promise.resolve()
    let id = () => ''
    const handler = site.handler(async (request, session) => {
      countUp(request, session)
      committed = session.commit()
      id = () => String(session.id)
      await Promise.resolve()
      throw new Error('of the handler')
    })
    await expect(new Browser().send(handler)).rejects.toThrow('of the handler')
    await committed
    expect(await site.servers[1].access(id(), 'all', ({ state }) => state.count, { timeoutMs: 1_000 })).toBe(1)
  })

  it('an access to the session that the handler has made joins it, before and after a new id', async () => {
    const browser = new Browser()
    const [holdfast] = site.servers
    const handler = site.handler(async (request, session) => {
      countUp(request, session)
      const inside = () =>
        holdfast.access(String(session.id), { write: ['count'] }, ({ state }) => (state.count = (state.count ?? 0) + 1))
      await session.commit()
      await inside()
      session.regenerate()
      await session.commit()
      return Response.json(await inside())
    })
    for (const count of [3, 6]) expect(await (await browser.send(handler)).json()).toBe(count)
    expect(await (await browser.send(site.handler(countUp, {}, 1))).json()).toBe(7)
  })

  it('a change of a new session is kept, or throws, while the session is given back', async () => {
    const browser = new Browser()
    let kept = 0
    let refusal: unknown
    const handler = site.handler(async (_request, session) => {
      const { state } = session
      state.count = 0
      const released = session.release()
      while (refusal === undefined) {
        try {
          state.count = kept + 1
          kept += 1
        } catch (error) {
          refusal = error
        }
        await turn()
      }
      await released
      return new Response()
    })
    await browser.send(handler)
    expect(refusal).toMatchObject({ code: 'SESSION_RELEASED' })
    expect(await (await browser.send(site.handler(countUp, {}, 1))).json()).toBe(kept + 1)
  })

  it('a client that goes away lets nobody hold a session for longer', async () => {
    const browser = new Browser()
    await browser.send(site.handler(countUp))
    const client = new AbortController()
    const handler = site.handler(
      (_request, session) =>
        new Promise((resolve) => {
          session.signal.addEventListener('abort', () => resolve(new Response()), { once: true })
          client.abort()
        }),
      { maxHoldMs: 50, graceMs: 60_000 },
    )
    await expect(handler(browser.request({ signal: client.signal }))).rejects.toMatchObject({
      code: 'SESSION_RELEASED',
      reason: 'maxHoldMs',
    })
  })
})
