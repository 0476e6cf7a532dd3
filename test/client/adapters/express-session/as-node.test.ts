import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { Readable } from 'node:stream'
import { session } from '../../../../client/adapters/express-session/index.js'
import { createHoldfast } from '../../../../client/index.js'
import { createMemoryStack } from '../../../../local/index.js'
import { exchange, listen, requestText } from './raw-exchange.js'
import { type Handler, handlers, type Log } from './responses.js'
import { uses } from './uses.js'

const stack = createMemoryStack()
const holdfast = createHoldfast({ namespace: 'test', config: stack.config, credentials: stack.credentials })
// Each request makes a session, and so each response waits for a save.
const middleware = session({ holdfast, secret: 'a'.repeat(32), saveUninitialized: true })

afterAll(() => stack.stop())

/** The response without what differs between any two: the date and the cookie. */
const comparable = (text: string): string =>
  text
    .split('\r\n')
    .filter((line) => !/^(date|set-cookie):/i.test(line))
    .join('\r\n')

interface Seen {
  readonly text: string
  readonly isClean: boolean
  /** What the calls said, in order. */
  readonly log: Log
  /** The events. They may come a little later than in Node. */
  readonly events: readonly string[]
}

async function seen(handler: Handler, isHeld: boolean, request: string): Promise<Seen> {
  const log: Log = []
  const events: string[] = []
  const listener: RequestListener = (req, res) => {
    for (const event of ['finish', 'close', 'error']) res.on(event, () => events.push(event))
    const handle = (failed?: unknown) => {
      if (failed !== undefined) throw failed
      const done = handler(res, log, req)
      if (done instanceof Promise) done.catch((error: unknown) => log.push(`rejected: ${String(error)}`))
    }
    if (isHeld) middleware(req, res, handle)
    else handle()
  }
  const server = await listen(listener)
  try {
    const { text, isClean } = await exchange(server.port, request)
    return { text: comparable(text), isClean, log, events: events.toSorted() }
  } finally {
    const closed = once(server, 'close')
    server.close()
    await closed
  }
}

describe.each(['GET', 'HEAD'])('a held response to %s is to both sides as one of Node', (method) => {
  test.each([...handlers, ...uses])('%s', async (_, handler) => {
    const request = requestText(method, '/')
    expect(await seen(handler, true, request)).toEqual(await seen(handler, false, request))
  })
})

test('responses to requests that come one after the other on a connection keep their order', async () => {
  const handler: Handler = (res, _, req) => {
    if (req.url === '/1') setImmediate(() => res.end('first'))
    else if (req.url === '/2') Readable.from(['sec', 'ond']).pipe(res)
    else res.end('third')
  }
  const one = (path: string, connection: string) => requestText('GET', path, { Connection: connection })
  const request = one('/1', 'keep-alive') + one('/2', 'keep-alive') + one('/3', 'close')
  const held = await seen(handler, true, request)
  expect(held.text).toEqual((await seen(handler, false, request)).text)
  expect(held.text).toMatch(/first[\s\S]*ond[\s\S]*third/)
})

test('trailers are sent', async () => {
  const handler: Handler = (res) => {
    res.setHeader('Trailer', 'T')
    res.write('x')
    res.addTrailers({ T: '1' })
    res.end()
  }
  const request = requestText('GET', '/')
  expect(await seen(handler, true, request)).toEqual(await seen(handler, false, request))
})

test('a client of HTTP 1.0 gets the same', async () => {
  const request = 'GET / HTTP/1.0\r\nHost: test\r\n\r\n'
  const handler: Handler = (res) => {
    res.write('a')
    res.end('b')
  }
  expect(await seen(handler, true, request)).toEqual(await seen(handler, false, request))
})
