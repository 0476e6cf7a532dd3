import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { ConnectFailure, Socket } from '../../../client/ports.js'
import { SignedWebSocketTransport } from '../../../client/process/websocket.js'
import type { Credentials } from '../../../local/iam/principals.js'
import { type GatewayHarness, startGateway } from '../harness.js'

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
