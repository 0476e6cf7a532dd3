import {
  type StateUnder,
  type WebLock,
  type WebOptions,
  type WebSession,
  withSession,
} from '../../../../client/adapters/web/index.js'
import { createHoldfast, type Holdfast, type HoldfastOptions } from '../../../../client/index.js'
import { createMemoryStack, type MemoryStack, type MemoryStackOptions } from '../../../../local/index.js'

export interface Shop {
  user: { name: string }
  cart: string[]
  count: number
  seen: Date
}

export const SECRET = 'a secret of at least 32 bytes, for tests'
export const COOKIE = '__Host-session'

type Handle<L extends WebLock> = (
  request: Request,
  session: WebSession<Shop, StateUnder<Shop, L>>,
) => Response | Promise<Response>

/** Two servers of one application, and a browser for each of its users. */
export class Site {
  readonly stack: MemoryStack
  readonly servers: readonly [Holdfast<Shop>, Holdfast<Shop>]

  constructor(stackOptions: MemoryStackOptions = {}, options: Partial<HoldfastOptions> = {}) {
    this.stack = createMemoryStack(stackOptions)
    const server = () => createHoldfast<Shop>({ namespace: 'shop', config: this.stack.config, ...options })
    this.servers = [server(), server()]
  }

  /** A handler of one of the servers. */
  handler<const L extends WebLock = 'write'>(
    handle: Handle<L>,
    options: Partial<WebOptions<L>> = {},
    server: 0 | 1 = 0,
  ): (request: Request) => Promise<Response> {
    return withSession(this.servers[server], { secrets: [SECRET], ...options }, handle)
  }

  /** The application's own requests to the tables since the call, in all. */
  counting(): () => number {
    const before = this.stack.requests.snapshot()
    return () =>
      this.stack.requests
        .since(before)
        .filter(({ caller }) => caller === 'application')
        .reduce((sum, { count }) => sum + count, 0)
  }

  stop(): Promise<void> {
    return this.stack.stop()
  }
}

/** Keeps the cookies that it is given, as a browser does. */
export class Browser {
  constructor(public cookie?: string | undefined) {}

  request(options: RequestInit = {}): Request {
    const headers = this.cookie === undefined ? {} : { cookie: this.cookie }
    return new Request('https://shop.test/', { headers, ...options })
  }

  async send(handler: (request: Request) => Promise<Response>, options: RequestInit = {}): Promise<Response> {
    const response = await handler(this.request(options))
    this.keep(response)
    return response
  }

  /** Takes over the cookie of a response. */
  keep(response: Response): void {
    for (const header of response.headers.getSetCookie()) {
      this.cookie = /Max-Age=0/.test(header) ? undefined : header.split(';')[0]
    }
  }
}

export const setCookies = (response: Response): string[] => response.headers.getSetCookie()

export const countUp = (_: Request, { state }: WebSession<Shop>): Response => {
  state.count = (state.count ?? 0) + 1
  return Response.json(state.count)
}
