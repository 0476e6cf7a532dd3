import { on, once } from 'node:events'
import { get } from 'node:http'
import { ExampleSuite, LOGIN } from './example-suite.js'

const MONTH_MS = 30 * 86_400_000

describe.each([
  ['express', 38_600],
  ['fastify', 38_640],
])('the example %s', (example, port) => {
  const suite = new ExampleSuite(example, port)

  test('keeps every overlapping add, and the cart at login', async () => {
    const { found, expected } = await suite.carts()
    expect(found).toEqual(expected)
  })

  test('gives a new id at login, which the other server knows at once, and shows a message once', async () => {
    const { visitor } = suite
    await visitor.ask(0, 'POST', '/cart/apple')
    const before = visitor.cookie
    expect(await visitor.ask(0, 'POST', '/login', LOGIN)).toMatchObject({ status: 303, location: '/account' })
    expect(visitor.cookie).not.toBe(before)
    const account = { user: 'Ada', cart: ['apple'] }
    expect((await visitor.ask(1, 'GET', '/account')).answer).toEqual({ ...account, messages: ['welcome, Ada'] })
    expect((await visitor.ask(0, 'GET', '/account')).answer).toEqual({ ...account, messages: [] })
  })

  test('answers a request with the cookie from before the login with 409, and logs nobody out', async () => {
    const { visitor } = suite
    await visitor.ask(0, 'POST', '/cart/apple')
    const late = suite.another()
    late.cookie = visitor.cookie
    await visitor.ask(0, 'POST', '/login', LOGIN)
    expect(await late.ask(1, 'POST', '/cart/pear')).toMatchObject({ status: 409, given: null })
    expect((await visitor.ask(1, 'GET', '/account')).status).toBe(200)
  })

  test('ends the session at logout, on every server', async () => {
    const { visitor } = suite
    await visitor.ask(0, 'POST', '/login', LOGIN)
    const stolen = suite.another()
    stolen.cookie = visitor.cookie
    expect(await visitor.ask(1, 'POST', '/logout')).toMatchObject({ status: 303, location: '/cart' })
    expect((await visitor.ask(0, 'GET', '/account')).status).toBe(401)
    expect((await stolen.ask(0, 'GET', '/account')).status).toBe(409)
  })

  test('remembers who wants it for a month, and the others until the browser is closed', async () => {
    const { visitor } = suite
    const { given } = await visitor.ask(0, 'POST', '/login', LOGIN)
    expect(given).not.toContain('Expires')
    const remembered = await visitor.ask(0, 'POST', '/login', { ...LOGIN, remember: true })
    const expires = /Expires=([^;]+)/.exec(remembered.given ?? '')?.[1] ?? ''
    expect(Math.abs(new Date(expires).getTime() - Date.now() - MONTH_MS)).toBeLessThan(60_000)
  })

  test('makes no session of a cookie that it did not give out', async () => {
    const { visitor } = suite
    await visitor.ask(0, 'POST', '/cart/apple')
    const [name = ''] = visitor.cookie.split('=')
    const forged = `${name}=${example === 'express' ? 's%3A' : ''}${'A'.repeat(32)}.${'B'.repeat(43)}`
    visitor.cookie = forged
    expect((await visitor.ask(0, 'GET', '/cart')).answer).toEqual({ cart: [] })
    await visitor.ask(0, 'POST', '/cart/apple')
    expect(visitor.cookie).not.toBe(forged)
  })

  test('lets requests pass while an event stream of the same visitor is open', async () => {
    const { visitor } = suite
    await visitor.ask(0, 'POST', '/cart/apple')
    const stream = get(`${suite.origins[0]}/events`, { headers: { cookie: visitor.cookie } })
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
