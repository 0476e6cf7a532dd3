import { processKey } from '../../protocol/keys.js'
import type { StoreMessage } from '../../protocol/messages.js'
import { Player, Stage, sessionOf } from './stage.js'

const SESSION = sessionOf('a session')

let stage: Stage
let anna: Player
let bert: Player
beforeEach(async () => {
  stage = new Stage()
  ;[anna, bert] = [await stage.join('anna'), await stage.join('bert')]
})

/** How many requests to the store the work makes. */
async function requestsOf(work: () => Promise<unknown>): Promise<number> {
  const before = stage.requests
  await work()
  return stage.requests - before
}

function acquire(player: Player, more: { nudge?: true; waiters?: number } = {}): Promise<StoreMessage> {
  if (more.nudge === undefined) player.r += 1
  return stage.send(player, { type: 'acquire', session: SESSION, r: player.r, ...more })
}

/** A handoff there and back: from then on these functions remember both, and who has which connection. */
async function acquaint(): Promise<void> {
  await acquire(anna)
  for (const [holder, next] of [
    [anna, bert],
    [bert, anna],
  ] as const) {
    await acquire(next)
    await stage.release(holder, SESSION)
  }
  stage.pushed.length = 0
}

const reachedAt = () => stage.pushed.map(({ to, message }) => [message.type, to.connectionId])

describe('a handoff', () => {
  test('costs two writes and two reads less once both processes are remembered', async () => {
    await acquire(anna)
    // Both send for the first time, so that each message also costs the read of its connection.
    expect(await requestsOf(() => acquire(bert))).toBe(1 + 3)
    expect(await requestsOf(() => stage.release(anna, SESSION))).toBe(2)
    await acquire(anna)
    await stage.release(bert, SESSION)
    expect(await requestsOf(() => acquire(bert))).toBe(2)
    expect(await requestsOf(() => stage.release(anna, SESSION))).toBe(1)
  })

  test('costs one write less where the next holder was told of the present one', async () => {
    await acquaint()
    await acquire(bert)
    expect(await stage.release(anna, SESSION)).toMatchObject({ type: 'released', waiters: 0 })
    stage.pushed.length = 0
    expect(await requestsOf(() => acquire(anna, { waiters: 0 }))).toBe(1)
    expect(await requestsOf(() => stage.release(bert, SESSION))).toBe(1)
    expect(reachedAt()).toEqual([
      ['revoke', bert.connectionId],
      ['granted', anna.connectionId],
    ])
  })

  test('the same behind others that wait', async () => {
    await acquaint()
    const cleo = await stage.join('cleo')
    await acquire(bert)
    await acquire(cleo)
    expect(await stage.release(anna, SESSION)).toMatchObject({ type: 'released', waiters: 1 })
    expect(await requestsOf(() => acquire(anna, { waiters: 1 }))).toBe(1)
    expect(stage.lock(SESSION)?.waiters.map(({ p }) => p)).toEqual([cleo.processId, anna.processId])
  })
})

describe('what a sender was told of a holder', () => {
  test('costs one write more where nobody holds any more, and grants the lock', async () => {
    await acquaint()
    await stage.release(anna, SESSION)
    for (const waiters of [0, 1]) {
      expect(await requestsOf(() => acquire(bert, { waiters }))).toBe(2)
      expect(stage.lock(SESSION)).toMatchObject({ holder: { p: bert.processId }, waiters: [] })
      expect(await stage.release(bert, SESSION)).not.toHaveProperty('waiters')
    }
  })

  test('costs one write more where more or fewer wait, and queues the request once', async () => {
    await acquaint()
    expect(await requestsOf(() => acquire(bert, { waiters: 1 }))).toBe(2)
    const cleo = await stage.join('cleo')
    await stage.send(cleo, { type: 'keep', session: SESSION, epoch: 1 })
    expect(await requestsOf(() => acquire(cleo, { waiters: 0 }))).toBe(2)
    expect(stage.lock(SESSION)?.waiters.map(({ p }) => p)).toEqual([bert.processId, cleo.processId])
  })

  test('grants a lock that was never held, and one that the sender holds', async () => {
    expect(await acquire(anna, { waiters: 0 })).toMatchObject({ type: 'granted', r: 1 })
    expect(await acquire(anna, { waiters: 0 })).toMatchObject({ type: 'granted', r: 2 })
    expect(stage.lock(SESSION)).toMatchObject({ holder: { p: anna.processId, r: 2 }, waiters: [] })
  })
})

