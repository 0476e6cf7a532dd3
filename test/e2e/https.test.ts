import path from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { FUNCTION_GB, PRICES } from '../../inspector/costs/prices.js'
import type { LocalStack } from '../../local/index.js'
import { type Counter, increment, quiet } from '../support/counting.js'
import { Random } from '../support/random.js'
import { TIMING } from '../torture/timing.js'
import { LocalStackSuite, NO_RENEWALS } from './local-stack-suite.js'
import { AppProcess } from './processes.js'
import { SHORT_ENVIRONMENT } from './timing.js'

const ENVIRONMENT = path.join(__dirname, '..', 'client', 'adapters', 'lambda', 'environment.mjs')
/** `ACCESSES=1000 npm test -- test/e2e/https.test.ts` makes more. */
const ACCESSES = Number(process.env.ACCESSES ?? 60)
const ENVIRONMENTS = 3

/** How long a function is taken to run for one message. */
const FUNCTION_SECONDS = 0.03

interface Bill {
  readonly [targetAndOperation: string]: number
}

/** What the requests since a snapshot come to, by target and operation. */
function bill(stack: LocalStack, since: ReturnType<LocalStack['requests']['snapshot']>): Bill {
  const names = new Map([
    [stack.locksTable, 'Locks'],
    [stack.config.sessionsTable, 'Sessions'],
  ])
  const total: Record<string, number> = {}
  for (const { target, operation, count } of stack.requests.since(since)) {
    const name = `${names.get(target) ?? target} ${operation}`
    total[name] = (total[name] ?? 0) + count
  }
  return total
}

/** Two messages and their writes, acquire and release; and the claim and the commit of the session. */
const WARM = { 'https POST': 2, 'Locks UpdateItem': 2, 'Sessions UpdateItem': 2 }

/** Of a million of these. Each call of the function URL is one message. */
function dollars({
  'https POST': calls = 0,
  'Locks UpdateItem': locks = 0,
  'Sessions UpdateItem': sessions = 0,
}: Bill) {
  const call = PRICES.functionCall.dollars + FUNCTION_SECONDS * FUNCTION_GB * PRICES.gigabyteSecond.dollars
  return 1e6 * (calls * call + (locks + sessions) * PRICES.writeUnit.dollars)
}

describe('an application server that sends its messages over HTTPS', () => {
  const suite = new LocalStackSuite<Counter>({ environment: NO_RENEWALS })
  const client = (options: object = {}) => suite.client({ transport: 'https', ...options })

  it('uses sessions, takes its turn, and opens no connection', async () => {
    const [first, second] = [client(), client({ holdPolicy: 'perAccess' })]
    for (let count = 1; count <= 6; count += 2) {
      expect(await increment(first, 'turns', { timeoutMs: 30_000 })).toBe(count)
      await first.release('turns')
      expect(await increment(second, 'turns', { timeoutMs: 30_000 })).toBe(count + 1)
    }
    expect(suite.stack.gateway.connections()).toEqual([])
  }, 60_000)

  it('is granted a session that one with a connection holds', async () => {
    await increment(suite.client(), 'held')
    expect(await increment(client(), 'held')).toBe(2)
  }, 60_000)

  it('is told what may be wrong', async () => {
    const wrong = client({ credentials: { ...suite.stack.credentials, secretAccessKey: 'wrong' } })
    await expect(increment(wrong)).rejects.toMatchObject({
      code: 'UNREACHABLE',
      retryable: false,
      message: expect.stringMatching(/refused a message with status 403 \(InvalidSignatureException\)/),
    })
  }, 60_000)

  it('waits for a function URL that is down for a moment', async () => {
    const holdfast = client()
    await increment(holdfast, 'down')
    await holdfast.release('down')
    await suite.stack.https.stop()
    const access = quiet(increment(holdfast, 'down'))
    await suite.stack.https.start()
    expect(await access).toBe(2)
  }, 60_000)

  it('needs, for an access from a warm environment of Lambda, two function calls, and two writes of lock and session', async () => {
    const holdfast = client({ holdPolicy: 'perAccess' })
    // Each environment of the function learns of the process by one read.
    for (let round = 0; round < 10; round += 1) await increment(holdfast, 'warm')
    const before = suite.stack.requests.snapshot()
    for (let round = 0; round < 10; round += 1) await increment(holdfast, 'warm')
    expect(bill(suite.stack, before)).toEqual({ 'https POST': 20, 'Locks UpdateItem': 20, 'Sessions UpdateItem': 20 })
    // As docs/guide/costs.md says.
    expect(dollars(WARM)).toBeCloseTo(3.3, 2)
  }, 60_000)
})

