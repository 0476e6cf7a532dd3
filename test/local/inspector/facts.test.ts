import { randomBytes } from 'node:crypto'
import { sessionKey } from '../../../client/session/session-key.js'
import { TALLY_MS } from '../../../inspector/limits.js'
import type { Fact } from '../../../inspector/model/entry.js'
import type { Exchange } from '../../../local/dynamodb/proxy.js'
import { Recorder } from '../../../local/inspector/recorder.js'
import { type AttributeValue, num, str } from '../../../protocol/dynamodb.js'
import { lockKey, processKey } from '../../../protocol/keys.js'
import { seatValue } from '../../../protocol/lock/record.js'

const SESSION_ID = 'a-session-id-that-is-a-secret'
const SESSION = sessionKey('shop', SESSION_ID)
const SHOWN = SESSION.slice(0, 'shop#'.length + 10)
const ATTRIBUTE = 'an-attribute-that-is-private'
const SECRET = randomBytes(32).toString('base64url')
const PROCESS = randomBytes(12).toString('base64url')
const CONNECTION = randomBytes(11).toString('base64url')

function recording() {
  const facts: Fact[] = []
  const recorder = new Recorder({
    tell: (fact) => facts.push(fact),
    locksTable: 'locks',
    sessionsTable: 'sessions',
    isFunction: (caller) => caller !== 'application',
  })
  return { facts, recorder }
}

const exchange = (target: string, input: object, item?: object, outcome = 'ok'): Exchange => ({
  request: {
    caller: 'application',
    target,
    operation: 'UpdateItem',
    needs: [],
    input: input as Exchange['request']['input'],
  },
  outcome,
  units: 3,
  body: Buffer.from(JSON.stringify(item === undefined ? {} : { Attributes: item })),
})

const update = (pk: string, values: Record<string, AttributeValue>, ReturnValues = 'NONE') => ({
  Key: { pk: { S: pk } },
  ExpressionAttributeValues: values,
  ReturnValues,
})

const HELLO = { type: 'hello', v: 1, processId: PROCESS, secret: SECRET, label: 'server-1', gen: 1 }

test('messages have the process of their connection, and a session as it is shown', () => {
  const { facts, recorder } = recording()
  recorder.opened(CONNECTION)
  recorder.received(CONNECTION, JSON.stringify(HELLO))
  recorder.received(CONNECTION, JSON.stringify({ type: 'acquire', session: SESSION, r: 3, nudge: true }))
  recorder.answered(CONNECTION, JSON.stringify({ type: 'queued', session: SESSION, r: 3, position: 1, holder: 'x' }))
  recorder.pushed(
    { connectionId: CONNECTION, text: JSON.stringify({ type: 'revoke', session: SESSION, epoch: 7 }) },
    'lost',
  )
  const process = PROCESS.slice(0, 8)
  expect(facts.slice(2)).toEqual([
    { kind: 'message', way: 'sent', type: 'acquire', process, session: SHOWN, r: 3, isNudge: true },
    { kind: 'message', way: 'answered', type: 'queued', process, session: SHOWN, r: 3, position: 1 },
    { kind: 'message', way: 'pushed', type: 'revoke', process, session: SHOWN, epoch: 7, delivery: 'lost' },
  ])
})

test('messages over HTTPS are told like those of a connection, and are no business of API Gateway', () => {
  jest.useFakeTimers()
  const { facts, recorder } = recording()
  recorder.start()
  recorder.posted(PROCESS, JSON.stringify({ type: 'acquire', session: SESSION, r: 3 }))
  recorder.replied(PROCESS, JSON.stringify({ type: 'granted', session: SESSION, r: 3, epoch: 9 }))
  recorder.posted(SECRET, JSON.stringify({ type: SECRET, session: SESSION_ID }))
  jest.advanceTimersByTime(TALLY_MS)
  recorder.stop()
  jest.useRealTimers()
  const [process, isHttps] = [PROCESS.slice(0, 8), true]
  expect(facts).toEqual([
    { kind: 'message', way: 'sent', type: 'acquire', process, session: SHOWN, r: 3, isHttps },
    { kind: 'message', way: 'answered', type: 'granted', process, session: SHOWN, r: 3, epoch: 9, isHttps },
    { kind: 'message', way: 'sent', type: 'unknown', process: undefined, isHttps },
    expect.objectContaining({ kind: 'tally', messages: 0, httpsMessages: 2 }),
  ])
})

