import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AttributeValue, paginateScan } from '@aws-sdk/client-dynamodb'
import { BENCH_COMMITS_PER_SECOND, BENCH_HANDOFFS_PER_SECOND } from '../../cli/limits.js'
import { LOCAL_APPLICATION } from '../../local/fixed.js'
import { CliStack } from './cli-stack.js'
import {
  type Ended,
  inPipe,
  inProcess,
  jsonOf,
  processesOf,
  type Running,
  startInPipe,
  startInTerminal,
  untilGone,
} from './programs.js'
import { BENCH, FAILED, matches } from './shapes.js'

const RUN_MS = 90_000
const suite = new CliStack()
const short = ['bench', '--stack', '--seconds', '3', '--sessions', '4']
const quiet = [...short, '--yes', '--json']

const failureOf = (ended: Ended) => [ended.code, matches(FAILED, jsonOf(ended)).error.code]

async function recordsOf(table: string): Promise<readonly Record<string, AttributeValue>[]> {
  const records: Record<string, AttributeValue>[] = []
  const pages = paginateScan({ client: suite.admin }, { TableName: table, ConsistentRead: true })
  for await (const { Items = [] } of pages) records.push(...Items)
  return records
}

/** The sessions of a namespace: all that were made, and those that live still. */
async function sessionsOf(namespace: string) {
  const records = await recordsOf(suite.stack.config.sessionsTable)
  const made = records.filter(({ pk }) => pk?.S?.startsWith(`${namespace}#`))
  return { made: made.length, living: made.filter(({ attrs }) => attrs !== undefined).map(({ pk }) => pk?.S ?? '') }
}

/** Of all callers but the function that renews: the stack of this test has a short lease. */
function counted(since: ReturnType<typeof suite.stack.requests.snapshot>) {
  const requests = suite.stack.requests.since(since).filter(({ caller }) => !caller.includes('Connection'))
  const sum = (isOne: (operation: string) => boolean) =>
    requests.filter(({ operation }) => isOne(operation)).reduce((total, { count }) => total + count, 0)
  return {
    writes: sum((operation) => /^(Update|Put|Delete)Item$/.test(operation)),
    pushes: sum((operation) => operation === 'POST'),
  }
}

test(
  'it measures kept accesses, commits and handoffs, says what they cost, and leaves no session',
  async () => {
    const before = suite.stack.requests.snapshot()
    const ended = await inPipe(quiet, { env: suite.env })
    expect([ended.code, ended.err]).toEqual([0, ''])
    const { parts, cost, left, isInterrupted, ...rest } = matches(BENCH, jsonOf(ended))
    const { url, region, sessionsTable } = suite.stack.config
    expect(rest).toEqual({ stack: { url, region, sessionsTable }, processes: 2, sessions: 4 })
    expect([left, isInterrupted]).toEqual([[], false])
    expect(parts.map(({ name, perSecondMax, errors }) => [name, perSecondMax, errors])).toEqual([
      ['kept', null, {}],
      ['commit', BENCH_COMMITS_PER_SECOND, {}],
      ['handoff', BENCH_HANDOFFS_PER_SECOND, {}],
    ])
    for (const { operations, p50Ms, p99Ms } of parts) {
      expect(operations).toBeGreaterThan(0)
      expect(p50Ms).not.toBeNull()
      expect(p99Ms === null).toBe(operations < 1_000)
    }
    const [kept, commit, handoff] = parts.map(({ operations }) => operations) as [number, number, number]
    // A kept access makes no request, so there are far more of them.
    expect(kept).toBeGreaterThan(commit)
    expect([commit <= BENCH_COMMITS_PER_SECOND + 4, handoff <= BENCH_HANDOFFS_PER_SECOND + 4]).toEqual([true, true])

    const { writes, pushes } = counted(before)
    // Each commit is a write, each handoff is three and two pushes; the rest is for the sessions and processes.
    expect(writes).toBeGreaterThanOrEqual(commit + 3 * handoff)
    expect(pushes).toBeGreaterThanOrEqual(2 * handoff)
    // On a slow machine some messages are repeated.
    expect(cost.writes).toBeGreaterThanOrEqual(writes * 0.95)
    expect(cost.writes).toBeLessThanOrEqual(writes * 1.25 + 30)
    expect(cost.pushes).toBe(2 * handoff)
    expect(cost.dollars).toBeGreaterThan(cost.writes * 0.625e-6)
    expect(await sessionsOf('holdfast-bench')).toEqual({ made: 4, living: [] })
  },
  RUN_MS,
)

