import { createHmac } from 'node:crypto'
import { type Pages, type PlainOptions, ServerProcesses } from './server-processes.js'
import { Browser, SECRET } from './shop.js'

/**
 * What express-session documents, on its own store and on Holdfast, where each request goes to another process than the
 * one before. Differences are in differences.test.ts.
 */

type Store = 'MemoryStore' | 'write' | 'merge'

const servers = new ServerProcesses()

const serve = (store: Store, application: string, options: PlainOptions = {}): Promise<Pages> =>
  store === 'MemoryStore'
    ? servers.serve(application, options, store)
    : servers.serve(application, { ...options, lock: store })

const json = async (browser: Browser, url: string): Promise<Record<string, unknown>> =>
  JSON.parse(await browser.text(url))
const setCookie = async (browser: Browser, url: string, init: RequestInit = {}): Promise<string[]> => {
  const response = await browser.fetch(url, init)
  await response.text()
  return response.headers.getSetCookie()
}

describe.each<Store>(['MemoryStore', 'write', 'merge'])('on %s', (store) => {
  test('a visitor keeps his session', async () => {
    const { next } = await serve(store, 'visits')
    const browser = new Browser()
    const first = await json(browser, next('/visit'))
    expect(first).toMatchObject({ count: 1, same: true })
    const second = await json(browser, next('/visit'))
    expect(second).toMatchObject({ count: 2, same: true, id: first.id })
    expect(second.process === first.process).toBe(store === 'MemoryStore')
    expect(await json(browser, next('/visit'))).toEqual({ ...first, count: 3 })
    expect(await json(new Browser(), next('/visit'))).toMatchObject({ count: 1 })
  })

  test('the cookie: name, signature, and its attributes', async () => {
    const cookie = { httpOnly: false, path: '/', domain: 'localhost', sameSite: 'strict', maxAge: 60_000 } as const
    const options = { name: 'sid', cookie: { ...cookie, priority: 'high', partitioned: true } } as const
    const { next } = await serve(store, 'visits', options)
    const browser = new Browser()
    const lines = [...(await setCookie(browser, next('/visit'))), ...(await setCookie(browser, next('/visit')))]
    const line = expect.stringMatching(
      /^sid=s%3A[\w-]{32}\.[^;]+; Domain=localhost; Path=\/; Expires=[^;]+ GMT; Partitioned; Priority=High; SameSite=Strict$/,
    )
    expect(lines).toEqual([line, line])
    const [id = '', signature] = decodeURIComponent(browser.cookies.get('sid') ?? '')
      .slice(2)
      .split('.')
    expect(signature).toBe(createHmac('sha256', SECRET).update(id).digest('base64').replace(/=+$/, ''))
    expect(await json(browser, next('/look'))).toMatchObject({ count: 2 })
  })

  test.each([true, false])('rolling %s: whether each response sets the cookie', async (rolling) => {
    const { next } = await serve(store, 'visits', { rolling, resave: rolling, cookie: { maxAge: 60_000 } })
    const browser = new Browser()
    expect(await setCookie(browser, next('/visit'))).toHaveLength(1)
    expect(await setCookie(browser, next('/look'))).toHaveLength(rolling ? 1 : 0)
    // With a maxAge a modified session moves its cookie in any case.
    expect(await setCookie(browser, next('/visit'))).toHaveLength(1)
    expect(await json(browser, next('/look'))).toMatchObject({ count: 2 })
  })

  test.each([true, false])('saveUninitialized %s: whether an untouched session is saved', async (saveUninitialized) => {
    const { next } = await serve(store, 'visits', { saveUninitialized })
    const browser = new Browser()
    expect(await setCookie(browser, next('/untouched'))).toHaveLength(saveUninitialized ? 1 : 0)
    const cookie = browser.cookieHeader()
    const { id } = await json(browser, next('/visit'))
    expect(cookie).toContain(saveUninitialized ? encodeURIComponent(`s:${String(id)}.`) : '')
    expect(await setCookie(browser, next('/untouched'))).toEqual([])
  })

  test('secrets rotate', async () => {
    const [old, next] = ['the old secret of this site', 'the new secret of this site']
    const [before, after, alone] = await Promise.all(
      [[old], [next, old], [next]].map((secret) => serve(store, 'visits', { secret })),
    )
    const browser = new Browser()
    await json(browser, before?.next('/visit') ?? '')
    expect(await json(browser, after?.next('/look') ?? '')).toMatchObject({ count: 1 })
    expect(await json(browser.clone(), alone?.next('/look') ?? '')).toMatchObject({ count: null })
  })

  test('genid makes the ids', async () => {
    const { next } = await serve(store, 'ids of its own')
    const ids = new Set<unknown>()
    for (const visitors of [1, 2]) {
      const browser = new Browser()
      const { id, process } = await json(browser, next('/visit'))
      expect(id).toMatch(new RegExp(`^id-127\\.0\\.0\\.1-${String(process)}-\\d+$`))
      expect(ids.add(id).size).toBe(visitors)
      // By the other process, and by this one. The next visitor is served by the other one.
      expect(await json(browser, next('/visit'))).toMatchObject({ id, count: 2 })
      expect(await json(browser, next('/visit'))).toMatchObject({ id, count: 3 })
    }
  })

  test('a cookie of another path has no session', async () => {
    const { next } = await serve(store, 'paths', { cookie: { path: '/admin' } })
    for (const page of ['/admin', '/shop', '/shop', '/admin']) {
      expect(await new Browser().text(next(page))).toBe(String(page === '/shop'))
    }
  })

  test('cookie may be a function of the request', async () => {
    const { next } = await serve(store, 'cookie by request')
    const browser = new Browser()
    expect((await setCookie(browser, next('/visit')))[0]).toContain('Path=/visit; Expires=')
    expect((await setCookie(browser, next('/visit')))[0]).toContain('Path=/visit; Expires=')
  })

  test.each([
    [true, { 'x-forwarded-proto': 'https' }, 1],
    [true, { 'x-forwarded-proto': 'http' }, 0],
    [false, { 'x-forwarded-proto': 'https' }, 0],
  ] as [boolean, Record<string, string>, number][])(
    'secure, with proxy %s: set only over HTTPS',
    async (proxy, headers, cookies) => {
      const { next } = await serve(store, 'visits', { proxy, cookie: { secure: true } })
      expect(await setCookie(new Browser(), next('/visit'), { headers })).toHaveLength(cookies)
      expect(await setCookie(new Browser(), next('/visit'), { headers })).toHaveLength(cookies)
    },
  )

  test("secure 'auto' and sameSite 'auto' follow the connection", async () => {
    const { next } = await serve(store, 'visits', {
      proxy: true,
      cookie: { secure: 'auto', sameSite: 'auto' as never },
    })
    const headers = { 'x-forwarded-proto': 'https' }
    const lines: string[] = []
    for (const init of [{ headers }, {}, {}, { headers }]) {
      lines.push(...(await setCookie(new Browser(), next('/visit'), init)))
    }
    const [secure, plain] = [expect.stringMatching(/Secure; SameSite=None/), expect.not.stringContaining('Secure')]
    expect(lines).toEqual([secure, plain, plain, secure])
  })

  test.each(['keep', 'destroy'] as const)("unset '%s'", async (unset) => {
    const { next } = await serve(store, 'unset', { unset })
    const browser = new Browser()
    await json(browser, next('/visit'))
    expect(await browser.text(next('/unset'))).toBe('unset')
    const after = await browser.clone().fetch(next('/look'))
    const { count = null } = JSON.parse(await after.text()) as { count?: number }
    expect({ status: after.status, count }).toEqual({ status: 200, count: unset === 'keep' ? 1 : null })
  })

  test('regenerate, save, reload, touch and destroy', async () => {
    const { next } = await serve(store, 'methods', { cookie: { maxAge: 60_000 } })
    const browser = new Browser()
    await json(browser, next('/visit'))
    const response = await browser.fetch(next('/all'))
    const returns = (name: string) => `${name} returns a session: true`
    expect(await response.json()).toEqual([
      returns('regenerate'),
      false,
      'no count',
      returns('save'),
      returns('reload'),
      'Ada',
      true,
      1_000,
      returns('destroy'),
      'no session',
    ])
    const cleared = expect.stringMatching(/^connect\.sid=; Path=\/; Expires=Thu, 01 Jan 1970/)
    expect(response.headers.getSetCookie()).toEqual(store === 'MemoryStore' ? [] : [cleared])
  })

  test('several saves at once are all answered', async () => {
    const { next } = await serve(store, 'saves')
    const browser = new Browser()
    expect(await browser.text(next('/saves'))).toBe('[null,null,null,null,null]')
    expect(await json(browser, next('/look'))).toMatchObject({ count: 4 })
  })

  test('values are as JSON has them', async () => {
    const { next } = await serve(store, 'values')
    const browser = new Browser()
    await browser.text(next('/set'))
    expect(await json(browser, next('/get'))).toEqual({
      type: 'string',
      flash: { date: '1970-01-01T00:00:00.000Z', list: [null, null], own: 'own', map: {} },
    })
  })

  test('what is changed in place is saved, what is deleted is gone', async () => {
    const { next } = await serve(store, 'items')
    const browser = new Browser()
    expect(await browser.text(next('/push'))).toBe('1')
    expect(await browser.text(next('/push'))).toBe('2')
    await browser.text(next('/delete'))
    expect(await json(browser, next('/look'))).toMatchObject({ keys: ['cookie'] })
  })

  test('req.session.id, req.sessionID and req.sessionStore', async () => {
    const { next } = await serve(store, 'itself')
    const browser = new Browser()
    expect(await browser.text(next('/'))).toBe('[true,true]')
    expect(await browser.text(next('/'))).toBe('[true,true]')
  })

  test('a second middleware leaves the session of the first alone', async () => {
    const { next } = await serve(store, 'two middlewares')
    const browser = new Browser()
    await json(browser, next('/visit'))
    expect(await json(browser, next('/visit'))).toMatchObject({ count: 2 })
    expect(Array.from(browser.cookies.keys())).toEqual(['connect.sid'])
  })
})