describe('a process that is remembered', () => {
  const NEXT = new Player('the next connection').connectionId
  const later = (ms: number) => {
    stage.nowMs += ms
  }
  const isOver = () => later(stage.timing.leaseMs + stage.timing.storeMarginMs + 1)
  const renew = (player: Player) => stage.send(player, { type: 'renew', n: 1 })

  beforeEach(() => acquaint())

  test('is told over its newer connection where the remembered one is gone', async () => {
    await stage.hello(anna, NEXT, 2)
    stage.gone.add(anna.connectionId)
    await acquire(bert)
    const revoked = [
      ['revoke', anna.connectionId],
      ['revoke', NEXT],
    ]
    expect(reachedAt()).toEqual(revoked)
    expect(await requestsOf(() => acquire(bert))).toBe(2)
    expect(reachedAt()).toEqual([...revoked, ['revoke', NEXT]])
  })

  test('is told so of its grant, too', async () => {
    await acquire(bert)
    await stage.hello(bert, NEXT, 2)
    stage.gone.add(bert.connectionId)
    stage.pushed.length = 0
    expect(await requestsOf(() => stage.release(anna, SESSION))).toBe(2)
    expect(reachedAt()).toEqual([
      ['granted', bert.connectionId],
      ['granted', NEXT],
    ])
  })

  test('is read again once it has sent a message over another connection', async () => {
    await stage.hello(anna, NEXT, 2)
    await stage.sendOver(NEXT, { type: 'keep', session: SESSION, epoch: 1 })
    await acquire(bert)
    expect(reachedAt()).toEqual([['revoke', NEXT]])
  })

  test('is read, and found dead, once the remembered lease is over', async () => {
    isOver()
    await renew(bert)
    const answer = await acquire(bert)
    expect(answer).toMatchObject({ type: 'granted' })
    expect(stage.pushed).toEqual([])
  })

  test('keeps its lock where it has renewed its lease elsewhere', async () => {
    const until = { N: String(stage.nowMs + 10 * stage.timing.leaseMs) }
    const record = stage.memory.getNow('locks', processKey(anna.processId)) ?? {}
    stage.memory.put('locks', processKey(anna.processId), { ...record, leaseUntil: until })
    isOver()
    await renew(bert)
    for (const more of [{}, { nudge: true }] as const) {
      expect(await acquire(bert, more)).toMatchObject({ type: 'queued', holder: 'anna' })
    }
    expect(stage.lock(SESSION)?.holder?.p).toBe(anna.processId)
  })

  test('and has retired is skipped at once, by the function that knows and by the others', async () => {
    const cleo = await stage.join('cleo')
    await acquire(bert)
    await acquire(cleo)
    const record = stage.memory.getNow('locks', processKey(bert.processId)) ?? {}
    stage.memory.put('locks', processKey(bert.processId), { ...record, leaseUntil: { N: '0' } })
    stage.gone.add(bert.connectionId)
    await stage.release(anna, SESSION)
    expect(stage.lock(SESSION)?.holder?.p).toBe(cleo.processId)
    await stage.send(cleo, { type: 'retire' })
    expect(await acquire(anna)).toMatchObject({ type: 'granted' })
    expect(reachedAt()).not.toContainEqual(['revoke', cleo.connectionId])
  })

  test('is read for every nudge, and for a holder that has said that it is busy', async () => {
    await acquire(bert)
    // It reads the lock and the process, and dates or notes the ask.
    expect(await requestsOf(() => acquire(bert, { nudge: true }))).toBe(3)
    expect(await requestsOf(() => acquire(bert, { nudge: true }))).toBe(2)
    const cleo = await stage.join('cleo')
    const { epoch = 0 } = stage.lock(SESSION) ?? {}
    await stage.send(anna, { type: 'busy', session: SESSION, epoch })
    await stage.send(cleo, { type: 'busy', session: SESSION, epoch })
    later(stage.timing.maxBusyMs + stage.timing.storeMarginMs + 1)
    const record = stage.memory.getNow('locks', processKey(anna.processId)) ?? {}
    const leaseUntil = { N: String(stage.nowMs + stage.timing.leaseMs) }
    for (const { processId } of [anna, bert])
      stage.memory.put('locks', processKey(processId), { ...record, leaseUntil })
    await acquire(cleo, { waiters: 1 })
    expect(stage.lock(SESSION)?.holder?.p).toBe(bert.processId)
  })

  test('is learned from its own renewals', async () => {
    await acquire(bert)
    later(stage.timing.leaseMs - 1)
    for (const player of [anna, bert]) await renew(player)
    later(2)
    expect(await requestsOf(() => stage.release(anna, SESSION))).toBe(1)
  })
})
