import { Gate } from '../../../support/counting.js'
import { Browser, countUp, Site, setCookies } from './harness.js'

describe('the lock of a request', () => {
  let site: Site
  let browser: Browser
  beforeEach(async () => {
    site = new Site()
    browser = new Browser()
    await browser.send(site.handler(countUp))
  })
  afterEach(() => site.stop())

  /** A handler that stays in its session until the test lets it go. */
  const staying = (options: Parameters<typeof site.handler>[1] = {}) => {
    const [entered, leaves] = [new Gate(), new Gate()]
    const handler = site.handler(async (request, session) => {
      const response = countUp(request, session)
      entered.open()
      await leaves.passed
      return response
    }, options as object)
    return { handler, entered, leaves }
  }

  it("is shared by readers with 'read', whose state cannot be changed", async () => {
    const both = new Gate()
    let inside = 0
    const read = site.handler(
      async (_, { state }) => {
        inside += 1
        if (inside === 2) both.open()
        await both.passed
        expect(() => Object.assign(state, { count: 9 })).toThrow(expect.objectContaining({ code: 'NOT_LOCKED' }))
        return Response.json(state.count)
      },
      { lock: 'read' },
    )
    const responses = await Promise.all([read(browser.request()), read(browser.request())])
    expect(await Promise.all(responses.map((response) => response.json()))).toEqual([1, 1])
  })

  it.each(['read', 'none'] as const)("makes no session with '%s'", async (lock) => {
    const visitor = new Browser()
    const read = site.handler(
      (_, { state, isNew }) => {
        expect(() => Object.assign(state, { count: 9 })).toThrow(expect.objectContaining({ code: 'NOT_LOCKED' }))
        return Response.json([isNew, state.count ?? null])
      },
      { lock },
    )
    const count = site.counting()
    const response = await visitor.send(read)
    expect([await response.json(), setCookies(response), count()]).toEqual([[true, null], [], 0])
  })

  it("is not waited for with 'none', which sees the last commit", async () => {
    const { handler, entered, leaves } = staying()
    const slow = handler(browser.request())
    await entered.passed
    const look = site.handler((_, { state }) => Response.json(state.count), { lock: 'none' }, 1)
    const count = site.counting()
    expect(await (await browser.send(look)).json()).toBe(1)
    expect(count()).toBe(1)
    leaves.open()
    await slow
    expect(await (await browser.send(look)).json()).toBe(2)
  })

  it("tells a request with 'none' that its session was replaced", async () => {
    const old = new Browser(browser.cookie)
    await browser.send(
      site.handler((_, session) => {
        session.regenerate()
        return new Response()
      }),
    )
    expect((await old.send(site.handler(() => new Response(), { lock: 'none' }))).status).toBe(409)
  })

  it('is what a function says of the request', async () => {
    const handler = site.handler(countUp, { lock: ({ method }) => (method === 'POST' ? 'write' : 'read') })
    expect(await (await browser.send(handler, { method: 'POST' })).json()).toBe(2)
    await expect(browser.send(handler)).rejects.toMatchObject({ code: 'NOT_LOCKED' })
    const wrong = site.handler(countUp, { lock: () => 'all' as never })
    await expect(browser.send(wrong)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    const later = site.handler(countUp, { lock: (async () => Promise.reject(new Error('of the lock'))) as never })
    await expect(browser.send(later)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('answers with 503 when it was not granted in time', async () => {
    const { handler, entered, leaves } = staying()
    const slow = handler(browser.request())
    await entered.passed
    const response = await browser.send(site.handler(countUp, { timeoutMs: 20 }, 1))
    expect({ status: response.status, headers: Object.fromEntries(response.headers) }).toEqual({
      status: 503,
      headers: expect.objectContaining({
        'content-type': 'application/problem+json',
        'cache-control': 'no-store',
        'retry-after': '1',
      }),
    })
    expect(await response.text()).not.toContain(browser.cookie?.slice(15, 58))
    leaves.open()
    expect(await (await slow).json()).toBe(2)
  })

  it('answers as the application says, where it says something', async () => {
    const { handler, entered, leaves } = staying()
    const slow = handler(browser.request())
    await entered.passed
    const codes: string[] = []
    const busy = (answer: Response | undefined) =>
      site.handler(countUp, {
        timeoutMs: 20,
        onError: (error) => {
          codes.push((error as { code: string }).code)
          return answer
        },
      })
    expect((await browser.send(busy(new Response('busy', { status: 429 })))).status).toBe(429)
    expect((await browser.send(busy(undefined))).status).toBe(503)
    expect(codes).toEqual(['WAIT_TIMEOUT', 'WAIT_TIMEOUT'])
    leaves.open()
    await slow
  })

  it('lets so many requests wait, and answers the next at once', async () => {
    const { handler, entered, leaves } = staying()
    const slow = handler(browser.request())
    await entered.passed
    const waits = site.handler(countUp, { waitingMax: 3 })
    const waiting = [1, 2, 3].map(() => waits(browser.request()))
    expect((await waits(browser.request())).status).toBe(503)
    leaves.open()
    expect(await Promise.all([slow, ...waiting].map(async (each) => (await each).status))).toEqual([200, 200, 200, 200])
  })

  it('is not waited for by a client that has gone away', async () => {
    const { handler, entered, leaves } = staying()
    const slow = handler(browser.request())
    await entered.passed
    const gone = new AbortController()
    let runs = 0
    const waits = site.handler(() => {
      runs += 1
      return new Response()
    })
    const waiting = waits(browser.request({ signal: gone.signal }))
    gone.abort()
    expect((await waiting).status).toBe(499)
    leaves.open()
    await slow
    await browser.send(site.handler(countUp))
    expect(runs).toBe(0)
  })

  it('is taken away from a handler that never ends, which is told once', async () => {
    const warnings: string[] = []
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation((text) => void warnings.push(String(text)))
    const ends = new Gate()
    const aborted: unknown[] = []
    const options = { maxHoldMs: 30, label: 'count' }
    const slow = site.handler(async (request, session) => {
      countUp(request, session)
      session.signal.addEventListener('abort', () => aborted.push(session.signal.reason.code))
      await ends.passed
      expect(() => session.state).toThrow(expect.objectContaining({ code: 'SESSION_RELEASED', reason: 'maxHoldMs' }))
      return new Response()
    }, options)
    const [first, second] = [slow(browser.request()), slow(browser.request())]
    const third = browser.send(site.handler(countUp, {}, 1))
    expect(await (await third).json()).toBe(2)
    ends.open()
    await expect(first).rejects.toMatchObject({ code: 'SESSION_RELEASED', reason: 'maxHoldMs' })
    await expect(second).rejects.toMatchObject({ code: 'SESSION_RELEASED', reason: 'maxHoldMs' })
    expect(aborted).toEqual(['SESSION_RELEASED', 'SESSION_RELEASED'])
    expect(warnings).toEqual([
      expect.stringContaining("a GET request 'count' held its session for longer than maxHoldMs (30 ms)"),
    ])
    warned.mockRestore()
  })

  it('is left by a reader that never ends, whose response is sent', async () => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const ends = new Gate()
    const slow = site.handler(
      async (_, { state }) => {
        const { count } = state
        await ends.passed
        return Response.json(count)
      },
      { lock: 'read', maxHoldMs: 30 },
    )
    const reading = slow(browser.request())
    expect(await (await browser.send(site.handler(countUp, {}, 1))).json()).toBe(2)
    ends.open()
    expect(await (await reading).json()).toBe(1)
    warned.mockRestore()
  })

  it('is taken away soon after the client has gone', async () => {
    const gone = new AbortController()
    const [entered, ends] = [new Gate(), new Gate()]
    const slow = site.handler(
      async () => {
        entered.open()
        await ends.passed
        return new Response()
      },
      { graceMs: 30 },
    )
    const running = slow(browser.request({ signal: gone.signal }))
    await entered.passed
    gone.abort()
    expect(await (await browser.send(site.handler(countUp, {}, 1))).json()).toBe(2)
    ends.open()
    await expect(running).rejects.toMatchObject({ code: 'SESSION_RELEASED' })
  })
})
