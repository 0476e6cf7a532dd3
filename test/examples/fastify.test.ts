import { on, once } from 'node:events'
import { get } from 'node:http'
import { Program } from './programs.js'

const UP = 'Ctrl-C ends all of it'
const LOGIN = { name: 'Ada', password: 'secret' }

/** One visitor with a cookie jar, who follows no redirect by himself. */
class Visitor {
  cookie = ''

  constructor(private readonly origins: readonly string[]) {}

  async ask(server: number, method: string, path: string, body?: object) {
    const headers = { cookie: this.cookie, ...(body && { 'content-type': 'application/json' }) }
    const init = { method, headers, redirect: 'manual' as const, ...(body && { body: JSON.stringify(body) }) }
    const response = await fetch(`${this.origins[server]}${path}`, init)
    const given = response.headers.get('set-cookie')
    this.cookie = given?.split(';')[0] ?? this.cookie
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
    const answer: unknown = isJson ? JSON.parse(text) : text
    return { status: response.status, location: response.headers.get('location'), given, answer }
  }
}

describe('the example fastify', () => {
  let shop: Program
  let visitor: Visitor
  let origins: readonly string[]
  beforeAll(async () => {
    shop = Program.start('run.js', ['fastify'], { PORT: '38700' })
    await shop.says(UP)
    origins = [...shop.output.matchAll(/answers on (http:\S+)/g)].map(([, origin = '']) => origin)
  }, 60_000)
  beforeEach(() => {
    visitor = new Visitor(origins)
  })
  afterAll(() => shop?.remove())

  test('keeps every overlapping add, and the cart at login, and shows a message once', async () => {
    await visitor.ask(0, 'POST', '/cart/first')
    const adds = Array.from({ length: 20 }, (_, index) => visitor.ask(index % 2, 'POST', `/cart/${index}`))
    await Promise.all(adds)
    const before = visitor.cookie
    expect(await visitor.ask(0, 'POST', '/login', LOGIN)).toMatchObject({ status: 303, location: '/account' })
    expect(visitor.cookie).not.toBe(before)
    const { answer } = await visitor.ask(1, 'GET', '/account')
    expect(answer).toMatchObject({ user: 'Ada', messages: ['welcome, Ada'] })
    expect((answer as { cart: string[] }).cart.toSorted()).toEqual(['first', ...adds.map((_, n) => `${n}`)].toSorted())
    expect((await visitor.ask(0, 'GET', '/account')).answer).toMatchObject({ messages: [] })
  })

  test('answers a request with the cookie from before the login with 409, and ends the session at logout', async () => {
    await visitor.ask(0, 'POST', '/cart/apple')
    const late = new Visitor(origins)
    late.cookie = visitor.cookie
    await visitor.ask(0, 'POST', '/login', LOGIN)
    expect(await late.ask(1, 'POST', '/cart/pear')).toMatchObject({ status: 409, given: null })
    late.cookie = visitor.cookie
    expect(await visitor.ask(1, 'POST', '/logout')).toMatchObject({ status: 303, location: '/cart' })
    expect((await late.ask(0, 'GET', '/account')).status).toBe(409)
    expect((await visitor.ask(0, 'GET', '/account')).status).toBe(401)
  })

  test('lets requests pass while an event stream of the same visitor is open', async () => {
    await visitor.ask(0, 'POST', '/cart/apple')
    const stream = get(`${origins[0]}/events`, { headers: { cookie: visitor.cookie } })
    try {
      const [response] = await once(stream, 'response')
      response.setEncoding('utf8')
      const chunks = on(response, 'data')
      const says = async (text: string) => {
        let said = ''
        while (!said.includes(text)) said += String((await chunks.next()).value)
      }
      await says('{"items":1}')
      for (const server of [0, 1, 0]) expect((await visitor.ask(server, 'POST', '/cart/pear')).status).toBe(200)
      await says('{"items":4}')
    } finally {
      stream.destroy()
    }
  })
})
