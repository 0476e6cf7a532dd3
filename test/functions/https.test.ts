import type { APIGatewayProxyStructuredResultV2, LambdaFunctionURLEventWithIAMAuthorizer } from 'aws-lambda'
import { KnownIncarnation } from '../../functions/known-incarnation.js'
import { KnownProcesses } from '../../functions/known-processes.js'
import { createHttpsHandler } from '../../functions/lambda/https-handler.js'
import { markOf } from '../../functions/mark.js'
import type { Address, Deps, LogEntry } from '../../functions/ports.js'
import { connectionKey, lockKey, processKey } from '../../protocol/keys.js'
import { FRESH_WAITERS_MAX } from '../../protocol/limits.js'
import { readLock } from '../../protocol/lock/record.js'
import type { ClientMessage, StoreMessage } from '../../protocol/messages.js'
import { CONNECTION_HEADER, PROCESS_HEADER, SECRET_HEADER } from '../../protocol/process/https.js'
import { NOWHERE } from '../../protocol/process/nowhere.js'
import { readProcess } from '../../protocol/process/record.js'
import { compileTiming } from '../../protocol/timing.js'
import { MemoryStore } from '../../store/memory/memory-store.js'
import { Player, sessionOf } from './stage.js'

const SERVER = 'arn:aws:sts::123456789012:assumed-role/Shop'
const SERVER_ARN = `${SERVER}/server-1`
const SESSION = sessionOf('shop')

/** Fields of a request that differ from those of an honest process. */
interface Oddity {
  readonly userArn?: string | undefined
  readonly headers?: object
  readonly isBase64Encoded?: boolean
}

