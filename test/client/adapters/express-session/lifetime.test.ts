import type { Express } from 'express'
import { Browser, type Options, type Site, Sites } from './shop.js'

const DAY = 86_400_000

let sites: Sites
beforeEach(() => {
  // The cookies' times are of this process, the store's of its virtual clock.
  sites = new Sites(true)
})
afterEach(() => sites.stop())

const routes = (app: Express): void => {
  app.post('/login', (req, res) => {
    if (req.query.for !== undefined) req.session.cookie.maxAge = Number(req.query.for)
    req.session.user = 'Ada'
    res.send('in')
  })
  app.post('/maxAge', (req, res) => {
    req.session.cookie.maxAge = Number(req.query.for)
    res.send('set')
  })
  app.post('/browser', (req, res) => {
    req.session.cookie.expires = null
    req.session.cookie.originalMaxAge = null
    res.send('set')
  })
  app.get('/user', (req, res) => void res.send(req.session.user ?? 'nobody'))
  app.get('/cookie', (req, res) => void res.json(req.session.cookie))
}

async function login(site: Site, forMs?: number): Promise<Browser> {
  const browser = new Browser()
  await browser.text(`${site.url}/login${forMs === undefined ? '' : `?for=${forMs}`}`, { method: 'POST' })
  return browser
}

const user = (site: Site, browser: Browser): Promise<string> => browser.clone().text(`${site.url}/user`)

describe.each([true, false])('rolling: %s', (rolling) => {
  const options: Options = { rolling }

  /** Lets time pass while no server runs: a connected one would renew its lease every few seconds. */
  async function nextSite(site: Site, ms: number): Promise<Site> {
    await site.holdfast.close()
    await sites.stack.advance(ms)
    return sites.site(routes, options)
  }

  test('remember-me of 30 days beside 2 seconds and sessions of the browser', async () => {
    let site = await sites.site(routes, options)
    const [month, short, plain] = [await login(site, 30 * DAY), await login(site, 2_000), await login(site)]
    expect([await user(site, month), await user(site, short), await user(site, plain)]).toEqual(['Ada', 'Ada', 'Ada'])
    await sites.stack.advance(2_500)
    expect([await user(site, month), await user(site, short), await user(site, plain)]).toEqual([
      'Ada',
      'nobody',
      'Ada',
    ])
    site = await nextSite(site, 1.1 * DAY)
    expect([await user(site, month), await user(site, plain)]).toEqual(['Ada', 'nobody'])
    // Each use extends the life, on whatever server.
    site = await nextSite(site, 25 * DAY)
    expect(await user(site, month)).toBe('Ada')
    site = await nextSite(site, 25 * DAY)
    expect(await user(site, month)).toBe('Ada')
    site = await nextSite(site, 31 * DAY)
    expect(await user(site, month)).toBe('nobody')
  })

  test('an unchanged request writes only after touchShare of the life', async () => {
    const site = await sites.site(routes, options)
    const browser = await login(site, 100_000)
    const writes = async (): Promise<number> => {
      const before = sites.stack.requests.snapshot()
      const response = await browser.clone().fetch(`${site.url}/user`)
      expect(response.headers.getSetCookie()).toHaveLength(rolling ? 1 : 0)
      expect(await response.text()).toBe('Ada')
      return sites.stack.requests.since(before).filter(({ caller }) => caller === 'application').length
    }
    expect(await writes()).toBe(0)
    await sites.stack.advance(9_000)
    expect(await writes()).toBe(0)
    await sites.stack.advance(2_000)
    expect(await writes()).toBe(1)
    expect(await writes()).toBe(0)
  })

  test('a millisecond that passes where express-session renews the cookie is no other lifetime', async () => {
    const site = await sites.site(routes, options)
    const browser = await login(site, 100_000)
    const writes = async (passesMs: number): Promise<number> => {
      const before = sites.stack.requests.snapshot()
      const now = Date.now()
      let calls = 0
      const clock = jest.spyOn(Date, 'now').mockImplementation(() => now + passesMs * calls++)
      try {
        expect(await user(site, browser)).toBe('Ada')
      } finally {
        clock.mockRestore()
      }
      return sites.stack.requests.since(before).filter(({ caller }) => caller === 'application').length
    }
    expect(await writes(1)).toBe(0)
    expect(await writes(1)).toBe(0)
    // What is more than a pause of the process is a lifetime that the application has set.
    expect(await writes(1_000)).toBe(1)
  })

  test('maxAge may change at any time, to longer and to shorter', async () => {
    const site = await sites.site(routes, options)
    const browser = await login(site, 10_000)
    await browser.text(`${site.url}/maxAge?for=${DAY}`, { method: 'POST' })
    await sites.stack.advance(0.5 * DAY)
    expect(await user(site, browser)).toBe('Ada')
    await browser.text(`${site.url}/maxAge?for=3000`, { method: 'POST' })
    await sites.stack.advance(4_000)
    expect(await user(site, browser)).toBe('nobody')
  })

  test('a cookie that becomes one of the browser has the lifetime of the client', async () => {
    const site = await sites.site(routes, options, { ttlMs: 60_000 })
    const browser = await login(site, 30 * DAY)
    await browser.text(`${site.url}/browser`, { method: 'POST' })
    await sites.stack.advance(59_000)
    expect(await user(site, browser)).toBe('Ada')
    await sites.stack.advance(61_000)
    expect(await user(site, browser)).toBe('nobody')
  })
})

test.each([0, -1, -DAY])('a maxAge of %d ends the session at once', async (ms) => {
  const site = await sites.site(routes)
  const browser = await login(site, 10_000)
  const [cookie] = browser.cookies
  await browser.text(`${site.url}/maxAge?for=${ms}`, { method: 'POST' })
  browser.cookies.set(...(cookie as [string, string]))
  expect(await user(site, browser)).toBe('nobody')
})

test('the cookie of a stored session has its expiry, which is not stored', async () => {
  const site = await sites.site(routes, { cookie: { maxAge: 50_000, sameSite: 'lax' } })
  const browser = await login(site)
  const cookie: { originalMaxAge: number; expires: string; sameSite: string } = JSON.parse(
    await browser.text(`${site.url}/cookie`),
  )
  expect(cookie).toMatchObject({ originalMaxAge: 50_000, sameSite: 'lax', httpOnly: true, path: '/' })
  expect(Math.abs(Date.parse(cookie.expires) - Date.now() - 50_000)).toBeLessThan(20_000)
  const id =
    decodeURIComponent(browser.cookies.get('connect.sid') ?? '')
      .slice(2)
      .split('.')[0] ?? ''
  const stored = (await site.holdfast.peek(id))?.state as { cookie?: object }
  expect(Object.keys(stored.cookie ?? {}).toSorted()).toEqual(['httpOnly', 'originalMaxAge', 'path', 'sameSite'])
})
