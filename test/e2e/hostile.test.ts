import { randomBytes } from 'node:crypto'
import { type NetConnectOpts, connect as netConnect, type Socket } from 'node:net'
import type { ClientOptions, WebSocket } from 'ws'
import type { Holdfast } from '../../client/index.js'
import type { FunctionLogLine } from '../../local/index.js'
import { problemOf } from '../functions/answers.js'
import { type Client, open } from '../local/harness.js'
import { timesEffort } from '../support/effort.js'
import { Random } from '../support/random.js'
import { FRAME_BYTES, inFrames, lie } from './lies.js'
import { LocalStackSuite, NO_RENEWALS } from './local-stack-suite.js'
import type { RawClient } from './raw-client.js'
import { sessionKey } from './tables.js'

interface Counter {
  count: number
}
type Fields = { readonly [field: string]: unknown }
type Send = WebSocket['send']

const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
console.info(`hostile bytes: SEED=${seed}`)

const FLOOD_MESSAGES = timesEffort(600)
/** So many unanswered at a time: more than 1,000 the local functions would not take. */
const FLOOD_WIDTH = 400

describe('bytes of a client that means no good', () => {
  let holder: RawClient
  let still: Map<string, string>
  const log: FunctionLogLine[] = []
  const honest: Holdfast<Counter>[] = []
  const served = [0, 0]
  const failures: unknown[] = []
  /** Ends the turns of the honest pair. */
  const end = new AbortController()
  let pair: Promise<void>[] = []
  /** Wake whoever waits for the honest pair to have been served. */
  const watching = new Set<() => void>()

  const increment = (holdfast: Holdfast<Counter>) =>
    holdfast.access('counted', { write: ['count'] }, ({ state }) => {
      state.count = (state.count ?? 0) + 1
    })

  /** One of two that take turns on one session, all through the tests. */
  async function goOn(index: 0 | 1): Promise<void> {
    while (!end.signal.aborted) {
      await increment(honest[index] as Holdfast<Counter>).catch((error: unknown) => failures.push(error))
      served[index] = (served[index] ?? 0) + 1
      for (const look of watching) look()
    }
  }

  // Before the suite's own: the pair stops first, and the stack last.
  afterAll(async () => {
    end.abort()
    await Promise.all(pair)
  }, 60_000)
  // A renewal would change a record that should be still.
  const suite = new LocalStackSuite<Counter>({ environment: NO_RENEWALS, onLog: (line) => log.push(line) }, 'suite')
  beforeAll(async () => {
    for (let index = 0; index < 2; index += 1) honest.push(suite.client({ label: 'one of the pair' }))
    for (const one of honest) await increment(one)
    served[0] = 1
    served[1] = 1
    holder = await suite.join()
    holder.send({ type: 'acquire', session: sessionKey('held'), r: 1 })
    await holder.next('granted')
    const counted = sessionKey('counted')
    const isMoving = (key: string, text: string) =>
      key === counted || key === `S#${counted}` || text.includes('one of the pair')
    still = new Map([...(await suite.tables.everything())].filter(([key, text]) => !isMoving(key, text)))
    pair = [goOn(0), goOn(1)]
  }, 60_000)

  const connect = () => open(suite.stack.config.url, suite.stack.credentials)
  /** A properly connected client, and what it says hello with. */
  async function join(): Promise<Client> {
    const client = await connect()
    const processId = randomBytes(12).toString('base64url')
    const secret = randomBytes(32).toString('base64url')
    expect(await client.ask({ type: 'hello', v: 1, processId, secret, label: '', gen: 1 })).toMatchObject({ gen: 1 })
    return client
  }

  const crashes = () =>
    log.filter(({ stream, text }) => stream === 'stderr' && /error|exit|timed out|too long/i.test(text))

  /** The honest pair is served from now on, both of them, and all that should be still is as it was. */
  async function expectNothingAmiss(): Promise<void> {
    const before = [...served]
    await new Promise<void>((resolve) => {
      const look = () => {
        if (served.some((count, index) => count < (before[index] ?? 0) + 2)) return
        watching.delete(look)
        resolve()
      }
      watching.add(look)
    })
    const now = await suite.tables.everything()
    for (const [key, text] of still) expect([key, now.get(key)]).toEqual([key, text])
    expect(failures).toEqual([])
    expect(crashes()).toEqual([])
    expect(log.filter(({ text }) => /"event":"failed"/.test(text))).toEqual([])
  }

  it.each<[string, number, (send: Send, socket: WebSocket) => void]>([
    ['text that is not UTF-8', 1007, (send) => send(Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), { binary: false })],
    ['text that is cut within a character', 1007, (send) => send(Buffer.from([0x22, 0xe2, 0x82]), { binary: false })],
    ['a binary frame', 1003, (send) => send(Buffer.from('{"type":"retire"}'), { binary: true })],
    ['a message of more than 128 KB', 1009, (_, socket) => inFrames(socket, Buffer.alloc(128 * 1024 + 1, 'x'))],
    ['a frame of 200 KB', 1009, (send) => send('x'.repeat(200 * 1024))],
  ])('end its own connection and nothing else: %s', async (_what, code, act) => {
    const client = await join()
    act(client.socket.send.bind(client.socket) as Send, client.socket)
    expect(await client.closed).toMatchObject({ code })
    await expectNothingAmiss()
  })

  it('end its own connection, where they are not even frames', async () => {
    let stream: Socket | undefined
    const createConnection = (options: NetConnectOpts) => {
      stream = netConnect(options)
      return stream
    }
    const client = await open(suite.stack.config.url, suite.stack.credentials, { createConnection } as ClientOptions)
    stream?.write(Buffer.alloc(64, 0xff))
    expect(await client.closed).toMatchObject({ code: 1002 })
    await expectNothingAmiss()
  })

  it.each<[string, string | Buffer, Fields]>([
    ['nothing', '', { code: 'MALFORMED' }],
    ['4 KB and a byte', '{"type":"retire"}'.padEnd(4_097), { code: 'TOO_LARGE' }],
    ['32 KB', 'x'.repeat(FRAME_BYTES), { code: 'TOO_LARGE' }],
    ['128 KB', Buffer.alloc(128 * 1024, '{'), { code: 'TOO_LARGE' }],
    ['20,000 levels', Buffer.from(`${'['.repeat(20_000)}${']'.repeat(20_000)}`), { code: 'TOO_LARGE' }],
    ['20,000 levels that never end', Buffer.from('{"a":'.repeat(20_000)), { code: 'TOO_LARGE' }],
    ['2,000 levels', `{"type":"renew","n":${'['.repeat(1_900)}${']'.repeat(1_900)}}`, { code: 'MALFORMED' }],
    ['zeros', '\u0000'.repeat(64), { code: 'MALFORMED' }],
    ['lone surrogates', '{"type":"\\ud800","\\udfff":1}', { code: 'UNKNOWN_TYPE' }],
    ["the gateway's own route", '{"type":"$connect"}', { code: 'UNKNOWN_TYPE' }],
    ["the gateway's other route", '{"type":"$disconnect"}', { code: 'UNKNOWN_TYPE' }],
    ['a polluting type', '{"type":"retire","__proto__":{"type":"hello"}}', { code: 'MALFORMED' }],
    ['the same field twice', '{"type":"retire","type":"renew","n":5}', { type: 'renewed', n: 5 }],
  ])('are answered by the rules: %s', async (_what, text, expected) => {
    const client = await join()
    inFrames(client.socket, Buffer.from(text))
    if (text === '') client.socket.send('')
    const answer = await client.next()
    expect(answer).toMatchObject(expected)
    expect(problemOf(answer)).toBeUndefined()
    client.socket.close()
    await expectNothingAmiss()
  })

  it('may come in fragments, also of one byte, with pings between them', async () => {
    const client = await join()
    const bytes = Buffer.from(JSON.stringify({ type: 'renew', n: 12 }))
    for (const [index, byte] of bytes.entries()) {
      client.socket.send(Buffer.from([byte]), { binary: false, fin: index === bytes.length - 1 })
      if (index % 5 === 0) client.socket.ping()
    }
    expect(await client.next()).toMatchObject({ type: 'renewed', n: 12 })
    // One that never ends keeps nobody waiting.
    client.socket.send('{"type":', { fin: false })
    client.socket.terminate()
    await expectNothingAmiss()
  })

  it('are refused when they are too many, each in so many words, and nobody else is', async () => {
    const random = new Random(seed)
    const client = await join()
    const codes = new Map<string, number>()
    const sessions = [sessionKey('counted'), sessionKey('held')]
    const flood = async (write: () => string, isEnough: (sent: number) => boolean) => {
      let sent = 0
      let answered = 0
      while (answered < sent || !isEnough(sent)) {
        for (; sent - answered < FLOOD_WIDTH && !isEnough(sent); sent += 1)
          inFrames(client.socket, Buffer.from(write()))
        const answer = (await client.next()) as Fields
        answered += 1
        expect([answer, problemOf(answer), ...crashes()]).toEqual([answer, undefined])
        const kind = String(answer.code ?? answer.type)
        codes.set(kind, (codes.get(kind) ?? 0) + 1)
      }
    }
    await flood(
      () => lie(random, sessions, holder),
      (sent) => sent === FLOOD_MESSAGES,
    )
    // On a slow machine so many lies of so many kinds may be within the bounds: renewals alone never are.
    await flood(
      () => JSON.stringify({ type: 'renew', n: 1 }),
      () => codes.has('TOO_MANY_MESSAGES'),
    )
    expect([...codes.keys()]).toEqual(expect.arrayContaining(['released', 'lost', 'noted', 'MALFORMED']))
    expect(codes.has('INTERNAL')).toBe(false)
    client.socket.close()
    await expectNothingAmiss()
  }, 300_000)

  it('leave nothing behind: every increment counts, and whoever comes next is served', async () => {
    end.abort()
    await Promise.all(pair)
    expect(failures).toEqual([])
    const count = await honest[0]?.access('counted', { read: ['count'] }, ({ state }) => state.count)
    expect(count).toBe((served[0] ?? 0) + (served[1] ?? 0))
    holder.send({ type: 'keep', session: sessionKey('held'), epoch: 1 })
    expect(await holder.next('lost')).toMatchObject({ epoch: 1 })
    const next = await join()
    expect(await next.ask({ type: 'acquire', session: sessionKey('new'), r: 1 })).toMatchObject({ type: 'granted' })
    next.socket.close()
  })
})
