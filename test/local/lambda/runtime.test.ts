import { environmentVariables } from '../../../local/lambda/environment-variables.js'
import type { Outcome } from '../../../local/lambda/execution-environment.js'
import { FunctionRuntime, QUEUED_INVOCATIONS_MAX } from '../../../local/lambda/runtime.js'
import { readDeployment } from '../../../local/template/deployment.js'
import type { FunctionSpec } from '../../../local/template/functions.js'
import { writeAssembly } from '../assembly.js'
import { Log } from '../harness.js'

const CREDENTIALS = { accessKeyId: 'KEY', secretAccessKey: 'secret', sessionToken: 'token' }

/** Lambda's rules for the life of execution environments. */
describe('a function', () => {
  const folder = writeAssembly()
  const specs = new Map(readDeployment(folder).functions.map((spec) => [spec.logicalId, spec]))
  const runtimes: FunctionRuntime[] = []
  const log = new Log()
  const runtimeOf = (name: string, change: Partial<FunctionSpec> = {}, environmentsMax?: number) => {
    const spec = { ...(specs.get(name) as FunctionSpec), ...change }
    const runtime = new FunctionRuntime({
      spec,
      variables: environmentVariables(spec, CREDENTIALS, 'http://127.0.0.1:1'),
      onLog: log.add,
      ...(environmentsMax === undefined ? {} : { environmentsMax }),
    })
    runtimes.push(runtime)
    return runtime
  }
  afterAll(async () => {
    await Promise.all(runtimes.map((runtime) => runtime.stop()))
  })

  test('sees its own variables, and none of this process', async () => {
    process.env.HOLDFAST_TEST_LEAK = 'leaked'
    const { environment, context } = said(await runtimeOf('Main').invoke(message({ do: 'environment' })))
    delete process.env.HOLDFAST_TEST_LEAK
    expect(environment).toMatchObject({
      HOLDFAST_TIMING: '{}',
      AWS_REGION: 'us-east-1',
      AWS_LAMBDA_FUNCTION_NAME: 'Fixture-Main',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      AWS_ACCESS_KEY_ID: 'KEY',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_SESSION_TOKEN: 'token',
      AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1',
    })
    expect(environment).not.toHaveProperty('HOLDFAST_TEST_LEAK')
    expect(environment).not.toHaveProperty('HOME')
    expect(context).toMatchObject({
      functionName: 'Fixture-Main',
      memoryLimitInMB: '256',
      remainingMs: expect.any(Number),
    })
  })

  test('keeps an environment for the next invocation, and starts another only when all are busy', async () => {
    const main = runtimeOf('Main')
    const first = said(await main.invoke(wait(0)))
    const second = said(await main.invoke(wait(0)))
    expect(second).toEqual({ ...first, invocations: 2 })

    const both = await Promise.all([main.invoke(wait(1_000)), main.invoke(wait(0))])
    expect(both.map((outcome) => said(outcome).invocations)).toEqual([3, 1])
  })

  test('serves one invocation per environment at a time, the rest in turn', async () => {
    const main = runtimeOf('Main', {}, 2)
    const outcomes = await Promise.all([1_000, 0, 0, 0, 0, 0].map((waitMs) => main.invoke(wait(waitMs))))
    const counts = outcomes.map((outcome) => said(outcome).invocations as number)
    expect(counts).toEqual([1, 1, 2, 3, 4, 5])
  })

  test('has no more environments than its reserved concurrency', async () => {
    const main = runtimeOf('Main', { reservedConcurrency: 1 })
    const outcomes = await Promise.all([1, 2, 3].map(() => main.invoke(wait(0))))
    expect(outcomes.map((outcome) => said(outcome).invocations)).toEqual([1, 2, 3])
  })

  test('is throttled when too many invocations wait', async () => {
    const main = runtimeOf('Main', {}, 1)
    const busy = main.invoke(wait(1_000))
    const queued = Array.from({ length: QUEUED_INVOCATIONS_MAX }, () => main.invoke(wait(0)))
    expect(await main.invoke(wait(0))).toEqual({ type: 'failed', error: 'throttled' })
    await main.stop()
    expect(await busy).toMatchObject({ type: 'failed' })
    expect(await Promise.all(queued)).toHaveLength(QUEUED_INVOCATIONS_MAX)
    expect(await main.invoke(wait(0))).toMatchObject({ type: 'failed' })
  })

  test('is frozen between invocations: what the handler left running goes on with the next one', async () => {
    const main = runtimeOf('Main', {}, 1)
    await main.invoke(message({ do: 'leave running' }))
    // Another thread answers in the meantime, so that time has passed for the frozen one too.
    await runtimeOf('Main').invoke(wait(50))
    expect(log.has('left running')).toBe(false)
    await main.invoke(wait(50))
    expect(log.has('left running')).toBe(true)
  })

  test('that throws fails the invocation and keeps its environment', async () => {
    const main = runtimeOf('Main')
    await main.invoke(wait(0))
    expect(await main.invoke(message({ do: 'throw' }))).toMatchObject({
      type: 'failed',
      error: expect.stringContaining('told to throw'),
    })
    expect(said(await main.invoke(wait(0))).invocations).toBe(3)
  })

  test.each([
    ['hangs', 'hang', 'timed out after 1000 ms'],
    ['blocks its thread', 'block', 'timed out after 1000 ms'],
    ['waits for nothing', 'starve', 'exited'],
    ['exits', 'exit', 'exited'],
    ['rejects out of sight', 'reject', 'nobody saw this'],
  ])('that %s fails the invocation and loses its environment', async (_, how, error) => {
    const slow = runtimeOf('Slow', {}, 1)
    await slow.invoke({ body: '{}' })
    expect(await slow.invoke({ body: JSON.stringify({ how }) })).toEqual({
      type: 'failed',
      error: expect.stringContaining(error),
    })
    expect(said(await slow.invoke({ body: '{}' })).invocations).toBe(1)
  })

  test('whose module does not load fails every invocation', async () => {
    const broken = runtimeOf('Main', { handler: 'missing' })
    const outcomes = await Promise.all([broken.invoke({}), broken.invoke({}), broken.invoke({})])
    expect(outcomes.map(({ type }) => type)).toEqual(['failed', 'failed', 'failed'])
    expect(await log.find('exports no function missing')).toBeTruthy()
  })

  test('hands its lines to the log as it writes them', async () => {
    const lines: unknown[] = []
    const spec = specs.get('Main') as FunctionSpec
    const runtime = new FunctionRuntime({ spec, variables: {}, onLog: (line) => lines.push(line) })
    runtimes.push(runtime)
    await runtime.invoke({ requestContext: { eventType: 'DISCONNECT' } })
    expect(lines).toEqual([
      {
        functionId: 'Main',
        stream: 'stdout',
        text: '{"disconnect":{"requestContext":{"eventType":"DISCONNECT"}}}',
      },
    ])
  })
})

const message = (body: unknown) => ({ requestContext: { eventType: 'MESSAGE' }, body: JSON.stringify(body) })
const wait = (waitMs: number) => message({ do: 'wait', waitMs })

function said(outcome: Outcome): Readonly<Record<string, unknown>> {
  if (outcome.type === 'failed') throw new Error(outcome.error)
  return JSON.parse((outcome.value as { readonly body: string }).body)
}
