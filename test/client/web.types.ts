import { type CookieStore, sessionOf, type WebOptions, withSession } from '../../client/adapters/web/index.js'
import type { Holdfast } from '../../client/index.js'

/** What must compile, and what must not, in handlers of requests. */
interface Shop {
  cart: { items: string[] }
  born: Date
}

export function handlersHaveTypedState(holdfast: Holdfast<Shop>, secrets: readonly string[]): void {
  const handler: (request: Request) => Promise<Response> = withSession(holdfast, { secrets }, (_, session) => {
    session.state.cart = { items: [] }
    session.state.cart.items.push('apple')
    const year: number | undefined = session.state.born?.getFullYear()
    session.delete('cart')
    session.ttlMs = 60_000
    // @ts-expect-error an attribute of another type
    session.state.born = 'today'
    // @ts-expect-error no attribute of this session
    session.state.basket = {}
    // @ts-expect-error no attribute of this session
    session.delete('basket')
    // @ts-expect-error a new session has none
    void holdfast.peek(session.id)
    return Response.json(year)
  })
  void handler
  // @ts-expect-error an option that there is not
  withSession(holdfast, { secrets, store: 1 }, () => new Response())
  // @ts-expect-error a lock that there is not
  withSession(holdfast, { secrets, lock: 'merge' }, () => new Response())
  // @ts-expect-error a handler returns a response
  withSession(holdfast, { secrets }, () => 'text')
}

export function readersCannotWrite(holdfast: Holdfast<Shop>, secrets: readonly string[]): void {
  withSession(holdfast, { secrets, lock: 'read' }, (_, { state }) => {
    // @ts-expect-error it is locked for reading
    state.cart = { items: [] }
    // @ts-expect-error and so are its parts
    state.cart?.items.push('apple')
    return Response.json(state.cart?.items)
  })
  withSession(holdfast, { secrets, lock: 'none' }, (_, { state }) => {
    // @ts-expect-error it was only read
    state.cart = { items: [] }
    return new Response()
  })
  const byMethod: WebOptions = { secrets, lock: ({ method }) => (method === 'GET' ? 'read' : 'write') }
  withSession(holdfast, byMethod, (_, { state }) => {
    state.cart = { items: [] }
    return new Response()
  })
}

interface Context {
  readonly params: Promise<{ readonly id: string }>
}
class OtherRequest extends Request {
  readonly geo = 'here'
}

export function furtherArgumentsHaveTypes(holdfast: Holdfast<Shop>, secrets: readonly string[]): void {
  const GET: (request: OtherRequest, context: Context) => Promise<Response> = withSession(
    holdfast,
    { secrets },
    async (request: OtherRequest, { state }, { params }: Context) =>
      Response.json([request.geo, (await params).id, state.cart?.items]),
  )
  void GET
  // @ts-expect-error the context is missing
  void GET(new OtherRequest('https://shop.test'))
}

export async function actionsHaveTypedState(holdfast: Holdfast<Shop>, cookies: CookieStore): Promise<void> {
  const secrets = ['']
  await using session = await sessionOf(holdfast, { secrets }, cookies)
  session.state.cart = { items: [] }
  await session.close()
  const read = await sessionOf(holdfast, { secrets, lock: 'none' }, cookies)
  // @ts-expect-error it was only read
  read.state.cart = { items: [] }
  // @ts-expect-error an action has no request
  await sessionOf(holdfast, { secrets, lock: () => 'read' }, cookies)
}

interface NextCookie {
  name: string
  value: string
  domain?: string | undefined
  maxAge?: number | undefined
  sameSite?: true | false | 'lax' | 'strict' | 'none' | undefined
}

/** As `cookies()` of `next/headers` has them. */
interface NextCookies {
  get: (...args: [name: string] | [NextCookie]) => NextCookie | undefined
  set: (...args: [key: string, value: string, cookie?: Partial<NextCookie>] | [options: NextCookie]) => this
}

export const cookiesOfNextFit = (cookies: NextCookies): CookieStore => cookies
