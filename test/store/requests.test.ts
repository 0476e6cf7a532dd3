import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { Agent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { inspect, promisify } from 'node:util'
import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import { ForeignAnswerError, type Item, NotSentError } from '../../protocol/dynamodb.js'
import { watched } from '../../store/connecting.js'
import { DynamoDbStore } from '../../store/dynamodb.js'
import { Requests } from '../../store/requests.js'

/** Long enough for a request on this machine, short enough to wait for. */
const TIMEOUT_MS = 500
const BODY = JSON.stringify({ Item: { pk: { S: 'key' } } })
const HEAD = `HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: ${BODY.length}\r\n\r\n`
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }

/** A DynamoDB that answers each request as the test says, on a real connection. */
class Peer {
  answer: (socket: Socket, request: string) => void = (socket) => socket.write(HEAD + BODY)
  readonly sockets = new Set<Socket>()
  readonly requests: string[] = []
  private readonly server: Server

  constructor() {
    this.server = createServer((socket) => {
      this.sockets.add(socket)
      socket.on('error', () => {}).on('close', () => this.sockets.delete(socket))
      socket.on('data', (data) => {
        // Small requests on one machine arrive in one or two parts: the body is the one that ends with a brace.
        const text = data.toString()
        if (!text.endsWith('}')) return
        this.requests.push(text)
        this.answer(socket, text)
      })
    }).listen(0, '127.0.0.1')
  }

  async endpoint(): Promise<string> {
    if (!this.server.listening) await once(this.server, 'listening')
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  /** Resolves when no connection is left: the SDK has let go of each. */
  async deserted(): Promise<void> {
    await Promise.all([...this.sockets].map((socket) => once(socket, 'close')))
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    this.server.close()
    await once(this.server, 'close')
  }
}

describe('a request to DynamoDB', () => {
  let peer: Peer
  const clients: DynamoDBClient[] = []
  beforeEach(() => {
    peer = new Peer()
  })
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy()
    await peer.stop()
  })

