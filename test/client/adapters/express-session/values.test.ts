import { createHmac } from 'node:crypto'
import expressSession from 'express-session'
import { Browser, SECRET, Sites } from './shop.js'

let sites: Sites
beforeEach(() => {
  sites = new Sites()
})
afterEach(() => sites.stop())

describe("values 'exact'", () => {
  test("keeps Holdfast's types, and sees what is changed in place inside them", async () => {
    const site = await sites.site(
      (app) => {
        app.get('/set', (req, res) => {
          req.session.flash = { at: new Date(5), seen: new Set(['a']), by: new Map([['k', 1]]) }
          res.send('set')
        })
        app.get('/add', (req, res) => {
          const { seen } = req.session.flash as { seen: Set<string> }
          seen.add('b')
          res.send('added')
        })
        app.get('/get', (req, res) => {
          const { at, seen, by } = req.session.flash as { at: Date; seen: Set<string>; by: Map<string, number> }
          res.json([at instanceof Date && at.getTime(), [...seen], [...by]])
        })
      },
      { values: 'exact' },
    )
    const browser = new Browser()
    await browser.text(`${site.url}/set`)
    await browser.text(`${site.url}/add`)
    expect(JSON.parse(await browser.text(`${site.url}/get`))).toEqual([5, ['a', 'b'], [['k', 1]]])
  })

  test('refuses what Holdfast cannot store', async () => {
    const site = await sites.site(
      (app) => {
        app.get('/', (req, res) => {
          req.session.flash = { call: () => {} }
          res.send('never')
        })
      },
      { values: 'exact' },
    )
    expect((await new Browser().fetch(site.url)).status).toBe(500)
    expect(site.errors).toMatchObject([{ code: 'INVALID_VALUE' }])
  })
})

test('a session of the old store is taken over under its id, and the way back stays open', async () => {
  const old = new expressSession.MemoryStore()
  const site = await sites.site(
    (app) => {
      app.get('/count', (req, res) => {
        req.session.count = (req.session.count ?? 0) + 1
        res.json([req.session.count, req.session.cookie.originalMaxAge])
      })
    },
    { fallback: old },
  )
  const browser = new Browser()
  await browser.text(`${site.url}/count`)
  const cookie = browser.cookieHeader()
  const id =
    decodeURIComponent(browser.cookies.get('connect.sid') ?? '')
      .slice(2)
      .split('.')[0] ?? ''
  const other = new Sites()
  const next = await other.site(
    (app) => {
      app.get('/count', (req, res) => {
        req.session.count = (req.session.count ?? 0) + 1
        res.json([req.session.count, req.session.cookie.originalMaxAge])
      })
    },
    { fallback: old },
  )
  await new Promise((resolve) => {
    const cookieData = { originalMaxAge: 60_000, expires: new Date(Date.now() + 60_000), path: '/' }
    old.set(id, { count: 41, cookie: cookieData } as never, resolve)
  })
  expect(await browser.text(`${next.url}/count`)).toBe('[42,60000]')
  expect(await browser.text(`${next.url}/count`)).toBe('[43,60000]')
  expect(browser.cookies.get('connect.sid')).toBe(cookie.split('=').slice(1).join('='))
  expect(await new Promise((resolve) => old.get(id, (_error, found) => resolve(found)))).toMatchObject({ count: 41 })
  await other.stop()
})

test("a session that was taken over is not changed by requests with lock 'read'", async () => {
  const old = new expressSession.MemoryStore()
  const id = 'a'.repeat(32)
  const cookie = {
    originalMaxAge: 60_000,
    expires: new Date(Date.now() + 60_000).toISOString(),
    httpOnly: true,
    path: '/',
  }
  await new Promise((resolve) => old.set(id, { count: 7, cookie } as never, resolve))
  const site = await sites.site((app) => void app.get('/', (req, res) => void res.send(String(req.session.count))), {
    fallback: old,
    lock: 'read',
  })
  const browser = new Browser()
  const signature = createHmac('sha256', SECRET).update(id).digest('base64').replace(/=+$/, '')
  browser.cookies.set('connect.sid', encodeURIComponent(`s:${id}.${signature}`))
  expect(await browser.text(site.url)).toBe('7')
  expect(await browser.text(site.url)).toBe('7')
  expect(site.errors).toEqual([])
})

test('a cookie that cannot be written is an error of the request', async () => {
  const site = await sites.site(
    (app) => {
      app.get('/', (req, res) => {
        req.session.count = 1
        res.send('never seen')
      })
    },
    { cookie: { domain: 'not a domain;' } },
  )
  await new Browser().fetch(site.url)
  expect(site.errors).toMatchObject([{ message: expect.stringContaining('domain') }])
})
