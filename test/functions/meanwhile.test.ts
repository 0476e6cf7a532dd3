import type { Update } from '../../protocol/dynamodb.js'
import { lockKey, processKey } from '../../protocol/keys.js'
import { ACQUIRE_ROUNDS_MAX, RECLAIMS_PER_MESSAGE_MAX } from '../../protocol/limits.js'
import { readLock, seatValue } from '../../protocol/lock/record.js'
import { handOver } from '../../protocol/lock/writes.js'
import { taken } from './cloudwatch.js'
import { type Player, Stage, sessionOf } from './stage.js'

const SESSION = sessionOf('a session')

let stage: Stage
let anna: Player
let bert: Player
let cleo: Player
beforeEach(async () => {
  stage = new Stage()
  ;[anna, bert, cleo] = [await stage.join('anna'), await stage.join('bert'), await stage.join('cleo')]
})

const nudge = (player: Player, r = player.r) =>
  stage.send(player, { type: 'acquire', session: SESSION, r, nudge: true })
const holder = () => stage.lock(SESSION)?.holder?.p
const epoch = () => stage.lock(SESSION)?.epoch as number
const waiters = () => stage.lock(SESSION)?.waiters.map(({ p }) => p)
const reached = () => stage.pushed.splice(0).map(({ to, message }) => [message.type, to.connectionId])
const leaseIsOver = (player: Player) => {
  const record = stage.memory.getNow('locks', processKey(player.processId))
  stage.memory.put('locks', processKey(player.processId), { ...record, leaseUntil: { N: '1' } })
}
/** What CloudWatch takes, but for times and causes. */
const counted = () =>
  stage.lines.splice(0).flatMap((line) => taken(line).map((value) => value.split(' ').slice(1, 3).join(' ')))
/** Calls `change` before each of the first such writes to the lock. */
function before(isMeant: (update: Update) => boolean, change: () => void, times = 1): void {
  const { memory } = stage
  const update = memory.update.bind(memory)
  let left = times
  memory.update = (write) => {
    if (left > 0 && write.key === lockKey(SESSION) && isMeant(write)) {
      left -= 1
      change()
    }
    return update(write)
  }
}
const setHolder = (player: Player) => {
  const item = stage.memory.getNow('locks', lockKey(SESSION)) ?? {}
  const next = { N: String(epoch() + 1) }
  stage.memory.put('locks', lockKey(SESSION), {
    ...item,
    epoch: next,
    holder: seatValue({ p: player.processId, r: 1 }),
  })
}
const isEnqueue = ({ update }: Update) => update.includes('list_append') || update.includes('waiters = ')

