import type { Item } from '../../protocol/dynamodb.js'
import { connectionKey, processKey } from '../../protocol/keys.js'
import { CONNECTION_TTL_MS } from '../../protocol/limits.js'
import { Player, Stage } from './stage.js'

const session = (name: string, role = 'Shop', account = '123456789012') =>
  `arn:aws:sts::${account}:assumed-role/${role}/${name}`

describe('the principal of a connection', () => {
  let stage: Stage
  let anna: Player
  beforeEach(() => {
    stage = new Stage()
    anna = new Player('anna')
  })

  const record = (connectionId: string) => stage.memory.getNow('locks', connectionKey(connectionId))
  /** Anna's connection number `gen`, opened by `userArn`, greets with her secret. */
  async function greet(gen: number, userArn: string) {
    const connectionId = gen === 1 ? anna.connectionId : `connection-${gen}`
    await stage.connect(connectionId, userArn)
    return stage.hello(anna, connectionId, gen)
  }

  test('is in its record before its first message, which outlives it', async () => {
    expect(await stage.connect('c', session('server-1'))).toBe(true)
    expect(record('c')).toMatchObject({
      principal: { S: 'arn:aws:sts::123456789012:assumed-role/Shop' },
      expiresAt: { N: String(Math.ceil((stage.nowMs + CONNECTION_TTL_MS) / 1000)) },
    })
    expect(record('c')).not.toHaveProperty('processId')
    expect(await stage.say('c', JSON.stringify({ type: 'renew', n: 1 }))).toMatchObject({ code: 'NO_HELLO' })
  })

  test('is the role, whatever its session is called', async () => {
    expect(await greet(1, session('server-1'))).toMatchObject({ type: 'welcome' })
    expect(await greet(2, session('another-name'))).toMatchObject({ type: 'welcome', gen: 2 })
  })

  test.each([
    ['another role', session('server-1', 'Other')],
    ['a role of the same name in another account', session('server-1', 'Shop', '210987654321')],
    ['a user', 'arn:aws:iam::123456789012:user/Shop'],
  ])('%s takes over no process, not even with its secret', async (_who, userArn) => {
    await greet(1, session('server-1'))
    const before = stage.memory.getNow('locks', processKey(anna.processId))
    expect(await greet(2, userArn)).toMatchObject({ code: 'WRONG_SECRET', gen: 2 })
    expect(stage.memory.getNow('locks', processKey(anna.processId))).toEqual(before)
    expect(record('connection-2')).not.toHaveProperty('processId')
  })

  test.each([
    ['a user', 'arn:aws:iam::123456789012:user/shop'],
    ['a role of another account', session('server-1', 'Shop', '210987654321')],
  ])('%s is known again', async (_who, userArn) => {
    expect(await greet(1, userArn)).toMatchObject({ type: 'welcome' })
    expect(await greet(2, userArn)).toMatchObject({ type: 'welcome' })
  })

  test('never changes: a second $connect of another principal is refused', async () => {
    await greet(1, session('server-1'))
    const before = record(anna.connectionId)
    expect(await stage.connect(anna.connectionId, session('server-1', 'Other'))).toBe(false)
    expect(record(anna.connectionId)).toEqual(before)
    // The gateway may tell twice, and the second time late.
    expect(await stage.connect(anna.connectionId, session('server-1'))).toBe(true)
    expect(record(anna.connectionId)).toEqual(before)
  })

  test.each([null, ''])('that the gateway does not name (%j) opens no connection', async (userArn) => {
    expect(await stage.connect('c', userArn)).toBe(false)
    expect(record('c')).toBeUndefined()
  })

  describe('of a connection that a former version opened', () => {
    /** Its functions left no record at $connect, and none of the principal at hello. */
    const openedBefore = async (item?: Item) => {
      await stage.ready(anna.connectionId)
      if (item === undefined) stage.memory.removeNow('locks', connectionKey(anna.connectionId))
      else stage.memory.put('locks', connectionKey(anna.connectionId), item)
    }

    test('is unknown: its hello changes nothing, and asks for another connection', async () => {
      for (const item of [undefined, { processId: { S: anna.processId } }]) {
        await openedBefore(item)
        const before = stage.memory.snapshot().locks
        const answer = await stage.hello(anna, anna.connectionId, 1)
        expect(answer).toMatchObject({ type: 'refused', code: 'INTERNAL', of: 'hello', gen: 1 })
        expect(stage.memory.snapshot().locks).toEqual(before)
      }
      expect(await stage.hello(anna, 'connection-2', 1)).toMatchObject({ type: 'welcome' })
    })

    test('is not asked for where it has greeted already', async () => {
      await stage.hello(anna, 'connection-2', 1)
      stage.memory.put('locks', connectionKey('connection-2'), { processId: { S: anna.processId } })
      expect(await stage.sendOver('connection-2', { type: 'renew', n: 1 })).toMatchObject({ type: 'renewed' })
    })
  })

  test('of a connection that ends while its hello is under way makes no new record of it', async () => {
    await stage.connect(anna.connectionId)
    const { get } = stage.memory
    stage.memory.get = async (table, key) => {
      const item = await get.call(stage.memory, table, key)
      stage.memory.removeNow('locks', connectionKey(anna.connectionId))
      return item
    }
    expect(await stage.hello(anna, anna.connectionId, 1)).toMatchObject({ code: 'INTERNAL' })
    expect(record(anna.connectionId)).toBeUndefined()
  })

  test('costs each hello one read, and no other message any', async () => {
    await stage.connect(anna.connectionId)
    const before = stage.requests
    await stage.hello(anna, anna.connectionId, 1)
    // The other read is that of the incarnation.
    expect(stage.requests - before).toBe(4)
    await stage.send(anna, { type: 'renew', n: 1 })
    await stage.send(anna, { type: 'renew', n: 2 })
    expect(stage.requests - before).toBe(4 + 1 + 2)
  })
})
