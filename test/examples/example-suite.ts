import { Program } from './programs.js'

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

export const LOGIN = { name: 'Ada', password: 'secret' }

/** An example that runs for all tests of a suite, with a new visitor for each test. To be made where the suite is described. */
export class ExampleSuite {
  program!: Program
  origins!: readonly string[]
  visitor!: Visitor

  constructor(example: string, port: number) {
    beforeAll(async () => {
      this.program = Program.start('run.js', [example], { PORT: String(port) })
      await this.program.says('Ctrl-C ends all of it')
      this.origins = [...this.program.output.matchAll(/answers on (http:\S+)/g)].map(([, origin = '']) => origin)
    }, 60_000)
    beforeEach(() => {
      this.visitor = this.another()
    })
    afterAll(() => this.program?.remove())
  }

  /** Another visitor. */
  another(): Visitor {
    return new Visitor(this.origins)
  }

  /** What is in the cart of a visitor who logs in after 21 adds, of which 20 overlap; and what must be. */
  async carts(): Promise<{ readonly found: readonly string[]; readonly expected: readonly string[] }> {
    const { visitor } = this
    const items = Array.from({ length: 20 }, (_, index) => String(index))
    await visitor.ask(0, 'POST', '/cart/first')
    await Promise.all(items.map((item, index) => visitor.ask(index % 2, 'POST', `/cart/${item}`)))
    await visitor.ask(1, 'POST', '/login', LOGIN)
    const { answer } = await visitor.ask(0, 'GET', '/account')
    return { found: (answer as { cart: string[] }).cart.toSorted(), expected: ['first', ...items].toSorted() }
  }
}
