import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Express, Request, Response } from 'express'
import { WebSocket, WebSocketServer } from 'ws'
import { session } from '../../../../client/adapters/express-session/index.js'
import { Browser, counting, SECRET, Sites } from './shop.js'

let sites: Sites
beforeEach(() => {
  sites = new Sites()
})
afterEach(() => sites.stop())

/** Reads the next part of a stream as text. */
async function part(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const { value } = await reader.read()
  return Buffer.from(value ?? []).toString()
}

const readerOf = (response: Response | globalThis.Response) =>
  (response as globalThis.Response).body?.getReader() as ReadableStreamDefaultReader<Uint8Array>

describe('an event stream', () => {
  test('stays open while other requests change the session, on both servers', async () => {
    let stream: Response | undefined
    const routes = (app: Express): void => {
      counting(app)
      app.get('/events', (req, res) => {
        req.session.user = 'seen'
        stream = res
        res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
        res.write('data: first\n\n')
      })
    }
    const [one, two] = [await sites.site(routes), await sites.site(routes)]
    const browser = new Browser()
    await browser.text(`${one.url}/count`, { method: 'POST' })
    const reader = readerOf(await browser.fetch(`${one.url}/events`))
    expect(await part(reader)).toBe('data: first\n\n')
    for (let n = 2; n <= 12; n++) {
      expect(await browser.text(`${n % 2 === 0 ? one.url : two.url}/count`, { method: 'POST' })).toBe(String(n))
      stream?.write(`data: ${n}\n\n`)
      expect(await part(reader)).toBe(`data: ${n}\n\n`)
    }
    stream?.end()
    expect((await reader.read()).done).toBe(true)
    expect(one.errors).toEqual([])
  })

  test('of a new visitor: the session is stored before its head is sent', async () => {
    const routes = (app: Express): void => {
      counting(app)
      app.get('/events', (req, res) => {
        req.session.count = 7
        res.type('text/event-stream').flushHeaders()
      })
    }
    const [one, two] = [await sites.site(routes), await sites.site(routes)]
    const browser = new Browser()
    const response = await browser.fetch(`${one.url}/events`)
    expect(await browser.text(`${two.url}/count`)).toBe('7')
    await response.body?.cancel()
  })

  test('with a session that it changes afterwards: its end fails, and the connection is cut', async () => {
    const site = await sites.site((app) => {
      counting(app)
      app.get('/events', (req, res) => {
        res.type('text/event-stream').write('data: 1\n\n')
        res.once('drain', () => {
          req.session.count = 99
          res.end('data: 2\n\n')
        })
      })
    })
    const browser = new Browser()
    await browser.text(`${site.url}/count`, { method: 'POST' })
    await expect(browser.text(`${site.url}/events`)).rejects.toThrow(/terminated|fetch failed/)
    expect(site.errors).toMatchObject([{ code: 'SESSION_RELEASED', reason: 'stream' }])
    expect(await browser.text(`${site.url}/count`)).toBe('1')
  })

  test('that still writes when its session could not be saved does no harm', async () => {
    const site = await sites.site((app) => {
      counting(app)
      app.get('/events', (req, res) => {
        req.session.flash = 'x'.repeat(450_000)
        res.type('text/event-stream').write('data: 1\n\n')
        res.on('finish', () => {
          res.write('data: late\n\n')
          res.end('data: later\n\n')
        })
      })
    })
    const browser = new Browser()
    await browser.text(`${site.url}/count`, { method: 'POST' })
    const response = await browser.fetch(`${site.url}/events`)
    expect([response.status, await response.text()]).toEqual([500, 'failed'])
    expect(await browser.text(`${site.url}/count`)).toBe('1')
  })
})

