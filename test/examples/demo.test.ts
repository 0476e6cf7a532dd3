import { type ChildProcess, execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { DOCUMENT_CLIENT, EXPRESS_SESSION, prepareTable } from '../../examples/demo/sides.js'
import { type LocalStack, startLocalStack } from '../../local/index.js'
import { packageRoot } from '../../local/package-root.cjs'
import { Gate } from '../support/counting.js'
import { sharedDynamoDb } from '../support/shared-dynamodb.js'
import { builtExample, Program, survivors } from './programs.js'

const run = promisify(execFile)

/** The cells of a row of the table: Holdfast's, then those of the two that it is compared with. */
function row(output: string, label: string): readonly string[] {
  const line = output.split('\n').find((one) => one.trimStart().startsWith(`${label} `))
  if (line === undefined) throw new Error(`no row '${label}' in:\n${output}`)
  return line.trimStart().slice(label.length).trim().split(/ {3,}/)
}

describe('the demo', () => {
  let demo: Program | undefined
  afterEach(() => demo?.remove())

  test('loses no update, and shows the figures of all three sides', async () => {
    demo = Program.start('demo/demo.js', ['--users', '9', '--seconds', '2', '--warm-up', '1', '--seed', '1'])
    expect([await demo.ends(), demo.output]).toEqual([0, expect.stringContaining('holdfast: no update was lost')])
    const { output } = demo
    expect(output).toContain('9 users, 3 windows each, 1 + 2 s, seed 1')
    expect(output).toMatch(/\d s: \d+ requests, server-1 holds \d+, server-2 holds \d+, server-3 holds \d+, \d+ waited/)
    expect(output).toMatch(/ Holdfast +express-session +document client\n/)
    for (const requests of row(output, 'requests')) expect(Number(requests)).toBeGreaterThan(10)
    expect(row(output, 'failed')).toEqual(['0', '0', '0'])
    expect(output).toMatch(/A lost update is [\s\S]*?\n-+\nlost updates {3}/)
    const [lost, ...lostByOthers] = row(output, 'lost updates')
    expect(lost).toBe('0')
    // The same load and the same count do find losses: each page that adds to a cart sends two changes at once.
    for (const other of lostByOthers) expect(Number(other)).toBeGreaterThan(0)
    expect(Number(row(output, 'handoffs')[0])).toBeGreaterThan(0)
    expect(Number.parseFloat(row(output, 'reads of users who stay on one server')[0] ?? '')).toBeGreaterThanOrEqual(90)
    expect(row(output, 'served without any network call').slice(1)).toEqual(['0.0 %', '0.0 %'])
    for (const label of ['latency p50 / p99, all', 'session kept', 'session handed over']) {
      expect(row(output, label)[0]).toMatch(/^\d+\.\d \/ \d+\.\d ms$/)
    }
  }, 60_000)

  test('ends on Ctrl-C, and leaves no process behind', async () => {
    demo = Program.start('demo/demo.js', ['--users', '3'])
    await demo.says('three servers answer')
    const before = await demo.descendants()
    expect(before.length).toBeGreaterThan(3)
    demo.interrupt()
    expect(await demo.ends()).toBe(130)
    expect(await survivors(before)).toEqual([])
    expect(demo.output.trim()).toMatch(/holdfast: interrupted$/)
  }, 30_000)

  test('refuses options that make no sense', async () => {
    demo = Program.start('demo/demo.js', ['--users', '0'])
    expect(await demo.ends()).toBe(1)
    expect(demo.output).toBe("holdfast: --users must be an integer from 1 to 1000000, received '0'\n")
  })
})

test('a server that is too busy to answer is asked how it stands only once', async () => {
  const script = `
    import { ServerProcess } from './dist/esm/examples/shop/processes.js'
    import { EXPRESS_SESSION } from './dist/esm/examples/demo/sides.js'
    // Otherwise the fork would inherit the option that its script is a text.
    process.execArgv = []
    process.on('warning', ({ name }) => console.log(name))
    const server = await ServerProcess.start(EXPRESS_SESSION.script, 'busy', 0, {})
    process.kill(server.child.pid, 'SIGSTOP')
    const asked = Array.from({ length: 30 }, () => server.standing())
    process.kill(server.child.pid, 'SIGCONT')
    console.log(JSON.stringify([...new Set((await Promise.all(asked)).map((standing) => JSON.stringify(standing)))]))
    console.log(JSON.stringify(await server.standing()))
    await server.stop()`
  const nothing = { held: 0, waiting: 0, grants: 0 }
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: packageRoot })
  expect(stdout.trim().split('\n')).toEqual([JSON.stringify([JSON.stringify(nothing)]), JSON.stringify(nothing)])
}, 20_000)

