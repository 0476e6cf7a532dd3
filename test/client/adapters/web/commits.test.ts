import { Browser, countUp, Site, setCookies } from './harness.js'

describe('a response', () => {
  let site: Site
  let browser: Browser
  beforeEach(() => {
    site = new Site({ clock: 'virtual' })
    browser = new Browser()
  })
  afterEach(() => site.stop())

  /** The client repeats a write that fails, for some time. */
  const eventually = async (response: Promise<Response>): Promise<Response> => {
    await site.stack.advance(20_000)
    return response
  }

  const failing = () =>
    site.stack.dynamodb.inject({
      beforeForward: ({ caller, operation }) =>
        caller === 'application' && operation !== 'GetItem' ? { refuse: 'ThrottlingException' } : undefined,
    })

  it.each([
    ['of one piece', () => Response.json({ secret: 1 })],
    ['without a body', () => new Response(null, { status: 304 })],
    ['that redirects', () => Response.redirect('https://shop.test/home', 303)],
    [
      'that is streamed',
      () =>
        new Response(
          new ReadableStream({ start: (to: ReadableStreamDefaultController) => to.enqueue(new Uint8Array(1)) }),
        ),
    ],
  ])('%s is not sent where its commit fails', async (_, respond) => {
    await browser.send(site.handler(countUp))
    const undo = failing()
    const handler = site.handler((request, session) => {
      countUp(request, session)
      return respond()
    })
    for (const visitor of [new Browser(browser.cookie), new Browser()]) {
      const response = await eventually(visitor.send(handler))
      expect({ status: response.status, cookies: setCookies(response) }).toEqual({ status: 503, cookies: [] })
      expect(await response.text()).not.toContain('secret')
    }
    undo()
    expect(await (await browser.send(site.handler(countUp, {}, 1))).json()).toBe(2)
  })

  it('that is streamed is cancelled where its commit fails', async () => {
    let cancelled = false
    const undo = failing()
    const stream = site.handler((request, session) => {
      countUp(request, session)
      const cancel = () => {
        cancelled = true
      }
      return new Response(new ReadableStream({ cancel }))
    })
    await eventually(browser.send(stream))
    undo()
    expect(cancelled).toBe(true)
  })

  it('waits for its commit also where the client writes behind', async () => {
    const behind = new Site({}, { durability: 'release', flushMs: 60_000 })
    await browser.send(behind.handler(countUp))
    await browser.send(behind.handler(countUp))
    const look = behind.handler((_, { state }) => Response.json(state.count), { lock: 'none' }, 1)
    expect(await (await browser.send(look)).json()).toBe(2)
    await behind.stop()
  })
})

describe('the lifetime of a session', () => {
  const maxAge = (response: Response) => /Max-Age=(\d+)/.exec(setCookies(response).join())?.[1]
  let site: Site
  let browser: Browser
  beforeEach(() => {
    site = new Site({ clock: 'virtual' }, { ttlMs: 60_000 })
    browser = new Browser()
  })
  afterEach(() => site.stop())

  const remember = (ttlMs: number) =>
    site.handler(
      (request, session) => {
        session.ttlMs = ttlMs
        expect(session.ttlMs).toBe(ttlMs)
        return countUp(request, session)
      },
      { cookie: { persistent: true } },
    )

  it('is that of its cookie, and is set anew with it', async () => {
    const options = { cookie: { persistent: true } }
    const first = await browser.send(site.handler(countUp, options))
    const again = await browser.send(site.handler(countUp, options))
    const remembered = await browser.send(remember(3_600_000))
    expect([first, again, remembered].map(maxAge)).toEqual(['60', undefined, '3600'])
    await site.stack.advance(3_000_000)
    expect(await (await browser.send(site.handler(countUp))).json()).toBe(4)
    await site.stack.advance(3_600_000)
    expect(await (await browser.send(site.handler(countUp))).json()).toBe(1)
  })

  it('may be set for a new one', async () => {
    expect(maxAge(await browser.send(remember(2_000)))).toBe('2')
    await site.stack.advance(2_000)
    expect(await (await browser.send(site.handler(countUp))).json()).toBe(1)
  })

  it('is the client’s, and is known with each lock', async () => {
    await browser.send(remember(7_000))
    const ttlOf = (lock: 'write' | 'read' | 'none') =>
      site.handler((_, session) => Response.json(session.ttlMs), { lock })
    for (const lock of ['write', 'read', 'none'] as const) {
      expect(await (await browser.send(ttlOf(lock))).json()).toBe(7_000)
      expect(await (await new Browser().send(ttlOf(lock))).json()).toBe(60_000)
    }
  })

  it('is refused where it cannot be', async () => {
    await browser.send(site.handler(countUp))
    const set = (lock: 'write' | 'none', ttlMs: number) =>
      site.handler(
        (_, session) => {
          session.ttlMs = ttlMs
          return new Response()
        },
        { lock },
      )
    await expect(browser.send(set('none', 5_000))).rejects.toMatchObject({ code: 'NOT_LOCKED' })
    for (const visitor of [browser, new Browser()]) {
      await expect(visitor.send(set('write', 5))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
  })

  it('goes on while it is only looked at, with few writes', async () => {
    await browser.send(site.handler(countUp))
    const look = site.handler((_, { state }) => Response.json(state.count ?? null), { lock: 'none' })
    const count = site.counting()
    const seen: unknown[] = []
    for (let each = 0; each < 60; each += 1) {
      await site.stack.advance(2_000)
      seen.push(await (await browser.send(look)).json())
    }
    expect(seen).toEqual(Array(60).fill(1))
    // A look each, and a write whenever a tenth of the life has passed.
    expect(count()).toBe(60 + 20)
  })

  it('moves the cookie with each request where it is rolling, without a write', async () => {
    const options = { rolling: true, cookie: { persistent: true } }
    const read = site.handler((_, { state }) => Response.json(state.count ?? null), options)
    expect(setCookies(await browser.send(read))).toEqual([])
    await browser.send(site.handler(countUp, options))
    const { cookie } = browser
    const count = site.counting()
    expect([maxAge(await browser.send(read)), count()]).toEqual(['60', 0])
    expect(browser.cookie).toBe(cookie)
    const look = site.handler(() => new Response(), { ...options, lock: 'none' })
    expect([maxAge(await browser.send(look)), browser.cookie]).toEqual(['60', cookie])
  })
})
