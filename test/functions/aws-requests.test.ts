import { messageTimeMs } from '../../functions/lambda/message-time.js'
import { DYNAMODB_TIMEOUT_MS, DYNAMODB_TRIES_MAX, PUSH_TIMEOUT_MS } from '../../functions/limits.js'
import type { ClientMessage, StoreMessage } from '../../protocol/messages.js'
import { DEFAULT_TIMING } from '../../protocol/timing.js'
import { AwsStage, ROLE_ARN } from './aws-stage.js'
import type { AwsFault, AwsRequest } from './recording-aws.js'
import { Player, sessionOf } from './stage.js'

const PROCESS = 'GetItem Locks consistent'
const CONNECTION = PROCESS
const LOCK = PROCESS
const INCARNATION = PROCESS
const write = (name: string) => `UpdateItem Locks ${name} returns ALL_NEW, else ALL_OLD`
/** Its answer needs no record. */
const INTRODUCE = 'UpdateItem Locks introduceConnection returns NONE, else ALL_OLD'
const BIND = 'UpdateItem Locks bindConnection returns NONE, else ALL_OLD'

let made = 0
/** A process that no test before knew, and a session. */
const newPlayer = () => new Player(`player ${(made += 1)}`)
const newSession = () => sessionOf(`session ${(made += 1)}`)

