import { createHmac } from 'node:crypto'
import expressLib, { type Express } from 'express'
import expressSession, { type SessionOptions } from 'express-session'
import { session } from '../../../../client/adapters/express-session/index.js'
import { Browser, SECRET, type Site, Sites } from './shop.js'

/** What express-session documents, on its own store and on Holdfast. Differences are in differences.test.ts. */

type Store = 'MemoryStore' | 'write' | 'merge'
type Routes = Parameters<Sites['site']>[0]

let sites: Sites
beforeEach(() => {
  sites = new Sites()
})
afterEach(() => sites.stop())

async function serve(store: Store, options: Partial<SessionOptions>, routes: Routes): Promise<Site> {
  const holdfast = sites.client()
  const app = expressLib()
  app.set('trust proxy', options.proxy)
  const all = { secret: SECRET, resave: false, saveUninitialized: false, ...options }
  app.use(store === 'MemoryStore' ? expressSession(all) : session({ holdfast, lock: store, ...all }))
  return sites.serve(app, holdfast, routes)
}

const visiting = (app: Express): void => {
  app.get('/visit', (req, res) => {
    req.session.count = (req.session.count ?? 0) + 1
    res.json({ count: req.session.count, id: req.sessionID, same: req.session.id === req.sessionID })
  })
  app.get('/look', (req, res) => void res.json({ count: req.session.count ?? null, keys: Object.keys(req.session) }))
  app.get('/untouched', (_req, res) => void res.send('untouched'))
}

const json = async (browser: Browser, url: string): Promise<Record<string, unknown>> =>
  JSON.parse(await browser.text(url))
const setCookie = async (browser: Browser, url: string, init: RequestInit = {}): Promise<string[]> => {
  const response = await browser.fetch(url, init)
  await response.text()
  return response.headers.getSetCookie()
}