  async function make(options: DynamoDBClientConfig = {}, requestsMax = 50, timeoutMs = TIMEOUT_MS) {
    const endpoint = await peer.endpoint()
    const client = new DynamoDBClient({ endpoint, region: 'eu-west-1', credentials, maxAttempts: 1, ...options })
    clients.push(client)
    const requests = new Requests({ timeoutMs, requestsMax })
    const store = new DynamoDbStore(client, { sessions: 'Sessions' }, requests)
    const get = (signal?: AbortSignal): Promise<Item | undefined> => store.get('sessions', 'key', signal)
    return { requests, get }
  }
  const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => undefined,
      (error: unknown) => error,
    )

  test.each([
    ['stalls in its body', HEAD + BODY.slice(0, 5)],
    ['stalls in its headers', HEAD.slice(0, 30)],
    ['never comes', ''],
  ])('whose answer %s is over after its bound, may have landed, and leaves no connection', async (_, part) => {
    peer.answer = (socket) => socket.write(part)
    const { get } = await make()
    const failure = await failureOf(get())
    expect(failure).toMatchObject({ name: 'TimeoutError', message: `no whole answer within ${TIMEOUT_MS} ms` })
    expect(failure).not.toBeInstanceOf(NotSentError)
    await peer.deserted()
    peer.answer = (socket) => socket.write(HEAD + BODY)
    expect(await get()).toEqual({ pk: { S: 'key' } })
  })

  test('whose answer trickles in is over after its bound, too', async () => {
    const timers: NodeJS.Timeout[] = []
    peer.answer = (socket) => {
      let sent = 0
      socket.write(HEAD)
      timers.push(setInterval(() => socket.write(BODY[sent++] ?? ''), TIMEOUT_MS / 4))
    }
    const { get } = await make()
    expect(await failureOf(get())).toMatchObject({ name: 'TimeoutError' })
    for (const timer of timers) clearInterval(timer)
    await peer.deserted()
  })

  /** An agent whose connections never open: their host's name is looked up for ever. */
  class DeafAgent extends Agent {
    readonly opened: Socket[] = []
    override createConnection(): Socket {
      const socket = connect({ host: 'deaf.invalid', port: 1, lookup: () => {} })
      this.opened.push(socket)
      return socket
    }
  }

  test('whose connection never opens is over after its bound, and was not sent', async () => {
    const agent = new DeafAgent()
    const { get } = await make({ requestHandler: { httpAgent: watched(agent) } })
    expect(await failureOf(get())).toMatchObject({ name: 'NotSentError', cause: { name: 'TimeoutError' } })
    expect(agent.opened.map(({ destroyed }) => destroyed)).toEqual([true])
  })

  test('whose TLS never comes about was not sent', async () => {
    const { port } = new URL(await peer.endpoint())
    const requestHandler = { httpsAgent: watched(new HttpsAgent()) }
    const { get } = await make({ endpoint: `https://127.0.0.1:${port}`, requestHandler })
    expect(await failureOf(get())).toMatchObject({ name: 'NotSentError', cause: { name: 'TimeoutError' } })
    await peer.deserted()
  })

  test('whose connection is refused was not sent', async () => {
    const { get } = await make({ requestHandler: { httpAgent: watched(new Agent()) } })
    const { host } = new URL(await peer.endpoint())
    await peer.stop()
    const failure = await failureOf(get())
    expect(failure).toBeInstanceOf(NotSentError)
    expect(String((failure as NotSentError).cause)).toContain('ECONNREFUSED')
    expect((failure as NotSentError).host).toBe(host)
    peer = new Peer()
  })

  test.each([
    [407, ''],
    [404, ''],
    [403, '{"message":"Forbidden"}'],
    [503, '<html>secret</html>'],
    [502, ''],
    [200, '<html>secret</html>'],
  ])('that something else answers, with status %d and %p, fails with the host and the status', async (status, body) => {
    const head = `HTTP/1.1 ${status} Answer\r\ncontent-type: text/html\r\ncontent-length: ${body.length}\r\n\r\n`
    peer.answer = (socket) => socket.write(head + body)
    const { host } = new URL(await peer.endpoint())
    const { get } = await make()
    const failure = await failureOf(get())
    expect(failure).toBeInstanceOf(ForeignAnswerError)
    expect(failure).toMatchObject({ $metadata: { httpStatusCode: status } })
    expect((failure as Error).message).toBe(`${host} answered with status ${status}, and not as DynamoDB does`)
    expect(inspect(failure, { showHidden: true, depth: 9 })).not.toContain('secret')
  })

  test("that DynamoDB itself refuses fails with DynamoDB's error", async () => {
    const body = '{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"}'
    peer.answer = (socket) => socket.write(`HTTP/1.1 400 Bad\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
    const { get } = await make()
    expect(await failureOf(get())).toMatchObject({ name: 'ResourceNotFoundException' })
  })

  test('whose answer breaks off in its body has no answer, whatever the status of its head', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [join(__dirname, 'broken-off.mjs')])
    // A status would say that DynamoDB has refused it for good.
    const brokenOff = { name: 'ECONNRESET', message: 'the answer broke off' }
    expect(JSON.parse(stdout)).toEqual([brokenOff, brokenOff, brokenOff])
  })

  test('on a connection that is open already may have landed, also with a watched agent', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const { get } = await make({ requestHandler: { httpAgent: watched(agent) } })
    expect(await get()).toEqual({ pk: { S: 'key' } })
    peer.answer = () => {}
    const failed = await failureOf(get())
    expect(failed).toMatchObject({ name: 'TimeoutError' })
    expect(failed).not.toBeInstanceOf(NotSentError)
    await peer.deserted()
    // The first request on a new connection.
    const failure = failureOf(get())
    while (peer.requests.length < 3) await new Promise(setImmediate)
    for (const socket of peer.sockets) socket.destroy()
    expect(String(await failure)).toContain('socket hang up')
    expect(await failure).not.toBeInstanceOf(NotSentError)
    agent.destroy()
  })

  test('whose credentials do not come is not sent, not even when they come later', async () => {
    let provide: (given: typeof credentials) => void = () => {}
    const provider = () => new Promise<typeof credentials>((resolve) => (provide = resolve))
    const { get } = await make({ credentials: provider })
    const failure = await failureOf(get())
    expect(failure).toBeInstanceOf(NotSentError)
    expect(failure).toMatchObject({ cause: { name: 'TimeoutError' } })
    provide(credentials)
    expect(await get()).toEqual({ pk: { S: 'key' } })
    expect(peer.requests).toHaveLength(1)
  })

  test.each([
    ['an error', Object.assign(new Error('no'), { name: 'ValidationException', $metadata: { httpStatusCode: 400 } })],
    ['undefined', undefined],
    ['a number', 5],
  ])('whose provider rejects with %s is not sent', async (_, reason) => {
    const provider = async () => {
      throw reason as Error
    }
    const { get } = await make({ credentials: provider })
    expect(await failureOf(get())).toBeInstanceOf(NotSentError)
    expect(peer.requests).toEqual([])
  })

  test('waits for its turn, in order, without losing its own time', async () => {
    const ends: (() => void)[] = []
    const order: string[] = []
    peer.answer = (socket) => ends.push(() => socket.write(HEAD + BODY))
    const { get } = await make({}, 2)
    const all = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => get().then(() => order.push(name)))
    const pacing = setInterval(() => ends.shift()?.(), TIMEOUT_MS / 5)
    await Promise.all(all)
    clearInterval(pacing)
    expect(order).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
    expect(peer.requests).toHaveLength(6)
    expect(peer.sockets.size).toBeLessThanOrEqual(2)
  })

  test('that its caller ends is not sent while it waits, and may have landed once it is under way', async () => {
    peer.answer = () => {}
    const { get } = await make({}, 1)
    const [first, second] = [new AbortController(), new AbortController()]
    const underWay = failureOf(get(first.signal))
    const waiting = failureOf(get(second.signal))
    while (peer.requests.length === 0) await new Promise(setImmediate)
    const reason = new Error('not needed')
    second.abort(reason)
    expect(await waiting).toMatchObject({ cause: reason })
    first.abort(reason)
    expect(await underWay).toBe(reason)
    await peer.deserted()
    const never = await failureOf(get(AbortSignal.abort(reason)))
    expect(never).toMatchObject({ name: 'NotSentError', cause: reason })
    expect(peer.requests).toHaveLength(1)
  })

  test('that waits among a thousand ends with close(), and nothing more is sent', async () => {
    peer.answer = () => {}
    const { requests, get } = await make({}, 10, 60_000)
    const failures = Array.from({ length: 1_000 }, () => failureOf(get()))
    while (peer.requests.length < 10) await new Promise(setImmediate)
    const reason = new Error('closed')
    requests.close(reason)
    const ended = await Promise.all(failures)
    expect(ended.filter((failure) => failure === reason)).toHaveLength(10)
    expect(ended.filter((failure) => failure instanceof NotSentError && failure.cause === reason)).toHaveLength(990)
    await peer.deserted()
    expect(await failureOf(get())).toMatchObject({ name: 'NotSentError', cause: reason })
    expect(peer.requests).toHaveLength(10)
  })

  test('leaves no timer and no listener behind', async () => {
    const { get } = await make()
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    const before = timers()
    const { signal } = new AbortController()
    const added: string[] = []
    const counting = Object.assign(signal, {})
    const { addEventListener, removeEventListener } = AbortSignal.prototype
    counting.addEventListener = ((...args: Parameters<typeof addEventListener>) => {
      added.push('added')
      addEventListener.apply(signal, args)
    }) as typeof addEventListener
    counting.removeEventListener = ((...args: Parameters<typeof removeEventListener>) => {
      added.push('removed')
      removeEventListener.apply(signal, args)
    }) as typeof removeEventListener
    await get(counting)
    expect(added).toEqual(['added', 'removed'])
    expect(timers()).toBeLessThanOrEqual(before)
  })
})