describe('the requests of a function', () => {
  const stage = new AwsStage()
  let holder: Player
  let other: Player
  let session: string
  beforeEach(async () => {
    ;[holder, other, session] = [newPlayer(), newPlayer(), newSession()]
    await stage.hello(holder)
    await stage.hello(other)
    stage.aws.take()
  })

  const acquire = (player: Player, more: object = {}) =>
    stage.send(player, { type: 'acquire', session, r: 1, ...more } as ClientMessage)
  const epochOf = (message: StoreMessage) => (message as { readonly epoch: number }).epoch
  /** What a message costs functions that remember nobody. The order of what is asked for at once is open. */
  const requestsOf = async (send: () => Promise<StoreMessage>) => {
    stage.replaceFunctions()
    stage.aws.take()
    const { type } = await send()
    return [type, ...stage.aws.take().toSorted()]
  }
  /** The holder has the lock in this epoch, and the other waits where that is said. */
  const held = async (waits = false) => {
    const epoch = epochOf(await acquire(holder))
    if (waits) await acquire(other)
    return epoch
  }

  const cases: Record<string, readonly [send: () => Promise<StoreMessage>, expected: readonly string[]]> = {
    'a connection and its hello': [
      () => stage.hello(newPlayer()),
      ['welcome', CONNECTION, INCARNATION, BIND, INTRODUCE, write('register')],
    ],
    'a later connection and its hello': [
      () => stage.hello(holder, 2, 'second'),
      ['welcome', CONNECTION, INCARNATION, BIND, INTRODUCE, write('reconnect')],
    ],
    'a repeated hello': [() => stage.hello(holder), ['welcome', CONNECTION, INCARNATION, BIND, write('register')]],
    'a connection and a hello that is not believed': [
      () => stage.hello({ processId: holder.processId, secret: other.secret, connectionId: 'third' }, 2),
      ['refused', CONNECTION, INCARNATION, INTRODUCE, write('reconnect')],
    ],
    'an acquire of what is free': [() => acquire(holder), ['granted', CONNECTION, write('grant')]],
    'an acquire above a fence': [() => acquire(holder, { above: 5 }), ['granted', CONNECTION, write('grantAbove')]],
  }
  test.each(Object.keys(cases))('are exactly these for %s', async (name) => {
    const [send, expected] = cases[name] ?? []
    expect(await requestsOf(send as () => Promise<StoreMessage>)).toEqual(expected)
  })

  test('are one deletion more for a hello that displaces a connection', async () => {
    for (let gen = 2; gen <= 4; gen += 1) await stage.hello(holder, gen, `connection ${gen}`)
    const fifth = await requestsOf(() => stage.hello(holder, 5, 'connection 5'))
    const expected = ['DeleteItem Locks', CONNECTION, INCARNATION, BIND, INTRODUCE, write('reconnect')]
    expect(fifth).toEqual(['welcome', ...expected])
  })

  test('are exactly these for an acquire of what is held, and for its nudge', async () => {
    await held()
    const asked = await requestsOf(() => acquire(other))
    expect(asked).toEqual(['queued', CONNECTION, PROCESS, write('enqueueFirst'), write('grant'), 'push revoke'])
    const nudged = await requestsOf(() => acquire(other, { nudge: true }))
    expect(nudged).toEqual(['queued', CONNECTION, LOCK, PROCESS, write('noteAsk'), 'push revoke'])
  })

  test('are exactly these for one more that waits, and for its newer request', async () => {
    await held(true)
    const third = newPlayer()
    await stage.hello(third)
    const behind = await requestsOf(() => acquire(third))
    expect(behind).toEqual(['queued', CONNECTION, PROCESS, write('enqueueBehind'), write('grant'), 'push revoke'])
    const hinted = await requestsOf(() => acquire(other, { r: 2, waiters: 0 }))
    expect(hinted).toEqual([
      'queued',
      CONNECTION,
      PROCESS,
      write('enqueueFirst'),
      write('replaceWaiter'),
      'push revoke',
    ])
  })

  test('are exactly these for a cancel', async () => {
    await held(true)
    const cancelled = await requestsOf(() => stage.send(other, { type: 'cancel', session, r: 1 }))
    expect(cancelled).toEqual(['noted', CONNECTION, LOCK, write('dequeueLast')])
  })

  test('are exactly these for a release that nobody waits for, and for its copy', async () => {
    const epoch = await held()
    const release = () => stage.send(holder, { type: 'release', session, epoch, r: 1 })
    expect(await requestsOf(release)).toEqual(['released', CONNECTION, write('handOver')])
    expect(await requestsOf(release)).toEqual(['released', CONNECTION, write('forgetAsk'), write('handOver')])
  })

  test('are exactly these for a release that another waits for', async () => {
    const epoch = await held(true)
    const released = await requestsOf(() => stage.send(holder, { type: 'release', session, epoch, r: 1 }))
    expect(released).toEqual(['released', CONNECTION, PROCESS, write('handOver'), 'push granted'])
  })

  test('are one write for busy, keep, renew and retire, and a read for two of them', async () => {
    const epoch = await held()
    const sent: readonly [ClientMessage, string, ...string[]][] = [
      [{ type: 'busy', session, epoch }, 'noted', PROCESS],
      [{ type: 'keep', session, epoch }, 'noted'],
      [{ type: 'renew', n: 1 }, 'renewed', INCARNATION],
      [{ type: 'retire' }, 'noted'],
    ]
    for (const [message, answer, ...reads] of sent) {
      const expected = [answer, CONNECTION, ...reads, write(message.type)]
      expect(await requestsOf(() => stage.send(holder, message))).toEqual(expected)
    }
  })

  test('are one write for a renewal where the incarnation was read a moment ago', async () => {
    await stage.send(holder, { type: 'renew', n: 1 })
    stage.aws.take()
    await stage.send(holder, { type: 'renew', n: 2 })
    expect(stage.aws.take()).toEqual([write('renew')])
  })

  test('are one write for $connect, and one deletion for $disconnect', async () => {
    const { handler } = await import('../../functions/lambda/connection.js')
    const connectionId = `connection of ${holder.name}`
    const identity = { userArn: `${ROLE_ARN}/i-1` }
    const call = (eventType: string) => handler(stage.event({ connectionId, eventType, identity }))
    expect(await call('CONNECT')).toEqual({ statusCode: 200 })
    expect(stage.aws.take()).toEqual([INTRODUCE])
    expect(await call('DISCONNECT')).toEqual({ statusCode: 200 })
    expect(stage.aws.take()).toEqual(['DeleteItem Locks'])
  })

  test('are none for an event of another API or stage, or of a connection that nobody is said to open', async () => {
    const { handler } = await import('../../functions/lambda/connection.js')
    const identity = { userArn: `${ROLE_ARN}/i-1` }
    const connecting = { connectionId: 'forged', eventType: 'CONNECT', identity }
    for (const wrong of [{ apiId: 'another' }, { stage: 'test' }, { identity: {} }, { identity: { userArn: null } }]) {
      expect(await handler(stage.event({ ...connecting, ...wrong }))).toEqual({ statusCode: 403 })
    }
    for (const eventType of ['DISCONNECT', 'MESSAGE'])
      expect(await handler(stage.event({ ...connecting, eventType, apiId: 'another' }))).toEqual({ statusCode: 403 })
    expect(stage.aws.take()).toEqual([])
  })

  const failing: readonly [string, AwsFault, number][] = [
    ['fails inside AWS', [500, 'InternalServerError'], DYNAMODB_TRIES_MAX],
    ['is throttled', [400, 'ThrottlingException'], DYNAMODB_TRIES_MAX],
    ['is denied', [400, 'AccessDeniedException'], 1],
  ]
  test.each(failing)('are tried so often where each %s: no retry is hidden in the SDK', async (_, fault, tries) => {
    const triesOf = async (operation: string, send: () => Promise<StoreMessage>) => {
      stage.aws.faultOf = (request) => (request.operation === operation ? fault : undefined)
      expect(await send()).toMatchObject({ type: 'refused', code: 'INTERNAL' })
      return stage.aws.requests.splice(0).filter((request) => request.operation === operation).length
    }
    expect(await triesOf('GetItem', () => acquire(holder))).toBe(tries)
    expect(await triesOf('UpdateItem', () => acquire(holder))).toBe(tries)
  })

  test.each<[string, AwsFault]>([
    ['fails inside AWS', [500, 'InternalServerErrorException']],
    ['is throttled', [429, 'LimitExceededException']],
    ['is cut off', 'cut'],
  ])('are one try of a push that %s, and the message is carried out all the same', async (_, fault) => {
    await held()
    stage.aws.take()
    stage.aws.faultOf = ({ operation }) => (operation === 'push' ? fault : undefined)
    expect(await acquire(other)).toMatchObject({ type: 'queued' })
    expect(stage.aws.take().filter((request) => request.startsWith('push'))).toEqual(['push revoke'])
  })

  test.each<AwsFault>(['silent', 'stalled'])('end in time where a push gets no answer: %s', async (fault) => {
    await held()
    stage.aws.faultOf = ({ operation }) => (operation === 'push' ? fault : undefined)
    const startMs = performance.now()
    expect(await acquire(other)).toMatchObject({ type: 'queued' })
    const tookMs = performance.now() - startMs
    expect(tookMs).toBeGreaterThan(PUSH_TIMEOUT_MS - 50)
    // Not only because the time of the message is over.
    expect(tookMs).toBeLessThan(messageTimeMs(DEFAULT_TIMING))
  })

  test('are tried again in time where an answer of DynamoDB stalls in its body', async () => {
    let left = 1
    stage.aws.faultOf = ({ operation }) => (operation === 'UpdateItem' && left-- > 0 ? 'stalled' : undefined)
    const startMs = performance.now()
    expect(await acquire(holder)).toMatchObject({ type: 'granted' })
    const tookMs = performance.now() - startMs
    expect(tookMs).toBeGreaterThan(DYNAMODB_TIMEOUT_MS - 50)
    expect(tookMs).toBeLessThan(messageTimeMs(DEFAULT_TIMING))
    expect(stage.aws.take()).toEqual([CONNECTION, write('grant'), write('grant')])
  })

  /** Resolves when such a request has arrived, which then waits for `pass`. */
  function holdBack(isMeant: (request: AwsRequest) => boolean) {
    let pass = () => {}
    const passed = new Promise<undefined>((resolve) => (pass = () => resolve(undefined)))
    const arrived = new Promise<void>((resolve) => {
      stage.aws.faultOf = (request) => {
        if (!isMeant(request)) return undefined
        resolve()
        return passed
      }
    })
    return { arrived, pass: () => pass() }
  }

  test.each([
    ['revoke', () => acquire(other)],
    ['granted', async () => stage.send(holder, { type: 'release', session, epoch: await held(true), r: 1 })],
  ] as const)('are over before it answers, also the push: %s', async (type, send) => {
    if (type === 'revoke') await held()
    const push = holdBack(({ message }) => message?.type === type)
    let isAnswered = false
    const answer = send().then((message) => {
      isAnswered = true
      return message
    })
    await push.arrived
    // Lambda freezes a function that has answered: what it still had to send would leave it with the next message.
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate)
    expect(isAnswered).toBe(false)
    push.pass()
    expect(await answer).toMatchObject({ type: type === 'revoke' ? 'queued' : 'released' })
  })

  test.each([
    ['another session of the same role', `${ROLE_ARN}/i-456`, 'welcome'],
    ['a session with a name like a path', `${ROLE_ARN}/team/i-456`, 'welcome'],
    ['another role', 'arn:aws:sts::123456789012:assumed-role/Servers/i-123', 'refused'],
    ['the same role of another account', 'arn:aws:sts::210987654321:assumed-role/Server/i-123', 'refused'],
    ['another partition', 'arn:aws-cn:sts::123456789012:assumed-role/Server/i-123', 'refused'],
    ['a user', 'arn:aws:iam::123456789012:user/Server', 'refused'],
  ])('take the next connection of a process for its own, or not: %s', async (_, userArn, type) => {
    const player = newPlayer()
    await stage.hello(player, 1, player.connectionId, `${ROLE_ARN}/i-123`)
    const next = await stage.hello(player, 2, `next of ${player.name}`, userArn)
    expect(next).toMatchObject(type === 'welcome' ? { type } : { type, code: 'WRONG_SECRET' })
  })

  test.each([
    'arn:aws-us-gov:sts::1:assumed-role/Server',
    'arn:aws:iam::1:user/ada',
    'arn:aws:sts::1:federated-user/ada',
  ])('know a process by %s', async (arn) => {
    const player = newPlayer()
    const name = arn.includes('role') ? '/i-1' : ''
    await stage.hello(player, 1, player.connectionId, `${arn}${name}`)
    const again = await stage.hello(player, 2, `next of ${player.name}`, arn.includes('role') ? `${arn}/i-2` : arn)
    expect(again).toMatchObject({ type: 'welcome' })
    expect(await stage.hello(player, 3, `third of ${player.name}`, `${arn}s${name}`)).toMatchObject({ type: 'refused' })
  })
})

describe('the time of one message', () => {
  // As far below the bound of a push as above the time that a loaded machine takes for a message.
  const SHORT_MS = PUSH_TIMEOUT_MS / 2
  const stage = new AwsStage({ roundTripMs: SHORT_MS })

  test('is over for a push, too', async () => {
    const [holder, other, session] = [newPlayer(), newPlayer(), newSession()]
    for (const player of [holder, other]) await stage.hello(player)
    await stage.send(holder, { type: 'acquire', session, r: 1 })
    stage.aws.faultOf = ({ operation }) => (operation === 'push' ? 'silent' : undefined)
    const startMs = performance.now()
    expect(await stage.send(other, { type: 'acquire', session, r: 1 })).toMatchObject({ type: 'queued' })
    expect(performance.now() - startMs).toBeLessThan(PUSH_TIMEOUT_MS)
  })
})