test(
  'on a terminal it says what it will do to which stack, asks, and Ctrl-C ends it with what it has',
  async () => {
    const { env, stack } = suite
    const before = stack.requests.snapshot()
    const refused = startInTerminal(short, { env })
    await refused.shows('Load it?')
    refused.child.stdin?.write('n\n')
    expect((await refused.ended).code).toBe(4)
    refused.child.stdin?.end()
    const said = refused.out.replaceAll(/\s+/g, ' ')
    expect(said).toContain(`2 processes of this machine load the stack ${stack.config.url} (us-east-1, table `)
    expect(said).toMatch(/for 3 s, with 4 sessions of their own in the namespace holdfast-bench, which are destroyed/)
    const [, most = ''] =
      /At most 1000 commits and 200 handoffs a second, .+: ([\d,]+) requests, about \$0\.01 by/.exec(said) ?? []
    // As many as both bounds allow in a second each, and not many more.
    expect(Number(most.replaceAll(',', ''))).toBeGreaterThan(1_000 + 200 * 9)
    expect(Number(most.replaceAll(',', ''))).toBeLessThan(4_000)
    expect(stack.requests.since(before).filter(({ caller }) => caller === 'application')).toEqual([])

    const running = startInTerminal(
      ['bench', '--stack', '--seconds', '600', '--sessions', '2', '--namespace', 'mine'],
      { env },
    )
    await running.shows('Load it?')
    running.child.stdin?.write('y\n')
    await running.shows('measuring: kept')
    running.child.stdin?.write('\x03')
    const ended = await running.ended
    running.child.stdin?.end()
    expect(ended.code).toBe(0)
    expect(ended.out).toContain('destroying 2 sessions')
    expect(ended.out).toMatch(/kept\s+[\d,]+\s+[\d,]+\s+[\d.]+ ms/)
    expect(ended.out).toContain('It was ended early.')
    expect(ended.out).toMatch(/It cost about [\d,]+ writes, .+, estimated by the prices of us-east-1 on \d{4}-/)
    expect(await sessionsOf('mine')).toEqual({ made: 2, living: [] })
  },
  RUN_MS,
)

