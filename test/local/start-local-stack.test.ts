import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect, createServer as createProxy, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DynamoDBClient, GetItemCommand, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { LOCAL_APPLICATION, LOCAL_OPERATOR } from '../../local/fixed.js'
import { type LocalStack, type LocalStackOptions, startLocalStack } from '../../local/index.js'
import { freePort } from '../../local/listen.js'
import { startFixedStack } from '../../local/start-local-stack.js'
import { PROTOCOL_VERSION } from '../../protocol/limits.js'
import { DEFAULT_TIMING } from '../../protocol/timing.js'
import { writeAssembly } from './assembly.js'
import { type Client, open } from './harness.js'

const SESSION = `shop#${'s'.repeat(43)}`

async function enter(stack: LocalStack, name: string): Promise<Client> {
  const client = await open(stack.config.url, stack.credentials)
  const hello = {
    v: PROTOCOL_VERSION,
    processId: name.padEnd(16, '-'),
    secret: name.padEnd(43, '-'),
    label: name,
    gen: 1,
  }
  expect(await client.ask({ type: 'hello', ...hello })).toMatchObject({ type: 'welcome' })
  return client
}

describe('the local stack', () => {
  test('runs the functions that this package would deploy', async () => {
    const steps: string[] = []
    await using stack = await startLocalStack({ onProgress: (step) => steps.push(step) })
    expect(steps).toEqual([
      expect.stringMatching(/^reading .+cdk\.out$/),
      'starting the gateway',
      'starting DynamoDB Local',
      'creating 2 tables',
      'warming up the functions',
      `ready at ${stack.config.url}`,
    ])
    expect(stack.config).toEqual({
      url: expect.stringMatching(/^ws:\/\/127\.0\.0\.1:\d+\/live$/),
      httpsUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/$/),
      region: 'us-east-1',
      sessionsTable: expect.stringContaining('Sessions'),
      dynamoDbEndpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    })
    expect(JSON.parse(stack.env.HOLDFAST_CONFIG ?? '')).toEqual(stack.config)
    // Each function has had a request to DynamoDB, and nothing of that is left.
    const callers = [...stack.requests.snapshot().counts.keys()].map((key) => key.split('\n')[0])
    expect(new Set(callers).size).toBe(3)
    expect(stack.requests.since()).toEqual([])
    expect(await recordsOf(stack)).toBe(0)

    const [first, second] = [await enter(stack, 'first'), await enter(stack, 'second')]
    const granted = await first.ask({ type: 'acquire', session: SESSION, r: 1 })
    expect(granted).toMatchObject({ type: 'granted', r: 1 })
    const { epoch } = granted as { epoch: number }
    const before = stack.requests.snapshot()
    expect(await second.ask({ type: 'acquire', session: SESSION, r: 1 })).toMatchObject({ type: 'queued' })
    expect(await first.next()).toEqual({ type: 'revoke', session: SESSION, epoch })
    expect(await first.ask({ type: 'release', session: SESSION, epoch, r: 1 })).toMatchObject({ type: 'released' })
    expect(await second.next()).toMatchObject({ type: 'granted', r: 1, epoch: epoch + 1 })
    expect(stack.requests.since(before).filter(({ target }) => target === '@connections')).toMatchObject([
      { operation: 'POST', outcome: 'ok', count: 1 },
      { operation: 'POST', outcome: 'ok', count: 1 },
    ])

    expect(await first.ask('{"type":"nonsense"}')).toMatchObject({ type: 'refused', code: 'UNKNOWN_TYPE' })
    expect(stack.gateway.connections()).toHaveLength(2)
    stack.gateway.dropAll()
    expect(await first.closed).toMatchObject({ code: 1006 })
    expect(stack.gateway.connections()).toEqual([])
  })

  test('gives functions other values for their variables', async () => {
    const timing = JSON.stringify({ ...DEFAULT_TIMING, leaseMs: 6_000 })
    await using stack = await startLocalStack({ environment: { HOLDFAST_TIMING: timing } })
    const client = await open(stack.config.url, stack.credentials)
    const hello = {
      type: 'hello',
      v: PROTOCOL_VERSION,
      processId: 'p'.repeat(16),
      secret: 's'.repeat(43),
      label: '',
      gen: 1,
    }
    expect(await client.ask(hello)).toMatchObject({ type: 'welcome', leaseMs: 6_000 })
  })

  test('lets functions reach DynamoDB by way of a proxy', async () => {
    const passed: Socket[] = []
    const proxy = createProxy((socket) =>
      passed.push(socket.pipe(connect(endpointPort(stack), '127.0.0.1')).pipe(socket)),
    )
    await once(proxy.listen(0, '127.0.0.1'), 'listening')
    const { port } = proxy.address() as { readonly port: number }
    await using stack = await startLocalStack({ functionsDynamoDbEndpoint: `http://127.0.0.1:${port}` })
    try {
      await enter(stack, 'proxied')
      expect(passed).not.toEqual([])
      expect(endpointPort(stack)).not.toBe(port)
    } finally {
      for (const socket of passed) socket.destroy()
      proxy.close()
    }
  })

  test('keeps its data in a folder, from one start to the next', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-stack-'))
    const assembly = writeAssembly()
    try {
      const first = await startLocalStack({ assembly, dataDir: folder })
      await withClient(first, (client) => client.send(put(first, 'kept')))
      await first.stop()

      await using second = await startLocalStack({ assembly, dataDir: folder })
      await withClient(second, async (client) => {
        expect(await client.send(get(second, 'kept'))).toHaveProperty('Item')
      })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('that cannot start leaves nothing behind, and one that was stopped stays so', async () => {
    const port = await freePort('the test')
    const taken = createServer().listen(port, '127.0.0.1')
    await once(taken, 'listening')
    await expect(startLocalStack({ assembly: writeAssembly(), port })).rejects.toMatchObject({ code: 'LOCAL_START' })
    taken.close()
    await once(taken, 'close')

    const stack = await startLocalStack({ assembly: writeAssembly(), port })
    expect(stack.config.url).toBe(`ws://127.0.0.1:${port}/live`)
    await Promise.all([stack.stop(), stack.stop()])
    await expect(open(stack.config.url, stack.credentials)).rejects.toThrow('ECONNREFUSED')
    await expect(fetch(stack.config.dynamoDbEndpoint)).rejects.toThrow('fetch failed')
    await expect(stack.gateway.start()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(stack.dynamodb.start()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('that finds a port taken says whose it should be, before Java starts', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as { readonly port: number }
    const fixed = { dynamoDbPort: 0, httpsPort: 0, application: LOCAL_APPLICATION, operator: LOCAL_OPERATOR }
    const steps: string[] = []
    const onProgress = (step: string) => steps.push(step)
    try {
      for (const [start, part] of [
        [() => startLocalStack({ port, onProgress }), 'the gateway'],
        [() => startFixedStack({ onProgress }, { ...fixed, httpsPort: port }), 'messages over HTTPS'],
        [() => startFixedStack({ onProgress }, { ...fixed, dynamoDbPort: port }), 'DynamoDB'],
        [() => startLocalStack({ inspector: { port }, onProgress }), 'the inspector'],
      ] as const)
        await expect(start()).rejects.toMatchObject({
          code: 'LOCAL_START',
          message: `the port ${port} for ${part} is taken by another program: choose another one`,
        })
      await expect(startFixedStack({ port }, { ...fixed, dynamoDbPort: port })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: `the gateway and DynamoDB cannot both have port ${port}: choose another one`,
      })
    } finally {
      taken.close()
    }
    expect(steps.filter((step) => step.includes('DynamoDB Local'))).toEqual([])
  })

  test.each<[string, unknown, RegExp]>([
    ['an unknown option', { ports: 1 }, /startLocalStack has no option 'ports': known are assembly, port/],
    [
      'an unknown limit',
      { gateway: { idleMs: 1 } },
      /the option 'gateway' of startLocalStack has no option 'idleMs': known are idleTimeoutMs/,
    ],
    ['a limit that is none', { gateway: { idleTimeoutMs: 0 } }, /'gateway.idleTimeoutMs' must be an integer from 1 to/],
    ['a port that is none', { port: 70_000 }, /'port' must be an integer from 0 to 65535, received 70000/],
    ['a port that is no number', { port: '80' }, /'port' must be an integer from 0 to 65535, received '80'/],
    ['a port that is not a number at all', { port: Number.NaN }, /'port' must be an integer .* received NaN/],
    ['an empty folder name', { dataDir: '' }, /'dataDir' must be a folder/],
    ['a variable that is no text', { environment: { A: 1 } }, /'environment' must be an object of strings/],
    ['a variable that no function has', { environment: { HOLDFAST_TIMINGS: '{}' } }, /sets 'HOLDFAST_TIMINGS'/],
    [
      'an address that is none',
      { functionsDynamoDbEndpoint: '127.0.0.1:1' },
      /'functionsDynamoDbEndpoint' must be an http/,
    ],
    ['a listener that is none', { onLog: true }, /'onLog' must be a function/],
    ['an inspector that is none', { inspector: 1 }, /'inspector' must be true, false or an object with a port/],
    [
      'an unknown option of the inspector',
      { inspector: { open: true } },
      /inspector' of startLocalStack has no option 'open'/,
    ],
    ['a port of the inspector that is none', { inspector: { port: -1 } }, /'inspector.port' must be an integer from 0/],
    [
      'one port for two parts',
      { port: 4_610, inspector: { port: 4_610 } },
      /the gateway and the inspector cannot both have port 4610/,
    ],
    ['an assembly that is not there', { assembly: '/nowhere' }, /manifest.json does not exist/],
  ])('refuses %s', async (_, options, message) => {
    await expect(startLocalStack(options as LocalStackOptions)).rejects.toThrow(message)
  })
})

const endpointPort = ({ config }: LocalStack): number => Number(new URL(config.dynamoDbEndpoint).port)

const put = ({ config }: LocalStack, id: string) =>
  new PutItemCommand({ TableName: config.sessionsTable, Item: { pk: { S: id } } })
const get = ({ config }: LocalStack, id: string) =>
  new GetItemCommand({ TableName: config.sessionsTable, Key: { pk: { S: id } } })

/** How many records there are in both tables. */
async function recordsOf({ config, locksTable, adminCredentials }: LocalStack): Promise<number> {
  const { region, dynamoDbEndpoint: endpoint } = config
  const client = new DynamoDBClient({ endpoint, region, credentials: adminCredentials })
  const scans = [locksTable, config.sessionsTable].map((TableName) => client.send(new ScanCommand({ TableName })))
  const counts = (await Promise.all(scans)).map(({ Count = 0 }) => Count)
  client.destroy()
  return counts.reduce((sum, count) => sum + count, 0)
}

async function withClient(stack: LocalStack, work: (client: DynamoDBClient) => Promise<unknown>): Promise<void> {
  const { region, dynamoDbEndpoint: endpoint } = stack.config
  const client = new DynamoDBClient({ endpoint, region, credentials: stack.credentials })
  await work(client)
  client.destroy()
}
