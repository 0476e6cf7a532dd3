import { once } from 'node:events'
import { type IncomingMessage, type RequestOptions, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { LOCKS_BYTES_MAX, PAGES_MAX } from '../../../inspector/limits.js'
import type { Entry } from '../../../inspector/model/entry.js'
import type { PlayCommand } from '../../../inspector/model/play.js'
import { History } from '../../../local/inspector/history.js'
import { Pages } from '../../../local/inspector/pages.js'
import { InspectorServer } from '../../../local/inspector/server.js'

let history: History
let pages: Pages
let server: InspectorServer
let address: URL
const commands: PlayCommand[] = []
const locks: string[] = []
let hasDemo = true

beforeEach(async () => {
  history = new History()
  pages = new Pages(history)
  server = new InspectorServer({
    pages,
    read: async () => {},
    carryOut: (command) => {
      if (command.do === 'cut') return Promise.reject(new Error('it has no connection'))
      return hasDemo ? Promise.resolve(void commands.push(command)) : undefined
    },
    takeLocks: (body) => {
      locks.push(body)
      return 204
    },
  })
  await server.start(0)
  address = new URL(server.address)
  hasDemo = true
  commands.length = 0
  locks.length = 0
})
afterEach(() => server.stop())

const own = () => ({ host: address.host, origin: address.origin, 'content-type': 'application/json' })

async function ask(path: string, options: RequestOptions = {}, body = ''): Promise<IncomingMessage> {
  const { hostname, port, pathname } = address
  const sent = request({ hostname, port, path: `${pathname}${path}`, agent: false, ...options })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return response
}

/** The frames of a page, one after another. */
async function open(headers: Record<string, string> = {}) {
  const response = await ask('events', { headers: { host: address.host, ...headers } })
  const frames: string[] = []
  const waiting: (() => void)[] = []
  let rest = ''
  response.on('data', (chunk: Buffer) => {
    const parts = `${rest}${chunk.toString()}`.split('\n\n')
    rest = parts.pop() ?? ''
    frames.push(...parts)
    for (const wake of waiting.splice(0)) wake()
  })
  response.on('error', () => {})
  return {
    response,
    async next(): Promise<string> {
      while (frames.length === 0) await new Promise<void>((resolve) => waiting.push(resolve))
      return frames.shift() ?? ''
    },
  }
}

const numbersIn = (frame: string) => (JSON.parse(/^data: (.*)$/m.exec(frame)?.[1] ?? '') as Entry[]).map(({ n }) => n)
const lock = (epoch: number) => ({ kind: 'lock', session: 'shop#abcdefghij', epoch, holder: 'a', waiters: [] }) as const

test('a page gets what was, and then what comes', async () => {
  history.add(lock(1), 1)
  const page = await open()
  expect(page.response.headers['content-type']).toContain('text/event-stream')
  expect(await page.next()).toMatch(/^event: start\ndata: \{"base":\[\],"nowMs":\d+\}$/)
  const frame = await page.next()
  expect(frame).toMatch(/^id: 1\n/)
  expect(numbersIn(frame)).toEqual([1])
  history.add(lock(2), 2)
  history.add(lock(3), 3)
  pages.added()
  expect(numbersIn(await page.next())).toEqual([2, 3])
})

test('a page that comes back gets what it has missed, or begins anew', async () => {
  for (const epoch of [1, 2, 3]) history.add(lock(epoch), epoch)
  const back = await open({ 'last-event-id': '1' })
  expect(numbersIn(await back.next())).toEqual([2, 3])
  // A page that had hung up says the same in its address.
  const returned = await ask('events?after=2', { headers: { host: address.host } })
  returned.setEncoding('utf8')
  const [first] = (await once(returned, 'data')) as [string]
  expect(numbersIn(first)).toEqual([3])
  const stranger = await open({ 'last-event-id': '77' })
  expect(await stranger.next()).toContain('event: start')
})

test('so many pages at a time', async () => {
  for (let index = 0; index < PAGES_MAX; index += 1) await open()
  expect((await ask('events', { headers: { host: address.host } })).statusCode).toBe(503)
})

test.each([
  ['a rebinding host', { host: 'evil.example' }, 'refused: the inspector answers under 127.0.0.1'],
  ['a foreign origin', { origin: 'http://evil.example' }, 'refused: another page may not ask'],
])('%s is refused: page, events and commands', async (_, wrong, message) => {
  for (const [path, method] of [
    ['', 'GET'],
    ['events', 'GET'],
    ['play', 'POST'],
  ] as const) {
    const response = await ask(path, { method, headers: { ...own(), ...wrong } }, '{"do":"restartGateway"}')
    expect([response.statusCode, await text(response)]).toEqual([403, expect.stringContaining(message)])
  }
  expect(commands).toEqual([])
})

test('a wrong token is refused', async () => {
  const response = await ask('', { path: `/${'A'.repeat(32)}/`, headers: { host: address.host } })
  expect(response.statusCode).toBe(403)
})

test('no answer lets another page read it, frame it, or run a script of its own in it', async () => {
  const { headers } = await ask('nothing', { headers: { host: address.host } })
  expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'")
  expect(headers['content-security-policy']).not.toContain('unsafe')
  expect(headers['access-control-allow-origin']).toBeUndefined()
  expect(headers).toMatchObject({
    'cross-origin-resource-policy': 'same-origin',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  })
})

test('a command is carried out, or its failure is told', async () => {
  const send = async (body: string) => {
    const response = await ask('play', { method: 'POST', headers: own() }, body)
    return [response.statusCode, await text(response)]
  }
  expect(await send('{"do":"freeze","server":"server-1"}')).toEqual([204, ''])
  expect(commands).toEqual([{ do: 'freeze', server: 'server-1' }])
  expect(await send('{"do":"cut","server":"server-1"}')).toEqual([409, 'it has no connection'])
  expect(await send('{"do":"format"}')).toEqual([400, 'there is no such command'])
  expect(await send(`{"do":"freeze","server":"${'x'.repeat(5_000)}"}`)).toEqual([413, 'too long'])
  hasDemo = false
  expect(await send('{"do":"restartGateway"}')).toEqual([404, 'this stack has no demo'])
})

test('what a form of another page could send is no command', async () => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
    const headers = { ...own(), 'content-type': type }
    expect((await ask('play', { method: 'POST', headers }, '{"do":"restartGateway"}')).statusCode).toBe(415)
  }
  expect(commands).toEqual([])
})

