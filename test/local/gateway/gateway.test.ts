import { once } from 'node:events'
import { type GatewayHarness, open, startGateway } from '../harness.js'

/** What API Gateway promises of a WebSocket API, item by item, over functions in their own environments. */
test('starts and stops of a gateway are carried out one after the other', async () => {
  const h = await startGateway()
  const stopped = h.gateway.stop()
  await Promise.all([stopped, h.gateway.start(), h.gateway.start()])
  const client = await h.open()
  client.socket.terminate()
  await Promise.all([h.gateway.stop(), h.gateway.start(), h.gateway.stop()])
  await expect(h.open()).rejects.toThrow('ECONNREFUSED')
  await h.stop()
})

describe('the gateway', () => {
  let h: GatewayHarness
  beforeAll(async () => {
    h = await startGateway()
  })
  afterAll(() => h.stop())

  test('hands the function the event of a Lambda proxy integration', async () => {
    const client = await h.open('?a=1&a=2&b=')
    const { connect } = JSON.parse(await h.log.find('"connect"'))
    const { event } = (await client.ask({ type: 'echo', text: 'ä' })) as { event: unknown }
    client.socket.close(1000, 'done')
    const { disconnect } = JSON.parse(await h.log.find('"disconnect"'))

    const identity = {
      sourceIp: '127.0.0.1',
      accountId: '000000000000',
      accessKey: h.application.credentials.accessKeyId,
      caller: h.application.callerId,
      user: h.application.callerId,
      userArn: 'arn:aws:iam::000000000000:user/application',
    }
    const id = expect.stringMatching(/^[\w-]{15}=$/)
    const context = {
      connectionId: id,
      requestId: id,
      extendedRequestId: id,
      messageDirection: 'IN',
      connectedAt: expect.any(Number),
      requestTimeEpoch: expect.any(Number),
      requestTime: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
      identity: { sourceIp: '127.0.0.1' },
      apiId: expect.stringMatching(/^[a-z0-9]{10}$/),
      stage: 'live',
      domainName: `127.0.0.1:${h.gateway.port}`,
    }
    expect(connect).toEqual({
      headers: expect.objectContaining({ 'Sec-WebSocket-Version': '13', 'X-Forwarded-For': '127.0.0.1' }),
      multiValueHeaders: expect.objectContaining({ 'Sec-WebSocket-Version': ['13'] }),
      queryStringParameters: { a: '2', b: '' },
      multiValueQueryStringParameters: { a: ['1', '2'], b: [''] },
      requestContext: { ...context, identity, routeKey: '$connect', eventType: 'CONNECT' },
      isBase64Encoded: false,
    })
    expect(Object.keys(connect.headers).map((name) => name.toLowerCase())).not.toContain('authorization')
    expect(event).toEqual({
      requestContext: { ...context, routeKey: 'echo', eventType: 'MESSAGE', messageId: id },
      body: '{"type":"echo","text":"ä"}',
      isBase64Encoded: false,
    })
    expect(disconnect).toEqual({
      headers: expect.objectContaining({ 'x-restapi': '' }),
      multiValueHeaders: expect.objectContaining({ 'x-restapi': [''] }),
      requestContext: {
        ...context,
        routeKey: '$disconnect',
        eventType: 'DISCONNECT',
        disconnectStatusCode: 1000,
        disconnectReason: 'done',
      },
      isBase64Encoded: false,
    })
    expect(connect.requestContext.connectionId).toBe(disconnect.requestContext.connectionId)
  })

  test.each([
    ['a value that is a route', { type: 'echo' }, 'echo'],
    ['a value that is none', { type: 'nothing' }, '$default'],
    ['a missing value', {}, '$default'],
    ['a value that is no text', { type: { type: 'echo' } }, '$default'],
    ['a list', [{ type: 'echo' }], '$default'],
    ['null', null, '$default'],
    ['text that is no JSON', 'echo', '$default'],
    ['the name of a route of the gateway itself', { type: '$connect' }, '$default'],
    ['a property that all objects have', { type: 'constructor' }, '$default'],
  ])('selects the route by %s', async (_, message, routeKey) => {
    const client = await h.open()
    expect(await client.ask(message)).toMatchObject({ event: { requestContext: { routeKey } } })
    client.socket.close()
  })

  test('returns a body only on a route that has a response', async () => {
    const client = await h.open()
    client.send({ type: 'oneWay' })
    client.send({ type: 'oneWay', do: 'push', text: '"pushed"' })
    // What the first would have answered would have come before this.
    expect(await client.next()).toBe('pushed')
    expect(await client.ask({ type: 'echo', do: 'wait', waitMs: 0 })).toMatchObject({ waited: 0 })
    client.socket.close()
  })

  test('answers with its own error frame when a function throws, on one-way routes too', async () => {
    const client = await h.open()
    const id = expect.stringMatching(/^[\w-]{15}=$/)
    const frame = { message: 'Internal server error', connectionId: id, requestId: id }
    expect(await client.ask({ type: 'echo', do: 'throw' })).toEqual(frame)
    expect(await client.ask({ type: 'oneWay', do: 'throw' })).toEqual(frame)
    await h.log.find('told to throw')
    client.socket.close()
  })

  test.each([
    ['nothing', undefined],
    ['null', null],
    ['a list', []],
    ['a status that is none', { statusCode: 'ok' }],
    ['a body that is no text', { statusCode: 200, body: { a: 1 } }],
    ['a body over 128 KB', { statusCode: 200, bodyBytes: 128 * 1024 + 1 }],
  ])('answers with its own error frame when a function returns %s', async (_, answer) => {
    const client = await h.open()
    expect(await client.ask({ type: 'echo', do: 'answer', answer })).toMatchObject({ message: 'Internal server error' })
    client.socket.close()
  })

  test('passes on an answer in base64 as the text that it encodes', async () => {
    const client = await h.open()
    const body = Buffer.from('{"a":1}').toString('base64')
    const answer = { statusCode: 200, body, isBase64Encoded: true }
    expect(await client.ask({ type: 'echo', do: 'answer', answer })).toEqual({ a: 1 })
    client.socket.close()
  })

  test('runs the messages of one connection side by side', async () => {
    const client = await h.open()
    client.send({ type: 'echo', do: 'wait', waitMs: 300 })
    client.send({ type: 'echo', do: 'wait', waitMs: 0 })
    expect(await client.next()).toMatchObject({ waited: 0 })
    expect(await client.next()).toMatchObject({ waited: 300 })
    client.socket.close()
  })

  test('takes a message of up to 128 KB in frames of up to 32 KB, and answers in such frames', async () => {
    const client = await h.open()
    const body = `"${'x'.repeat(100 * 1024)}"`
    sendInFrames(client.socket, { type: 'echo', do: 'answer', answer: { statusCode: 200, body } })
    expect(await client.next()).toHaveLength(100 * 1024)
    expect(client.framesTooLarge).toBe(0)
    client.socket.close()
  })

  test.each([
    ['a frame of more than 32 KB', 1009, (send: Send) => send('x'.repeat(32 * 1024 + 1))],
    ['a frame of more than 128 KB', 1009, (send: Send) => send('x'.repeat(200 * 1024))],
    ['a message of more than 128 KB', 1009, (send: Send) => fragments(send, 5)],
    ['a binary frame', 1003, (send: Send) => send(Buffer.from('{}'), { binary: true })],
  ])('closes the connection on %s', async (_, code, act) => {
    const client = await h.open()
    act((data, options = {}) => client.socket.send(data, options))
    expect(await client.closed).toMatchObject({ code })
    expect(await h.log.find(`"disconnectStatusCode":${code}`)).toBeTruthy()
  })

  test('takes a frame of exactly 32 KB', async () => {
    const client = await h.open()
    const message = JSON.stringify({ type: 'echo', do: 'wait', waitMs: 0, pad: '' })
    const pad = 'x'.repeat(32 * 1024 - message.length)
    expect(await client.ask(message.replace('"pad":""', `"pad":"${pad}"`))).toMatchObject({ waited: 0 })
    client.socket.close()
  })

  test('answers pings', async () => {
    const client = await h.open()
    client.socket.ping('?')
    const [data] = await once(client.socket, 'pong')
    expect(String(data)).toBe('?')
    client.socket.close()
  })

  test('tells $disconnect of a connection that broke, and of one that was closed without a status', async () => {
    const [broken, closed] = [await h.open(), await h.open()]
    broken.socket.terminate()
    await h.log.find('"disconnectStatusCode":1006')
    closed.socket.close()
    expect(await h.log.find('"disconnectStatusCode":1005')).toContain('Client-side close frame status not set')
  })
})

