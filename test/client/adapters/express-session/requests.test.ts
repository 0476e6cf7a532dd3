import { promisify } from 'node:util'
import { Browser, counting, gate, Sites } from './shop.js'

let sites: Sites
beforeEach(() => {
  sites = new Sites()
})
afterEach(() => sites.stop())

describe('requests to DynamoDB and to the store', () => {
  test('20 unchanged requests of a held session make none', async () => {
    const site = await sites.site(counting)
    const browser = new Browser()
    await browser.text(`${site.url}/count`, { method: 'POST' })
    const before = sites.stack.requests.snapshot()
    for (let i = 0; i < 20; i++) expect(await browser.text(`${site.url}/count`)).toBe('1')
    expect(sites.stack.requests.since(before)).toEqual([])
  })

  test.each(['write', 'read', 'none', 'merge'] as const)('without a cookie there are none: %s', async (lock) => {
    const site = await sites.site(counting, { lock })
    const before = sites.stack.requests.snapshot()
    expect(await new Browser().text(`${site.url}/plain`)).toBe('plain')
    const forged = new Browser()
    forged.cookies.set('connect.sid', 's%3Aforged.signature')
    expect(await forged.text(`${site.url}/plain`)).toBe('plain')
    expect(sites.stack.requests.since(before)).toEqual([])
  })

  test('a login without a cookie asks for nothing before its save', async () => {
    const seen: unknown[] = []
    const site = await sites.site((app) => {
      app.post('/login', (req, res, next) => {
        req.session.regenerate((error) => {
          seen.push(sites.stack.requests.since(start))
          req.session.user = 'Ada'
          if (error) next(error)
          else res.send('in')
        })
      })
    })
    const start = sites.stack.requests.snapshot()
    await new Browser().text(`${site.url}/login`, { method: 'POST' })
    expect(seen).toEqual([[]])
  })

  test('an unknown id costs one read, and gets another id', async () => {
    const site = await sites.site(counting)
    const browser = new Browser()
    const other = new Sites()
    await browser.text(`${(await other.site(counting)).url}/count`, { method: 'POST' })
    await other.stop()
    const cookie = browser.cookieHeader()
    const before = sites.stack.requests.snapshot()
    expect(await browser.text(`${site.url}/count`)).toBe('undefined')
    const asked = sites.stack.requests.since(before)
    expect(asked).toMatchObject([{ operation: 'GetItem', count: 1 }])
    await browser.text(`${site.url}/count`, { method: 'POST' })
    expect(browser.cookieHeader()).not.toBe(cookie)
  })
})

test('what an access changes in a session that was saved before is kept, although nothing else is to be saved', async () => {
  const site = await sites.site(
    (app, { holdfast }) => {
      app.post('/login', async (req, res) => {
        req.session.user = 'Ada'
        await promisify((done: (error?: unknown) => void) => req.session.save(done))()
        await holdfast.access(req.sessionID, { write: ['count'] }, ({ state }) => void (state.count = 5))
        res.send('in')
      })
      app.get('/', (req, res) => void res.send(`${req.session.user} ${req.session.count}`))
    },
    { saveUninitialized: true },
  )
  const browser = new Browser()
  await browser.text(`${site.url}/login`, { method: 'POST' })
  expect(await browser.text(site.url)).toBe('Ada 5')
})

