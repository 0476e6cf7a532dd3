import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beginning } from '../../cli/demo/story.js'
import { brokenPromise, type Outcome, Visitors } from '../../cli/demo/visitors.js'
import { DEMO_REQUESTS_AT_ONCE, DEMO_VISITORS } from '../../cli/limits.js'
import {
  type Ended,
  endAll,
  inPipe,
  inProcess,
  jsonOf,
  processesOf,
  type Running,
  startInPipe,
  startInTerminal,
  untilGone,
} from './programs.js'
import { DEMO, FAILED, matches } from './shapes.js'

const RUN_MS = 120_000

afterAll(endAll)

const failureOf = (ended: Ended) => [ended.code, matches(FAILED, jsonOf(ended)).error.code]

/** The page that it prints first answers. */
async function inspectorOf(running: Running): Promise<string> {
  await running.shows('watch it at ')
  while (!/watch it at \S+\s/.test(running.out + running.err)) await running.shows('/\n')
  const [, address = ''] = /watch it at (\S+)/.exec(running.out + running.err) ?? []
  expect((await fetch(address)).status).toBe(200)
  return address
}

test(
  'without a lock updates are lost, under one none is, and the counts add up',
  async () => {
    const running = startInPipe(['demo', '--seconds', '4', '--json'])
    const address = await inspectorOf(running)
    const ended = await running.ended
    expect([ended.code, ended.err]).toEqual([0, `holdfast: watch it at ${address}\n`])
    const { sides, handoffs, ...rest } = matches(DEMO, jsonOf(ended))
    expect(rest).toEqual({ inspector: address, isInterrupted: false, servers: 3 })
    const [unlocked, locked] = sides
    expect(sides.map(({ side, failed }) => [side, failed])).toEqual([
      ['unlocked', 0],
      ['holdfast', 0],
    ])
    expect(unlocked?.lost).toBeGreaterThan(0)
    expect(unlocked?.found).toBe((unlocked?.acknowledged ?? 0) - (unlocked?.lost ?? 0))
    expect(locked?.lost).toBe(0)
    expect(locked?.found).toBe(locked?.acknowledged)
    expect((locked?.kept ?? 0) + (locked?.waited ?? 0)).toBe(locked?.acknowledged)
    // One session goes from server to server; a visitor who opens a second page finds his own: a very busy machine opens none.
    for (const count of [locked?.waited, handoffs]) expect(count).toBeGreaterThan(0)
    const hasSecondPages = (locked?.acknowledged ?? 0) >= 2 * DEMO_VISITORS * DEMO_REQUESTS_AT_ONCE
    expect(locked?.kept).toBeGreaterThanOrEqual(hasSecondPages ? 1 : 0)
  },
  RUN_MS,
)

test(
  'on a terminal it prints the address first, tells what happens, and Ctrl-C ends it with totals',
  async () => {
    const running = startInTerminal(['demo', '--seconds', '600'])
    await inspectorOf(running)
    await running.shows('without a lock')
    running.child.stdin?.write('\x03')
    const { code, out } = await running.ended
    running.child.stdin?.end()
    expect(code).toBe(0)
    const lines = out.split('\r\n').filter((line) => !line.startsWith('holdfast: '))
    expect(lines[0]).toMatch(/^watch it at http:\/\/127\.0\.0\.1:\d+\/\S+\/$/)
    expect(out).toMatch(/3 application servers run, each a process of its own:\s+server-1 \(process \d+\) at http:/)
    expect(out).toMatch(/[\d,]+ items were acknowledged, [\d,]+ are in the carts/)
    expect(out).toContain('It was ended early.')
    expect(out).not.toContain('with Holdfast: a request locks')
  },
  RUN_MS,
)

test(
  'ended while it starts, it stops what it has started',
  async () => {
    const running = startInPipe(['demo', '--json'])
    await running.shows('watch it at')
    running.child.kill('SIGTERM')
    const ended = await running.ended
    expect(ended.code).toBe(0)
    const { sides, isInterrupted } = matches(DEMO, jsonOf(ended))
    expect(isInterrupted).toBe(true)
    expect(sides.every(({ side }) => side === 'unlocked')).toBe(true)
  },
  RUN_MS,
)

test(
  'a server that dies ends it, and its servers end with it',
  async () => {
    const running = startInPipe(['demo', '--seconds', '600'])
    await running.shows('without a lock')
    const ids = await processesOf(running)
    expect(ids.length).toBe(3)
    process.kill(ids[0] ?? 0, 'SIGKILL')
    const ended = await running.ended
    expect(ended.code).toBe(1)
    expect(ended.err).toMatch(/server-\d ended by itself \(SIGKILL\)/)
    await untilGone(ids)

    const killed = startInPipe(['demo', '--seconds', '600'])
    await killed.shows('without a lock')
    const others = await processesOf(killed)
    expect(others.length).toBe(3)
    killed.child.kill('SIGKILL')
    await untilGone(others)
  },
  RUN_MS,
)

const outcome = (changes: Partial<Outcome>): Outcome => ({
  side: 'holdfast',
  seconds: 1,
  acknowledged: 10,
  failed: 2,
  unknown: 1,
  found: 10,
  lost: 0,
  kept: 10,
  keptP50Ms: 1,
  waited: 0,
  waitedP50Ms: null,
  ...changes,
})

test.each<[string, Partial<Outcome>, boolean]>([
  ['all are there', {}, true],
  ['one of unknown outcome is there too', { found: 11 }, true],
  ['one is missing', { found: 9, lost: 1 }, false],
  ['one is there twice', { found: 12 }, false],
  ['some are missing without a lock', { side: 'unlocked', found: 3, lost: 7 }, true],
])('the promise of a lock: %s', (_, changes, isKept) => {
  expect(brokenPromise([outcome(changes)])?.code).toBe(isKept ? undefined : 'UPDATE_LOST')
})

test.each<[string, (response: ServerResponse) => void]>([
  ['is refused', (response) => void response.writeHead(503).end('{"error":"UNREACHABLE","effect":"none"}')],
  ['gets no answer', (response) => void response.destroy()],
])('a cart whose reading %s is not empty: nothing is said to be lost', async (_, answer) => {
  const server = createServer(({ method }, response) => {
    if (method === 'GET') answer(response)
    else response.end('{"items":1,"isKept":true}')
  })
  // A proxy for fetch, such as that of HTTP_PROXY, does not reach this machine.
  const proxied = jest.spyOn(globalThis, 'fetch').mockRejectedValue(new Error('the proxy refuses'))
  try {
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const visitors = new Visitors('holdfast', [`http://127.0.0.1:${(server.address() as AddressInfo).port}`])
    await expect(visitors.run(0.1, new AbortController().signal)).rejects.toMatchObject({ code: 'CART_UNREAD' })
    expect(visitors.acknowledged).toBeGreaterThan(0)
  } finally {
    proxied.mockRestore()
    server.closeAllConnections()
    server.close()
  }
})

test('it says for how long, a part of a second too', () => {
  expect(beginning('unlocked', 1.25, 'demo#x')).toMatch(/^For 1\.25 s without/)
})

test.each(['3', '601', 'x'])('--seconds %s is a wrong use', async (seconds) => {
  expect(await inProcess(['demo', '--seconds', seconds])).toMatchObject({ code: 2, out: '' })
})

test('without a Java it fails and says what to do', async () => {
  const ended = await inPipe(['demo', '--json'], { env: { PATH: '/nonexistent', JAVA_HOME: '/nonexistent' } })
  expect(failureOf(ended)[0]).toBe(1)
  expect(ended.out).toMatch(/Java/)
})