describe('release', () => {
  const releasing = (after: (req: Request) => void) => (app: Express) => {
    counting(app)
    app.get('/long', async (req, res) => {
      req.session.count = 5
      await req.session.release()
      const browser = new Browser()
      browser.cookies.set('connect.sid', /connect\.sid=([^;]+)/.exec(req.headers.cookie ?? '')?.[1] ?? '')
      const seen = await browser.text(`http://${req.headers.host}/count`)
      after(req)
      res.send(seen)
    })
  }

  test('saves the session, and others have it before the response ends', async () => {
    const site = await sites.site(releasing(() => {}))
    const browser = new Browser()
    await browser.text(`${site.url}/count`, { method: 'POST' })
    expect(await browser.text(`${site.url}/long`)).toBe('5')
    expect(site.errors).toEqual([])
  })

  test('a change afterwards fails at the end', async () => {
    const site = await sites.site(
      releasing((req) => {
        req.session.count = 6
      }),
    )
    const browser = new Browser()
    await browser.text(`${site.url}/count`, { method: 'POST' })
    expect((await browser.fetch(`${site.url}/long`)).status).toBe(500)
    expect(site.errors).toMatchObject([{ code: 'SESSION_RELEASED', reason: 'release' }])
    expect(await browser.text(`${site.url}/count`)).toBe('5')
  })

  test.each(['release', 'stream'])('regenerate after it fails typed, and ends nothing: %s', async (how) => {
    const told: unknown[] = []
    const site = await sites.site((app) => {
      counting(app)
      app.post('/login', async (req, res) => {
        const { sessionID } = req
        if (how === 'release') await req.session.release()
        else res.type('text/event-stream').flushHeaders()
        await new Promise<void>((resolve) => {
          req.session.regenerate((error) => {
            told.push(error, req.sessionID === sessionID, req.session.count)
            resolve()
          })
        })
        res.end()
      })
    })
    const browser = new Browser()
    await browser.text(`${site.url}/count`, { method: 'POST' })
    const cookie = browser.cookieHeader()
    expect(await browser.text(`${site.url}/login`, { method: 'POST' })).toBe('')
    expect(told).toMatchObject([{ code: 'SESSION_RELEASED', reason: how }, true, 1])
    expect(browser.cookieHeader()).toBe(cookie)
    expect(await browser.text(`${site.url}/count`)).toBe('1')
    expect(site.errors).toEqual([])
  })

  test('of a new and empty session makes none, and is no value of the session', async () => {
    const site = await sites.site((app) => {
      app.get('/', async (req, res) => {
        await req.session.release()
        res.json(Object.keys(req.session))
      })
    })
    const browser = new Browser()
    expect(await browser.text(site.url)).toBe('["cookie"]')
    expect(browser.cookies.size).toBe(0)
  })
})

test('any other first write keeps the lock', async () => {
  let end = (): void => {}
  const site = await sites.site(
    (app) => {
      counting(app)
      app.get('/chunks', (_req, res) => {
        res.write('one')
        end = () => void res.end()
      })
    },
    { timeoutMs: 400 },
  )
  const browser = new Browser()
  await browser.text(`${site.url}/count`, { method: 'POST' })
  const reader = readerOf(await browser.fetch(`${site.url}/chunks`))
  await part(reader)
  expect((await browser.fetch(`${site.url}/count`)).status).toBe(503)
  end()
  expect((await reader.read()).done).toBe(true)
  expect(await browser.text(`${site.url}/count`)).toBe('1')
})

test('the request of an upgrade has the session, and holds no lock', async () => {
  const site = await sites.site(counting)
  const browser = new Browser()
  await browser.text(`${site.url}/count`, { method: 'POST' })

  const server = createServer().listen(0, '127.0.0.1')
  const sockets = new WebSocketServer({ noServer: true })
  const middleware = session({ holdfast: sites.client(), secret: SECRET })
  server.on('upgrade', (req: IncomingMessage & Partial<Request>, socket, head) => {
    middleware(req, {} as never, () => {
      sockets.handleUpgrade(req, socket, head, (webSocket) => webSocket.send(String(req.session?.count)))
    })
  })
  await once(server, 'listening')
  const webSocket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    headers: { cookie: browser.cookieHeader() },
  })
  const [message] = (await once(webSocket, 'message')) as [Buffer]
  expect(message.toString()).toBe('1')
  for (let n = 2; n < 5; n++) expect(await browser.text(`${site.url}/count`, { method: 'POST' })).toBe(String(n))
  webSocket.terminate()
  sockets.close()
  server.close()
})
