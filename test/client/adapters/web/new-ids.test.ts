import { Gate } from '../../../support/counting.js'
import { Browser, countUp, Site, setCookies } from './harness.js'

const problem = async (response: Response) => ({
  status: response.status,
  type: response.headers.get('content-type'),
  cache: response.headers.get('cache-control'),
  cookies: setCookies(response),
  body: await response.text(),
})

describe('a session that gets another id', () => {
  let site: Site
  let browser: Browser
  beforeEach(() => {
    site = new Site()
    browser = new Browser()
  })
  afterEach(() => site.stop())

  const login = (server: 0 | 1 = 0) =>
    site.handler(
      (_, session) => {
        session.regenerate()
        session.state.user = { name: 'Ada' }
        return new Response()
      },
      {},
      server,
    )
  const who = (server: 0 | 1 = 0) => site.handler((_, { state }) => Response.json(state.user?.name ?? null), {}, server)

  it('keeps its state, and is found under the new one only', async () => {
    await browser.send(site.handler(countUp))
    const old = new Browser(browser.cookie)
    await browser.send(login())
    expect(browser.cookie).not.toBe(old.cookie)
    expect(await (await browser.send(who(1))).json()).toBe('Ada')
    expect(await (await browser.send(site.handler(countUp, {}, 1))).json()).toBe(2)
    const { status, type, cache, cookies, body } = await problem(await old.send(site.handler(countUp)))
    expect({ status, type, cache, cookies }).toEqual({
      status: 409,
      type: 'application/problem+json',
      cache: 'no-store',
      cookies: [],
    })
    expect(JSON.parse(body)).toMatchObject({ type: expect.stringContaining('session-replaced') })
  })

  it('keeps its id where the handler throws', async () => {
    await browser.send(site.handler(countUp))
    const fails = site.handler((_, session) => {
      session.regenerate()
      session.state.user = { name: 'Ada' }
      throw new Error('handler')
    })
    await expect(browser.send(fails)).rejects.toThrow('handler')
    expect(await (await browser.send(who())).json()).toBe(null)
    expect(await (await browser.send(site.handler(countUp))).json()).toBe(2)
  })

  it('is known to the handler once there is one', async () => {
    const ids: (string | undefined)[] = []
    const note = site.handler(async (_, session) => {
      ids.push(session.id)
      session.state.count = 1
      session.regenerate()
      await session.commit()
      ids.push(session.id)
      await session.release()
      ids.push(session.id)
      return new Response()
    })
    await browser.send(note)
    const [none, first, same] = ids
    expect([none, same]).toEqual([undefined, first])
    expect((await site.servers[1].peek(first ?? ''))?.state.count).toBe(1)
    await browser.send(note)
    expect(ids[3]).toBe(first)
    expect(ids[4]).not.toBe(first)
    expect((await site.servers[1].peek(ids[4] ?? ''))?.state.count).toBe(1)
  })

  it('is a new one where the visitor had none', async () => {
    await browser.send(login())
    expect(await (await browser.send(who(1))).json()).toBe('Ada')
  })

  it('gets it with a commit, too, and goes on', async () => {
    await browser.send(site.handler(countUp))
    const old = browser.cookie
    await browser.send(
      site.handler(async (_, session) => {
        session.regenerate()
        await session.commit()
        session.regenerate()
        await session.release()
        return new Response()
      }),
    )
    expect(browser.cookie).not.toBe(old)
    expect(await (await browser.send(site.handler(countUp, {}, 1))).json()).toBe(2)
  })

  it('tells requests under way at a login, and changes no cookie of theirs', async () => {
    for (let round = 0; round < 10; round += 1) {
      const visitor = new Browser()
      await visitor.send(site.handler(countUp))
      const before = visitor.request()
      const [entered, leaves] = [new Gate(), new Gate()]
      const slow = site.handler(async (_, session) => {
        session.regenerate()
        session.state.user = { name: 'Ada' }
        entered.open()
        await leaves.passed
        return new Response()
      })
      const loggingIn = slow(before)
      await entered.passed
      const under = [...Array(10)].map((_, each) => site.handler(countUp, {}, each % 2 ? 1 : 0)(visitor.request()))
      leaves.open()
      visitor.keep(await loggingIn)
      for (const response of await Promise.all(under)) {
        expect(response.status).toBe(409)
        visitor.keep(response)
      }
      expect(await (await visitor.send(who(1))).json()).toBe('Ada')
    }
  })

  it('ends, removes its cookie, and the next request has a new one', async () => {
    await browser.send(login())
    const old = new Browser(browser.cookie)
    const response = await browser.send(
      site.handler(async (_, session) => {
        session.state.count = 17
        await session.destroy()
        expect(() => session.state).toThrow(/destroy\(\) was called/)
        return new Response()
      }),
    )
    expect(setCookies(response)).toEqual(['__Host-session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax'])
    expect((await old.send(who(1))).status).toBe(409)
    expect(await (await browser.send(who(1))).json()).toBe(null)
    expect(await (await browser.send(site.handler(countUp))).json()).toBe(1)
  })

  it('is new for an old cookie some time after the end', async () => {
    await site.stop()
    site = new Site({ clock: 'virtual' })
    await browser.send(login())
    const old = new Browser(browser.cookie)
    await browser.send(
      site.handler(async (_, session) => {
        await session.destroy()
        return new Response()
      }),
    )
    await site.stack.advance(29_000)
    expect((await old.send(who())).status).toBe(409)
    await site.stack.advance(1_000)
    expect(await (await old.send(who())).json()).toBe(null)
    expect(await (await old.send(site.handler(countUp))).json()).toBe(1)
  })

  it('says nothing where there was none to end', async () => {
    const end = site.handler(async (_, session) => {
      session.state.count = 1
      await session.destroy()
      return new Response()
    })
    expect(setCookies(await browser.send(end))).toEqual([])
  })

  it('is not told as ended where its end failed and nobody awaited it', async () => {
    await browser.send(login())
    const undo = site.stack.dynamodb.inject({
      beforeForward: ({ caller, operation }) =>
        caller === 'application' && operation === 'UpdateItem' ? { refuse: 'ValidationException' } : undefined,
    })
    const end = site.handler((_, session) => {
      session.destroy().catch(() => {})
      return new Response()
    })
    await expect(browser.send(end)).rejects.toMatchObject({ name: expect.any(String), code: expect.any(String) })
    undo()
    expect(await (await browser.send(who(1))).json()).toBe('Ada')
  })

  it.each(['read', 'none'] as const)('needs a lock for writing, not %s', async (lock) => {
    await browser.send(login())
    const codes: unknown[] = []
    const tries = site.handler(
      async (_, session) => {
        try {
          session.regenerate()
        } catch (error) {
          codes.push((error as { code: string }).code)
        }
        await session.destroy().catch(({ code }: { code: string }) => codes.push(code))
        return new Response()
      },
      { lock },
    )
    const response = await browser.send(tries)
    expect([codes, setCookies(response)]).toEqual([['NOT_LOCKED', 'NOT_LOCKED'], []])
    expect(await (await browser.send(who(1))).json()).toBe('Ada')
  })
})
