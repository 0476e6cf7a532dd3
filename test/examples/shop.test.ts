import { once } from 'node:events'
import { createServer } from 'node:http'
import { haveEnded, type Listed, Program, survivors } from './programs.js'

const UP = 'Ctrl-C ends all of it'

/** One visitor with a cookie jar. */
class Visitor {
  cookie = ''

  constructor(private readonly origins: readonly string[]) {}

  async ask(server: number, method: string, path: string, body?: string) {
    const headers = { cookie: this.cookie, 'content-type': 'application/json' }
    const response = await fetch(`${this.origins[server]}${path}`, { method, headers, ...(body && { body }) })
    this.cookie = response.headers.get('set-cookie')?.split(';')[0] ?? this.cookie
    const answer = (await response.json()) as Record<string, unknown>
    return { status: response.status, session: response.headers.get('x-session'), answer }
  }
}

const originsIn = (output: string) => [...output.matchAll(/answers on (http:\S+)/g)].map(([, origin = '']) => origin)

const serversAmong = (all: readonly Listed[]) => all.filter(({ command }) => command.endsWith('server.js'))

describe('the shop', () => {
  let shop: Program
  let origins: readonly string[]
  let takenPort: number
  beforeAll(async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const address = taken.address()
    takenPort = typeof address === 'object' && address !== null ? address.port : 0
    shop = Program.start('shop/start.js', [], { PORT: String(takenPort) })
    await shop.says(UP).finally(() => taken.close())
    origins = originsIn(shop.output)
  }, 60_000)
  afterAll(() => shop.remove())

  test('runs on three ports, the first free ones, and says what to try', async () => {
    expect(origins).toHaveLength(3)
    expect(shop.output).toContain(`port ${takenPort} is taken, trying the next`)
    for (const origin of origins) {
      expect(shop.output).toMatch(new RegExp(`curl .* ${origin}/`))
      expect(await (await fetch(origin)).text()).toContain(`curl -c jar -b jar -X POST ${origin}/cart/apple`)
    }
  })

  test('keeps a session whole while overlapping requests of its visitor hop between the servers', async () => {
    const visitor = new Visitor(origins)
    await visitor.ask(0, 'POST', '/cart/apple')
    expect(visitor.cookie).toMatch(/^shop-session=[\w-]{43}$/)
    const pears = Array.from({ length: 9 }, (_, index) => visitor.ask(index % 3, 'POST', `/cart/pear-${index}`))
    await Promise.all([visitor.ask(1, 'PUT', '/profile', '{"name":"Ada"}'), ...pears])
    await visitor.ask(2, 'POST', '/viewed/plum')
    const { cart, ...rest } = (await visitor.ask(0, 'GET', '/session')).answer.session as { cart: { items: string[] } }
    expect(cart.items.toSorted()).toEqual(['apple', ...pears.map((_, index) => `pear-${index}`)])
    expect(rest).toEqual({ profile: { name: 'Ada' }, viewed: ['plum'] })
  })

  test('says who served a request, and whether that server had the session already', async () => {
    const visitor = new Visitor(origins)
    const add = await visitor.ask(1, 'POST', '/cart/apple')
    expect(add).toMatchObject({ session: 'given', answer: { server: 'server-2', items: 1 } })
    const looks = [1, 2, 1].map((server) => async () => visitor.ask(server, 'GET', '/cart'))
    const seen: (string | null)[] = []
    for (const look of looks) {
      const { session, answer } = await look()
      expect(answer.cart).toEqual(['apple'])
      seen.push(session)
    }
    expect(seen).toEqual(['kept', 'given', 'given'])
  })

  test('forgets a session on request', async () => {
    const visitor = new Visitor(origins)
    await visitor.ask(0, 'POST', '/cart/apple')
    const { cookie } = visitor
    expect(await visitor.ask(1, 'DELETE', '/session')).toMatchObject({ status: 200, answer: { destroyed: true } })
    expect(visitor.cookie).toBe('shop-session=')
    visitor.cookie = cookie
    expect((await visitor.ask(2, 'GET', '/cart')).answer.cart).toEqual([])
    expect(visitor.cookie).not.toBe(cookie)
    expect((await new Visitor(origins).ask(0, 'DELETE', '/session')).answer.destroyed).toBe(false)
  })

  test('makes no session of an id that it did not give out', async () => {
    const [victim, attacker] = [new Visitor(origins), new Visitor(origins)]
    const known = `shop-session=${'A'.repeat(43)}`
    victim.cookie = known
    attacker.cookie = known
    await victim.ask(0, 'POST', '/cart/apple')
    expect(victim.cookie).toMatch(/^shop-session=[\w-]{43}$/)
    expect(victim.cookie).not.toBe(known)
    expect((await victim.ask(1, 'GET', '/cart')).answer.cart).toEqual(['apple'])
    expect((await attacker.ask(2, 'GET', '/cart')).answer.cart).toEqual([])
    expect(attacker.cookie).not.toBe(victim.cookie)
  })

  test('refuses a profile without a name, a body that is no JSON, and a cart that is too large', async () => {
    const visitor = new Visitor(origins)
    const expected = { status: 400, answer: { error: expect.stringContaining('JSON') } }
    expect(await visitor.ask(0, 'PUT', '/profile', '{"nickname":"A"}')).toMatchObject(expected)
    expect(await visitor.ask(0, 'PUT', '/profile', '{"name":')).toMatchObject(expected)
    const item = 'x'.repeat(15_000)
    const statuses: number[] = []
    while (statuses.at(-1) !== 413 && statuses.length < 40) {
      statuses.push((await visitor.ask(0, 'POST', `/cart/${item}`)).status)
    }
    expect(statuses.at(-1)).toBe(413)
    expect(new Set(statuses.slice(0, -1))).toEqual(new Set([200]))
    const { answer } = await visitor.ask(1, 'GET', '/cart')
    expect(answer.cart).toHaveLength(statuses.length - 1)
  })

  test('answers in lines of JSON, also what it refuses', async () => {
    const lineOf = async (path: string, init: RequestInit = {}) => {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(`${origins[0]}${path}`, { headers, ...init })
      expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
      return [response.status, await response.text()]
    }
    expect(await lineOf('/cart')).toEqual([200, '{"server":"server-1","cart":[]}\n'])
    expect(await lineOf('/profile', { method: 'PUT', body: '{"name":' })).toEqual([
      400,
      expect.stringMatching(/^\{"error":"[^<>\n]*JSON[^<>\n]*"\}\n$/),
    ])
    expect(await lineOf('/nowhere')).toEqual([404, '{"error":"there is no GET /nowhere"}\n'])
    expect(await lineOf('/cart/%zz', { method: 'POST' })).toEqual([400, expect.stringMatching(/^\{"error":".*"\}\n$/)])
  })

  test('ends on Ctrl-C, and leaves no process behind', async () => {
    const before = await shop.descendants()
    expect(serversAmong(before)).toHaveLength(3)
    expect(before.filter(({ command }) => command.includes('DynamoDBLocal.jar'))).not.toEqual([])
    shop.interrupt()
    expect(await shop.ends()).toBe(0)
    expect(await survivors(before)).toEqual([])
    expect(shop.output.trim()).toMatch(/holdfast: stopped$/)
  }, 20_000)
})

