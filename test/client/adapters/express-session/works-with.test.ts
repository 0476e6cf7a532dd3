import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename } from 'node:path'
import { createGzip } from 'node:zlib'
import { Controller, Get, Module, Post, Req, Session } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import flash from 'connect-flash'
import express, { type Express, type RequestHandler } from 'express'
import type { Session as ExpressSession, SessionData } from 'express-session'
import passport from 'passport'
import { Strategy } from 'passport-local'
import { session } from '../../../../client/adapters/express-session/index.js'
import { exchange, requestText } from './raw-exchange.js'
import { Browser, SECRET, Sites } from './shop.js'

let sites: Sites
beforeEach(() => {
  sites = new Sites()
})
afterEach(() => sites.stop())

describe.each(['write', 'merge'] as const)('with lock %s', (lock) => {
  test('Passport: login, pages and logout, on two servers', async () => {
    const authenticator = new passport.Passport()
    authenticator.use(new Strategy((name, password, done) => done(null, password === 'right' ? { name } : false)))
    authenticator.serializeUser((user, done) => done(null, (user as { name: string }).name))
    authenticator.deserializeUser((name, done) => done(null, { name }))
    const routes = (app: Express): void => {
      app.use(express.urlencoded({ extended: false }))
      app.use(authenticator.initialize())
      app.use(authenticator.session())
      app.get('/visit', (req, res) => {
        req.session.count = 1
        res.send('visited')
      })
      app.post('/login', authenticator.authenticate('local', { successRedirect: '/me', failureRedirect: '/failed' }))
      app.get('/me', (req, res) => void res.send((req.user as { name?: string } | undefined)?.name ?? 'nobody'))
      app.post('/logout', (req, res, next) => req.logout((error) => (error ? next(error) : res.redirect('/me'))))
    }
    const [one, two] = [await sites.site(routes, { lock }), await sites.site(routes, { lock })]
    const browser = new Browser()
    const login = (password: string) =>
      browser.fetch(`${one.url}/login`, { method: 'POST', body: new URLSearchParams({ username: 'Ada', password }) })
    await browser.text(`${one.url}/visit`)
    const before = browser.cookieHeader()
    expect((await login('wrong')).headers.get('location')).toBe('/failed')
    expect((await login('right')).headers.get('location')).toBe('/me')
    expect(browser.cookieHeader()).not.toBe(before)
    expect(await browser.text(`${two.url}/me`)).toBe('Ada')
    expect((await browser.fetch(`${two.url}/logout`, { method: 'POST' })).status).toBe(302)
    expect(await browser.text(`${one.url}/me`)).toBe('nobody')
    expect([...one.errors, ...two.errors]).toEqual([])
  })

  test('connect-flash: each message is shown once', async () => {
    const routes = (app: Express): void => {
      app.use(flash())
      app.post('/save', (req, res) => {
        req.flash('info', 'saved')
        res.redirect('/')
      })
      app.get('/', (req, res) => void res.json(req.flash('info')))
    }
    const [one, two] = [await sites.site(routes, { lock }), await sites.site(routes, { lock })]
    const browser = new Browser()
    await browser.fetch(`${one.url}/save`, { method: 'POST' })
    expect(await browser.text(two.url)).toBe('["saved"]')
    expect(await browser.text(one.url)).toBe('[]')
  })
})

/** Compresses every body, in the way of the package compression. */
const compressing: RequestHandler = (_req, res, next) => {
  const zip = createGzip()
  const { write, end, writeHead } = res
  const send = write.bind(res) as (part: Buffer) => boolean
  zip.on('data', (part: Buffer) => send(part)).on('end', () => end.call(res, undefined, 'utf8'))
  const ours = {
    writeHead: (...args: [number]) => {
      res.removeHeader('Content-Length')
      res.setHeader('Content-Encoding', 'gzip')
      return writeHead.apply(res, args)
    },
    write: (part: string) => zip.write(part),
    end: (part?: string) => {
      zip.end(part)
      return res
    },
  }
  Object.assign(res, ours)
  next()
}

