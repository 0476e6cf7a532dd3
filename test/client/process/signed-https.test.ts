import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { HTTPS_TIMEOUT_MS, HTTPS_TRIES_MAX } from '../../../client/limits.js'
import { SignedHttps } from '../../../client/process/signed-https.js'
import { MESSAGE_BYTES_MAX } from '../../../protocol/limits.js'

const SPEAKER = { processId: 'p'.repeat(16), secret: 's'.repeat(43), connectionId: 'c'.repeat(12) }

type Answer = (request: IncomingMessage, response: ServerResponse) => void

describe('a message over HTTPS', () => {
  let server: Server
  let aws: DynamoDBClient
  let requests: { readonly headers: IncomingMessage['headers']; readonly body: string }[]
  /** What the far end does, request by request; the last one goes on. */
  let answers: Answer[]
  let refused: unknown[]
  let https: SignedHttps
  beforeEach(async () => {
    requests = []
    refused = []
    const received = async (request: IncomingMessage, response: ServerResponse) => {
      let body = ''
      for await (const chunk of request) body += String(chunk)
      requests.push({ headers: request.headers, body })
      const answer = answers.length > 1 ? answers.shift() : answers[0]
      answer?.(request, response)
    }
    server = createServer((request, response) => void received(request, response))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    aws = new DynamoDBClient({ region: 'eu-west-1', credentials: { accessKeyId: 'A', secretAccessKey: 'x' } })
    const { port } = server.address() as AddressInfo
    https = new SignedHttps(`http://127.0.0.1:${port}/`, 'eu-west-1', aws, (error) => refused.push(error.name))
  })
  afterEach(async () => {
    aws.destroy()
    server.closeAllConnections()
    const closed = once(server, 'close')
    server.close()
    await closed
  })

  const status =
    (code: number, headers = {}): Answer =>
    (_request, response) =>
      void response.writeHead(code, headers).end('no')
  const ok: Answer = (_request, response) => void response.writeHead(200).end('{"type":"noted","of":"retire"}')
  const cut: Answer = ({ socket }) => void socket.destroy()
  const post = () => https.post(SPEAKER, '{"type":"retire"}')

  test('is a signed request that names its process, and its answer is the response', async () => {
    answers = [ok]
    expect(await post()).toEqual({ text: '{"type":"noted","of":"retire"}' })
    expect(requests).toHaveLength(1)
    const [{ headers, body }] = requests as [(typeof requests)[0]]
    expect(body).toBe('{"type":"retire"}')
    expect(headers).toMatchObject({
      'x-holdfast-process': SPEAKER.processId,
      'x-holdfast-secret': SPEAKER.secret,
      'x-holdfast-connection': SPEAKER.connectionId,
      'content-length': '17',
      'x-amz-content-sha256': expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    expect(headers.authorization).toMatch(/Credential=A\/\d{8}\/eu-west-1\/lambda\/aws4_request/)
    expect(headers.authorization).toContain('x-holdfast-secret')
  })

  test.each([
    ['a connection that is cut', cut],
    ['429', status(429)],
    ['502', status(502)],
    ['503', status(503)],
  ])('is sent again after %s', async (_name, first) => {
    answers = [first, ok]
    expect(await post()).toEqual({ text: '{"type":"noted","of":"retire"}' })
    expect(requests).toHaveLength(2)
  })

  test('is given up after some tries, and says why', async () => {
    answers = [status(502, { 'x-amzn-errortype': 'BadGatewayException' })]
    expect(await post()).toMatchObject({
      failure: { kind: 'passing', message: expect.stringMatching(/refused a message with status 502 \(BadGateway/) },
    })
    expect(requests).toHaveLength(HTTPS_TRIES_MAX)
  })

  test('that IAM does not let in is sent once, and tells what may be wrong', async () => {
    answers = [status(403, { 'x-amzn-errortype': 'AccessDeniedException:http://x' })]
    const reply = await post()
    expect(reply).toMatchObject({ failure: { kind: 'setting' } })
    expect(JSON.stringify(reply)).toContain("'lambda:InvokeFunctionUrl' and 'lambda:InvokeFunction'")
    expect(JSON.stringify(reply)).not.toContain(SPEAKER.secret)
    expect(requests).toHaveLength(1)
    expect(refused).toEqual(['AccessDeniedException'])
  })

  test('is signed anew with the time of the answer where the clock is off', async () => {
    const date = new Date(Date.now() + 3_600_000).toUTCString()
    answers = [status(403, { date, 'x-amzn-errortype': 'InvalidSignatureException' }), ok]
    expect(await post()).toEqual({ text: '{"type":"noted","of":"retire"}' })
    const dates = requests.map(({ headers }) => String(headers['x-amz-date']).slice(9, 11))
    expect(dates[0]).not.toBe(dates[1])
  })

  test('gets no answer that is larger than any of the store', async () => {
    answers = [(_request, response) => void response.writeHead(200).end('x'.repeat(8 * MESSAGE_BYTES_MAX + 1))]
    expect(await post()).toMatchObject({
      failure: { message: expect.stringContaining('larger than any of the store') },
    })
  })

  test.each<[string, Answer]>([
    [
      'is larger than any answer of the store',
      (_request, response) => void response.writeHead(403).end('x'.repeat(99_999)),
    ],
    ['never ends', (_request, response) => void response.writeHead(403).write('x')],
  ])('is refused by a page that %s', async (_which, refusing) => {
    answers = [refusing]
    expect(await post()).toEqual({
      failure: { kind: 'setting', message: expect.stringMatching(/status 403\. Check the URL/) },
    })
    expect(requests).toHaveLength(1)
  })

  test.each<[string, Answer]>([
    ['no answer', () => {}],
    ['an answer that never ends', (_request, response) => void response.writeHead(200).write('{"ty')],
  ])(
    'waits a bounded time for %s',
    async (_which, silent) => {
      answers = [silent]
      const message = expect.stringMatching(`no whole answer within ${HTTPS_TIMEOUT_MS} ms`)
      expect(await post()).toMatchObject({ failure: { kind: 'passing', message } })
      expect(requests).toHaveLength(1)
    },
    10_000,
  )

  test('waits a bounded time for credentials, and is not sent when they come later', async () => {
    answers = [ok]
    let provide: (credentials: object) => void = () => {}
    const hangs = new DynamoDBClient({
      region: 'eu-west-1',
      credentials: Object.assign(() => new Promise<never>((resolve) => (provide = resolve as never)), {
        memoized: true,
      }),
    })
    const { port } = server.address() as AddressInfo
    const message = expect.stringMatching(`no whole answer within ${HTTPS_TIMEOUT_MS} ms`)
    const unsigned = new SignedHttps(`http://127.0.0.1:${port}/`, 'eu-west-1', hangs)
    expect(await unsigned.post(SPEAKER, '{}')).toMatchObject({ failure: { kind: 'passing', message } })
    provide({ accessKeyId: 'A', secretAccessKey: 'x' })
    // One that is sent later than it would have been is answered first.
    await post()
    expect(requests.map(({ body }) => body)).toEqual(['{"type":"retire"}'])
    hangs.destroy()
  }, 10_000)

  test('is not sent where there are no credentials', async () => {
    const none = new DynamoDBClient({
      region: 'eu-west-1',
      credentials: Object.assign(() => Promise.reject(new Error('the provider is down')), { memoized: true }),
    })
    const { port } = server.address() as AddressInfo
    const unsigned = new SignedHttps(`http://127.0.0.1:${port}/`, 'eu-west-1', none)
    expect(await unsigned.post(SPEAKER, '{}')).toMatchObject({
      failure: { kind: 'passing', message: expect.stringContaining('the provider is down') },
    })
    expect(requests).toHaveLength(0)
    none.destroy()
  })
})
