import type { Request, Response } from 'express'
import { Browser, type Options, type Site, Sites } from './shop.js'

let sites: Sites
beforeEach(() => {
  sites = new Sites()
})
afterEach(() => sites.stop())

type Handler = (req: Request, res: Response) => unknown

const shop = (logout: Handler, options: Options = {}): Promise<Site> =>
  sites.site((app) => {
    app.get('/in', (req, res) => {
      req.session.user = 'Ada'
      res.send('in')
    })
    app.get('/out', logout)
    app.get('/', (req, res) => void res.send(req.session.user ?? 'nobody'))
  }, options)

const destroyed: Handler = (req, res) => req.session.destroy(() => res.redirect('/'))

test('the cookie is taken away where it was set', async () => {
  const cookie = { path: '/', domain: 'shop.test', sameSite: 'lax', httpOnly: true, maxAge: 60_000 } as const
  const { url } = await shop(destroyed, { name: 'sid', cookie })
  const browser = new Browser()
  await browser.text(`${url}/in`)
  expect((await browser.fetch(`${url}/out`)).headers.getSetCookie()).toEqual([
    'sid=; Domain=shop.test; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax',
  ])
})

test('it is left where the session could not be destroyed, or there was none', async () => {
  const { url } = await shop((req, res) => {
    sites.stack.dynamodb.inject({
      beforeForward: ({ operation }) => (operation === 'UpdateItem' ? { refuse: 'ValidationException' } : undefined),
    })
    req.session.destroy((error: unknown) => void res.send(String(error !== undefined)))
  })
  for (const isIn of [true, false]) {
    const browser = new Browser()
    if (isIn) await browser.text(`${url}/in`)
    const response = await browser.fetch(`${url}/out`)
    expect([await response.text(), response.headers.getSetCookie()]).toEqual([String(isIn), []])
  }
})