describe('a store with short leases', () => {
  const suite = new LocalStackSuite<Counter>({ environment: SHORT_ENVIRONMENT })
  const started: AppProcess[] = []
  afterEach(async () => {
    await suite.stack.gateway.start()
    await Promise.all(started.splice(0).map((environment) => environment.kill()))
  })

  /** An execution environment of Lambda. */
  const start = async () => {
    const environment = new AppProcess(suite.stack, ENVIRONMENT, {})
    started.push(environment)
    await environment.waitFor(({ event }) => event === 'ready')
    return environment
  }

  it('keeps the locks of one whose gateway is down, and hands them to another, over HTTPS', async () => {
    const holder = suite.client()
    const lost: unknown[] = []
    holder.on('lost', ({ error }) => lost.push(error.message))
    await increment(holder, 'kept')
    // Loading the function takes long on a busy machine.
    await increment(suite.client({ transport: 'https' }), 'loaded')
    await suite.stack.gateway.stop()
    await after(2 * TIMING.leaseMs)
    expect(await increment(holder, 'kept')).toBe(2)
    expect(await increment(suite.client({ transport: 'https' }), 'kept')).toBe(3)
    expect(lost).toEqual([])
    await suite.stack.gateway.start()
    expect(await increment(holder, 'kept')).toBe(4)
  }, 60_000)

  it(`loses and doubles nothing in ${ACCESSES} accesses from Lambda, whose environments are frozen in between`, async () => {
    const random = new Random(1)
    const id = 'x'.repeat(43)
    const environments = await Promise.all(Array.from({ length: ENVIRONMENTS }, start))
    const counts: unknown[] = []
    let left = ACCESSES
    await Promise.all(
      environments.map(async (environment) => {
        while (left > 0) {
          left -= 1
          const { value, error } = await environment.command('invoke', { event: { id, work: 'increment' } })
          environment.signal('SIGSTOP')
          counts.push(value ?? error)
          // Now and then beyond its lease.
          await after(random.chance(0.02) ? 1.3 * TIMING.leaseMs : random.between(0, 20))
          environment.signal('SIGCONT')
        }
      }),
    )
    expect(counts.toSorted((a, b) => Number(a) - Number(b))).toEqual(counts.map((_count, index) => index + 1))
    expect((await suite.client().peek(id))?.state).toEqual({ count: ACCESSES })
    expect(suite.stack.gateway.connections()).toEqual([])
  }, 600_000)

  it('needs, after a thaw, one function call, one write and one read more: for another process id', async () => {
    const id = 'y'.repeat(43)
    const environment = await start()
    const invoke = async () => {
      expect(await environment.command('invoke', { event: { id, work: 'increment' } })).toHaveProperty('value')
    }
    await invoke()
    await invoke()
    environment.signal('SIGSTOP')
    await after(1.5 * TIMING.leaseMs)
    const before = suite.stack.requests.snapshot()
    environment.signal('SIGCONT')
    await invoke()
    const { 'Locks GetItem': _reads, ...rest } = bill(suite.stack, before)
    expect(rest).toEqual({ ...WARM, 'https POST': 3, 'Locks UpdateItem': 3 })
    // And one read, of the incarnation.
    expect(dollars(rest) - dollars(WARM) + 1e6 * PRICES.readUnit.dollars).toBeCloseTo(1.15, 2)
  }, 60_000)
})
