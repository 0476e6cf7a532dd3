import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  ForbiddenException,
  GetConnectionCommand,
  GoneException,
  LimitExceededException,
  PayloadTooLargeException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi'
import type { Credentials } from '../../../local/iam/principals.js'
import { type GatewayHarness, startGateway } from '../harness.js'

const ABSENT = 'AAAAAAAAAAAAAAA='

/** The management endpoint, through the client that AWS made for it. */
describe('the management endpoint', () => {
  let h: GatewayHarness
  let api: ApiGatewayManagementApiClient
  const clients: ApiGatewayManagementApiClient[] = []
  const clientOf = (credentials: Credentials) => {
    const client = new ApiGatewayManagementApiClient({
      endpoint: h.endpoint,
      region: 'us-east-1',
      credentials,
      maxAttempts: 1,
    })
    clients.push(client)
    return client
  }
  const connect = async () => {
    const known = new Set(h.gateway.list().map(({ connectionId }) => connectionId))
    const client = await h.open()
    const id = h.gateway.list().find(({ connectionId }) => !known.has(connectionId))?.connectionId ?? ''
    return { client, id }
  }
  const post = (ConnectionId: string, Data: string | Uint8Array) =>
    api.send(new PostToConnectionCommand({ ConnectionId, Data }))

  beforeAll(async () => {
    h = await startGateway()
    api = clientOf(h.admin.credentials)
  })
  afterAll(async () => {
    for (const client of clients) client.destroy()
    await h.stop()
  })

  test('sends a message to a connection', async () => {
    const { client, id } = await connect()
    await post(id, '{"text":"ä"}')
    expect(await client.next()).toEqual({ text: 'ä' })
    client.socket.close()
  })

  test('sends up to 128 KB, in frames of up to 32 KB', async () => {
    const { client, id } = await connect()
    const text = JSON.stringify('ä'.repeat(64 * 1024 - 1))
    await post(id, text)
    expect(await client.next()).toBe(JSON.parse(text))
    expect(client.framesTooLarge).toBe(0)
    await expect(post(id, `${text}x`)).rejects.toThrow(PayloadTooLargeException)
    client.socket.close()
  })

  test('tells of a connection since when it is there and when it was last used', async () => {
    const { client, id } = await connect()
    const first = await api.send(new GetConnectionCommand({ ConnectionId: id }))
    await client.ask({ type: 'echo', do: 'wait', waitMs: 5 })
    const second = await api.send(new GetConnectionCommand({ ConnectionId: id }))
    expect(first.Identity?.SourceIp).toBe('127.0.0.1')
    expect(second.ConnectedAt).toEqual(first.ConnectedAt)
    expect(second.LastActiveAt?.getTime()).toBeGreaterThan(first.LastActiveAt?.getTime() ?? Number.NaN)
    client.socket.close()
  })

  test('ends a connection', async () => {
    const { client, id } = await connect()
    await api.send(new DeleteConnectionCommand({ ConnectionId: id }))
    expect(await client.closed).toEqual({ code: 1000, reason: 'Connection Closed Normally' })
    await expect(post(id, 'x')).rejects.toThrow(GoneException)
    expect(await h.log.find(id)).toBeTruthy()
  })

  test('says that a connection is gone, whatever is asked of it', async () => {
    const { client, id } = await connect()
    client.socket.close()
    await h.log.find(`"connectionId":"${id}"`)
    await client.closed
    await expect(post(id, 'x')).rejects.toThrow(GoneException)
    await expect(post(ABSENT, 'x')).rejects.toMatchObject({ $metadata: { httpStatusCode: 410 } })
    await expect(api.send(new GetConnectionCommand({ ConnectionId: ABSENT }))).rejects.toThrow(GoneException)
    await expect(api.send(new DeleteConnectionCommand({ ConnectionId: ABSENT }))).rejects.toThrow(GoneException)
  })

  test('refuses an id that is none', async () => {
    await expect(post('no-connection', 'x')).rejects.toMatchObject({
      name: 'BadRequestException',
      message: 'Invalid connectionId: no-connection',
      $metadata: { httpStatusCode: 400 },
    })
  })

  test.each([
    ['wrong secret', 'InvalidSignatureException', () => ({ ...h.admin.credentials, secretAccessKey: 'wrong' })],
    ['unknown key', 'UnrecognizedClientException', () => ({ accessKeyId: 'NOBODY', secretAccessKey: 'x' })],
    ['no right to it', 'AccessDeniedException', () => h.application.credentials],
  ])('refuses a sender with a %s', async (_, name, credentials) => {
    const { client, id } = await connect()
    const request = clientOf(credentials()).send(new PostToConnectionCommand({ ConnectionId: id, Data: 'x' }))
    await expect(request).rejects.toMatchObject({ name, $metadata: { httpStatusCode: 403 } })
    client.socket.close()
  })

  test('refuses what is not signed, and what is not its path', async () => {
    const unsigned = await fetch(`${h.endpoint}/@connections/${ABSENT}`, { method: 'POST', body: 'x' })
    expect(unsigned.status).toBe(403)
    expect(await unsigned.json()).toEqual({ message: 'Missing Authentication Token' })
    expect((await fetch(`${h.endpoint}/elsewhere/${ABSENT}`)).status).toBe(403)
    const elsewhere = new ApiGatewayManagementApiClient({
      endpoint: h.endpoint.replace('live', 'dead'),
      region: 'us-east-1',
      credentials: h.admin.credentials,
    })
    clients.push(elsewhere)
    await expect(elsewhere.send(new GetConnectionCommand({ ConnectionId: ABSENT }))).rejects.toThrow(ForbiddenException)
  })

  test('lets a function do what its role allows, and nothing else', async () => {
    const [sender, receiver] = [await connect(), await connect()]
    const before = h.counts.snapshot()
    const push = { type: 'echo', do: 'push', text: '"from a function"', connectionId: receiver.id }
    expect(await sender.client.ask(push)).toEqual({ push: 'ok' })
    expect(await receiver.client.next()).toBe('from a function')
    expect(h.counts.since(before)).toEqual([
      { caller: 'Main', target: '@connections', operation: 'POST', outcome: 'ok', count: 1, units: 0 },
    ])
    sender.client.socket.close()
    receiver.client.socket.close()
  })

  test('tells the sender of a client that reads too slowly', async () => {
    const { client, id } = await connect()
    client.socket.pause()
    const data = Buffer.alloc(128 * 1024, 'x')
    const flood = async () => {
      for (let i = 0; i < 1_000; i += 1) await post(id, data)
    }
    await expect(flood()).rejects.toThrow(LimitExceededException)
    client.socket.terminate()
  })

  test('loses the pushes that a test picks, and says that they were sent', async () => {
    const { client, id } = await connect()
    const restore = h.gateway.losePushes(
      ({ from, connectionId, text }) => from === 'admin' && connectionId === id && text === '1',
    )
    await post(id, '1')
    await post(id, '2')
    restore()
    await post(id, '1')
    expect([await client.next(), await client.next()]).toEqual([2, 1])
    client.socket.close()
  })
})
