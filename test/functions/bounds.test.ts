import { lockKey } from '../../protocol/keys.js'
import {
  ABOVE_AHEAD_MAX_MS,
  FRESH_WAITERS_MAX,
  MESSAGES_BURST_MAX,
  MESSAGES_PER_SECOND_MAX,
  RARE_MESSAGES_BURST_MAX,
  RARE_MESSAGES_PER_SECOND_MAX,
} from '../../protocol/limits.js'
import type { StoreMessage } from '../../protocol/messages.js'
import { holdCostMaxMs, nudgePeriodMaxMs } from '../../protocol/timing.js'
import { Player, Stage, sessionOf } from './stage.js'

const SESSION = sessionOf('a session')
const TOO_MANY = { type: 'refused', code: 'TOO_MANY_MESSAGES' }

let stage: Stage
let anna: Player
beforeEach(async () => {
  stage = new Stage()
  anna = await stage.join('anna')
})

/** How many of so many messages are not refused as too many. */
async function admitted(count: number, send: () => Promise<StoreMessage>): Promise<number> {
  let within = 0
  for (let index = 0; index < count; index += 1) {
    const answer = await send()
    if (answer.type !== 'refused' || answer.code !== 'TOO_MANY_MESSAGES') within += 1
  }
  return within
}

describe('the messages of one process', () => {
  const keep = () => stage.send(anna, { type: 'keep', session: SESSION, epoch: 7 })

  test('are carried out up to a number at once, and then so many each second', async () => {
    expect(await admitted(MESSAGES_BURST_MAX + 10, keep)).toBe(MESSAGES_BURST_MAX)
    expect(await keep()).toMatchObject({ ...TOO_MANY, of: 'keep', session: SESSION, epoch: 7 })
    stage.nowMs += 1_000
    expect(await admitted(MESSAGES_PER_SECOND_MAX + 10, keep)).toBe(MESSAGES_PER_SECOND_MAX)
    // Nobody saves up more than that number, however long he is silent.
    stage.nowMs += 3_600_000
    expect(await admitted(MESSAGES_BURST_MAX + 10, keep)).toBe(MESSAGES_BURST_MAX)
  }, 60_000)

  test('cost no request where they are too many, and cost no other process anything', async () => {
    const bert = await stage.join('bert')
    await admitted(MESSAGES_BURST_MAX, keep)
    const before = stage.requests
    expect(await admitted(100, keep)).toBe(0)
    expect(stage.requests).toBe(before)
    expect(await stage.acquire(bert, SESSION)).toMatchObject({ type: 'granted' })
  }, 60_000)

  test('are counted together, over whatever connection they come', async () => {
    const second = new Player('second').connectionId
    await stage.hello(anna, second, 2)
    await admitted(MESSAGES_BURST_MAX, keep)
    expect(await stage.sendOver(second, { type: 'busy', session: SESSION, epoch: 1 })).toMatchObject(TOO_MANY)
  }, 60_000)

  test('do not use up its renewals, which have a bound of their own', async () => {
    await admitted(MESSAGES_BURST_MAX, keep)
    const renew = () => stage.send(anna, { type: 'renew', n: 1 })
    expect(await renew()).toMatchObject({ type: 'renewed' })
    expect(await admitted(RARE_MESSAGES_BURST_MAX, renew)).toBe(RARE_MESSAGES_BURST_MAX - 1)
    expect(await renew()).toMatchObject({ ...TOO_MANY, of: 'renew', n: 1 })
    stage.nowMs += 1_000
    expect(await admitted(RARE_MESSAGES_PER_SECOND_MAX + 1, renew)).toBe(RARE_MESSAGES_PER_SECOND_MAX)
  }, 60_000)

  test('do not keep it from retiring', async () => {
    await admitted(MESSAGES_BURST_MAX, keep)
    expect(await stage.send(anna, { type: 'retire' })).toEqual({ type: 'noted', of: 'retire' })
  }, 60_000)
})

describe('a connection of which nothing is known', () => {
  const stranger = new Player('a stranger')
  const sent = {
    hello: () => stage.hello(stranger, stranger.connectionId, 1),
    'what cannot be read': () => stage.say(stranger.connectionId, '{'),
    'what comes before hello': () => stage.send(stranger, { type: 'renew', n: 1 }),
  }

  test.each(Object.entries(sent))('is heard only so often: %s', async (_what, send) => {
    expect(await admitted(RARE_MESSAGES_BURST_MAX + 10, send)).toBe(RARE_MESSAGES_BURST_MAX)
    const before = stage.requests
    for (const other of Object.values(sent)) expect(await other()).toMatchObject(TOO_MANY)
    expect(stage.requests).toBe(before)
    expect(await stage.send(anna, { type: 'renew', n: 1 })).toMatchObject({ type: 'renewed' })
    stage.nowMs += 1_000
    expect(await admitted(RARE_MESSAGES_PER_SECOND_MAX + 1, send)).toBe(RARE_MESSAGES_PER_SECOND_MAX)
  })

  test('is told which of its messages were too many', async () => {
    await admitted(RARE_MESSAGES_BURST_MAX, sent.hello)
    expect(await stage.hello(stranger, stranger.connectionId, 7)).toMatchObject({ ...TOO_MANY, of: 'hello', gen: 7 })
    expect(await stage.say(stranger.connectionId, '{"type":"cancel","r":3}')).toMatchObject({ of: 'cancel', r: 3 })
  })
})

