import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { greet } from '../../cli/doctor/connection.js'
import { findingOf } from '../../cli/doctor/findings.js'
import { checkClock, checkConfig } from '../../cli/doctor/setting.js'
import { problemOf } from '../../cli/stack/problems.js'
import type { Target } from '../../cli/stack/target.js'
import { UnreachableError } from '../../client/index.js'
import type { ConnectFailure, Transport } from '../../client/ports.js'

const CONFIG = {
  url: 'wss://a.execute-api.eu-west-1.amazonaws.com/live',
  region: 'eu-west-1',
  sessionsTable: 'Sessions',
}

/** A connection that gives this answer to the greeting, or ends like this. */
const answering = (answer: object | undefined, failure?: ConnectFailure): Transport => ({
  open(events) {
    queueMicrotask(() => (failure === undefined ? events.opened() : events.closed(failure)))
    return {
      send: (text) => queueMicrotask(() => answer && text.includes('hello') && events.received(JSON.stringify(answer))),
      close: () => {},
    }
  },
})

const refused = (status: string): ConnectFailure => ({
  message: `a.example/live refused the connection with status ${status}. Check much`,
  kind: 'setting',
})

test.each<[string, Transport, string]>([
  ['an older store', answering({ type: 'refused', code: 'UNSUPPORTED_VERSION', message: 'v' }), 'VERSION_WRONG'],
  ['a store that fails', answering({ type: 'refused', code: 'INTERNAL', message: 'no' }), 'FUNCTIONS_FAILING'],
  ['silence', answering(undefined), 'FUNCTIONS_SILENT'],
  ['a 403', answering(undefined, refused('403 (AccessDeniedException)')), 'CONNECT_FORBIDDEN'],
  ['a 403 of a VPC endpoint', answering(undefined, refused('403')), 'CONNECT_FORBIDDEN'],
  ['a wrong secret', answering(undefined, refused('403 (InvalidSignatureException)')), 'SECRET_WRONG'],
  ['an unknown key', answering(undefined, refused('403 (UnrecognizedClientException)')), 'CREDENTIALS_UNKNOWN'],
  ['an old token', answering(undefined, refused('403 (ExpiredTokenException)')), 'CREDENTIALS_EXPIRED'],
  ['no such API', answering(undefined, refused('404')), 'GATEWAY_WRONG'],
  ['a bad gateway', answering(undefined, refused('502')), 'FUNCTIONS_FAILING'],
  [
    'a name that is not known',
    answering(undefined, { message: 'cannot reach a.example: getaddrinfo ENOTFOUND', kind: 'setting' }),
    'GATEWAY_UNREACHABLE',
  ],
  [
    'no credentials',
    answering(undefined, { message: 'no AWS credentials to sign the connection with: none', kind: 'passing' }),
    'CREDENTIALS_MISSING',
  ],
])('a greeting that meets %s', async (_, transport, code) => {
  const { findings, timing } = await greet(transport, 20)
  expect([findings.map((one) => one.code), timing]).toEqual([[code], undefined])
})

test('a clock that is right is not said to be off by a part of a second', async () => {
  // An HTTP date has whole seconds.
  const server = createServer((_, response) => response.end()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const said = await checkClock({ config: { ...CONFIG, dynamoDbEndpoint: `http://127.0.0.1:${port}` } } as Target)
  server.close()
  expect(said).toEqual({ detail: 'right, within a second' })
})

test('a welcome gives the times', async () => {
  const timing = { leaseMs: 5 }
  expect(await greet(answering({ type: 'welcome', timing, incarnation: '7' }))).toEqual({
    timing,
    incarnation: '7',
    findings: [],
  })
})

test('the configuration and Node.js are checked without a request', () => {
  expect(checkConfig(CONFIG, '20.16.0').findings).toEqual([])
  expect(checkConfig(CONFIG, '24.0.0').findings).toEqual([])
  expect(checkConfig(CONFIG, '20.15.9').findings).toMatchObject([{ code: 'NODE_OLD' }])
  expect(checkConfig({ ...CONFIG, region: 'us-east-1' }, '22.0.0').findings).toMatchObject([{ code: 'REGION_WRONG' }])
})

const error = (name: string, message = 'x', more = {}) => Object.assign(new Error(message), { name, ...more })

test.each([
  [error('CredentialsProviderError'), 'CREDENTIALS_MISSING'],
  [error('ExpiredTokenException'), 'CREDENTIALS_EXPIRED'],
  [error('InvalidSignatureException', 'Signature expired: 2026'), 'CLOCK_OFF'],
  [error('InvalidSignatureException', 'does not match'), 'SECRET_WRONG'],
  [error('ProvisionedThroughputExceededException'), 'DYNAMODB_THROTTLED'],
  [error('Error', 'getaddrinfo', { code: 'ENOTFOUND' }), 'DYNAMODB_UNREACHABLE'],
  [error('TimeoutError'), 'DYNAMODB_UNREACHABLE'],
  [error('SyntaxError'), 'DYNAMODB_FOREIGN'],
  [error('Other'), 'FAILED'],
  [undefined, 'FAILED'],
])('%s is %s', (given, code) => {
  expect(problemOf(given).code).toBe(code)
})

test('an error of the client is explained by its cause', () => {
  const denied = error('AccessDeniedException', 'User: x is not authorized to perform: dynamodb:UpdateItem on y')
  expect(findingOf(new UnreachableError('DynamoDB refused', denied))).toMatchObject({
    code: 'PERMISSION_MISSING',
    what: 'not allowed: dynamodb:UpdateItem',
  })
  expect(findingOf(new UnreachableError('nobody is there'))).toMatchObject({ code: 'UNREACHABLE' })
})