describe('an acquire', () => {
  test('asks the process that holds the lock when it is queued, not the one that held it before', async () => {
    await stage.acquire(anna, SESSION)
    stage.replaceFunctions()
    stage.pushed.length = 0
    before(
      (write) => isEnqueue(write) && readLock(stage.memory.getNow('locks', lockKey(SESSION)))?.holder !== undefined,
      () => setHolder(cleo),
    )
    leaseIsOver(anna)
    expect(await stage.acquire(bert, SESSION)).toMatchObject({ type: 'queued', position: 0, holder: 'cleo' })
    expect(holder()).toBe(cleo.processId)
    expect(reached()).toEqual([['revoke', cleo.connectionId]])
  })

  test('names the holder that it remembers, too, and none where the holder has no label', async () => {
    const nameless = await stage.join('')
    await stage.acquire(anna, SESSION)
    await stage.send(anna, { type: 'renew', n: 1 })
    expect(await stage.acquire(bert, SESSION)).toMatchObject({ type: 'queued', holder: 'anna' })
    for (const player of [anna, bert]) await stage.release(player, SESSION)
    await stage.acquire(nameless, SESSION)
    for (const player of [bert, anna]) {
      expect(await stage.acquire(player, SESSION)).not.toHaveProperty('holder')
      stage.replaceFunctions()
    }
    expect(await nudge(bert)).not.toHaveProperty('holder')
  })

  test.each([
    [ACQUIRE_ROUNDS_MAX - 1, { type: 'granted' }],
    [ACQUIRE_ROUNDS_MAX, { type: 'refused', code: 'BUSY_RECORD', of: 'acquire', session: SESSION, r: 1 }],
  ])('is tried again where others keep changing the lock: %d times', async (times, answer) => {
    const { memory } = stage
    const update = memory.update.bind(memory)
    let left = times
    memory.update = (write) => {
      if (write.key !== lockKey(SESSION) || left === 0) return update(write)
      left -= 1
      return Promise.resolve({ applied: false, item: undefined })
    }
    expect(await stage.acquire(bert, SESSION)).toMatchObject(answer)
    expect(left).toBe(0)
  })

  test('of a holder that lost track gives the lock to who waits, and stands behind all of them', async () => {
    await stage.acquire(anna, SESSION)
    for (const player of [bert, cleo]) await stage.acquire(player, SESSION)
    stage.pushed.length = 0
    counted()
    expect(await stage.acquire(anna, SESSION)).toMatchObject({ type: 'queued', position: 1, holder: 'bert' })
    expect(holder()).toBe(bert.processId)
    expect(waiters()).toEqual([cleo.processId, anna.processId])
    expect(reached()).toEqual([
      ['granted', bert.connectionId],
      ['revoke', bert.connectionId],
    ])
    const handoff = ['HandoffMs 0', 'WaitMs 0']
    expect(counted()).toEqual([...handoff, 'AcquireQueued 1', 'QueueDepthMax 2', 'RevokesSent 1'])
  })

  test('that arrives twice at once, and takes the lock of a dead holder, is counted as one grant', async () => {
    await stage.acquire(anna, SESSION)
    leaseIsOver(anna)
    stage.replaceFunctions()
    bert.r = 1
    counted()
    const copies = [1, 2].map(() => stage.send(bert, { type: 'acquire', session: SESSION, r: 1 }))
    for (const answer of await Promise.all(copies)) expect(answer).toMatchObject({ type: 'granted', epoch: epoch() })
    expect(counted().filter((name) => /Acquire|Reclaims/.test(name))).toEqual([
      'Reclaims 1',
      'Reclaims 1',
      'AcquireImmediate 1',
    ])
  })
})

describe('a cancel', () => {
  test('takes out one that waits, and leaves a newer request and the holder alone', async () => {
    await stage.acquire(anna, SESSION)
    await stage.acquire(bert, SESSION)
    await stage.acquire(bert, SESSION)
    const cancel = (player: Player, r: number) => stage.send(player, { type: 'cancel', session: SESSION, r })
    expect(await cancel(bert, 1)).toEqual({ type: 'noted', of: 'cancel', session: SESSION, r: 1 })
    expect(waiters()).toEqual([bert.processId])
    await cancel(bert, 2)
    expect([holder(), waiters()]).toEqual([anna.processId, []])
  })

  test('of a grant gives it to who waits, and tells that process', async () => {
    await stage.acquire(anna, SESSION)
    await stage.acquire(bert, SESSION)
    stage.pushed.length = 0
    counted()
    await stage.send(anna, { type: 'cancel', session: SESSION, r: 1 })
    expect(holder()).toBe(bert.processId)
    expect(reached()).toEqual([['granted', bert.connectionId]])
    expect(counted()).toEqual(['HandoffMs 0', 'WaitMs 0', 'GrantsUnwanted 1'])
  })

  test('is carried out although others keep changing the queue', async () => {
    await stage.acquire(anna, SESSION)
    for (const player of [bert, cleo]) await stage.acquire(player, SESSION)
    // Another waiter before it leaves: its place is another one then.
    before(
      ({ update }) => update.startsWith('REMOVE waiters[1]'),
      () => {
        const item = stage.memory.getNow('locks', lockKey(SESSION)) ?? {}
        const seats = { L: [seatValue({ p: cleo.processId, r: 1 })] }
        stage.memory.put('locks', lockKey(SESSION), { ...item, waiters: seats })
      },
    )
    await stage.send(cleo, { type: 'cancel', session: SESSION, r: 1 })
    expect([holder(), waiters()]).toEqual([anna.processId, []])
  })
})