/** A server of the demo, in a process of its own. */
class DemoServer {
  private constructor(
    private readonly child: ChildProcess,
    private readonly origin: string,
  ) {}

  static async start(script: string, environment: NodeJS.ProcessEnv): Promise<DemoServer> {
    const child = fork(builtExample(script), { env: { ...process.env, ...environment } })
    const [ready] = (await once(child, 'message')) as [{ readonly port: number }]
    return new DemoServer(child, `http://127.0.0.1:${ready.port}`)
  }

  async ask(method: string, path: string, cookie: string) {
    const response = await fetch(`${this.origin}${path}`, { method, headers: { cookie } })
    const { headers, status } = response
    return { status, headers, cookie: headers.get('set-cookie')?.split(';')[0] ?? cookie, body: await response.json() }
  }

  async stop(): Promise<void> {
    const exited = once(this.child, 'exit')
    this.child.kill('SIGTERM')
    await exited
  }
}

describe('what the demo compares', () => {
  let stack: LocalStack
  let server: DemoServer | undefined
  beforeAll(async () => {
    stack = await startLocalStack({ dynamoDbLocal: await sharedDynamoDb() })
  }, 30_000)
  afterEach(async () => {
    await server?.stop()
    server = undefined
  })
  afterAll(() => stack?.stop())

  test('calls an access free for which nobody sent a request', async () => {
    const shop = await DemoServer.start('shop/server.js', stack.env)
    server = shop
    let cookie = ''
    const ask = async (method: string, path: string) => {
      const before = stack.requests.snapshot()
      const { status, headers, ...answer } = await shop.ask(method, path, cookie)
      cookie = answer.cookie
      // Renewals come and go in Locks, whatever the shop does.
      const requests = stack.requests.since(before).filter(({ target }) => target !== stack.locksTable)
      const count = requests.reduce((sum, request) => sum + request.count, 0)
      return { status, session: headers.get('x-session'), waited: headers.get('x-waited'), count }
    }
    // A claim afresh, the commit that makes the session, and the commit of the cart.
    expect(await ask('POST', '/cart/apple')).toEqual({ status: 200, session: 'given', waited: 'yes', count: 3 })
    for (const path of ['/cart', '/profile', '/session', '/cart']) {
      expect(await ask('GET', path)).toEqual({ status: 200, session: 'kept', waited: 'no', count: 0 })
    }
    expect(await ask('POST', '/cart/pear')).toEqual({ status: 200, session: 'kept', waited: 'yes', count: 1 })
    expect(await ask('GET', '/cart')).toEqual({ status: 200, session: 'kept', waited: 'no', count: 0 })
  })

  test.each([
    ['express-session', EXPRESS_SESSION, 'demo/express-session-server.js'],
    ['the document client', DOCUMENT_CLIENT, 'demo/document-client-server.js'],
  ])('%s loses one of two updates that both began with the session as it was', async (_, { table }, script) => {
    const compared = await DemoServer.start(script, await prepareTable(stack, table))
    server = compared
    const { cookie } = await compared.ask('GET', '/cart', '')
    let reads = 0
    const bothHaveRead = new Gate()
    const restore = stack.dynamodb.inject({
      afterForward: async ({ operation, target }) => {
        if (operation !== 'GetItem' || target !== table) return undefined
        reads += 1
        if (reads === 2) bothHaveRead.open()
        await bothHaveRead.passed
        return undefined
      },
    })
    const added = ['apple', 'pear'].map((item) => compared.ask('POST', `/cart/${item}`, cookie))
    expect((await Promise.all(added)).map(({ status }) => status)).toEqual([200, 200])
    restore()
    const { cart } = (await compared.ask('GET', '/cart', cookie)).body as { readonly cart: readonly string[] }
    expect([['apple'], ['pear']]).toContainEqual(cart)
  })
})
