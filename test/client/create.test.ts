import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { type WebSocket, WebSocketServer } from 'ws'
import { createHoldfast } from '../../client/index.js'
import { machineClock, machineRandomness } from '../../client/machine.js'
import type { ConnectFailure, Socket } from '../../client/ports.js'
import { SignedWebSocketTransport } from '../../client/process/websocket.js'

const REGION = 'eu-west-1'
const credentials = { accessKeyId: 'A', secretAccessKey: 'x' }

/** A port of this machine on which nobody listens. */
async function deafPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const closed = once(server, 'close')
  server.close()
  await closed
  return port
}

describe('a client made for this machine', () => {
  test.each([
    ['with credentials and an endpoint of its own', true],
    ['with what the AWS SDK finds', false],
  ])('tells within the time allowed that it cannot reach its store: %s', async (_, isOwn) => {
    const port = await deafPort()
    const endpoint = { dynamoDbEndpoint: `http://127.0.0.1:${port}` }
    const holdfast = createHoldfast({
      namespace: 'test',
      config: {
        url: `ws://127.0.0.1:${port}/live`,
        region: REGION,
        sessionsTable: 'Sessions',
        ...(isOwn ? endpoint : {}),
      },
      ...(isOwn ? { credentials } : {}),
    })
    const access = holdfast.access('an id', 'all', () => {}, { timeoutMs: 300 })
    await expect(access).rejects.toMatchObject({ code: expect.stringMatching(/^(UNREACHABLE|WAIT_TIMEOUT)$/) })
    await holdfast.close({ drainMs: 0 })
  })

  test('has a clock whose timers fire unless they are cancelled', async () => {
    const fired: string[] = []
    machineClock.after(0, () => fired.push('cancelled'), 'background').cancel()
    await new Promise<void>((resolve) => machineClock.after(1, resolve, 'awaited'))
    expect(fired).toEqual([])
    expect(machineClock.wallMs()).toBeGreaterThan(1_600_000_000_000)
    expect(machineClock.monotonicMs()).toBeGreaterThan(0)
    expect(machineRandomness.token(12)).toMatch(/^[A-Za-z0-9_-]{16}$/)
    expect(machineRandomness.fraction()).toBeLessThan(1)
  })
})

describe('a WebSocket to the store', () => {
  let server: Server
  let sockets: WebSocketServer
  let aws: DynamoDBClient
  let url: string
  beforeEach(async () => {
    aws = new DynamoDBClient({ region: REGION, credentials })
    server = createServer().listen(0, '127.0.0.1')
    sockets = new WebSocketServer({ server })
    await once(server, 'listening')
    url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/live`
  })
  afterEach(async () => {
    aws.destroy()
    for (const each of sockets.clients) each.terminate()
    const closed = once(server, 'close')
    sockets.close()
    server.close()
    await closed
  })

  /** Opens a connection; resolves with both ends of it, and what its own end is told. */
  async function connect() {
    const received: string[] = []
    let told: (failure: ConnectFailure | undefined) => void = () => {}
    let heard = () => {}
    const closed = new Promise<ConnectFailure | undefined>((resolve) => (told = resolve))
    const first = new Promise<void>((resolve) => (heard = resolve))
    const arrived = once(sockets, 'connection') as Promise<[WebSocket, { readonly headers: NodeJS.Dict<string> }]>
    const transport = new SignedWebSocketTransport(url, REGION, aws)
    const socket = await new Promise<Socket>((resolve) => {
      const opening: Socket = transport.open({
        opened: () => resolve(opening),
        received: (text) => {
          received.push(text)
          heard()
        },
        closed: (failure) => told(failure),
      })
    })
    const [peer, request] = await arrived
    return { socket, peer, received, first, closed, headers: request.headers }
  }

  test('is signed in its headers, and carries text both ways', async () => {
    const { socket, peer, received, first, closed, headers } = await connect()
    expect(headers.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=A\//)
    const arrived = once(peer, 'message')
    socket.send('there')
    expect(String((await arrived)[0])).toBe('there')
    peer.send(Buffer.from('bytes are not of the protocol'))
    peer.send('back')
    await first
    expect(received).toEqual(['back'])
    socket.close()
    expect(await closed).toBeUndefined()
    socket.send('too late')
    socket.close()
  })

  test('that the store closes is told once, without a failure', async () => {
    const { peer, closed } = await connect()
    peer.close()
    expect(await closed).toBeUndefined()
  })

  test('that is closed before it is open never opens', async () => {
    const events: string[] = []
    const transport = new SignedWebSocketTransport(url, REGION, aws)
    await new Promise<void>((resolve) => {
      transport
        .open({
          opened: () => events.push('opened'),
          received: () => {},
          closed: () => {
            events.push('closed')
            resolve()
          },
        })
        .close()
    })
    expect((await connect()).headers.host).toContain('127.0.0.1')
    expect([events, sockets.clients.size]).toEqual([['closed'], 1])
  })

  test('that nobody answers is told to be passing, with the reason', async () => {
    const transport = new SignedWebSocketTransport(`ws://127.0.0.1:${await deafPort()}/live`, REGION, aws)
    const failure = await new Promise<ConnectFailure | undefined>((resolve) => {
      transport.open({ opened: () => {}, received: () => {}, closed: resolve })
    })
    expect(failure).toMatchObject({
      kind: 'passing',
      message: expect.stringMatching(/^cannot reach 127\.0\.0\.1:\d+: /),
    })
  })

  test('for which there are no credentials is told to be passing', async () => {
    const noneFound = async () => {
      throw new Error('none were found')
    }
    const none = new DynamoDBClient({ region: REGION, credentials: noneFound })
    const transport = new SignedWebSocketTransport('wss://store.invalid/live', REGION, none)
    const failure = await new Promise<ConnectFailure | undefined>((resolve) => {
      transport.open({ opened: () => {}, received: () => {}, closed: resolve })
    })
    expect(failure).toMatchObject({ kind: 'passing', message: expect.stringContaining('no AWS credentials to sign') })
    none.destroy()
  })
})
