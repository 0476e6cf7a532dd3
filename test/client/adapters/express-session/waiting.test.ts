import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import express, { type Express } from 'express'
import { session } from '../../../../client/adapters/express-session/index.js'
import { requestText } from './raw-exchange.js'
import { Browser, counting, gate, SECRET, type Site, Sites } from './shop.js'

let sites: Sites
beforeEach(() => {
  sites = new Sites()
})
afterEach(() => {
  jest.restoreAllMocks()
  return sites.stop()
})

/** Sends a request that a test can abandon. */
function abandonable(site: Site, path: string, browser: Browser) {
  const request = httpRequest(`${site.url}${path}`, { headers: { cookie: browser.cookieHeader() } })
  request.on('error', () => {}).end()
  return request
}

describe('busy', () => {
  const holding = (held: { passed: Promise<void> }, entered: () => void) => (app: Express) => {
    counting(app)
    app.get('/hold', (_req, res) => {
      entered()
      void held.passed.then(() => res.send('held'))
    })
  }

  test('a request that waited for timeoutMs is answered with 503', async () => {
    const [held, entered] = [gate(), gate()]
    const options = { timeoutMs: 400 }
    const one = await sites.site(holding(held, entered.open), options)
    const two = await sites.site(holding(held, entered.open), options)
    const browser = new Browser()
    await browser.text(`${one.url}/count`, { method: 'POST' })
    const holder = browser.text(`${one.url}/hold`)
    await entered.passed
    for (const { url } of [one, two]) {
      const response = await browser.fetch(`${url}/count`)
      expect(response.status).toBe(503)
      expect([response.headers.get('retry-after'), response.headers.get('cache-control')]).toEqual(['1', 'no-store'])
      expect(response.headers.get('content-type')).toBe('application/problem+json')
      expect(response.headers.get('set-cookie')).toBeNull()
      const body = await response.text()
      expect(body).toContain('session-busy')
      for (const cookie of browser.cookies.values()) expect(body).not.toContain(decodeURIComponent(cookie).slice(2, 34))
    }
    held.open()
    expect(await holder).toBe('held')
    expect([...one.errors, ...two.errors]).toEqual([])
  })

  test('onBusy answers in its place', async () => {
    const [held, entered] = [gate(), gate()]
    const site = await sites.site(holding(held, entered.open), {
      timeoutMs: 400,
      onBusy: (_req, res, error) => void res.status(429).send(error.code),
    })
    const browser = new Browser()
    await browser.text(`${site.url}/count`, { method: 'POST' })
    const holder = browser.text(`${site.url}/hold`)
    await entered.passed
    const response = await browser.fetch(`${site.url}/count`)
    expect([response.status, await response.text()]).toEqual([429, 'WAIT_TIMEOUT'])
    held.open()
    await holder
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('thrown')
      },
    ],
    ['rejects', () => Promise.reject(new Error('thrown'))],
  ])('onBusy that %s is an error of the request', async (_, onBusy) => {
    const [held, entered] = [gate(), gate()]
    const site = await sites.site(holding(held, entered.open), { timeoutMs: 400, onBusy })
    const browser = new Browser()
    await browser.text(`${site.url}/count`, { method: 'POST' })
    const holder = browser.text(`${site.url}/hold`)
    await entered.passed
    expect((await browser.fetch(`${site.url}/count`)).status).toBe(500)
    expect(site.errors).toMatchObject([{ message: 'thrown' }])
    held.open()
    await holder
  })

  test('one that finds waitingMax others waiting is answered at once', async () => {
    const [held, entered] = [gate(), gate()]
    const site = await sites.site(holding(held, entered.open), { waitingMax: 2 })
    const browser = new Browser()
    await browser.text(`${site.url}/count`, { method: 'POST' })
    const holder = browser.text(`${site.url}/hold`)
    await entered.passed
    const others = Array.from({ length: 3 }, () => browser.fetch(`${site.url}/count`))
    expect((await Promise.race(others)).status).toBe(503)
    held.open()
    await holder
    const statuses = (await Promise.all(others)).map(({ status }) => status)
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 200, 503])
  })

  test("with unset 'destroy' a busy session is not destroyed", async () => {
    const [held, entered] = [gate(), gate()]
    const site = await sites.site(holding(held, entered.open), { timeoutMs: 400, unset: 'destroy' })
    const browser = new Browser()
    await browser.text(`${site.url}/count`, { method: 'POST' })
    const holder = browser.text(`${site.url}/hold`)
    await entered.passed
    expect((await browser.fetch(`${site.url}/count`)).status).toBe(503)
    held.open()
    await holder
    expect(await browser.text(`${site.url}/count`)).toBe('1')
  })
})