describe('the queue for a session', () => {
  const crowd = (count: number) => Promise.all(Array.from({ length: count }, (_, index) => stage.join(`${index}`)))

  test('has one place for a process, however often it asks', async () => {
    const [holder, other] = (await crowd(2)) as [Player, Player]
    await stage.acquire(holder, SESSION)
    await stage.acquire(anna, SESSION)
    await stage.acquire(other, SESSION)
    for (let times = 0; times < 50; times += 1) {
      expect(await stage.acquire(anna, SESSION)).toMatchObject({ type: 'queued', position: 0 })
    }
    expect(stage.lock(SESSION)?.waiters.map(({ p }) => p)).toEqual([anna.processId, other.processId])
  })

  test('has so many places, and one more process waits without a place until one of them is free', async () => {
    const [holder, ...waiters] = (await crowd(1 + FRESH_WAITERS_MAX)) as [Player, ...Player[]]
    for (const player of [holder, ...waiters]) await stage.acquire(player, SESSION)
    const outside = { type: 'queued', r: 1, position: FRESH_WAITERS_MAX, since: stage.nowMs }
    expect(await stage.acquire(anna, SESSION)).toMatchObject(outside)
    expect(stage.lock(SESSION)?.waiters).toHaveLength(FRESH_WAITERS_MAX)
    await stage.release(holder, SESSION)
    const inside = await stage.acquire(anna, SESSION)
    expect(inside).toMatchObject({ type: 'queued', position: FRESH_WAITERS_MAX - 1 })
    expect(inside).not.toHaveProperty('since')
  })

  test('keeps its last places for those who found it full, the longest ago first', async () => {
    const full = await crowd(1 + FRESH_WAITERS_MAX)
    for (const player of full) await stage.acquire(player, SESSION)
    const [young, old, another] = [await stage.join('young'), await stage.join('old'), await stage.join('another')]
    const since = stage.nowMs
    const nudge = (player: Player, waitedMs: number) => {
      stage.nowMs = since + waitedMs
      return stage.send(player, { type: 'acquire', session: SESSION, r: 1, nudge: true, since })
    }
    expect(await nudge(young, 1_000)).toMatchObject({ type: 'queued', position: FRESH_WAITERS_MAX })
    expect(await nudge(another, 1_900)).toMatchObject({ position: FRESH_WAITERS_MAX + 1, since })
    expect(await nudge(old, 2_000)).toMatchObject({ position: FRESH_WAITERS_MAX + 1 })
    const seats = stage.lock(SESSION)?.waiters.map(({ p }) => p) ?? []
    expect(seats.slice(FRESH_WAITERS_MAX)).toEqual([young.processId, old.processId])
  })

  test('is reclaimed where all who stand in it are dead, and the holder too', async () => {
    for (const player of await crowd(1 + FRESH_WAITERS_MAX)) await stage.acquire(player, SESSION)
    stage.nowMs += stage.timing.leaseMs / 2
    await stage.send(anna, { type: 'renew', n: 1 })
    stage.nowMs += stage.timing.leaseMs / 2 + stage.timing.storeMarginMs + 1
    let answer = await stage.acquire(anna, SESSION)
    for (let nudges = 0; answer.type === 'queued' && nudges < 10; nudges += 1) {
      answer = await stage.send(anna, { type: 'acquire', session: SESSION, r: anna.r, nudge: true })
    }
    expect(answer).toMatchObject({ type: 'granted' })
  })

  test('lets one who finds no place press the holder, where all others are dead', async () => {
    const [holder, ...waiters] = (await crowd(1 + FRESH_WAITERS_MAX)) as [Player, ...Player[]]
    for (const player of [holder, ...waiters]) await stage.acquire(player, SESSION)
    const nudge = { type: 'acquire', session: SESSION, r: 1, nudge: true } as const
    stage.pushed.length = 0
    expect(await stage.send(anna, nudge)).toMatchObject({ type: 'queued', position: FRESH_WAITERS_MAX })
    expect(stage.pushed).toMatchObject([{ to: { connectionId: holder.connectionId }, message: { type: 'revoke' } }])
    const renewed = await stage.send(holder, { type: 'renew', n: 1 })
    expect(renewed).toMatchObject({ asks: [{ session: SESSION, epoch: stage.lock(SESSION)?.epoch }] })
  })
})

