import { SIGNATURE_SKEW_MS } from '../../../local/gateway/aws-limits.js'
import { Principals } from '../../../local/iam/principals.js'
import { SignatureError, verifySignature } from '../../../local/iam/sigv4.js'
import { type Received, type Signing, signed } from './other-signer.js'

/**
 * The local stack's check against a signer that shares no code with the AWS SDK: what both call right is what AWS calls
 * right.
 */
const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5)

const principals = new Principals()
const user = principals.addUser('server', [])
const role = principals.addApplication('arn:aws:sts::000000000000:assumed-role/server/task-1', [])

const CONNECT: Signing = {
  credentials: user.credentials,
  service: 'execute-api',
  region: 'us-east-1',
  host: 'abc.execute-api.us-east-1.amazonaws.com',
  path: '/live?a%20b=1&a=%C3%BC',
  body: '',
  signQuery: false,
  atMs: NOW_MS,
}
const WRITE: Signing = {
  ...CONNECT,
  service: 'dynamodb',
  host: 'dynamodb.us-east-1.amazonaws.com',
  path: '/',
  body: '{"TableName":"Sessions"}',
}

const SEND: Signing = {
  ...CONNECT,
  service: 'lambda',
  host: 'abcdefghij.lambda-url.us-east-1.on.aws',
  path: '/',
  body: '{"type":"acquire"}',
}

const verify = (service: Signing['service'], { url, headers, body }: Received) =>
  verifySignature(
    { method: body.length === 0 ? 'GET' : 'POST', url, headers, body },
    principals,
    service,
    'us-east-1',
    NOW_MS,
  )

const WAYS: readonly (readonly [string, Signing])[] = [
  ['a connection, in its headers', CONNECT],
  ['a connection, in its URL', { ...CONNECT, signQuery: true }],
  ['a request to DynamoDB', WRITE],
  ['a message over HTTPS', SEND],
]

describe.each(WAYS)('%s, signed by another signer', (_, right) => {
  test('is right for a user, and for a session of a role', () => {
    expect(verify(right.service, signed(right))).toBe(user)
    expect(verify(right.service, signed({ ...right, credentials: role.credentials }))).toBe(role)
  })

  test('is right again with the next credentials of the same role', () => {
    const next = principals.addApplication('arn:aws:sts::000000000000:assumed-role/server/task-2', [])
    expect(verify(right.service, signed({ ...right, credentials: next.credentials }))).toBe(next)
  })

  const { sessionToken: _token, ...withoutToken } = role.credentials
  test.each<[string, Partial<Signing>]>([
    ['a wrong secret', { credentials: { ...user.credentials, secretAccessKey: 'wrong' } }],
    ['an unknown key', { credentials: { ...user.credentials, accessKeyId: 'NOBODY' } }],
    ['no session token', { credentials: withoutToken }],
    ['the session token of another', { credentials: { ...role.credentials, sessionToken: 'other' } }],
    ['an old time', { atMs: NOW_MS - SIGNATURE_SKEW_MS - 60_000 }],
    ['a time to come', { atMs: NOW_MS + SIGNATURE_SKEW_MS + 1_000 }],
    ['another region', { region: 'eu-west-1' }],
    ['another service', { service: right.service === 'dynamodb' ? 'execute-api' : 'dynamodb' }],
  ])('is refused with %s', (_name, wrong) => {
    expect(() => verify(right.service, signed({ ...right, ...wrong }))).toThrow(SignatureError)
  })

  test.each<[string, (request: Received) => Received]>([
    ['host', (request) => ({ ...request, headers: { ...request.headers, host: 'evil.example' } })],
    ['query', (request) => ({ ...request, url: `${request.url}${request.url.includes('?') ? '&' : '?'}b=2` })],
    ['path', (request) => ({ ...request, url: `/other${request.url}` })],
  ])('is refused after its %s was changed', (_name, change) => {
    expect(() => verify(right.service, change(signed(right)))).toThrow(SignatureError)
  })
})

test.each([WRITE, SEND])('a body that was changed is refused: $service', (right) => {
  const changed = { ...signed(right), body: Buffer.from('{"TableName":"Locks"}') }
  expect(() => verify(right.service, changed)).toThrow(SignatureError)
})
