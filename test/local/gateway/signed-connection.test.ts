import { once } from 'node:events'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import WebSocket from 'ws'
import type { ConnectFailure, Socket } from '../../../client/ports.js'
import { SignedWebSocketTransport } from '../../../client/process/websocket.js'
import { SIGNATURE_SKEW_MS } from '../../../local/gateway/aws-limits.js'
import type { Credentials } from '../../../local/iam/principals.js'
import { type GatewayHarness, refusal, startGateway } from '../harness.js'
import { type Received, type Signing, signed } from '../iam/other-signer.js'

/** The client's connection and a gateway that verifies signatures and their dates as API Gateway does. */
describe('a connection that the client signs', () => {
  let h: GatewayHarness
  let aws: DynamoDBClient
  let socket: Socket
  beforeAll(async () => {
    h = await startGateway()
  })
  afterEach(() => {
    socket.close()
    aws.destroy()
  })
  afterAll(() => h.stop())

  /** Opens one connection by a clock that is off by this much. Resolves with how it went. */
  function open(credentials: Credentials, offMs: number): Promise<ConnectFailure | 'open' | undefined> {
    aws = new DynamoDBClient({ region: 'us-east-1', credentials, systemClockOffset: offMs })
    const transport = new SignedWebSocketTransport(h.url, 'us-east-1', aws)
    return new Promise((resolve) => {
      socket = transport.open({ opened: () => resolve('open'), received: () => {}, closed: resolve })
    })
  }

  test.each([-3_600_000, -360_000, 360_000, 3_600_000])(
    'is signed anew with the time of the answer where the clock is off by %i ms',
    async (offMs) => {
      expect(await open(h.application.credentials, offMs)).toBe('open')
      // Requests to DynamoDB are signed with the same time.
      expect(Math.abs(aws.config.systemClockOffset)).toBeLessThan(5_000)
    },
  )

  test.each([0, 3_600_000])('is not signed again and again: the clock is off by %i ms', async (offMs) => {
    const failure = await open(h.stranger.credentials, offMs)
    expect(failure).toMatchObject({
      kind: 'setting',
      message: expect.stringMatching(
        /status 403 \(AccessDeniedException\)\. Check the URL .* the clock, .*VPC endpoint/,
      ),
    })
    expect(Math.abs(aws.config.systemClockOffset)).toBeLessThan(5_000)
  })

  test('is let in as soon as it has the right', async () => {
    const statements = [...(h.stranger.statements as [])]
    const newcomer = h.addUser('newcomer', statements)
    expect(await open(newcomer.credentials, 0)).toMatchObject({ kind: 'setting' })
    statements.push(...(h.application.statements as []))
    expect(await open(newcomer.credentials, 0)).toBe('open')
  })
})

/** The same gateway, and a signer that shares no code with the AWS SDK. */
describe('a connection that another signer signs', () => {
  let h: GatewayHarness
  beforeAll(async () => {
    h = await startGateway()
  })
  afterAll(() => h.stop())

  const sign = (change: Partial<Signing> = {}): Received =>
    signed({
      credentials: h.role.credentials,
      service: 'execute-api',
      region: 'us-east-1',
      host: new URL(h.url).host,
      path: '/live?a=1',
      body: '',
      signQuery: false,
      atMs: Date.now(),
      ...change,
    })
  const at = (received: Received) => new URL(received.url, h.url).href
  const withoutToken = ({ accessKeyId, secretAccessKey }: Credentials): Credentials => ({
    accessKeyId,
    secretAccessKey,
  })

  test.each([
    ['in its headers, by a session of a role', () => sign()],
    ['in its URL, by a session of a role', () => sign({ signQuery: true })],
    ['in its headers, by a user', () => sign({ credentials: h.application.credentials })],
  ])('is let in where it is right: %s', async (_, make) => {
    const received = make()
    const socket = new WebSocket(at(received), { headers: received.headers })
    await once(socket, 'open')
    expect(h.gateway.list()).toHaveLength(1)
    socket.close()
    await once(socket, 'close')
  })

  test.each([false, true])('is refused where anything is wrong, signed in its URL: %p', async (signQuery) => {
    const { role } = h
    const right = sign({ signQuery })
    const wrong: Readonly<Record<string, Received>> = {
      'wrong secret': sign({ signQuery, credentials: { ...role.credentials, secretAccessKey: 'wrong' } }),
      'unknown key': sign({ signQuery, credentials: { ...role.credentials, accessKeyId: 'NOBODY' } }),
      'missing token': sign({ signQuery, credentials: withoutToken(role.credentials) }),
      'old time': sign({ signQuery, atMs: Date.now() - SIGNATURE_SKEW_MS - 60_000 }),
      'other region': sign({ signQuery, region: 'eu-west-1' }),
      'other service': sign({ signQuery, service: 'lambda' }),
      'other host': sign({ signQuery, host: 'other.execute-api.us-east-1.amazonaws.com' }),
      'changed query': { ...right, url: right.url.replace('a=1', 'a=2') },
      'added query': { ...right, url: `${right.url}&b=1` },
    }
    const statuses = Object.entries(wrong).map(async ([name, received]) => {
      // The host is that of the gateway.
      const { host: _, ...headers } = received.headers
      return [name, (await refusal(at(received), headers)).status] as const
    })
    expect(Object.fromEntries(await Promise.all(statuses))).toEqual(
      Object.fromEntries(Object.keys(wrong).map((name) => [name, 403])),
    )
    expect(h.gateway.list()).toEqual([])
  })
})
