import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type ErrorRequestHandler, type Express } from 'express'
import type { SessionData } from 'express-session'
import { type HoldfastSessionOptions, session } from '../../../../client/adapters/express-session/index.js'
import { createHoldfast, type Holdfast, type HoldfastOptions } from '../../../../client/index.js'
import { createMemoryStack, type MemoryStack } from '../../../../local/index.js'

declare module 'express-session' {
  interface SessionData {
    count: number
    user: string
    items: string[]
    flash: unknown
    [name: `a${number}`]: unknown
  }
}

export type Shop = Omit<SessionData, 'cookie'>
export type Options = Omit<HoldfastSessionOptions<Shop>, 'holdfast' | 'secret'> &
  Partial<Pick<HoldfastSessionOptions<Shop>, 'secret'>>

export const SECRET = 'a secret of this test, of some length'

/** A server of an application, with a client of its own. */
export interface Site {
  readonly url: string
  readonly port: number
  readonly app: Express
  readonly holdfast: Holdfast<Shop>
  readonly errors: unknown[]
}

/** Servers of one application on one store in memory. */
export class Sites {
  readonly stack: MemoryStack
  private readonly servers: Server[] = []

  constructor(readonly isVirtual = false) {
    this.stack = createMemoryStack(isVirtual ? { clock: 'virtual' } : {})
  }

  client(options: Partial<HoldfastOptions<Shop>> = {}): Holdfast<Shop> {
    const { config, credentials } = this.stack
    return createHoldfast<Shop>({ namespace: 'shop', config, credentials, ...options })
  }

  /** Starts a server. `routes` adds what it does; errors come to `site.errors`, and are answered with 500. */
  async site(
    routes: (app: Express, site: Site) => void,
    options: Options = {},
    clientOptions: Partial<HoldfastOptions<Shop>> = {},
  ): Promise<Site> {
    const holdfast = this.client(clientOptions)
    const app = express()
    app.use(session({ holdfast, secret: SECRET, ...options }))
    return this.serve(app, holdfast, routes)
  }

  async serve(app: Express, holdfast: Holdfast<Shop>, routes: (app: Express, site: Site) => void): Promise<Site> {
    const server = createServer(app).listen(0, '127.0.0.1')
    this.servers.push(server)
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const site: Site = { url: `http://127.0.0.1:${port}`, port, app, holdfast, errors: [] }
    routes(app, site)
    const failed: ErrorRequestHandler = (error, _req, res, next) => {
      site.errors.push(error)
      if (res.headersSent) next(error)
      else res.status(500).send('failed')
    }
    app.use(failed)
    return site
  }

  async stop(): Promise<void> {
    for (const server of this.servers) server.closeAllConnections()
    await Promise.all(this.servers.map((server) => new Promise((resolve) => server.close(resolve))))
    await this.stack.stop()
  }
}

/** A client with cookies. */
export class Browser {
  readonly cookies = new Map<string, string>()

  async fetch(url: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    if (this.cookies.size > 0) headers.set('cookie', this.cookieHeader())
    const response = await fetch(url, { redirect: 'manual', ...init, headers })
    for (const line of response.headers.getSetCookie()) this.store(line)
    return response
  }

  async text(url: string, init: RequestInit = {}): Promise<string> {
    const response = await this.fetch(url, init)
    const text = await response.text()
    if (!response.ok) throw new Error(`${response.status} ${text}`)
    return text
  }

  cookieHeader(): string {
    return Array.from(this.cookies, ([name, value]) => `${name}=${value}`).join('; ')
  }

  clone(): Browser {
    const other = new Browser()
    for (const [name, value] of this.cookies) other.cookies.set(name, value)
    return other
  }

  private store(line: string): void {
    const [pair = ''] = line.split(';')
    const at = pair.indexOf('=')
    this.cookies.set(pair.slice(0, at), pair.slice(at + 1))
  }
}

/** A counter in the session, and a page without. */
export const counting = (app: Express): void => {
  app.post('/count', (req, res) => {
    req.session.count = (req.session.count ?? 0) + 1
    res.send(String(req.session.count))
  })
  app.get('/count', (req, res) => void res.send(String(req.session.count)))
  app.get('/plain', (_req, res) => void res.send('plain'))
}

/** A promise that a test resolves. */
export function gate(): { readonly passed: Promise<void>; open(): void } {
  let open = (): void => {}
  const passed = new Promise<void>((resolve) => {
    open = resolve
  })
  return { passed, open: () => open() }
}
