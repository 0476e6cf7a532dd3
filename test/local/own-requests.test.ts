import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { DynamoDbProxy } from '../../local/dynamodb/proxy.js'
import { RequestCounts } from '../../local/dynamodb/request-counts.js'
import { FunctionUrl } from '../../local/function-url/function-url.js'
import { Principals } from '../../local/iam/principals.js'
import { foreign } from '../../local/own-requests.js'
import type { FunctionUrlSpec } from '../../local/template/function-urls.js'
import { type GatewayHarness, refusal, signedHeaders, signerOf, startGateway } from './harness.js'

const HOSTS = ['localhost', 'LOCALHOST:4610', '127.0.0.1', '127.0.0.1:4610', '127.1.2.3:1', '[::1]:4610']
const STRANGERS = [
  'shop.example:4610',
  '127.0.0.1.shop.example',
  'localhost.shop.example:80',
  '0.0.0.0:4610',
  '',
  'x@localhost',
]
/** What a browser adds for a page: of another place, of a file, of another port, and without the name of the page. */
const PAGES = [
  { origin: 'http://shop.example' },
  { origin: 'null' },
  { origin: 'http://127.0.0.1:3000' },
  { 'sec-fetch-site': 'cross-site' },
]

test.each(HOSTS)('a request to %s is answered', (host) => expect(foreign({ host })).toBeUndefined())

test.each([...STRANGERS, undefined])('one to %s is refused', (host) =>
  expect(foreign(host === undefined ? {} : { host })).toMatch(/under 127\.0\.0\.1 and localhost only/),
)

test.each(PAGES)('so is one with %j', (headers) =>
  expect(foreign({ host: 'localhost', ...headers })).toMatch(/no web page/),
)

/** A web page can sign, since it knows the keys of `holdfast dev`. Everything but its name and its host is right here. */
describe('a web page that knows the keys', () => {
  const principals = new Principals()
  const { credentials } = principals.addUser('application', 'everything')
  const reached: string[] = []
  const proxy = new DynamoDbProxy({
    principals,
    counts: new RequestCounts(),
    database: {
      get endpoint(): string {
        reached.push('DynamoDB')
        throw new Error('it does not run')
      },
      accessKeyId: 'STACK',
      outlivesStack: false,
      start: async () => {},
      stop: async () => {},
    },
  })
  const url = new FunctionUrl({
    spec: {
      id: 'abcdefghij',
      host: 'abcdefghij.lambda-url.us-east-1.on.aws',
      function: { logicalId: 'Https', arn: 'arn:aws:lambda:us-east-1:000000000000:function:Https' },
    } as FunctionUrlSpec,
    principals,
    invoke: async () => {
      reached.push('the function')
      return { type: 'returned', value: { statusCode: 200 } }
    },
    onRequest: () => {},
  })
  let h: GatewayHarness
  beforeAll(async () => {
    h = await startGateway()
    await Promise.all([proxy.start(), url.start()])
  })
  afterAll(() => Promise.all([h.stop(), proxy.stop(), url.stop()]))
  beforeEach(() => reached.splice(0))

  /** Signs as an application does, and sends what a browser would. */
  async function ask(port: number, service: string, path: string, method: string, page: Record<string, string>) {
    const { host = `127.0.0.1:${port}`, ...rest } = page
    const body = '{}'
    const headers = { host, 'x-amz-target': 'DynamoDB_20120810.ListTables' }
    const key = service === 'execute-api' ? h.admin.credentials : credentials
    const unsigned = { method, protocol: 'http:', hostname: '127.0.0.1', port, path, query: {}, headers, body }
    const signed = await signerOf(key, service).sign(unsigned)
    const asked = request({
      port,
      host: '127.0.0.1',
      path,
      method,
      headers: { ...signed.headers, ...rest },
      agent: false,
    })
    asked.end(body)
    const [response] = (await once(asked, 'response')) as [IncomingMessage]
    return { status: response.statusCode, body: await text(response) }
  }

  test.each([{ host: 'shop.example:80' }, ...PAGES])('gets nothing from DynamoDB: %j', async (page) => {
    const answer = await ask(Number(new URL(proxy.endpoint).port), 'dynamodb', '/', 'POST', page)
    expect(answer).toMatchObject({ status: 400, body: expect.stringMatching(/AccessDeniedException.*A local stack/) })
    expect(reached).toEqual([])
  })

  test.each([{ host: 'shop.example:80' }, ...PAGES])('invokes no function by its URL: %j', async (page) => {
    const answer = await ask(url.port, 'lambda', '/', 'POST', page)
    expect(answer).toMatchObject({ status: 403, body: expect.stringContaining('A local stack') })
    expect(reached).toEqual([])
  })

  test.each([{ host: 'shop.example:80' }, ...PAGES])('opens no connection: %j', async (page) => {
    const { host = new URL(h.url).host, ...rest } = page as Record<string, string>
    const signed = await signedHeaders(h.url, h.application.credentials, new Date(), host)
    const answer = await refusal(h.url, { ...signed, ...rest })
    expect(answer).toMatchObject({ status: 403, body: { message: expect.stringContaining('A local stack') } })
    expect(h.gateway.list()).toEqual([])
  })

  test.each([{ host: 'shop.example:80' }, ...PAGES])('ends no connection: %j', async (page) => {
    const client = await h.open()
    const connectionId = h.gateway.list()[0]?.connectionId ?? ''
    const path = `/live/@connections/${encodeURIComponent(connectionId)}`
    const answer = await ask(h.gateway.port, 'execute-api', path, 'DELETE', page)
    expect(answer).toMatchObject({ status: 403, body: expect.stringContaining('A local stack') })
    expect(h.gateway.list()).toHaveLength(1)
    client.socket.terminate()
    await client.closed
  })

  test('and an application is answered', async () => {
    expect(await ask(url.port, 'lambda', '/', 'POST', {})).toMatchObject({ status: 200 })
    await expect(ask(Number(new URL(proxy.endpoint).port), 'dynamodb', '/', 'POST', {})).rejects.toThrow(
      'socket hang up',
    )
    expect(reached).toEqual(['the function', 'DynamoDB'])
  })
})