describe('messages over HTTPS', () => {
  let memory: MemoryStore
  let requests: string[]
  let pushed: { readonly to: Address; readonly message: StoreMessage }[]
  let logs: LogEntry[]
  let nowMs: number
  let handle: ReturnType<typeof createHttpsHandler>
  const namespaces = new Map<string, ReadonlySet<string>>()
  const timing = compileTiming()

  beforeEach(() => {
    memory = new MemoryStore()
    namespaces.clear()
    nowMs = 1_800_000_000_000
    replaceFunction()
  })

  /** From now on another environment serves, which remembers nobody. */
  function replaceFunction(): void {
    requests = []
    pushed = []
    logs = []
    const counted = <T>(name: string, answer: T): T => {
      requests.push(name)
      return answer
    }
    const store: Deps['store'] = {
      update: (update) => counted(`write ${update.key.slice(0, 1)}`, memory.update(update)),
      transact: (updates) => counted('transact', memory.transact(updates)),
      get: (table, key) => counted(`read ${key.slice(0, 1)}`, memory.get(table, key)),
      remove: (table, key) => counted(`remove ${key}`, memory.remove(table, key)),
    }
    const deps: Deps = {
      store,
      push: async (to, message) => {
        pushed.push({ to, message })
        return true
      },
      processes: new KnownProcesses(() => nowMs),
      nowMs: () => nowMs,
      timing,
      incarnation: new KnownIncarnation(store, () => nowMs),
      namespaces,
      log: (entry) => void logs.push(entry),
    }
    handle = createHttpsHandler({ deps, time: { within: (run) => run() }, log: { requestId: undefined } })
  }

  async function result(player: Player, body: string, { headers, isBase64Encoded = false, ...odd }: Oddity = {}) {
    const userArn = 'userArn' in odd ? odd.userArn : SERVER_ARN
    const event = {
      requestContext: { authorizer: { iam: { userArn } } },
      headers: {
        [PROCESS_HEADER]: player.processId,
        [SECRET_HEADER]: player.secret,
        [CONNECTION_HEADER]: player.connectionId.slice(0, 12),
        ...headers,
      },
      body,
      isBase64Encoded,
    }
    return (await handle(
      event as unknown as LambdaFunctionURLEventWithIAMAuthorizer,
    )) as APIGatewayProxyStructuredResultV2
  }
  async function say(player: Player, message: ClientMessage, oddity?: Oddity): Promise<StoreMessage> {
    return JSON.parse((await result(player, JSON.stringify(message), oddity)).body ?? '') as StoreMessage
  }
  const hello = ({ processId, secret, name }: Player, gen = 1): ClientMessage => ({
    type: 'hello',
    v: 1,
    processId,
    secret,
    label: name,
    gen,
  })
  async function join(name: string): Promise<Player> {
    const player = new Player(name)
    expect(await say(player, hello(player))).toMatchObject({ type: 'welcome', gen: 1 })
    return player
  }
  /** The requests without those for the incarnation, which an environment reads now and then. */
  const own = () => requests.filter((request) => request !== 'read i')
  const acquire = (player: Player, nudge = false) =>
    say(player, { type: 'acquire', session: SESSION, r: 1, ...(nudge ? { nudge: true } : {}) })
  const lock = () => readLock(memory.getNow('locks', lockKey(SESSION)))
  const process = ({ processId }: Player) => readProcess(memory.getNow('locks', processKey(processId)))

  test('get a lock and give it back, at one write each; the process leaves no record of a connection', async () => {
    const anna = await join('anna')
    expect(await acquire(anna)).toMatchObject({ type: 'granted' })
    const { epoch = 0 } = lock() ?? {}
    expect(await say(anna, { type: 'release', session: SESSION, epoch, r: 1 })).toMatchObject({ type: 'released' })
    expect(await say(anna, { type: 'renew', n: 1 })).toMatchObject({ type: 'renewed', n: 1 })
    expect(own()).toEqual(['write P', 'write S', 'write S', 'write P'])
    expect([...memory.items('locks').keys()].filter((key) => key.startsWith('C#'))).toEqual([])
    expect(process(anna)).toMatchObject({ endpoint: NOWHERE, principal: SERVER })
  })

  test('of a process that an environment does not know cost one read more, once', async () => {
    const anna = await join('anna')
    replaceFunction()
    await say(anna, { type: 'renew', n: 1 })
    await say(anna, { type: 'renew', n: 2 })
    expect(own()).toEqual(['read P', 'write P', 'write P'])
  })

  test('may come from another session of the same role', async () => {
    const anna = await join('anna')
    const userArn = SERVER_ARN.replace('server-1', 'server-2')
    expect(await say(anna, { type: 'renew', n: 1 }, { userArn })).toMatchObject({ type: 'renewed' })
  })

  describe.each(['known', 'unknown'])('to an environment to which the process is %s', (known) => {
    test.each<[string, Oddity]>([
      ['another role', { userArn: SERVER_ARN.replace('Shop', 'Other') }],
      ['a role of the same name in another account', { userArn: SERVER_ARN.replace('123456789012', '210987654321') }],
      ['somebody with another secret', { headers: { [SECRET_HEADER]: 'x'.repeat(43) } }],
      ['somebody without a secret', { headers: { [SECRET_HEADER]: undefined } }],
      ['somebody who names no process', { headers: { [PROCESS_HEADER]: undefined } }],
      ['somebody who names something else', { headers: { [PROCESS_HEADER]: '../S#' } }],
      ['a process that has not said hello', { headers: { [PROCESS_HEADER]: new Player('nobody').processId } }],
    ])('%s speaks for no process', async (_who, oddity) => {
      const anna = await join('anna')
      await acquire(anna)
      if (known === 'unknown') replaceFunction()
      const before = JSON.stringify([...memory.items('locks')])
      for (const message of [
        { type: 'retire' },
        { type: 'renew', n: 1 },
        { type: 'release', session: SESSION, epoch: lock()?.epoch ?? 0, r: 1 },
      ] as const) {
        expect(await say(anna, message, oddity)).toMatchObject({ type: 'refused', code: 'NO_HELLO', of: message.type })
      }
      expect(JSON.stringify([...memory.items('locks')])).toBe(before)
      // And the process itself is heard as before.
      expect(await say(anna, { type: 'renew', n: 2 })).toMatchObject({ type: 'renewed' })
    })
  })

  test('that name another role take over no process, not even with its secret', async () => {
    const anna = await join('anna')
    const answer = await say(anna, hello(anna, 2), { userArn: SERVER_ARN.replace('Shop', 'Other') })
    expect(answer).toMatchObject({ code: 'WRONG_SECRET' })
    expect(process(anna)?.gen).toBe(1)
  })

  test.each<[string, Oddity, string]>([
    ['another role', { userArn: SERVER_ARN.replace('Shop', 'Other') }, ''],
    ['another secret', { headers: { [SECRET_HEADER]: 'x'.repeat(43) } }, 'x'.repeat(43)],
  ])('of %s speak for no process after a hello that was refused', async (_whose, oddity, secret) => {
    const anna = await join('anna')
    const foreign = { ...hello(anna, 2), ...(secret === '' ? {} : { secret }) } as ClientMessage
    expect(await say(anna, foreign, oddity)).toMatchObject({ code: 'WRONG_SECRET' })
    expect(await say(anna, { type: 'retire' }, oddity)).toMatchObject({ type: 'refused', code: 'NO_HELLO' })
    expect(await say(anna, { type: 'renew', n: 1 })).toMatchObject({ type: 'renewed' })
  })

  test.each([undefined, ''])('that name nobody (%j) are not carried out', async (userArn) => {
    const anna = new Player('anna')
    expect(await result(anna, JSON.stringify(hello(anna)), { userArn })).toEqual({ statusCode: 403 })
    expect(logs).toEqual([{ level: 'warn', event: 'foreignEvent' }])
    expect(memory.items('locks').size).toBe(0)
  })

  test.each([
    ['binary', { isBase64Encoded: true }, '{"type":"retire"}', 'MALFORMED'],
    ['no JSON', {}, '{', 'MALFORMED'],
    ['too large', {}, 'x'.repeat(5_000), 'TOO_LARGE'],
    ['of no known type', {}, '{"type":"x"}', 'UNKNOWN_TYPE'],
  ])('that are %s are refused as on a connection', async (_name, oddity, body, code) => {
    const { statusCode, body: answer } = await result(new Player('anna'), body, oddity)
    expect(statusCode).toBe(200)
    expect(JSON.parse(answer ?? '')).toMatchObject({ type: 'refused', code })
  })

  test('a hello that arrives twice is welcome twice; that of a copied process shows that there is another', async () => {
    const anna = await join('anna')
    expect(await say(anna, hello(anna))).toMatchObject({ type: 'welcome' })
    const copied = { headers: { [CONNECTION_HEADER]: 'x'.repeat(12) } }
    expect(await say(anna, hello(anna), copied)).toMatchObject({ code: 'STALE_CONNECTION', gen: 1 })
    expect(await say(anna, hello(anna, 2), copied)).toMatchObject({ type: 'welcome', gen: 2 })
  })

  test('cannot remove the record of a connection by any name of their own', async () => {
    memory.put('locks', connectionKey('AAAAAAAAAAAA'), { principal: { S: 'p' }, processId: { S: 'q' } })
    const liar = new Player('liar')
    for (let gen = 1; gen <= 12; gen += 1)
      await say(liar, hello(liar, gen), {
        headers: { [CONNECTION_HEADER]: gen === 1 ? 'AAAAAAAAAAAA' : `${gen}`.padEnd(12, 'x') },
      })
    expect(requests.filter((request) => request.startsWith('remove'))).not.toEqual([])
    expect(memory.getNow('locks', connectionKey('AAAAAAAAAAAA'))).toBeDefined()
  })

  test('tell a process that waits when to look again: soon, and more seldom while the hold goes on', async () => {
    const [anna, bert, cleo] = [await join('anna'), await join('bert'), await join('cleo')]
    await acquire(anna)
    expect(await acquire(bert)).toMatchObject({ type: 'queued', position: 0, nudgeAfterMs: timing.nudgeAfterMs / 8 })
    expect(await acquire(cleo)).toMatchObject({
      type: 'queued',
      position: 1,
      nudgeAfterMs: (timing.nudgeAfterMs * 9) / 64,
    })
    nowMs += 4_000
    expect(await acquire(bert, true)).toMatchObject({ nudgeAfterMs: 1_000 })
    nowMs += 60_000
    for (const player of [anna, bert])
      memory.put('locks', processKey(player.processId), {
        ...memory.getNow('locks', processKey(player.processId)),
        leaseUntil: { N: String(nowMs + 60_000) },
      })
    expect(await acquire(bert, true)).toMatchObject({ nudgeAfterMs: 2 * timing.nudgeAfterMs })
  })

  test('tell a process outside of a full queue to look again no sooner than others', async () => {
    const players = await Promise.all(Array.from({ length: FRESH_WAITERS_MAX + 2 }, (_, index) => join(`p${index}`)))
    const outside = players.pop() as Player
    for (const player of players) await acquire(player)
    expect(await acquire(outside)).toMatchObject({ type: 'queued', since: nowMs, nudgeAfterMs: timing.nudgeAfterMs })
    expect(await acquire(outside, true)).toMatchObject({ since: nowMs, nudgeAfterMs: 2 * timing.nudgeAfterMs })
  })

  test('of a principal that is confined have no word about sessions elsewhere, in any environment', async () => {
    namespaces.set(SERVER, new Set(['blog']))
    const anna = await join('anna')
    expect(await acquire(anna)).toMatchObject({ type: 'refused', code: 'FORBIDDEN', of: 'acquire', session: SESSION })
    replaceFunction()
    expect(await acquire(anna)).toMatchObject({ type: 'refused', code: 'FORBIDDEN' })
    expect(lock()).toBeUndefined()
    const blog = SESSION.replace('game#', 'blog#')
    expect(await say(anna, { type: 'acquire', session: blog, r: 2 })).toMatchObject({ type: 'granted' })
  })

  test('queue a process of another principal with its mark', async () => {
    const anna = await join('anna')
    await acquire(anna)
    const bert = new Player('bert')
    const other = { userArn: 'arn:aws:sts::123456789012:assumed-role/Other/server-1' }
    await say(bert, hello(bert), other)
    await say(bert, { type: 'acquire', session: SESSION, r: 1 }, other)
    const m = markOf('arn:aws:sts::123456789012:assumed-role/Other')
    expect(lock()).toMatchObject({ mark: markOf(SERVER), waiters: [{ p: bert.processId, r: 1, m }] })
  })

  test('find the grant that nothing was pushed for', async () => {
    const [anna, bert] = [await join('anna'), await join('bert')]
    await acquire(anna)
    await acquire(bert)
    await say(anna, { type: 'release', session: SESSION, epoch: lock()?.epoch ?? 0, r: 1 })
    expect(pushed.map(({ to }) => to.endpoint)).toEqual([NOWHERE, NOWHERE])
    expect(await acquire(bert, true)).toMatchObject({ type: 'granted', r: 1, contended: false })
  })
})