describe('a holder whose lock record has fallen behind', () => {
  test('is asked for the epoch on record, and evicted where it does not answer', async () => {
    const bert = await stage.join('bert')
    await stage.acquire(anna, SESSION)
    await stage.acquire(bert, SESSION)
    const nudge = () => stage.send(bert, { type: 'acquire', session: SESSION, r: bert.r, nudge: true })
    await nudge()
    const epoch = (stage.lock(SESSION)?.epoch ?? 0) - 3
    await stage.memory.update({
      table: 'locks',
      key: lockKey(SESSION),
      condition: 'attribute_exists(epoch)',
      update: 'SET epoch = :earlier',
      values: { ':earlier': { N: String(epoch) } },
      returns: 'none',
    })
    await nudge()
    stage.nowMs += 1_000
    expect(await stage.send(anna, { type: 'renew', n: 1 })).toMatchObject({ asks: [{ session: SESSION, epoch }] })
    for (let passedMs = 0; passedMs <= stage.timing.answerTimeoutMs; passedMs += 1_000) {
      stage.nowMs += 1_000
      for (const player of [anna, bert]) await stage.send(player, { type: 'renew', n: 2 })
    }
    await nudge()
    expect(await stage.send(anna, { type: 'renew', n: 3 })).toMatchObject({ type: 'refused', code: 'EVICTED' })
  })
})

describe('a fence that is made up', () => {
  test('is refused where it is further ahead of the clock than any true one', async () => {
    const above = stage.nowMs + ABOVE_AHEAD_MAX_MS + 1
    const refused = await stage.send(anna, { type: 'acquire', session: SESSION, r: 1, above })
    expect(refused).toMatchObject({ type: 'refused', code: 'MALFORMED', of: 'acquire', session: SESSION, r: 1 })
    expect(stage.lock(SESSION)).toBeUndefined()
  })

  test('leaves a session that others can go on with, even after its lock record has vanished', async () => {
    const bert = await stage.join('bert')
    const above = stage.nowMs + ABOVE_AHEAD_MAX_MS
    await stage.send(anna, { type: 'acquire', session: SESSION, r: 1, above })
    await stage.release(anna, SESSION)
    const granted = await stage.acquire(bert, SESSION)
    expect(granted).toMatchObject({ type: 'granted', epoch: above + 3 })
    // Bert claims the session: its fence is as high as that from now on, and all that is left of it a week later.
    stage.memory.removeNow('locks', lockKey(SESSION))
    stage.nowMs += 1_000
    const again = await stage.send(bert, { type: 'acquire', session: SESSION, r: 2, above: above + 3 })
    expect(again).toMatchObject({ type: 'granted', epoch: above + 4 })
  })
})

describe('a holder that names a fence', () => {
  const everySecond = async (
    bert: Player,
    raises: (passedMs: number) => boolean,
    isBusy: (passedMs: number) => boolean,
  ) => {
    const sinceMs = stage.nowMs
    const mostMs = holdCostMaxMs(stage.timing)
    const isHolding = () => stage.lock(SESSION)?.holder?.p === anna.processId
    for (let passedMs = 0; isHolding() && passedMs <= mostMs; passedMs = stage.nowMs - sinceMs) {
      stage.nowMs += 1_000
      for (const player of [anna, bert]) await stage.send(player, { type: 'renew', n: 1 })
      const epoch = stage.lock(SESSION)?.epoch as number
      if (raises(passedMs)) {
        anna.r += 1
        await stage.send(anna, { type: 'acquire', session: SESSION, r: anna.r, above: epoch })
      }
      if (isBusy(passedMs)) await stage.send(anna, { type: 'busy', session: SESSION, epoch })
      await stage.send(bert, { type: 'acquire', session: SESSION, r: 1, nudge: true })
    }
    expect(stage.lock(SESSION)?.holder?.p).toBe(bert.processId)
    return stage.nowMs - sinceMs
  }

  test('again and again does not keep others waiting', async () => {
    const bert = await stage.join('bert')
    await stage.acquire(anna, SESSION)
    await stage.acquire(bert, SESSION)
    expect(
      await everySecond(
        bert,
        () => true,
        () => false,
      ),
    ).toBeLessThan(holdCostMaxMs(stage.timing))
  })

  test('as late as it may, and says busy as late as it may then, costs others no more than any hold', async () => {
    const bert = await stage.join('bert')
    await stage.acquire(anna, SESSION)
    await stage.acquire(bert, SESSION)
    const { answerTimeoutMs, roundTripMs } = stage.timing
    const raisedMs = nudgePeriodMaxMs(stage.timing) + roundTripMs
    const waitedMs = await everySecond(
      bert,
      (passedMs) => passedMs < raisedMs - 1_000,
      (passedMs) => passedMs > raisedMs + answerTimeoutMs - 2_000,
    )
    expect(waitedMs).toBeGreaterThan(answerTimeoutMs)
    expect(waitedMs).toBeLessThan(holdCostMaxMs(stage.timing))
  })
})