type Send = (data: string | Buffer, options?: { readonly binary?: boolean; readonly fin?: boolean }) => void

function fragments(send: Send, count: number): void {
  for (let i = 1; i <= count; i += 1) send('x'.repeat(32 * 1024), { fin: i === count })
}

function sendInFrames(socket: { send(data: string, options: { fin: boolean }): void }, message: unknown): void {
  const text = JSON.stringify(message)
  for (let at = 0; at < text.length; at += 32 * 1024) {
    socket.send(text.slice(at, at + 32 * 1024), { fin: at + 32 * 1024 >= text.length })
  }
}

describe('the limits of the gateway', () => {
  test('an idle connection is told to go away, and one that is used is not', async () => {
    const h = await startGateway({ idleTimeoutMs: 800 })
    try {
      const [idle, used] = [await h.open(), await h.open()]
      const using = (async () => {
        for (let i = 0; i < 25; i += 1) await used.ask({ type: 'echo', do: 'wait', waitMs: 50 })
      })()
      expect(await idle.closed).toEqual({ code: 1001, reason: 'Going away' })
      await using
      expect(used.socket.readyState).toBe(used.socket.OPEN)
      await h.log.find('"disconnectStatusCode":1001')
      expect(await used.closed).toMatchObject({ code: 1001 })
    } finally {
      await h.stop()
    }
  })

  test('a connection is told to go away at the end of its life, used or not', async () => {
    const h = await startGateway({ connectionLifetimeMs: 300 })
    try {
      const client = await h.open()
      const use = async () => {
        while (client.socket.readyState === client.socket.OPEN) {
          client.send({ type: 'oneWay' })
          await new Promise((resolve) => client.socket.ping(resolve))
        }
      }
      void use()
      expect(await client.closed).toEqual({ code: 1001, reason: 'Going away' })
    } finally {
      await h.stop()
    }
  })

  test('a function that takes longer than the integration may is answered for', async () => {
    const h = await startGateway({ integrationTimeoutMs: 1_500 })
    try {
      const client = await h.open()
      const answer = await client.ask({ type: 'echo', do: 'wait', waitMs: 4_000 })
      expect(answer).toMatchObject({ message: 'Endpoint request timed out', connectionId: expect.any(String) })
    } finally {
      await h.stop()
    }
  })

  test('a message without a route is forbidden where there is no $default', async () => {
    const h = await startGateway({}, ({ Resources }) => {
      delete Resources.Default
      delete Resources.DefaultResponse
    })
    try {
      const client = await h.open()
      expect(await client.ask({ type: 'nothing' })).toEqual({
        message: 'Forbidden',
        connectionId: expect.any(String),
        requestId: expect.any(String),
      })
    } finally {
      await h.stop()
    }
  })

  test('a gateway that dies tells nobody, and comes back on its port', async () => {
    const h = await startGateway()
    try {
      const client = await h.open()
      const { port } = h.gateway
      await h.gateway.stop()
      expect(await client.closed).toMatchObject({ code: 1006 })
      await expect(h.open()).rejects.toThrow('ECONNREFUSED')
      await h.gateway.start()
      expect(h.gateway.port).toBe(port)
      const next = await open(h.url, h.application.credentials)
      expect(await next.ask({ type: 'echo', do: 'wait', waitMs: 0 })).toMatchObject({ waited: 0 })
      expect(h.log.has('"disconnect"')).toBe(false)
      expect(h.gateway.list()).toHaveLength(1)
    } finally {
      await h.stop()
    }
  })
})
