import { once } from 'node:events'
import { createServer, get } from 'node:http'
import { SIGNATURE_SKEW_MS } from '../../../local/gateway/aws-limits.js'
import { type GatewayHarness, open, refusal, signedHeaders, signerOf, startGateway } from '../harness.js'

/** Who may open a connection: signed by known credentials, allowed by IAM, and let in by the function. */
describe('a handshake', () => {
  let h: GatewayHarness
  beforeAll(async () => {
    h = await startGateway()
  })
  afterAll(() => h.stop())

  test('signed in its headers is let in', async () => {
    const client = await open(h.url, h.application.credentials)
    expect(h.gateway.list()).toEqual([
      { connectionId: expect.any(String), connectedAtMs: expect.any(Number), userArn: h.application.arn },
    ])
    client.socket.close()
    await client.closed
  })

  test('signed in its URL is let in', async () => {
    const { port } = h.gateway
    const signer = signerOf(h.application.credentials)
    const signed = await signer.presign(
      {
        method: 'GET',
        protocol: 'http:',
        hostname: '127.0.0.1',
        port,
        path: '/live',
        query: { 'a b': 'ü/?' },
        headers: { host: `127.0.0.1:${port}` },
      },
      { expiresIn: 60 },
    )
    const query = Object.entries(signed.query as Record<string, string>)
      .map((pair) => pair.map(encodeURIComponent).join('='))
      .join('&')
    const client = await openUnsigned(`${h.url}?${query}`)
    expect(await h.log.find('"a b":"ü/?"')).toBeTruthy()
    client.close()

    const changed = `${h.url}?${query.replace('a%20b=', 'a%20b=x')}`
    expect(await refusal(changed, {})).toMatchObject({ status: 403, type: 'InvalidSignatureException' })
  })

  test.each([
    ['without a signature', 'MissingAuthenticationTokenException', async () => ({})],
    [
      'signed with a wrong secret',
      'InvalidSignatureException',
      () => signedHeaders(h.url, { ...h.application.credentials, secretAccessKey: 'wrong' }),
    ],
    [
      'signed by an unknown key',
      'UnrecognizedClientException',
      () => signedHeaders(h.url, { accessKeyId: 'NOBODY', secretAccessKey: 'x' }),
    ],
    [
      'signed with a token that was never given',
      'UnrecognizedClientException',
      () => signedHeaders(h.url, { ...h.application.credentials, sessionToken: 'x' }),
    ],
    [
      'signed too long ago',
      'InvalidSignatureException',
      () => signedHeaders(h.url, h.application.credentials, new Date(Date.now() - SIGNATURE_SKEW_MS - 5_000)),
    ],
    [
      'signed in the future',
      'InvalidSignatureException',
      () => signedHeaders(h.url, h.application.credentials, new Date(Date.now() + SIGNATURE_SKEW_MS + 5_000)),
    ],
    [
      'signed for another path',
      'InvalidSignatureException',
      () => signedHeaders(h.url.replace('live', 'dead'), h.application.credentials),
    ],
    [
      'whose signed header was changed',
      'InvalidSignatureException',
      async () => ({ ...(await signedHeaders(h.url, h.application.credentials)), 'x-amz-date': '20200101T000000Z' }),
    ],
    [
      'whose signature is cut short',
      'InvalidSignatureException',
      async () => {
        const headers = await signedHeaders(h.url, h.application.credentials)
        return { ...headers, authorization: headers.authorization?.slice(0, -2) ?? '' }
      },
    ],
    ['by somebody whom no policy lets in', 'AccessDeniedException', () => signedHeaders(h.url, h.stranger.credentials)],
  ])('%s is refused', async (_, type, headers) => {
    const before = h.gateway.list().map(({ connectionId }) => connectionId)
    expect(await refusal(h.url, await headers())).toEqual({
      status: 403,
      type,
      body: { message: expect.any(String), connectionId: expect.any(String), requestId: expect.any(String) },
    })
    expect(h.gateway.list().filter(({ connectionId }) => !before.includes(connectionId))).toEqual([])
  })

  test('a little late, as clocks differ, is let in', async () => {
    const headers = await signedHeaders(
      h.url,
      h.application.credentials,
      new Date(Date.now() - SIGNATURE_SKEW_MS + 20_000),
    )
    const socket = await openUnsigned(h.url, headers)
    expect(socket.readyState).toBe(socket.OPEN)
    socket.close()
  })

  test('for another stage is forbidden', async () => {
    const url = h.url.replace('live', 'dead')
    const headers = await signedHeaders(url, h.application.credentials)
    expect(await refusal(url, headers)).toMatchObject({ status: 403, body: { message: 'Forbidden' } })
  })

  test.each([
    ['401', 401, 'not you'],
    ['403', 403, 'not you'],
    ['400', 400, 'not you'],
    ['500', 500, 'not you'],
  ])('that the function refuses fails with its status %s', async (refuse, status, message) => {
    const url = `${h.url}?refuse=${refuse}`
    const headers = await signedHeaders(url, h.application.credentials)
    expect(await refusal(url, headers)).toMatchObject({ status, body: { message } })
  })

  test.each([
    ['of another protocol', { upgrade: 'h2c' }],
    ['of another version', { 'sec-websocket-version': '7' }],
    ['without a key', { 'sec-websocket-key': '' }],
  ])('%s never reaches the function', async (_, changed) => {
    // The function would refuse it with this status.
    const url = `${h.url}?refuse=401`
    const headers = {
      ...(await signedHeaders(url, h.application.credentials)),
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    }
    const statusOf = async (sent: Readonly<Record<string, string>>) => {
      const [response] = await once(get(url.replace('ws:', 'http:'), { headers: sent }), 'response')
      response.resume()
      return response.statusCode
    }
    expect(await statusOf(headers)).toBe(401)
    expect(await statusOf({ ...headers, ...changed })).toBe(400)
  })

  test('on which the function throws fails as a bad gateway', async () => {
    const url = `${h.url}?fail=1`
    const headers = await signedHeaders(url, h.application.credentials)
    expect(await refusal(url, headers)).toMatchObject({ status: 502, body: { message: 'Internal server error' } })
  })

  test('is pending until the function has returned: until then a push finds nobody', async () => {
    const client = await h.open('?push=1')
    expect(await h.log.find('"push"')).toBe('{"push":"GoneException"}')
    expect(await client.ask({ type: 'echo', do: 'push', text: '"late enough"' })).toBe('late enough')
    client.socket.close()
  })

  test('needs no port of its own: one that is taken is an error', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const address = other.address() as { readonly port: number }
    const second = await startGateway()
    await second.gateway.stop()
    await expect(second.gateway.start(address.port)).rejects.toMatchObject({ code: 'LOCAL_START' })
    await second.stop()
    other.close()
  })
})

async function openUnsigned(url: string, headers: Record<string, string> = {}) {
  const { default: WebSocket } = await import('ws')
  const socket = new WebSocket(url, { headers })
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  return socket
}