describe('clients that go away', () => {
  /** A site whose request to `/hold` has the session until `held` is open: one to `/never` then waits. */
  async function waitingSite() {
    const [held, entered, arrived, noticed] = [gate(), gate(), gate(), gate()]
    const ran: string[] = []
    const site = await sites.site(
      (app) => {
        counting(app)
        app.get('/hold', (_req, res) => {
          entered.open()
          void held.passed.then(() => res.send('held'))
        })
        app.get('/never', (_req, res) => {
          ran.push('never')
          res.send('never')
        })
      },
      {
        lock: (req) => {
          if (req.path === '/never') {
            req.socket.once('close', noticed.open)
            arrived.open()
          }
          return 'write'
        },
      },
    )
    const browser = new Browser()
    await browser.text(`${site.url}/count`, { method: 'POST' })
    return { held, entered, arrived, noticed, ran, site, browser }
  }

  test('while it waits: the handler never runs, nothing is logged, and the next gets the session', async () => {
    const { held, entered, arrived, noticed, ran, site, browser } = await waitingSite()
    const holder = browser.text(`${site.url}/hold`)
    await entered.passed
    const request = abandonable(site, '/never', browser)
    await arrived.passed
    const waiting = browser.text(`${site.url}/count`)
    request.destroy()
    await noticed.passed
    held.open()
    expect(await holder).toBe('held')
    expect(await waiting).toBe('1')
    expect(ran).toEqual([])
    expect(site.errors).toEqual([])
  })

  test('while it waits behind another request of its connection: the handler never runs', async () => {
    const { held, entered, arrived, noticed, ran, site, browser } = await waitingSite()
    const headers = { cookie: browser.cookieHeader(), Connection: 'keep-alive' }
    const socket = connect(site.port, '127.0.0.1').on('error', () => {})
    socket.write(requestText('GET', '/hold', headers) + requestText('GET', '/never', headers))
    await entered.passed
    await arrived.passed
    const waiting = browser.text(`${site.url}/count`)
    socket.destroy()
    await noticed.passed
    held.open()
    expect(await waiting).toBe('1')
    expect(ran).toEqual([])
    expect(site.errors).toEqual([])
  })

  test('before the session is asked for: it is not, and the handler never runs', async () => {
    const [arrived, passed] = [gate(), gate()]
    const holdfast = sites.client()
    const ran: string[] = []
    const app = express()
    app.use((req, res, next) => {
      if (req.path !== '/late') return next()
      arrived.open()
      res.once('close', () => {
        next()
        passed.open()
      })
    })
    app.use(session({ holdfast, secret: SECRET }))
    const site = await sites.serve(app, holdfast, (routes) => {
      counting(routes)
      routes.get('/late', (_req, res) => {
        ran.push('late')
        res.end()
      })
    })
    const browser = new Browser()
    await browser.text(`${site.url}/count`, { method: 'POST' })
    const request = abandonable(site, '/late', browser)
    await arrived.passed
    request.destroy()
    await passed.passed
    expect(await browser.text(`${site.url}/count`)).toBe('1')
    expect(ran).toEqual([])
    expect(site.errors).toEqual([])
  })

  test('while its handler runs: that may end within graceMs, and the session is free afterwards', async () => {
    const [entered, saved] = [gate(), gate()]
    let finish = (): void => {}
    const site = await sites.site(
      (app) => {
        counting(app)
        app.get('/slow', (req, res) => {
          res.on('close', () => {
            req.session.user = 'late'
            req.session.save(() => saved.open())
          })
          finish = () => void res.end()
          entered.open()
        })
        app.get('/user', (req, res) => void res.send(req.session.user))
      },
      { graceMs: 200 },
    )
    const browser = new Browser()
    await browser.text(`${site.url}/count`, { method: 'POST' })
    const request = abandonable(site, '/slow', browser)
    await entered.passed
    request.destroy()
    await saved.passed
    expect(await browser.text(`${site.url}/user`)).toBe('late')
    finish()
    expect(await browser.text(`${site.url}/user`)).toBe('late')
  })
})

test('a request that never ends loses its session after maxHoldMs, and one warning names its route', async () => {
  const warnings: unknown[][] = []
  const warned = new Promise<void>((resolve) => {
    jest.spyOn(process, 'emitWarning').mockImplementation((...warning: unknown[]) => {
      warnings.push(warning)
      resolve()
    })
  })
  let end = (): void => {}
  const site = await sites.site(
    (app) => {
      counting(app)
      app.get('/users/:id/never', (req, res) => {
        req.session.count = 99
        end = () => void res.send('late')
      })
    },
    { maxHoldMs: 100 },
  )
  const browser = new Browser()
  await browser.text(`${site.url}/count`, { method: 'POST' })
  const never = browser.fetch(`${site.url}/users/42/never`)
  // An answer, or a failed connection, is an error that must be shown now.
  await Promise.race([warned, never.then(({ status }) => Promise.reject(new Error(`answered with ${status}`)))])
  expect(warnings).toEqual([
    [expect.stringContaining('GET /users/:id/never'), { type: 'HoldfastWarning', code: 'HOLDFAST_OVERSTAY' }],
  ])
  expect(await browser.text(`${site.url}/count`)).toBe('1')
  end()
  expect((await never).status).toBe(500)
  expect(site.errors).toMatchObject([{ code: 'SESSION_RELEASED', reason: 'maxHoldMs' }])
  expect(await browser.text(`${site.url}/count`)).toBe('1')
})