test(
  'the rights of an application are enough, and its processes get the credentials of the command',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
    try {
      const { accessKeyId, secretAccessKey } = LOCAL_APPLICATION
      const file = join(folder, 'credentials')
      writeFileSync(file, `[load]\naws_access_key_id=${accessKeyId}\naws_secret_access_key=${secretAccessKey}\n`)
      const { credentials: _, ...config } = suite.stack.config as { readonly credentials?: unknown }
      const env = { HOLDFAST_CONFIG: JSON.stringify(config), AWS_SHARED_CREDENTIALS_FILE: file }
      const ended = await inPipe([...quiet, '--profile', 'load', '--namespace', 'profiled'], { env })
      expect([ended.code, ended.err]).toEqual([0, ''])
      expect(matches(BENCH, jsonOf(ended)).parts.map(({ operations }) => operations > 0)).toEqual([true, true, true])
      const missing = await inPipe([...quiet, '--namespace', 'profiled'], { env })
      expect(failureOf(missing)).toEqual([1, 'CREDENTIALS_MISSING'])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
  RUN_MS,
)

test(
  'failures are counted by their code, and sessions that are left are named',
  async () => {
    const { env, stack } = suite
    const running = startInTerminal([...short, '--yes', '--namespace', 'failing'], { env })
    await running.shows('measuring: handoff')
    const clear = stack.dynamodb.inject({
      beforeForward: ({ caller }) => (caller === 'application' ? { refuse: 'AccessDeniedException' } : undefined),
    })
    try {
      const { code, out } = await running.ended
      expect(code).toBe(1)
      expect(out).toMatch(/handoff .* [A-Z_]+ \d+/)
      expect(out.replaceAll(/\s+/g, ' ')).toMatch(
        /4 sessions could not be destroyed: failing#\S{10}, failing#\S{10}, failing#\S{10}, failing#\S{10}\. Each ends 30 min after/,
      )
      running.child.stdin?.end()
      expect((await sessionsOf('failing')).living.length).toBe(4)
    } finally {
      clear()
    }
  },
  RUN_MS,
)

/** Runs until its processes have sessions. */
async function started(namespace: string): Promise<{ readonly running: Running; readonly ids: readonly number[] }> {
  const args = ['bench', '--stack', '--yes', '--json', '--seconds', '600', '--sessions', '2', '--namespace', namespace]
  const running = startInPipe(args, { env: suite.env })
  while ((await sessionsOf(namespace)).living.length < 2) expect(running.child.exitCode).toBeNull()
  return { running, ids: await processesOf(running) }
}

test(
  'a process that dies ends it, and the sessions of all are destroyed all the same',
  async () => {
    const { running, ids } = await started('killed')
    expect(ids.length).toBe(2)
    process.kill(ids[0] ?? 0, 'SIGKILL')
    const ended = await running.ended
    expect(failureOf(ended)).toEqual([1, 'PROCESS_ENDED'])
    expect(ended.out).toMatch(/holdfast bench [12] ended by itself \(SIGKILL\)/)
    expect(await sessionsOf('killed')).toEqual({ made: 2, living: [] })
  },
  RUN_MS,
)

test(
  'the end of its terminal ends it, and the sessions are destroyed',
  async () => {
    const { running, ids } = await started('hung-up')
    for (const id of ids) process.kill(id, 'SIGHUP')
    running.child.kill('SIGHUP')
    const ended = await running.ended
    expect([ended.code, ended.err]).toEqual([0, ''])
    expect(matches(BENCH, jsonOf(ended)).isInterrupted).toBe(true)
    expect(await sessionsOf('hung-up')).toEqual({ made: 2, living: [] })
  },
  RUN_MS,
)

test(
  'its processes end with it, whatever ends it',
  async () => {
    const { running, ids } = await started('orphaned')
    expect(ids.length).toBe(2)
    running.child.kill('SIGKILL')
    await untilGone(ids)
  },
  RUN_MS,
)

test(
  'a stack that is not there fails before anything is measured',
  async () => {
    const config = JSON.stringify({ ...suite.stack.config, sessionsTable: 'NoSuchTable' })
    const ended = await inPipe([...quiet, '--config', config], {})
    expect(failureOf(ended)).toEqual([1, 'REFUSED'])
    // No session was made, so none is left.
    expect(ended.err).toBe('')
  },
  RUN_MS,
)

test.each<[string, readonly string[], RegExp]>([
  ['no --stack', ['bench', '--yes'], /Give --stack/],
  [
    'fewer sessions than processes',
    ['bench', '--stack', '--yes', '--sessions', '3', '--processes', '4'],
    /as many sessions/,
  ],
  ['too many seconds', ['bench', '--stack', '--seconds', '601'], /whole number from 3 to 600/],
  ['too many sessions', ['bench', '--stack', '--sessions', '257'], /whole number from 1 to 256/],
  ['a namespace that is none', ['bench', '--stack', '--yes', '--namespace', 'a b'], /'a b' is no namespace/],
  ['one process', ['bench', '--stack', '--processes', '1'], /whole number from 2 to 16/],
])('%s is a wrong use', async (_, args, problem) => {
  const { code, out, err } = await inProcess(args, { env: suite.env })
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toMatch(problem)
})

test('in a pipe without --yes nothing begins', async () => {
  const before = suite.stack.requests.snapshot()
  const ended = await inPipe([...short, '--json'], { env: suite.env })
  expect(failureOf(ended)).toEqual([4, 'NOT_CONFIRMED'])
  expect(suite.stack.requests.since(before).filter(({ caller }) => caller === 'application')).toEqual([])
})