describe('lock', () => {
  test('a function sees every request, also one without a cookie', async () => {
    const seen: string[] = []
    const site = await sites.site(counting, {
      lock: (req) => {
        seen.push(`${req.method} ${req.path}`)
        return req.method === 'GET' ? 'none' : 'write'
      },
    })
    const browser = new Browser()
    await browser.text(`${site.url}/plain`)
    await browser.text(`${site.url}/count`, { method: 'POST' })
    expect(await browser.text(`${site.url}/count`)).toBe('1')
    expect(seen).toEqual(['GET /plain', 'POST /count', 'GET /count'])
  })

  test('one that returns something else is an error', async () => {
    const site = await sites.site(counting, { lock: () => 'all' as never })
    expect((await new Browser().fetch(`${site.url}/plain`)).status).toBe(500)
    expect(site.errors).toMatchObject([{ code: 'INVALID_ARGUMENT' }])
  })

  test('an async one is an error, and not the rejection of its promise', async () => {
    const site = await sites.site(counting, { lock: (async () => Promise.reject(new Error('of the lock'))) as never })
    expect((await new Browser().fetch(`${site.url}/plain`)).status).toBe(500)
    expect(site.errors).toMatchObject([{ code: 'INVALID_ARGUMENT', message: expect.stringContaining('async') }])
  })

  test("'read': requests share the session, and a changed one fails", async () => {
    const both = gate()
    let inside = 0
    const site = await sites.site(
      (app) => {
        counting(app)
        app.get('/share', (_req, res) => {
          inside += 1
          if (inside === 2) both.open()
          void both.passed.then(() => res.send('shared'))
        })
      },
      { lock: (req) => (req.path === '/count' && req.query.as !== 'read' ? 'write' : 'read') },
    )
    const browser = new Browser()
    await browser.text(`${site.url}/count`, { method: 'POST' })
    expect(await Promise.all([browser.text(`${site.url}/share`), browser.text(`${site.url}/share`)])).toEqual([
      'shared',
      'shared',
    ])
    expect((await browser.fetch(`${site.url}/count?as=read`, { method: 'POST' })).status).toBe(500)
    expect(site.errors).toMatchObject([{ code: 'NOT_LOCKED' }])
    expect(await browser.text(`${site.url}/count`)).toBe('1')
  })

  test("'merge': changes of different attributes are all kept", async () => {
    const site = await sites.site(
      (app) => {
        app.post('/set/:n', (req, res) => {
          req.session[`a${Number(req.params.n)}`] = req.params.n
          res.send('set')
        })
        app.get('/all', (req, res) => void res.json(Object.keys(req.session)))
      },
      { lock: 'merge' },
    )
    const browser = new Browser()
    await browser.text(`${site.url}/set/0`, { method: 'POST' })
    await Promise.all(
      Array.from({ length: 40 }, (_, n) => browser.clone().text(`${site.url}/set/${n + 1}`, { method: 'POST' })),
    )
    expect(JSON.parse(await browser.text(`${site.url}/all`))).toHaveLength(42)
  })

  test.each(['write', 'read'] as const)(
    '%s: an access of the handler joins the session of the request',
    async (lock) => {
      const site = await sites.site(
        (app, { holdfast }) => {
          counting(app)
          app.get('/join', async (req, res) => {
            const locks = lock === 'write' ? ({ write: ['count'] } as const) : ({ read: ['count'] } as const)
            res.send(String(await holdfast.access(req.sessionID, locks, ({ state }) => state.count)))
          })
        },
        { lock: (req) => (req.path === '/join' ? lock : 'write') },
      )
      const browser = new Browser()
      await browser.text(`${site.url}/count`, { method: 'POST' })
      expect(await browser.text(`${site.url}/join`)).toBe('1')
    },
  )

  test.each(['write', 'read', 'none', 'merge'] as const)(
    '%s: an access of the handler joins the session that the handler made',
    async (lock) => {
      const site = await sites.site(
        (app, { holdfast }) => {
          app.post('/login', async (req, res) => {
            await promisify((done: (error?: unknown) => void) => req.session.regenerate(done))()
            req.session.user = 'Ada'
            await promisify((done: (error?: unknown) => void) => req.session.save(done))()
            const locks = { write: ['count'] } as const
            const add = () =>
              holdfast.access(req.sessionID, locks, ({ state }) => (state.count = (state.count ?? 0) + 1))
            await add()
            res.send(String(await add()))
          })
          app.get('/', (req, res) => void res.send(`${req.session.user} ${req.session.count}`))
        },
        { lock, timeoutMs: 1_000 },
        { timeoutMs: 1_000 },
      )
      const browser = new Browser()
      for (let login = 0; login < 2; login += 1) {
        expect(await browser.text(`${site.url}/login`, { method: 'POST' })).toBe('2')
        expect(await browser.text(site.url)).toBe('Ada 2')
      }
    },
  )
})
