import type { Express, Request, Response } from 'express'
import { Browser, type Site, Sites } from './shop.js'

let sites: Sites
beforeEach(() => {
  sites = new Sites()
})
afterEach(() => sites.stop())

const site = (handler: (req: Request, res: Response) => void, lock: 'write' | 'merge' = 'write'): Promise<Site> =>
  sites.site(
    (app: Express) => {
      app.get('/in', (req, res) => {
        req.session.user = 'Ada'
        res.send('in')
      })
      app.get('/', handler)
      app.get('/look', (req, res) => void res.json(Object.assign({}, req.session, { cookie: undefined })))
    },
    { lock },
  )

async function visitor({ url }: Site): Promise<Browser> {
  const browser = new Browser()
  await browser.text(`${url}/in`)
  return browser
}

describe.each(['write', 'merge'] as const)("calls that the handler does not wait for ('%s')", (lock) => {
  test('the first save of a new session is known before the response', async () => {
    const { url } = await site((req, res) => {
      req.session.user = 'Ada'
      req.session.save()
      res.send('saved')
    }, lock)
    const browser = new Browser()
    await browser.text(url)
    expect(await browser.text(`${url}/look`)).toBe('{"user":"Ada"}')
  })

  test('a save beside req.session = null, too', async () => {
    const one = await site((req, res) => {
      req.session.user = 'Bob'
      req.session.save()
      req.session = null as never
      res.send('saved')
    }, lock)
    const browser = await visitor(one)
    await browser.text(one.url)
    expect(await browser.text(`${one.url}/look`)).toBe('{"user":"Bob"}')
  })

  test('a save that fails is no success, unless the handler hears of it', async () => {
    const one = await site((req, res) => {
      req.session.flash = 'x'.repeat(450_000)
      if (req.query.heard === undefined) req.session.save()
      else req.session.save(() => {})
      res.send('answered')
    }, lock)
    for (const browser of [new Browser(), await visitor(one)]) {
      expect((await browser.fetch(one.url)).status).toBe(500)
      expect(one.errors.splice(0)).toMatchObject([{ code: 'TOO_LARGE' }])
    }
    const browser = await visitor(one)
    expect(await browser.text(`${one.url}?heard`)).toBe('answered')
  })

  test('the handler that hears of it answers', async () => {
    const one = await site((req, res) => {
      req.session.flash = 'x'.repeat(450_000)
      req.session.save((error: unknown) => {
        delete req.session.flash
        res.status(413).send((error as { code: string }).code)
      })
    }, lock)
    for (const browser of [new Browser(), await visitor(one)]) {
      const response = await browser.fetch(one.url)
      expect([response.status, await response.text()]).toEqual([413, 'TOO_LARGE'])
    }
    expect(one.errors).toEqual([])
  })

  test('one that succeeds later makes up for it', async () => {
    const one = await site((req, res) => {
      req.session.flash = 'x'.repeat(450_000)
      req.session.save()
      req.session.flash = 'short'
      res.send('answered')
    }, lock)
    const browser = await visitor(one)
    expect(await browser.text(one.url)).toBe('answered')
    expect(await browser.text(`${one.url}/look`)).toBe('{"user":"Ada","flash":"short"}')
  })

  test('a destroy that waits for another request is known before the response', async () => {
    const one = await site((req, res) => {
      req.session.destroy(undefined as never)
      res.send('out')
    }, lock)
    const browser = await visitor(one)
    const [id = ''] = decodeURIComponent(browser.cookies.get('connect.sid') ?? '')
      .slice(2)
      .split('.')
    // With 'write' the request waits for it at the load.
    const holder = await sites.client().open(id, 'all')
    let isAnswered = false
    const answered = browser.text(one.url).then((text) => {
      isAnswered = true
      return text
    })
    await holder.commit()
    await new Promise(setImmediate)
    expect(isAnswered).toBe(false)
    await holder.close()
    expect(await answered).toBe('out')
    expect(await sites.client().peek(id)).toBeUndefined()
  })

  test('what is changed in place after the end is not saved', async () => {
    const one = await site((req, res) => {
      req.session.items = ['apple']
      req.session.save(() => {})
      req.session.count = 1
      res.send('saved')
      req.session.items.push('pear')
    }, lock)
    const browser = await visitor(one)
    await browser.text(one.url)
    expect(await browser.text(`${one.url}/look`)).toBe('{"user":"Ada","items":["apple"],"count":1}')
  })

  test('a new session that is read again is none, and can be saved', async () => {
    const told: unknown[] = []
    const { url } = await site((req, res) => {
      req.session.reload((error: unknown) => {
        told.push(error)
        req.session.user = 'Ada'
        res.send('saved')
      })
    }, lock)
    const browser = new Browser()
    await browser.text(url)
    expect(told).toMatchObject([{ message: 'failed to load session' }])
    expect(await browser.text(`${url}/look`)).toBe('{"user":"Ada"}')
  })
})