test('other files and methods are not there', async () => {
  const { host } = address
  expect((await ask('../../package.json', { headers: { host } })).statusCode).toBe(404)
  expect((await ask('app.js', { method: 'DELETE', headers: own() })).statusCode).toBe(405)
})

describe('what an application says of its locks', () => {
  const tell = (options: RequestOptions, body = '{"facts":[]}') =>
    ask(
      '',
      { method: 'POST', path: new URL(server.locksAddress).pathname, headers: { host: address.host }, ...options },
      body,
    )

  test('is taken under a token of its own, which opens nothing else', async () => {
    expect((await tell({})).statusCode).toBe(204)
    expect(locks).toEqual(['{"facts":[]}'])
    expect(server.locksAddress).not.toContain(address.pathname)
    const root = new URL('./', server.locksAddress).pathname
    for (const [path, method] of [
      ['', 'GET'],
      ['events', 'GET'],
      ['app.js', 'GET'],
      ['locks', 'GET'],
      ['play', 'POST'],
      ['read', 'POST'],
    ] as const) {
      expect((await tell({ method, path: `${root}${path}` })).statusCode).toBe(404)
    }
    expect([commands, locks]).toEqual([[], ['{"facts":[]}']])
  })

  test('is refused of a page of a browser, of another host, with a wrong token, and where it is long', async () => {
    const { host, origin } = address
    expect((await tell({ headers: { host, origin } })).statusCode).toBe(403)
    expect((await tell({ headers: { host, origin: 'http://evil.example' } })).statusCode).toBe(403)
    expect((await tell({ headers: { host, 'sec-fetch-site': 'cross-site' } })).statusCode).toBe(403)
    expect((await tell({ headers: { host: 'evil.example' } })).statusCode).toBe(403)
    expect((await tell({ path: `/${'A'.repeat(32)}/locks` })).statusCode).toBe(403)
    expect((await tell({}, 'x'.repeat(LOCKS_BYTES_MAX + 1))).statusCode).toBe(413)
    // The page's own token is for the page.
    expect((await ask('locks', { method: 'POST', headers: own() }, '{"facts":[]}')).statusCode).toBe(404)
    expect(locks).toEqual([])
  })
})

test('a taken port is said', async () => {
  const other = new InspectorServer({ pages, read: async () => {}, carryOut: () => undefined })
  await expect(other.start(Number(address.port))).rejects.toMatchObject({ code: 'LOCAL_START' })
})
