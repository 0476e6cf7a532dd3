import { createHash, createHmac } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { SignatureV4 } from '@smithy/signature-v4'
import { FunctionUrl } from '../../local/function-url/function-url.js'
import { readStatements } from '../../local/iam/permissions.js'
import { type Principal, Principals } from '../../local/iam/principals.js'
import type { Outcome } from '../../local/lambda/execution-environment.js'
import type { FunctionUrlSpec } from '../../local/template/function-urls.js'

/** SHA-256, in the form that the AWS SDK's signer takes. */
class Sha256 {
  private readonly hash
  constructor(secret?: string | Uint8Array) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret)
  }
  update(data: string | Uint8Array): void {
    this.hash.update(data)
  }
  async digest(): Promise<Uint8Array> {
    return this.hash.digest()
  }
}

const BODY = '{"type":"x"}'
const ARN = 'arn:aws:lambda:us-east-1:000000000000:function:Https'
const SPEC = {
  id: 'abcdefghij',
  host: 'abcdefghij.lambda-url.us-east-1.on.aws',
  function: { logicalId: 'Https', arn: ARN },
} as FunctionUrlSpec

const statement = (action: string, condition?: object) => ({
  Effect: 'Allow',
  Action: action,
  Resource: ARN,
  ...(condition === undefined ? {} : { Condition: condition }),
})
const BY_URL = statement('lambda:InvokeFunctionUrl', { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } })
const VIA_URL = statement('lambda:InvokeFunction', { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } })

describe('a function URL', () => {
  const principals = new Principals()
  const user = (name: string, ...statements: readonly object[]) =>
    principals.addUser(name, readStatements({ Statement: statements }, name))
  const events: unknown[] = []
  const counted: string[] = []
  const seen: string[] = []
  let outcome: Outcome = { type: 'returned', value: undefined }
  const url = new FunctionUrl({
    spec: SPEC,
    principals,
    invoke: async (functionId, event) => {
      events.push({ functionId, event })
      return outcome
    },
    onRequest: (from, result) => counted.push(`${from} ${result}`),
    watch: {
      posted: (processId, text) => seen.push(`${processId} sends ${text}`),
      replied: (processId, text) => seen.push(`${processId} gets ${text}`),
    },
  })
  beforeAll(() => url.start())
  afterAll(() => url.stop())
  beforeEach(() => {
    events.length = 0
    counted.length = 0
    seen.length = 0
    outcome = { type: 'returned', value: { statusCode: 200, headers: { 'content-type': 'text/plain' }, body: 'done' } }
  })

  async function post(principal: Principal, { service = 'lambda', sent = BODY, headers = {} } = {}) {
    const host = `127.0.0.1:${url.port}`
    const { credentials } = principal
    const signer = new SignatureV4({ service, region: 'us-east-1', credentials, sha256: Sha256 as never })
    const unsigned = { method: 'POST', protocol: 'http:', hostname: '127.0.0.1', path: '/', query: {}, body: BODY }
    const signed = await signer.sign({ ...unsigned, headers: { host, 'x-own': 'header', ...headers } })
    const posted = request(`http://${host}/`, { method: 'POST', headers: signed.headers, agent: false })
    posted.end(sent)
    const [response] = (await once(posted, 'response')) as [IncomingMessage]
    let body = ''
    for await (const chunk of response) body += String(chunk)
    return { status: response.statusCode, type: response.headers['x-amzn-errortype'], body }
  }

  test('invokes its function with the event that Lambda documents, and gives its response back', async () => {
    const caller = user('caller', BY_URL, VIA_URL)
    expect(await post(caller)).toEqual({ status: 200, type: undefined, body: 'done' })
    expect(events).toEqual([
      {
        functionId: 'Https',
        event: {
          version: '2.0',
          routeKey: '$default',
          rawPath: '/',
          rawQueryString: '',
          headers: expect.objectContaining({ 'x-own': 'header' }),
          requestContext: {
            accountId: '000000000000',
            apiId: 'abcdefghij',
            authorizer: {
              iam: {
                accessKey: caller.credentials.accessKeyId,
                accountId: '000000000000',
                callerId: caller.callerId,
                cognitoIdentity: null,
                principalOrgId: null,
                userArn: caller.arn,
                userId: caller.callerId,
              },
            },
            domainName: SPEC.host,
            domainPrefix: 'abcdefghij',
            http: expect.objectContaining({ method: 'POST', path: '/', protocol: 'HTTP/1.1' }),
            requestId: expect.any(String),
            routeKey: '$default',
            stage: '$default',
            time: expect.any(String),
            timeEpoch: expect.any(Number),
          },
          body: '{"type":"x"}',
          isBase64Encoded: false,
        },
      },
    ])
    expect(JSON.stringify(events)).not.toContain('AWS4-HMAC')
    expect(counted).toEqual(['caller ok'])
    expect(seen).toEqual([' sends {"type":"x"}', ' gets done'])
  })

  test.each([
    ['only the URL', [BY_URL]],
    ['only the function by the URL', [VIA_URL]],
    ['nothing', []],
    [
      'a URL of another authorization',
      [{ ...BY_URL, Condition: { StringEquals: { 'lambda:FunctionUrlAuthType': 'NONE' } } }, VIA_URL],
    ],
  ])('lets in nobody who may invoke %s', async (name, statements) => {
    expect(await post(user(name, ...statements))).toMatchObject({ status: 403, type: 'AccessDeniedException' })
    expect([events, seen]).toEqual([[], []])
  })

  test.each([
    ['is signed for another service', { service: 'execute-api' }],
    ['has another body than was signed', { sent: '{"type":"y"}' }],
    ['has a body that is not signed', { headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } }],
  ])('refuses a request that %s', async (name, oddity) => {
    const caller = user(`caller that ${name}`, BY_URL, VIA_URL)
    expect(await post(caller, oddity)).toMatchObject({ status: 403, type: 'InvalidSignatureException' })
    expect(events).toEqual([])
  })

  test('answers 502 where the function fails', async () => {
    outcome = { type: 'failed', error: 'broken' }
    const caller = user('caller of a broken one', BY_URL, VIA_URL)
    expect(await post(caller)).toMatchObject({ status: 502 })
  })

  test('listens on the same port after it was down', async () => {
    const { port } = url
    await url.stop()
    await url.start()
    expect(url.port).toBe(port)
    expect(await post(user('caller afterwards', BY_URL, VIA_URL))).toMatchObject({ status: 200 })
  })
})
