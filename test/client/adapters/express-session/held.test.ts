import type { Request, Response } from 'express'
import { exchange, isComplete, requestText } from './raw-exchange.js'
import { Browser, Sites } from './shop.js'

/** Ways to send a response, each of which changes the session before it ends. */
const shapes: [string, (req: Request, res: Response) => void][] = [
  ['one piece', (_req, res) => void res.send('saved')],
  ['one piece, with a head of its own', (_req, res) => void res.writeHead(200, { 'x-old': '1' }).end('saved')],
  ['json', (_req, res) => void res.json({ saved: true })],
  ['a redirect', (_req, res) => res.redirect('/next')],
  ['nothing', (_req, res) => void res.status(204).end()],
  ['304', (_req, res) => void res.status(304).set('etag', '"1"').end()],
  [
    'chunked',
    (_req, res) => {
      res.write('one')
      res.end('two')
    },
  ],
  [
    'chunked, flushed',
    (_req, res) => {
      res.flushHeaders()
      setImmediate(() => res.end('two'))
    },
  ],
  [
    'of a known length',
    (_req, res) => {
      res.set('content-length', '6')
      res.write('one')
      res.write('two')
      res.end()
    },
  ],
  [
    '304 that flushes',
    (_req, res) => {
      res.status(304)
      res.flushHeaders()
      res.end()
    },
  ],
  [
    'an event stream',
    (_req, res) => {
      res.type('text/event-stream')
      res.write('data: 1\n\n')
      res.end()
    },
  ],
]

/** What makes the save fail, while the handler runs. */
const failures: [string, (req: Request, sites: Sites) => unknown][] = [
  [
    'a session that is too large',
    (req) => {
      req.session.flash = 'x'.repeat(450_000)
    },
  ],
  [
    'a fault of DynamoDB',
    (_req, sites) => {
      sites.stack.dynamodb.inject({
        beforeForward: ({ caller, operation }) =>
          caller === 'application' && operation === 'UpdateItem' ? { refuse: 'ValidationException' } : undefined,
      })
    },
  ],
  [
    'a lost session',
    async (_req, { stack }) => {
      await stack.gateway.stop()
      stack.gateway.dropAll()
      await stack.advance(60_000)
    },
  ],
]

let sites: Sites
beforeEach(() => {
  sites = new Sites(true)
})
afterEach(() => sites.stop())

describe.each(failures)('%s', (_, cause) => {
  describe.each(['GET', 'HEAD'])('%s', (method) => {
    test.each(shapes)('%s: is never a success', async (_name, answer) => {
      const site = await sites.site((app) => {
        app.get('/ok', (req, res) => {
          req.session.count = 1
          res.send('ok')
        })
        app.get('/', async (req, res) => {
          res.set('x-old', '1').cookie('old', '1')
          req.session.count = 2
          await cause(req, sites)
          answer(req, res)
        })
      })
      const browser = new Browser()
      await browser.text(`${site.url}/ok`)
      const request = requestText(method, '/', { cookie: browser.cookieHeader() })
      const seen = await exchange(site.port, request)
      expect(site.errors).toHaveLength(1)
      const isError = seen.text.startsWith('HTTP/1.1 500')
      expect(isComplete(seen, method)).toBe(isError)
      // What has begun already is cut, and may have had its old headers.
      expect(isError ? seen.text : '').not.toMatch(/set-cookie|x-old|etag: "1"|event-stream/i)
    })
  })
})