test('a message that the gateway throttles is told as that, and costs nothing', () => {
  jest.useFakeTimers()
  const { facts, recorder } = recording()
  recorder.start()
  recorder.opened(CONNECTION)
  recorder.throttled(CONNECTION, JSON.stringify(HELLO))
  recorder.throttled(CONNECTION, JSON.stringify({ type: 'acquire', session: SESSION, r: 3 }))
  jest.advanceTimersByTime(TALLY_MS)
  recorder.stop()
  jest.useRealTimers()
  const process = PROCESS.slice(0, 8)
  expect(facts.slice(1)).toEqual([
    { kind: 'message', way: 'throttled', type: 'hello', process },
    { kind: 'message', way: 'throttled', type: 'acquire', process, session: SHOWN, r: 3 },
    expect.objectContaining({ kind: 'tally', messages: 0 }),
  ])
})

test('the record of a lock is told as the write has left it', () => {
  const { facts, recorder } = recording()
  const item = {
    epoch: num(8),
    holder: seatValue({ p: PROCESS, r: 1 }),
    waiters: { L: [seatValue({ p: 'B'.repeat(16), r: 2 })] },
    askedAt: num(5),
  }
  recorder.exchanged(exchange('locks', update(lockKey(SESSION), {}, 'ALL_NEW'), item))
  expect(facts).toEqual([
    { kind: 'lock', session: SHOWN, epoch: 8, holder: PROCESS.slice(0, 8), waiters: ['BBBBBBBB'], askedAt: 5 },
  ])
})

test('a write to Locks that is refused is told with whom it is about; one whose condition fails is not', () => {
  const { facts, recorder } = recording()
  const refuse = (key: string, values: Record<string, AttributeValue>, outcome = 'ThrottlingException') =>
    recorder.exchanged(exchange('locks', update(key, values, 'ALL_NEW'), undefined, outcome))
  refuse(lockKey(SESSION), { ':me': seatValue({ p: PROCESS, r: 1 }), ':now': num(1) })
  refuse(lockKey(SESSION), { ':p': str(PROCESS), ':epoch': num(1) }, 'dropped')
  refuse(lockKey(SESSION), { ':epoch': num(1), ':p': str('no process') })
  refuse(lockKey(SESSION), { ':p': str(PROCESS) }, 'ConditionalCheckFailedException')
  refuse(processKey(PROCESS), { ':secretHash': str(SECRET) })
  refuse('C#connection', {})
  const process = PROCESS.slice(0, 8)
  expect(facts).toEqual([
    { kind: 'refusal', session: SHOWN, process, outcome: 'ThrottlingException' },
    { kind: 'refusal', session: SHOWN, process, outcome: 'dropped' },
    { kind: 'refusal', session: SHOWN, outcome: 'ThrottlingException' },
    { kind: 'refusal', process, outcome: 'ThrottlingException' },
  ])
})

test.each([
  ['claim', { ':epoch': num(8) }, 'ALL_NEW', {}],
  ['birth', { ':epoch': num(8), ':unborn': { BOOL: true } }, 'ALL_NEW', {}],
  [
    'commit',
    { ':epoch': num(8), ':alive': num(99), ':a0': str(ATTRIBUTE), ':a1': str(ATTRIBUTE) },
    'NONE',
    { changes: 2, aliveUntil: 99 },
  ],
  [
    'commit',
    { ':epoch': num(8), ':alive': num(99), ':attrs': { M: { x: str(ATTRIBUTE) } } },
    'NONE',
    { changes: 1, aliveUntil: 99 },
  ],
  ['destroy', { ':epoch': num(8) }, 'NONE', {}],
] as const)('a write to a session is told as a %s', (operation, values, returns, more) => {
  const { facts, recorder } = recording()
  recorder.exchanged(exchange('sessions', update(SESSION, values as Record<string, AttributeValue>, returns)))
  expect(facts).toEqual([{ kind: 'state', session: SHOWN, operation, epoch: 8, outcome: 'ok', units: 3, ...more }])
})