describe.each<Store>(['MemoryStore', 'write', 'merge'])('on %s', (store) => {
  test('a visitor keeps his session', async () => {
    const site = await serve(store, {}, visiting)
    const browser = new Browser()
    const first = await json(browser, `${site.url}/visit`)
    expect(first).toMatchObject({ count: 1, same: true })
    expect(await json(browser, `${site.url}/visit`)).toEqual({ ...first, count: 2 })
    expect(await json(new Browser(), `${site.url}/visit`)).toMatchObject({ count: 1 })
  })

  test('the cookie: name, signature, and its attributes', async () => {
    const cookie = { httpOnly: false, path: '/', domain: 'localhost', sameSite: 'strict', maxAge: 60_000 } as const
    const site = await serve(
      store,
      { name: 'sid', cookie: { ...cookie, priority: 'high', partitioned: true } },
      visiting,
    )
    const browser = new Browser()
    const [line = ''] = await setCookie(browser, `${site.url}/visit`)
    expect(line).toMatch(
      /^sid=s%3A[\w-]{32}\.[^;]+; Domain=localhost; Path=\/; Expires=[^;]+ GMT; Partitioned; Priority=High; SameSite=Strict$/,
    )
    const [id = '', signature] = decodeURIComponent(browser.cookies.get('sid') ?? '')
      .slice(2)
      .split('.')
    expect(signature).toBe(createHmac('sha256', SECRET).update(id).digest('base64').replace(/=+$/, ''))
  })

  test.each([true, false])('rolling %s: whether each response sets the cookie', async (rolling) => {
    const site = await serve(store, { rolling, resave: rolling, cookie: { maxAge: 60_000 } }, visiting)
    const browser = new Browser()
    expect(await setCookie(browser, `${site.url}/visit`)).toHaveLength(1)
    expect(await setCookie(browser, `${site.url}/look`)).toHaveLength(rolling ? 1 : 0)
    // With a maxAge a modified session moves its cookie in any case.
    expect(await setCookie(browser, `${site.url}/visit`)).toHaveLength(1)
  })

  test.each([true, false])('saveUninitialized %s: whether an untouched session is saved', async (saveUninitialized) => {
    const site = await serve(store, { saveUninitialized }, visiting)
    const browser = new Browser()
    expect(await setCookie(browser, `${site.url}/untouched`)).toHaveLength(saveUninitialized ? 1 : 0)
    expect(await setCookie(browser, `${site.url}/untouched`)).toEqual([])
  })

  test('secrets rotate', async () => {
    const [old, next] = ['the old secret of this site', 'the new secret of this site']
    const holdfast = sites.client()
    const memory = new expressSession.MemoryStore()
    const app = (secret: string[]) => {
      const made = expressLib()
      const all = { secret, resave: false, saveUninitialized: false }
      made.use(
        store === 'MemoryStore'
          ? expressSession({ ...all, store: memory })
          : session({ holdfast, lock: store, ...all }),
      )
      return made
    }
    const before = await sites.serve(app([old]), holdfast, visiting)
    const after = await sites.serve(app([next, old]), holdfast, visiting)
    const alone = await sites.serve(app([next]), holdfast, visiting)
    const browser = new Browser()
    await json(browser, `${before.url}/visit`)
    expect(await json(browser, `${after.url}/look`)).toMatchObject({ count: 1 })
    expect(await json(browser.clone(), `${alone.url}/look`)).toMatchObject({ count: null })
  })

  test('genid makes the ids', async () => {
    let n = 0
    const site = await serve(store, { genid: (req) => `id-${req.hostname}-${n++}` }, visiting)
    expect(await json(new Browser(), `${site.url}/visit`)).toMatchObject({ id: 'id-127.0.0.1-0' })
  })

  test('a cookie of another path has no session', async () => {
    const site = await serve(store, { cookie: { path: '/admin' } }, (app) => {
      app.get(['/admin', '/shop'], (req, res) => void res.json(req.session === undefined))
    })
    expect(await new Browser().text(`${site.url}/admin`)).toBe('false')
    expect(await new Browser().text(`${site.url}/shop`)).toBe('true')
  })

  test('cookie may be a function of the request', async () => {
    const cookie = ((req: { path: string }) => ({ path: req.path, maxAge: 1_000 })) as never
    const site = await serve(store, { cookie }, visiting)
    expect((await setCookie(new Browser(), `${site.url}/visit`))[0]).toContain('Path=/visit; Expires=')
  })

  test.each([
    [true, { 'x-forwarded-proto': 'https' }, 1],
    [true, { 'x-forwarded-proto': 'http' }, 0],
    [false, { 'x-forwarded-proto': 'https' }, 0],
  ] as [boolean, Record<string, string>, number][])(
    'secure, with proxy %s: set only over HTTPS',
    async (proxy, headers, cookies) => {
      const site = await serve(store, { proxy, cookie: { secure: true } }, visiting)
      expect(await setCookie(new Browser(), `${site.url}/visit`, { headers })).toHaveLength(cookies)
    },
  )

  test("secure 'auto' and sameSite 'auto' follow the connection", async () => {
    const site = await serve(store, { proxy: true, cookie: { secure: 'auto', sameSite: 'auto' as never } }, visiting)
    const headers = { 'x-forwarded-proto': 'https' }
    expect((await setCookie(new Browser(), `${site.url}/visit`, { headers }))[0]).toMatch(/Secure; SameSite=None/)
    expect((await setCookie(new Browser(), `${site.url}/visit`))[0]).not.toContain('Secure')
  })

  test.each(['keep', 'destroy'] as const)("unset '%s'", async (unset) => {
    const site = await serve(store, { unset }, (app) => {
      visiting(app)
      app.get('/unset', (req, res) => {
        req.session.count = 99
        // @ts-expect-error: express-session documents this.
        req.session = null
        res.send('unset')
      })
    })
    const browser = new Browser()
    await json(browser, `${site.url}/visit`)
    expect(await browser.text(`${site.url}/unset`)).toBe('unset')
    const after = await browser.clone().fetch(`${site.url}/look`)
    const { count = null } = JSON.parse(await after.text()) as { count?: number }
    expect({ status: after.status, count }).toEqual({ status: 200, count: unset === 'keep' ? 1 : null })
  })

  test('regenerate, save, reload, touch and destroy', async () => {
    const log: unknown[] = []
    const site = await serve(store, { cookie: { maxAge: 60_000 } }, (app) => {
      visiting(app)
      app.get('/all', async (req, res, next) => {
        const call = (name: 'regenerate' | 'save' | 'reload' | 'destroy') =>
          new Promise<void>((resolve, reject) => {
            const returned = req.session[name]((error: unknown) => (error ? reject(error) : resolve()))
            log.push(`${name} returns a session: ${returned instanceof expressSession.Session}`)
          })
        try {
          const before = req.sessionID
          await call('regenerate')
          log.push(before === req.sessionID, req.session.count)
          req.session.user = 'Ada'
          await call('save')
          req.session.user = 'Bob'
          await call('reload')
          log.push(req.session.user, req.session instanceof expressSession.Session)
          req.session.touch().cookie.maxAge = 1_000
          log.push(req.session.cookie.originalMaxAge)
          await call('destroy')
          log.push(req.session)
          res.send('done')
        } catch (error) {
          next(error)
        }
      })
    })
    const browser = new Browser()
    await json(browser, `${site.url}/visit`)
    const cleared = expect.stringMatching(/^connect\.sid=; Path=\/; Expires=Thu, 01 Jan 1970/)
    expect(await setCookie(browser, `${site.url}/all`)).toEqual(store === 'MemoryStore' ? [] : [cleared])
    const returns = (name: string) => `${name} returns a session: true`
    expect(log).toEqual([
      returns('regenerate'),
      false,
      undefined,
      returns('save'),
      returns('reload'),
      'Ada',
      true,
      1_000,
      returns('destroy'),
      undefined,
    ])
  })

  test('several saves at once are all answered', async () => {
    const site = await serve(store, {}, (app) => {
      visiting(app)
      app.get('/saves', (req, res) => {
        const saves = Array.from({ length: 5 }, (_, n) => {
          req.session.count = n
          return new Promise((resolve) => req.session.save(resolve))
        })
        void Promise.all(saves).then((errors) => res.json(errors.map((error) => error ?? null)))
      })
    })
    const browser = new Browser()
    expect(await browser.text(`${site.url}/saves`)).toBe('[null,null,null,null,null]')
    expect(await json(browser, `${site.url}/look`)).toMatchObject({ count: 4 })
  })

  test('values are as JSON has them', async () => {
    const site = await serve(store, {}, (app) => {
      app.get('/set', (req, res) => {
        req.session.flash = {
          date: new Date(0),
          nothing: undefined,
          call: () => {},
          list: [undefined, Number.NaN],
          own: { toJSON: () => 'own' },
          map: new Map([[1, 2]]),
        }
        res.send('set')
      })
      app.get(
        '/get',
        (req, res) =>
          void res.json({ flash: req.session.flash, type: typeof (req.session.flash as { date: unknown }).date }),
      )
    })
    const browser = new Browser()
    await browser.text(`${site.url}/set`)
    expect(await json(browser, `${site.url}/get`)).toEqual({
      type: 'string',
      flash: { date: '1970-01-01T00:00:00.000Z', list: [null, null], own: 'own', map: {} },
    })
  })

  test('what is changed in place is saved, what is deleted is gone', async () => {
    const site = await serve(store, {}, (app) => {
      visiting(app)
      app.get('/push', (req, res) => {
        req.session.items ??= []
        req.session.items.push('one')
        res.send(String(req.session.items.length))
      })
      app.get('/delete', (req, res) => {
        delete req.session.items
        res.send('deleted')
      })
    })
    const browser = new Browser()
    expect(await browser.text(`${site.url}/push`)).toBe('1')
    expect(await browser.text(`${site.url}/push`)).toBe('2')
    await browser.text(`${site.url}/delete`)
    expect(await json(browser, `${site.url}/look`)).toMatchObject({ keys: ['cookie'] })
  })

  test('req.session.id, req.sessionID and req.sessionStore', async () => {
    const site = await serve(store, {}, (app) => {
      app.get('/', (req, res) => {
        req.session.count = 1
        res.json([req.session.id === req.sessionID, req.sessionStore instanceof expressSession.Store])
      })
    })
    expect(await new Browser().text(site.url)).toBe('[true,true]')
  })

  test('a second middleware leaves the session of the first alone', async () => {
    const holdfast = sites.client()
    const site = await serve(store, {}, (app) => {
      app.use(session({ holdfast, secret: 'another secret of this test', name: 'other' }))
      visiting(app)
    })
    const browser = new Browser()
    await json(browser, `${site.url}/visit`)
    expect(Array.from(browser.cookies.keys())).toEqual(['connect.sid'])
  })
})