describe('a release', () => {
  test('that arrives twice tells the next holder twice, as the first push may be lost', async () => {
    await stage.acquire(anna, SESSION)
    await stage.acquire(bert, SESSION)
    const release = { type: 'release', session: SESSION, epoch: epoch(), r: 1 } as const
    stage.pushed.length = 0
    for (let times = 0; times < 2; times += 1) {
      expect(await stage.send(anna, release)).toMatchObject({ type: 'released', waiters: 0 })
    }
    expect(reached()).toEqual([
      ['granted', bert.connectionId],
      ['granted', bert.connectionId],
    ])
    await stage.release(bert, SESSION)
    await stage.acquire(cleo, SESSION)
    // The lock has gone on: this release has nothing to do with its holder.
    expect(await stage.send(anna, release)).toEqual({ type: 'released', session: SESSION, epoch: release.epoch })
    expect(reached()).toEqual([])
  })

  test('by a process that has asked anew carries its next grant', async () => {
    await stage.acquire(anna, SESSION)
    await stage.acquire(bert, SESSION)
    const first = epoch()
    await stage.release(anna, SESSION)
    await stage.acquire(anna, SESSION)
    stage.pushed.length = 0
    await stage.release(bert, SESSION)
    expect(reached()).toEqual([['granted', anna.connectionId]])
    // Its first release comes once more, late.
    expect(await stage.send(anna, { type: 'release', session: SESSION, epoch: first + 1, r: 2 })).toMatchObject({
      type: 'released',
      next: { r: 2, epoch: first + 2, contended: false },
    })
  })

  test('is measured by no time before it came, and by no wait where nobody had asked the holder', async () => {
    await stage.acquire(anna, SESSION)
    for (const player of [bert, cleo]) await stage.acquire(player, SESSION)
    await stage.release(anna, SESSION)
    counted()
    const release = { type: 'release', session: SESSION, epoch: epoch(), r: 1 }
    await stage.say(bert.connectionId, JSON.stringify(release), stage.nowMs + 50)
    expect(counted()).toEqual(['HandoffMs 0'])
  })
})

describe('a holder that is passed over', () => {
  test('is told that its busy time is over, and loses the lock', async () => {
    await stage.acquire(anna, SESSION)
    await stage.acquire(bert, SESSION)
    const over = { session: SESSION, epoch: epoch() }
    await stage.send(anna, { type: 'busy', ...over })
    stage.nowMs += stage.timing.maxBusyMs + stage.timing.storeMarginMs + 1
    const record = stage.memory.getNow('locks', processKey(anna.processId)) ?? {}
    const leaseUntil = { N: String(stage.nowMs + 1_000) }
    for (const { processId } of [anna, bert, cleo])
      stage.memory.put('locks', processKey(processId), { ...record, leaseUntil })
    stage.pushed.length = 0
    expect(await nudge(bert)).toMatchObject({ type: 'granted', epoch: over.epoch + 1 })
    expect(stage.pushed.map(({ message }) => message)).toEqual([{ type: 'lost', ...over, reason: 'revoked' }])
  })

  test.each([
    [RECLAIMS_PER_MESSAGE_MAX - 1, undefined],
    [RECLAIMS_PER_MESSAGE_MAX, undefined],
    [RECLAIMS_PER_MESSAGE_MAX + 1, `dead ${RECLAIMS_PER_MESSAGE_MAX}`],
  ])('is one of so many for one message: %d', async (count, left) => {
    await stage.acquire(anna, SESSION)
    const dead: Player[] = []
    for (let index = 0; index < count; index += 1) dead.push(await stage.join(`dead ${index}`))
    for (const player of dead) await stage.acquire(player, SESSION)
    dead.forEach(leaseIsOver)
    stage.replaceFunctions()
    counted()
    await stage.release(anna, SESSION)
    expect(holder()).toBe(dead.find(({ name }) => name === left)?.processId)
    expect(counted().filter((name) => name.startsWith('Reclaims'))).toHaveLength(
      2 * Math.min(count, RECLAIMS_PER_MESSAGE_MAX),
    )
    // A nudge goes on from there.
    expect(await nudge(bert, 1)).toMatchObject({ type: 'granted' })
  })

  test('is left to the function that has passed it over first', async () => {
    await stage.acquire(anna, SESSION)
    for (const player of [bert, cleo]) await stage.acquire(player, SESSION)
    leaseIsOver(bert)
    stage.replaceFunctions()
    stage.pushed.length = 0
    before(
      ({ values }) => JSON.stringify(values[':p'] ?? '').includes(bert.processId),
      () => stage.memory.updateNow(handOver(SESSION, { holder: bert.processId, epoch: epoch(), nowMs: stage.nowMs })),
    )
    counted()
    await stage.release(anna, SESSION)
    expect(holder()).toBe(cleo.processId)
    expect(reached()).toEqual([])
    expect(counted().filter((name) => name.startsWith('Reclaims'))).toEqual([])
  })
})
