import { BatchWriteItemCommand, PutItemCommand, ScanCommand, UpdateTimeToLiveCommand } from '@aws-sdk/client-dynamodb'
import { LOCAL_APPLICATION, LOCAL_OPERATOR } from '../../local/fixed.js'
import type { RecordedRequest } from '../../local/index.js'
import type { CliStack } from './cli-stack.js'
import { type Ended, inPipe, inProcess, inTerminal, jsonOf } from './programs.js'
import { DOCTOR, matches } from './shapes.js'

const reportOf = (ended: Ended) => matches(DOCTOR, jsonOf(ended))
const codesOf = (ended: Ended): string[] =>
  reportOf(ended).steps.flatMap(({ findings }) => findings.map(({ code }) => code))

/** `doctor` on a healthy stack, and on sick ones. */
export function testDoctor(suite: CliStack): void {
  const doctor = (args: readonly string[] = [], env: Readonly<Record<string, string>> = suite.env): Promise<Ended> =>
    inProcess(['doctor', '--json', ...args], { env })

  /** The configuration with other values, as `--config`. */
  const altered = (changes: object): string[] => ['--config', JSON.stringify({ ...suite.stack.config, ...changes })]

  /** The AWS SDK looks into the environment of this process. */
  async function withKeys<T>(keys: Readonly<Record<string, string>>, work: () => Promise<T>): Promise<T> {
    const before = { ...process.env }
    const none = {
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
      AWS_EC2_METADATA_DISABLED: 'true',
      HOME: '/nonexistent',
    }
    Object.assign(process.env, none, keys)
    try {
      return await work()
    } finally {
      for (const name of Object.keys({ ...none, ...keys })) {
        if (before[name] === undefined) Reflect.deleteProperty(process.env, name)
        else process.env[name] = before[name]
      }
    }
  }

  const asKeys = ({ accessKeyId, secretAccessKey }: typeof LOCAL_OPERATOR) => ({
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  })

  /** Examines a stack while it is sick. */
  function under(sicken: () => () => void): Promise<Ended> {
    const heal = sicken()
    return doctor().finally(heal)
  }

  const refusing = (type: string, isSick: (request: RecordedRequest) => boolean) =>
    suite.stack.dynamodb.inject({
      beforeForward: (request) => (isSick(request) ? { refuse: type } : undefined),
    })

  const isOnSessions = ({ target }: RecordedRequest): boolean => target === suite.stack.config.sessionsTable

  async function empty(TableName: string): Promise<void> {
    const { Items = [] } = await suite.admin.send(new ScanCommand({ TableName, ProjectionExpression: 'pk' }))
    for (let from = 0; from < Items.length; from += 25) {
      const deletes = Items.slice(from, from + 25).map((Key) => ({ DeleteRequest: { Key } }))
      await suite.admin.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: deletes } }))
    }
  }

  test('a healthy stack is healthy: in a terminal, in a pipe, and as JSON', async () => {
    const { env } = suite
    // One after the other: three at once make each other's handoffs slow, which is a fault.
    const screen = await inTerminal(['doctor'], { env })
    const pipe = await inPipe(['doctor'], { env })
    const json = await inPipe(['doctor', '--json'], { env })
    expect([screen.code, pipe, json.err]).toEqual([
      0,
      { code: 0, out: expect.stringMatching(/\nhealthy\n$/), err: '' },
      '',
    ])
    expect([screen.out.includes('\x1b['), pipe.out.includes('\x1b[')]).toEqual([true, false])
    expect(pipe.out).toMatch(/key LOCALOPERATOR, of the operator of 'holdfast dev'; .* application's LOCALAPPLICATION/)
    expect(pipe.out).not.toMatch(/\w 0 ms/)
    const { isHealthy, steps, timings } = reportOf(json)
    expect(isHealthy).toBe(true)
    expect(steps.map(({ name, outcome }) => [name, outcome])).toEqual(
      ['configuration', 'credentials', 'clock', 'sessions', 'locks', 'records', 'connection', 'round trip'].map(
        (name) => [name, 'passed'],
      ),
    )
    expect(Object.keys(timings).toSorted()).toEqual([
      'commit',
      'connectAndAcquire',
      'connectSecond',
      'destroy',
      'handoff',
      'handoffBack',
      'release',
      'revokedToReleased',
    ])
  })

  /** A stack, or the way to it, made sick; and the code that must be found. Each ends its sickness. */
  const SICK: readonly (readonly [string, string, () => Promise<Ended>])[] = [
    ['no configuration', 'CONFIG_MISSING', () => doctor([], {})],
    ['a configuration that is no JSON', 'CONFIG_WRONG', () => doctor([], { HOLDFAST_CONFIG: '{url' })],
    ['a configuration without a region', 'CONFIG_WRONG', () => doctor(altered({ region: undefined }))],
    [
      'a URL of another region',
      'REGION_WRONG',
      () => doctor(altered({ url: 'wss://a.execute-api.eu-west-1.amazonaws.com/live', credentials: undefined })),
    ],
    ['another region than that of the stack', 'REGION_WRONG', () => doctor(['--region', 'eu-west-1'])],
    ['no credentials', 'CREDENTIALS_MISSING', () => withKeys({}, () => doctor(altered({ credentials: undefined })))],
    [
      'an access key that nobody knows',
      'CREDENTIALS_UNKNOWN',
      () =>
        withKeys(asKeys({ ...LOCAL_OPERATOR, accessKeyId: 'NOBODY' }), () =>
          doctor(altered({ credentials: undefined })),
        ),
    ],
    [
      'a wrong secret key',
      'SECRET_WRONG',
      () =>
        withKeys(asKeys({ ...LOCAL_OPERATOR, secretAccessKey: 'wrong' }), () =>
          doctor(altered({ credentials: undefined })),
        ),
    ],
    [
      'a clock ten minutes ahead',
      'CLOCK_OFF',
      () => inPipe(['doctor', '--json'], { env: suite.env, node: ['--import', './test/cli/late-clock.mjs'] }),
    ],
    [
      'no DynamoDB at that address',
      'DYNAMODB_UNREACHABLE',
      () => doctor(altered({ dynamoDbEndpoint: 'http://127.0.0.1:1' })),
    ],
    ['no gateway at that address', 'GATEWAY_UNREACHABLE', () => doctor(altered({ url: 'ws://127.0.0.1:1/live' }))],
    [
      'a stage that is not there',
      'CONNECT_FORBIDDEN',
      () => doctor(altered({ url: suite.stack.config.url.replace('/live', '/dead') })),
    ],
    ['a wrong name of the Sessions table', 'TABLE_MISSING', () => doctor(altered({ sessionsTable: 'Wrong-Sessions' }))],
    ['the Locks table as Sessions', 'TABLE_WRONG', () => doctor(altered({ sessionsTable: suite.stack.locksTable }))],
    ['a wrong name of the Locks table', 'TABLE_MISSING', () => doctor(['--locks-table', 'Wrong-Locks'])],
    [
      'no right to read sessions',
      'PERMISSION_MISSING',
      () => under(() => refusing('AccessDeniedException', isOnSessions)),
    ],
    [
      'no right to write sessions',
      'PERMISSION_MISSING',
      () =>
        under(() =>
          refusing('AccessDeniedException', (request) => isOnSessions(request) && request.operation === 'UpdateItem'),
        ),
    ],
    ['DynamoDB that throttles', 'DYNAMODB_THROTTLED', () => under(() => refusing('ThrottlingException', isOnSessions))],
    [
      'functions that fail',
      'FUNCTIONS_FAILING',
      () => under(() => refusing('AccessDeniedException', ({ caller }) => caller.includes('Function'))),
    ],
    [
      'grants that are lost',
      'PUSHES_LOST',
      () => under(() => suite.stack.gateway.losePushes(({ text }) => text.includes('granted'))),
    ],
    ['a namespace without sessions', 'NAMESPACE_UNKNOWN', () => doctor(['--namespace', 'shopp'])],
    [
      'a Locks table that was emptied',
      'LOCKS_EMPTIED',
      async () => {
        await empty(suite.stack.locksTable)
        return doctor()
      },
    ],
    [
      'records of another version',
      'RECORDS_OF_OTHER_VERSION',
      async () => {
        const Item = { pk: { S: `S#shop#${'v'.repeat(43)}` }, schema: { N: '2' } }
        await suite.admin.send(new PutItemCommand({ TableName: suite.stack.locksTable, Item }))
        return doctor()
      },
    ],
    [
      'a queue that stands',
      'QUEUE_STUCK',
      async () => {
        const seat = (p: string) => ({ M: { p: { S: p }, r: { N: '1' } } })
        const Item = {
          pk: { S: `S#shop#${'q'.repeat(43)}` },
          epoch: { N: '7' },
          holder: seat('a'.repeat(16)),
          waiters: { L: [seat('b'.repeat(16))] },
          askedAt: { N: String(Date.now() - 3_600_000) },
          expiresAt: { N: String(Math.ceil(Date.now() / 1_000) + 600_000) },
        }
        await suite.admin.send(new PutItemCommand({ TableName: suite.stack.locksTable, Item }))
        return doctor()
      },
    ],
    [
      'no TTL',
      'TTL_MISSING',
      async () => {
        const TableName = suite.stack.locksTable
        const set = (Enabled: boolean) =>
          suite.admin.send(
            new UpdateTimeToLiveCommand({
              TableName,
              TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled },
            }),
          )
        await set(false)
        try {
          return await doctor()
        } finally {
          await set(true)
        }
      },
    ],
  ]
  const WARNINGS = ['NAMESPACE_UNKNOWN']

  describe('a sick stack', () => {
    beforeEach(async () => {
      process.env.AWS_EC2_METADATA_DISABLED = 'true'
      const { locksTable, config } = suite.stack
      await Promise.all([locksTable, config.sessionsTable].map(empty))
      // A session that was used, so that there is something to look at.
      const client = suite.client('web-1')
      await client.create({ secret: 'x' })
      await client.close()
    })

    test.each(SICK)('with %s is told by %s', async (_, code, examine) => {
      const ended = await examine()
      expect(codesOf(ended)).toContain(code)
      expect(ended.code).toBe(WARNINGS.includes(code) ? 0 : 1)
    })

    test('with the rights of an application alone is healthy, and what is hidden is named', async () => {
      const { credentials: _, ...config } = suite.stack.config
      const ended = await withKeys(asKeys(LOCAL_APPLICATION), () =>
        doctor(['--config', JSON.stringify(config), '--locks-table', suite.stack.locksTable]),
      )
      expect([ended.code, new Set(codesOf(ended))]).toEqual([0, new Set(['NOT_VISIBLE'])])
    })
  })
}
