import { Program } from './programs.js'
import { originsIn, Visitor } from './visitor.js'

const UP = 'Ctrl-C ends all of it'
const LOGIN = { name: 'Ada', password: 'secret' }
const MONTH_SECONDS = 30 * 86_400

describe('the example hono', () => {
  let shop: Program
  let visitor: Visitor
  let origins: readonly string[]
  beforeAll(async () => {
    shop = Program.start('run.js', ['hono'], { PORT: '38700' })
    await shop.says(UP)
    origins = originsIn(shop)
  }, 60_000)
  beforeEach(() => {
    visitor = new Visitor(origins)
  })
  afterAll(() => shop?.remove())

  test('keeps every overlapping add, and the cart at login', async () => {
    await visitor.ask(0, 'POST', '/cart/first')
    await Promise.all(Array.from({ length: 20 }, (_, index) => visitor.ask(index % 2, 'POST', `/cart/${index}`)))
    await visitor.ask(1, 'POST', '/login', LOGIN)
    const { answer } = await visitor.ask(0, 'GET', '/account')
    expect((answer as { cart: string[] }).cart.toSorted()).toEqual(
      ['first', ...Array.from({ length: 20 }, (_, index) => String(index))].toSorted(),
    )
  })

  test('refreshes a token once for 20 requests at once, on two servers', async () => {
    expect(await visitor.ask(0, 'POST', '/login', LOGIN)).toMatchObject({ status: 303, location: '/account' })
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => (await visitor.ask(index % 2, 'GET', '/account')).answer),
    )
    expect(answers).toEqual(answers.map(() => ({ user: 'Ada', token: 'access-1', cart: [] })))
  })

  test('gives a new id at login, remembers the user where he asks for it, and forgets him at logout', async () => {
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
    await visitor.ask(0, 'POST', '/cart/apple')
    const stream = await fetch(`${origins[0]}/events`, { headers: { cookie: visitor.cookie } })
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
    shop.interrupt()
    expect(await shop.ends()).toBe(0)
  })
})