describe('a shop that does not end in order', () => {
  let shop: Program | undefined
  afterEach(() => shop?.remove())

  test('stops, and says why, when a server crashes', async () => {
    shop = Program.start('shop/start.js', [], { PORT: '38500' })
    await shop.says(UP)
    const before = await shop.descendants()
    const [, second] = serversAmong(before)
    process.kill(second?.pid ?? Number.NaN, 'SIGKILL')
    expect(await shop.ends()).toBe(1)
    expect(shop.output).toMatch(/holdfast: server-\d ended by itself/)
    expect(await survivors(before)).toEqual([])
  }, 30_000)

  test('takes everything along when it is killed', async () => {
    shop = Program.start('shop/start.js', [], { PORT: '38510' })
    await shop.says(UP)
    const before = await shop.descendants()
    expect(serversAmong(before)).toHaveLength(3)
    shop.signal('SIGKILL')
    await haveEnded(before)
    expect(await shop.ends()).toBe('SIGKILL')
  }, 30_000)

  test('ends in order when the npm that runs it is told to', async () => {
    // npm ends its shell, and that is all: nobody tells what the shell has started.
    shop = Program.npm('start', { PORT: '38520' })
    await shop.says(UP)
    const before = await shop.descendants()
    expect(serversAmong(before)).toHaveLength(3)
    shop.signal('SIGTERM')
    await haveEnded(before)
    await shop.ends()
    expect(shop.output.trim()).toMatch(/holdfast: stopped$/)
  }, 30_000)

  test('refuses a port that is none', async () => {
    shop = Program.start('shop/start.js', [], { PORT: 'here' })
    expect(await shop.ends()).toBe(1)
    expect(shop.output).toBe("holdfast: PORT must be an integer from 1 to 65535, received 'here'\n")
  })
})
