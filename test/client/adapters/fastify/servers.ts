import type { AddressInfo } from 'node:net'
import cookie from '@fastify/cookie'
import Fastify, { type FastifyInstance, type Session } from 'fastify'
import { type HoldfastSessionOptions, holdfastSession } from '../../../../client/adapters/fastify/index.js'
import { createHoldfast, type Holdfast, type HoldfastOptions } from '../../../../client/index.js'
import { createMemoryStack, type MemoryStack } from '../../../../local/index.js'

declare module 'fastify' {
  interface Session {
    user?: string
    count?: number
    items?: string[]
    when?: unknown
  }
}

export type Shop = Omit<Session, 'cookie'>
export type Options = Partial<HoldfastSessionOptions<Shop>>

const SECRET = 's'.repeat(32)

const counting = (server: FastifyInstance) => {
  server.get('/add', async ({ session }) => {
    session.count = (session.count ?? 0) + 1
    return session.count
  })
}

/** Servers on one store, each with a client of its own, as processes would have. */
export class Servers {
  readonly stack: MemoryStack = createMemoryStack()
  private readonly servers: FastifyInstance[] = []
  private readonly clients: Holdfast<Shop>[] = []

  client(options: Partial<HoldfastOptions<Shop>> = {}): Holdfast<Shop> {
    const client = createHoldfast<Shop>({ namespace: 'shop', config: this.stack.config, ...options })
    this.clients.push(client)
    return client
  }

  /** A server that listens, with the routes that the test gives it. */
  async start(
    routes: (server: FastifyInstance, holdfast: Holdfast<Shop>) => void,
    options: Options = {},
  ): Promise<Browser> {
    const holdfast = this.client()
    const server = Fastify({ forceCloseConnections: true })
    this.servers.push(server)
    await server.register(cookie)
    await server.register(holdfastSession, {
      holdfast,
      secret: SECRET,
      cookie: { secure: false },
      saveUninitialized: false,
      ...options,
    })
    routes(server, holdfast)
    await server.listen({ port: 0 })
    return new Browser(`http://localhost:${(server.server.address() as AddressInfo).port}`)
  }

  /** A server that counts, with other routes, and a browser that has a session there whose count is 1. */
  async shop(more: (server: FastifyInstance) => void, options: Options = {}): Promise<Browser> {
    const browser = await this.start((server) => {
      counting(server)
      more(server)
    }, options)
    await browser.send('/add')
    return browser
  }

  /** The count that another server finds. It adds to it. */
  async count(browser: Browser): Promise<number> {
    const other = browser.at(await this.start(counting))
    return Number((await other.send('/add')).text) - 1
  }

  /** Whether another server has the session within this time. */
  async isFreeWithin(ms: number, browser: Browser): Promise<boolean> {
    const other = browser.at(await this.start(counting, { timeoutMs: ms }))
    return (await other.send('/add')).status === 200
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.close()))
    await this.stack.stop()
  }
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** A browser: it keeps the cookies of one server, or of several that share them. */
export class Browser {
  cookie: string | undefined

  constructor(readonly url: string) {}

  /** The same browser, at another server. */
  at({ url }: Browser): Browser {
    const other = new Browser(url)
    other.cookie = this.cookie
    return other
  }

  async send(path: string, init: RequestInit = {}): Promise<Answer> {
    const headers = new Headers(init.headers)
    if (this.cookie !== undefined) headers.set('cookie', this.cookie)
    const response = await fetch(this.url + path, { redirect: 'manual', ...init, headers })
    const set = response.headers.getSetCookie().findLast((each) => each.startsWith('sessionId='))
    if (set !== undefined) this.cookie = set.startsWith('sessionId=;') ? undefined : set.split(';')[0]
    return { status: response.status, headers: response.headers, text: await response.text() }
  }

  post(path: string, body: object = {}): Promise<Answer> {
    return this.send(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    })
  }
}
