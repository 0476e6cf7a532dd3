import { ExampleSuite, LOGIN } from './example-suite.js'

const MONTH_SECONDS = 30 * 86_400

describe('the example hono', () => {
  const suite = new ExampleSuite('hono', 38_700)

  test('keeps every overlapping add, and the cart at login', async () => {
    const { found, expected } = await suite.carts()
    expect(found).toEqual(expected)
  })

  test('refreshes a token once for 20 requests at once, on two servers', async () => {
    const { visitor } = suite
    expect(await visitor.ask(0, 'POST', '/login', LOGIN)).toMatchObject({ status: 303, location: '/account' })
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => (await visitor.ask(index % 2, 'GET', '/account')).answer),
    )
    expect(answers).toEqual(answers.map(() => ({ user: 'Ada', token: 'access-1', cart: [] })))
  })

  test('gives a new id at login, remembers the user where he asks for it, and forgets him at logout', async () => {
    const { visitor } = suite
    await visitor.ask(0, 'POST', '/cart/apple')
    const before = visitor.cookie
    const { given } = await visitor.ask(1, 'POST', '/login', { ...LOGIN, remember: true })
    expect(visitor.cookie).not.toBe(before)
    expect(given).toContain(`Max-Age=${MONTH_SECONDS};`)
    expect((await visitor.ask(0, 'GET', '/account')).answer).toMatchObject({ user: 'Ada', cart: ['apple'] })
    const old = visitor.cookie
    expect(await visitor.ask(0, 'POST', '/logout')).toMatchObject({
      status: 303,
      given: expect.stringContaining('Max-Age=0'),
    })
    visitor.cookie = old
    expect(await visitor.ask(1, 'GET', '/account')).toMatchObject({ status: 409, given: null })
    visitor.cookie = ''
    expect(await visitor.ask(1, 'GET', '/account')).toMatchObject({ status: 401, answer: 'log in first' })
  })

  test('shows the cart in a stream that keeps nobody waiting', async () => {
    const { visitor } = suite
    await visitor.ask(0, 'POST', '/cart/apple')
    const stream = await fetch(`${suite.origins[0]}/events`, { headers: { cookie: visitor.cookie } })
    const text = (stream.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())
    const seen: string[] = []
    for await (const part of text) {
      if (seen.length === 0) await visitor.ask(1, 'POST', '/cart/pear')
      seen.push(part)
      if (part.includes('{"items":2}')) break
    }
    expect(seen[0]).toContain('{"items":1}')
  })

  test('ends on Ctrl-C', async () => {
    suite.program.interrupt()
    expect(await suite.program.ends()).toBe(0)
  })
})
