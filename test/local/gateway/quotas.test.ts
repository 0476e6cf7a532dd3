import { ApiGatewayManagementApiClient, PostToConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi'
import { InvalidArgumentError } from '../../../client/errors/index.js'
import { compileQuotas, QuotaCounts, type Quotas } from '../../../local/gateway/quotas.js'
import { type GatewayHarness, refusal, signedHeaders, startGateway } from '../harness.js'

const NEVER = 1 / 3_600
const TOO_MANY = 'Too Many Requests'

describe('the gateway under quotas', () => {
  let h: GatewayHarness
  afterEach(() => h.stop())

  const start = async (quotas: Quotas, change?: Parameters<typeof startGateway>[1]): Promise<void> => {
    h = await startGateway({}, change, quotas)
  }

  it('answers a message beyond the throttle of the stage with a frame of its own, and keeps the connection', async () => {
    await start({ stage: { perSecond: NEVER, burst: 2 } })
    const client = await h.open()
    expect(await client.ask({ type: 'echo', n: 1 })).toMatchObject({ event: expect.anything() })
    const id = expect.stringMatching(/^[\w-]{15}=$/)
    for (let n = 2; n < 5; n += 1)
      expect(await client.ask({ type: 'echo', n })).toEqual({ message: TOO_MANY, connectionId: id, requestId: id })
    expect(h.gateway.list()).toHaveLength(1)
    client.socket.close()
  })

  it('is throttled for a while, and tells its watch what it turns away', async () => {
    await start({})
    const client = await h.open()
    const end = h.gateway.throttle({ stage: { perSecond: NEVER, burst: 1 } })
    for (const n of [1, 2]) await client.ask({ type: 'echo', n })
    end()
    expect(await client.ask({ type: 'echo', n: 3 })).toMatchObject({ event: expect.anything() })
    expect(h.seen).toEqual([
      ['received', '{"type":"echo","n":1}'],
      ['throttled', '{"type":"echo","n":2}'],
      ['received', '{"type":"echo","n":3}'],
    ])
    expect(() => h.gateway.throttle({ stage: { perSecond: 0, burst: 1 } })).toThrow(InvalidArgumentError)
    client.socket.close()
  })

  it('counts a route with a throttle of its own apart', async () => {
    await start({ stage: { perSecond: NEVER, burst: 1 }, routes: { echo: { perSecond: NEVER, burst: 1 } } })
    const client = await h.open()
    expect(await client.ask({ type: 'echo' })).toMatchObject({ event: expect.anything() })
    expect(await client.ask({ type: 'echo' })).toMatchObject({ message: TOO_MANY })
    expect(await client.ask({ type: 'other' })).toMatchObject({ message: TOO_MANY })
    client.socket.close()
  })

  it("takes the template's throttles", async () => {
    await start({}, ({ Resources }) => {
      for (const { Type, Properties } of Object.values(Resources)) {
        if (Type !== 'AWS::ApiGatewayV2::Stage') continue
        Properties.DefaultRouteSettings = { ThrottlingRateLimit: NEVER, ThrottlingBurstLimit: 1 }
        Properties.RouteSettings = { echo: { ThrottlingRateLimit: NEVER, ThrottlingBurstLimit: 2 } }
      }
    })
    const client = await h.open()
    const answers = []
    for (const type of ['echo', 'echo', 'echo', 'other']) answers.push(await client.ask({ type }))
    expect(answers.map((answer) => (answer as { message?: string }).message)).toEqual([
      undefined,
      undefined,
      TOO_MANY,
      TOO_MANY,
    ])
    client.socket.close()
  })

  it('refuses connections beyond the quota with 429, and calls no function for them', async () => {
    await start({ connections: { perSecond: NEVER, burst: 1 } })
    const client = await h.open()
    const refused = await refusal(h.url, await signedHeaders(h.url, h.application.credentials))
    expect(refused).toMatchObject({ status: 429, type: 'TooManyRequestsException', body: { message: TOO_MANY } })
    client.socket.close()
  })

  it('refuses pushes beyond the quota of the account with 429', async () => {
    await start({ account: { perSecond: NEVER, burst: 2 } })
    const client = await h.open()
    const connectionId = h.gateway.list()[0]?.connectionId
    const management = new ApiGatewayManagementApiClient({
      endpoint: h.endpoint,
      region: 'us-east-1',
      credentials: h.admin.credentials,
      maxAttempts: 1,
    })
    const push = () => management.send(new PostToConnectionCommand({ ConnectionId: connectionId, Data: '"pushed"' }))
    await push()
    expect(await client.next()).toBe('pushed')
    await expect(push()).rejects.toMatchObject({
      name: 'LimitExceededException',
      $metadata: { httpStatusCode: 429 },
    })
    management.destroy()
    client.socket.close()
  })

  it('answers as for a function that fails where too many run', async () => {
    await start({ concurrency: 1 })
    const client = await h.open()
    client.send({ type: 'echo', do: 'wait', waitMs: 300 })
    expect(await client.ask({ type: 'echo' })).toMatchObject({ message: 'Internal server error' })
    expect(await client.next()).toMatchObject({ waited: 300 })
    expect(await client.ask({ type: 'echo' })).toMatchObject({ event: expect.anything() })
    client.socket.close()
  })
})

describe('the option quotas', () => {
  const throttles = { stage: { perSecond: 1, burst: 1 }, routes: {} }

  it('lets everything through where it is left out', () => {
    const counts = new QuotaCounts(compileQuotas(undefined), throttles, () => 0)
    const all = Array.from({ length: 20_000 }, () => counts.connect() && counts.message('renew') && counts.push())
    expect(all).not.toContain(false)
  })

  it("is AWS's default of an account, with the throttles of the stage", () => {
    const counts = new QuotaCounts(
      compileQuotas('account'),
      { ...throttles, stage: { perSecond: 9, burst: 700 } },
      () => 0,
    )
    const times = (once: () => boolean) => Array.from({ length: 6_000 }, once).filter((isIn) => isIn).length
    expect(times(() => counts.connect())).toBe(500)
    expect(times(() => counts.message('renew'))).toBe(200)
    expect(times(() => counts.push())).toBe(4_300)
  })

  it.each([
    ['never', /quotas.*'account'/],
    [{ stages: 1 }, /stages/],
    [{ stage: { perSecond: 0, burst: 1 } }, /quotas\.stage\.perSecond/],
    [{ stage: { perSecond: 1 } }, /quotas\.stage\.burst/],
    [{ connections: 500 }, /quotas\.connections/],
    [{ routes: { renew: { perSecond: 1, burst: 1, extra: 1 } } }, /extra/],
    [{ concurrency: 0.5 }, /quotas\.concurrency/],
    [{ iamSpreadMs: -1 }, /quotas\.iamSpreadMs/],
    [{ iamSpreadMs: 600_001 }, /quotas\.iamSpreadMs.*600000/],
  ])('is refused where it is wrong: %j', (quotas, problem) => {
    expect(() => compileQuotas(quotas as Quotas)).toThrow(InvalidArgumentError)
    expect(() => compileQuotas(quotas as Quotas)).toThrow(problem)
  })
})