test('no secret, no attribute, no whole hash and no whole id is in any fact', () => {
  const { facts, recorder } = recording()
  recorder.opened(CONNECTION)
  recorder.received(CONNECTION, JSON.stringify(HELLO))
  const hostile = {
    type: SESSION_ID,
    session: SESSION_ID,
    of: SECRET,
    code: SECRET,
    message: ATTRIBUTE,
    epoch: SECRET,
    holder: SESSION_ID,
  }
  for (const text of [SESSION_ID, ATTRIBUTE, JSON.stringify(SECRET), 'null', JSON.stringify(hostile)]) {
    recorder.received(CONNECTION, text)
    recorder.answered(CONNECTION, text)
    recorder.pushed({ connectionId: CONNECTION, text }, 'sent')
  }
  recorder.received(CONNECTION, JSON.stringify({ type: 'acquire', session: SESSION, r: 1 }))
  const process = {
    connectionId: str(CONNECTION),
    endpoint: str('http://x'),
    gen: num(1),
    leaseUntil: num(5),
    renewedAt: num(1),
    secretHash: str(SECRET),
    principal: str('arn:aws:iam::1:user/application'),
    label: str('server-1'),
    asks: { M: { [SESSION]: { M: { epoch: num(1), at: num(1) } } } },
  }
  recorder.exchanged(exchange('locks', update(processKey(PROCESS), { ':secretHash': str(SECRET) }, 'ALL_NEW'), process))
  const values = { ':epoch': num(8), ':alive': num(9), ':a0': str(ATTRIBUTE), ':commit': str(SECRET) }
  recorder.exchanged(
    exchange(
      'sessions',
      { ...update(SESSION, values), ExpressionAttributeNames: { '#a0': ATTRIBUTE } },
      { attrs: str(ATTRIBUTE) },
    ),
  )
  recorder.exchanged(exchange('sessions', update(SESSION_ID, values)))
  recorder.exchanged(exchange('locks', update(`S#${SESSION_ID}`, values, 'ALL_NEW'), { epoch: num(1) }))
  recorder.closed(CONNECTION, 1006)
  expect(facts.length).toBeGreaterThan(20)
  expect(facts).toContainEqual(expect.objectContaining({ kind: 'process', label: 'server-1', asks: 1 }))
  const told = JSON.stringify(facts)
  for (const secret of [SESSION_ID, ATTRIBUTE, SECRET, SESSION, PROCESS, CONNECTION]) expect(told).not.toContain(secret)
  expect(told).toContain(SHOWN)
})

test('requests to both tables, and to no others, are counted with what they are billed, apart for functions', () => {
  jest.useFakeTimers()
  const { facts, recorder } = recording()
  recorder.start()
  recorder.exchanged(exchange('sessions', update(SESSION, { ':epoch': num(1) })))
  recorder.exchanged(
    exchange('sessions', update(SESSION, { ':epoch': num(1) }), undefined, 'ConditionalCheckFailedException'),
  )
  const read = exchange('locks', {})
  recorder.exchanged({ ...read, request: { ...read.request, caller: 'grant', operation: 'GetItem' }, units: 1 })
  // A table of the application itself.
  recorder.exchanged(exchange('orders', update(SESSION, { ':epoch': num(1) })))
  jest.advanceTimersByTime(3_000)
  recorder.stop()
  jest.useRealTimers()
  const tallies = facts.filter(({ kind }) => kind === 'tally')
  expect(tallies[0]).toMatchObject({ requests: 3, writeUnits: 4, readUnits: 1, functionReads: 1, functionWrites: 0 })
  // One more says that nothing goes on; then there is silence.
  expect(tallies).toHaveLength(2)
})