test.each(['before', 'after'])('middleware that compresses, %s the session', async (place) => {
  const holdfast = sites.client()
  const app = express()
  const ours = session({ holdfast, secret: SECRET })
  app.use(...(place === 'before' ? [compressing, ours] : [ours, compressing]))
  const site = await sites.serve(app, holdfast, (routes) => {
    routes.get('/', (req, res) => {
      req.session.count = (req.session.count ?? 0) + 1
      res.send(`${req.session.count} ${'x'.repeat(100_000)}`)
    })
    routes.get('/parts', (req, res) => {
      res.write('one ')
      res.end(String(req.session.count))
    })
  })
  const browser = new Browser()
  expect(await browser.text(site.url)).toBe(`1 ${'x'.repeat(100_000)}`)
  const response = await browser.fetch(`${site.url}/parts`)
  expect(response.headers.get('content-encoding')).toBe('gzip')
  expect(await response.text()).toBe('one 1')
})

test('files, with ranges and conditions', async () => {
  const site = await sites.site((app) => {
    app.get('/file', (req, res) => {
      req.session.count = (req.session.count ?? 0) + 1
      res.sendFile(__filename)
    })
    app.use(express.static(__dirname))
  })
  const browser = new Browser()
  const text = await readFile(__filename, 'utf8')
  expect(await browser.text(`${site.url}/file`)).toBe(text)
  expect(await browser.text(`${site.url}/${basename(__filename)}`)).toBe(text)
  const range = await browser.fetch(`${site.url}/file`, { headers: { range: 'bytes=2-6' } })
  expect([range.status, await range.text()]).toEqual([206, text.slice(2, 7)])
  const etag = range.headers.get('etag') ?? ''
  // fetch adds a header to a conditional request that makes it unconditional.
  const condition = { cookie: browser.cookieHeader(), 'if-none-match': etag }
  const unchanged = await exchange(site.port, requestText('GET', '/file', condition))
  expect(unchanged.text).toMatch(/^HTTP\/1.1 304 [\s\S]*\r\n\r\n$/)
  const head = await browser.fetch(`${site.url}/file`, { method: 'HEAD' })
  expect([head.status, head.headers.get('content-length')]).toEqual([200, String(Buffer.byteLength(text))])
  expect(site.errors).toEqual([])
})

test('Nest on Express', async () => {
  class CountController {
    add(values: { count?: number }): string {
      values.count = (values.count ?? 0) + 1
      return String(values.count)
    }

    failing(req: { session: { count?: number; flash?: unknown } }): string {
      req.session.flash = 'x'.repeat(450_000)
      return 'never'
    }
  }
  // The compiler of the tests has no decorators.
  const describeRoute = (name: 'add' | 'failing', route: MethodDecorator, parameter: ParameterDecorator): void => {
    parameter(CountController.prototype, name, 0)
    route(CountController.prototype, name, Object.getOwnPropertyDescriptor(CountController.prototype, name) ?? {})
  }
  describeRoute('add', Post('count'), Session())
  describeRoute('failing', Get('failing'), Req())
  Controller()(CountController)
  class AppModule {
    readonly name = 'app'
  }
  Module({ controllers: [CountController] })(AppModule)

  const app = await NestFactory.create(AppModule, { logger: false })
  app.use(session({ holdfast: sites.client(), secret: SECRET }))
  await app.listen(0, '127.0.0.1')
  const url = await app.getUrl()
  const browser = new Browser()
  expect(await browser.text(`${url}/count`, { method: 'POST' })).toBe('1')
  expect(await browser.text(`${url}/count`, { method: 'POST' })).toBe('2')
  expect((await browser.fetch(`${url}/failing`)).status).toBe(500)
  expect(await browser.text(`${url}/count`, { method: 'POST' })).toBe('3')
  await app.close()
})

test('node:http', async () => {
  type Request = IncomingMessage & { session: ExpressSession & Partial<SessionData> }
  const middleware = session({ holdfast: sites.client(), secret: SECRET })
  const server = createServer((req, res) => {
    middleware(req, res, (error) => {
      if (error !== undefined) return void res.writeHead(500).end('failed')
      const { session: values } = req as Request
      values.count = (values.count ?? 0) + 1
      if (req.url === '/large') values.flash = 'x'.repeat(450_000)
      res.end(String(values.count))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const browser = new Browser()
  expect(await browser.text(url)).toBe('1')
  const failed = await browser.fetch(`${url}/large`)
  expect([failed.status, await failed.text()]).toEqual([500, 'failed'])
  expect(await browser.text(url)).toBe('2')
  server.closeAllConnections()
  server.close()
})
