import type { Express } from 'express'
import { Browser, Sites } from './shop.js'

const ROUNDS = 50
const PARALLEL = 30

let sites: Sites
beforeEach(() => {
  sites = new Sites()
})
afterEach(() => sites.stop())

const routes = (app: Express): void => {
  app.post('/login', (req, res, next) => {
    req.session.regenerate((error) => {
      if (error) return next(error)
      req.session.user = 'Ada'
      res.send('in')
    })
  })
  app.post('/logout', (req, res, next) => {
    req.session.destroy((error) => (error ? next(error) : void res.clearCookie('connect.sid').send('out')))
  })
  app.post('/add', (req, res) => {
    req.session.items = [...(req.session.items ?? []), 'item']
    res.send(req.session.user ?? 'nobody')
  })
  app.get('/user', (req, res) => void res.send(req.session.user ?? 'nobody'))
}

test(`login and logout during ${PARALLEL} requests, ${ROUNDS} rounds on two servers`, async () => {
  const [one, two] = [await sites.site(routes), await sites.site(routes)]
  const url = (n: number): string => (n % 2 === 0 ? one.url : two.url)
  for (let round = 0; round < ROUNDS; round++) {
    const browser = new Browser()
    await browser.text(`${url(round)}/add`, { method: 'POST' })
    const before = browser.clone()

    const around = Array.from({ length: PARALLEL }, (_, n) =>
      before.clone().fetch(`${url(n)}/${n % 3 === 0 ? 'user' : 'add'}`, { method: n % 3 === 0 ? 'GET' : 'POST' }),
    )
    const [login] = await Promise.all([browser.fetch(`${url(round)}/login`, { method: 'POST' }), ...around])
    expect(login.status).toBe(200)
    for (const each of await Promise.all(around)) {
      // Answered before the login, or told to repeat: never with a cookie that would take the login away.
      expect([200, 409]).toContain(each.status)
      expect(each.headers.getSetCookie()).toEqual([])
      expect(await each.text()).not.toContain('Ada')
    }
    expect(await browser.text(`${url(round + 1)}/user`)).toBe('Ada')

    const loggedIn = browser.clone()
    const during = Array.from({ length: PARALLEL }, (_, n) =>
      loggedIn.clone().fetch(`${url(n)}/${n % 3 === 0 ? 'user' : 'add'}`, { method: n % 3 === 0 ? 'GET' : 'POST' }),
    )
    const logout = await loggedIn.clone().fetch(`${url(round)}/logout`, { method: 'POST' })
    expect(logout.status).toBe(200)
    // Sent after the logout was answered.
    for (const path of ['user', 'user']) {
      const late = await loggedIn.clone().fetch(`${url(round + 1)}/${path}`)
      expect(late.status).toBe(409)
      expect(late.headers.getSetCookie()).toEqual([])
    }
    for (const each of await Promise.all(during)) {
      expect([200, 409]).toContain(each.status)
      expect(each.headers.getSetCookie()).toEqual([])
    }
  }
  expect([...one.errors, ...two.errors]).toEqual([])
}, 300_000)

test('later the old cookie gets a new session', async () => {
  const virtual = new Sites(true)
  const site = await virtual.site(routes)
  const browser = new Browser()
  await browser.text(`${site.url}/add`, { method: 'POST' })
  const old = browser.clone()
  await browser.text(`${site.url}/logout`, { method: 'POST' })
  expect((await old.clone().fetch(`${site.url}/user`)).status).toBe(409)
  await virtual.stack.advance(31_000)
  const later = old.clone()
  expect(await later.text(`${site.url}/add`, { method: 'POST' })).toBe('nobody')
  expect(later.cookieHeader()).not.toBe(old.cookieHeader())
  await virtual.stop()
})
