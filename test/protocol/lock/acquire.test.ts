import { InternalError } from '../../../protocol/assert.js'
import { FRESH_WAITERS_MAX } from '../../../protocol/limits.js'
import { firstStep, grantedMessage, planAcquire, planCancel, queuedMessage } from '../../../protocol/lock/acquire.js'
import { type LockRecord, readLock, type Seat } from '../../../protocol/lock/record.js'
import { compileTiming, nudgePeriodMaxMs, nudgePeriodMs } from '../../../protocol/timing.js'
import { ANNA, BERT, CLEO, type LockFields, lockItem, MARK, SESSION, seat } from '../../store/fixtures.js'

const timing = compileTiming()
const lock = (fields: LockFields): LockRecord => readLock(lockItem(fields)) as LockRecord
const NOW = 1_000_000
const plan = (seen: LockRecord | undefined, me: Seat, above: number | undefined) =>
  planAcquire(seen, { me, above, since: undefined }, { timing, nowMs: NOW })
const [anna, bert, cleo] = [seat(ANNA, 2), seat(BERT, 2), seat(CLEO, 2)]
const ours = seat(ANNA, 2, MARK)
const first = { how: 'first', isGuest: false }
const behind = { how: 'behind', isGuest: false, isMixed: false, waitersMax: FRESH_WAITERS_MAX }

describe('an acquire', () => {
  test('begins with a grant, or in the queue where its sender was told of a holder', () => {
    expect(firstStep(undefined, undefined)).toEqual({ kind: 'grant', above: undefined })
    expect(firstStep(40, undefined)).toEqual({ kind: 'grant', above: 40 })
    expect(firstStep(undefined, 0)).toEqual({ kind: 'enqueue', holder: undefined, join: first })
    expect(firstStep(undefined, 1)).toEqual({ kind: 'enqueue', holder: undefined, join: behind })
  })

  test('tries the grant where the lock is free or unknown', () => {
    expect(plan(undefined, anna, undefined)).toEqual({ kind: 'grant', above: undefined })
    expect(plan(lock({}), anna, undefined)).toEqual({ kind: 'grant', above: undefined })
  })

  test('▸ of an unknown or a free lock jumps over the fence, unless the epoch is above it already', () => {
    expect(plan(undefined, anna, 40)).toEqual({ kind: 'grant', above: 40 })
    expect(plan(lock({ epoch: 7 }), anna, 40)).toEqual({ kind: 'grant', above: 40 })
    expect(plan(lock({ epoch: 40 }), anna, 40)).toEqual({ kind: 'grant', above: 40 })
    expect(plan(lock({ epoch: 41 }), anna, 40)).toEqual({ kind: 'grant', above: undefined })
    expect(plan(undefined, anna, 0)).toEqual({ kind: 'grant', above: 0 })
  })

  test('by the very request that holds is granted again, and told whether others wait', () => {
    expect(plan(lock({ holder: anna }), anna, undefined)).toEqual({
      kind: 'granted',
      epoch: 7,
      contended: false,
    })
    const waited = lock({ holder: anna, waiters: [bert] })
    expect(plan(waited, anna, undefined)).toEqual({ kind: 'granted', epoch: 7, contended: true })
    expect(plan(lock({ holder: anna }), anna, 40)).toMatchObject({ kind: 'granted', epoch: 7 })
  })

  test('▸ by a holder that lost track is granted anew while nobody waits', () => {
    expect(plan(lock({ holder: seat(ANNA, 1) }), anna, undefined)).toEqual({
      kind: 'regrant',
      seen: seat(ANNA, 1),
      epoch: 7,
    })
  })

  test('▸ by a holder that lost track while others wait hands the lock on first', () => {
    const waited = lock({ holder: seat(ANNA, 1), waiters: [bert] })
    expect(plan(waited, anna, undefined)).toEqual({ kind: 'handOver', epoch: 7 })
  })

  test('▸ older than the one that holds or waits is stale', () => {
    expect(plan(lock({ holder: seat(ANNA, 3) }), anna, undefined)).toEqual({ kind: 'stale' })
    expect(plan(lock({ holder: seat(ANNA, 3) }), anna, 40)).toEqual({ kind: 'stale' })
    const queued = lock({ holder: bert, waiters: [cleo, seat(ANNA, 3)] })
    expect(plan(queued, anna, undefined)).toEqual({ kind: 'stale' })
  })

  test('▸ of a process that is queued with a lower r takes its place', () => {
    const queued = lock({ holder: bert, waiters: [cleo, seat(ANNA, 1)] })
    const replace = { kind: 'replace', holder: BERT, seen: seat(ANNA, 1), index: 1 }
    expect(plan(queued, anna, undefined)).toEqual(replace)
  })

  test('▸ by a holder whose claim was refused raises its epoch in place, also while others wait', () => {
    const seen = seat(ANNA, 1)
    for (const waiters of [[], [bert]]) {
      expect(plan(lock({ holder: seen, waiters }), anna, 7)).toEqual({ kind: 'raise', seen, epoch: 7, above: 7 })
    }
  })

  test('▸ by such a holder hands over once it was asked long enough ago', () => {
    const lateMs = nudgePeriodMaxMs(timing) + timing.roundTripMs
    const asked = (agoMs: number) => lock({ holder: seat(ANNA, 1), waiters: [bert], askedAt: NOW - agoMs })
    expect(plan(asked(lateMs), anna, 7)).toMatchObject({ kind: 'raise' })
    expect(plan(asked(lateMs + 1), anna, 7)).toEqual({ kind: 'handOver', epoch: 7 })
  })

  test('▸ by a holder whose epoch is above the fence by now drops the fence', () => {
    const seen = seat(ANNA, 1)
    expect(plan(lock({ holder: seen }), anna, 6)).toMatchObject({ kind: 'regrant' })
    expect(plan(lock({ holder: seen, waiters: [bert] }), anna, 6)).toMatchObject({ kind: 'handOver' })
  })

  test('▸ with a fence queues like anybody where another process holds', () => {
    expect(plan(lock({ holder: bert }), ours, 40)).toEqual({ kind: 'enqueue', holder: BERT, join: first })
  })

  test('queues first or behind others', () => {
    expect(plan(lock({ holder: bert }), ours, undefined)).toEqual({ kind: 'enqueue', holder: BERT, join: first })
    const waited = lock({ holder: bert, waiters: [cleo] })
    expect(plan(waited, ours, undefined)).toEqual({ kind: 'enqueue', holder: BERT, join: behind })
  })

  test('that is queued already waits on at its place', () => {
    const waited = lock({ holder: bert, waiters: [cleo, anna] })
    expect(plan(waited, anna, undefined)).toEqual({ kind: 'wait', holder: BERT, position: 1 })
  })

  test('▸ finds the queue full, unless it stands there', () => {
    const waiters = Array.from({ length: FRESH_WAITERS_MAX }, (_, index) => seat(`other-${index}`, 1))
    const full = { kind: 'full', holder: BERT, position: FRESH_WAITERS_MAX }
    expect(plan(lock({ holder: bert, waiters }), ours, undefined)).toEqual(full)
    const among = [...waiters.slice(1), anna]
    expect(plan(lock({ holder: bert, waiters: among }), anna, undefined)).toMatchObject({ kind: 'wait' })
    const almost = lock({ holder: bert, waiters: waiters.slice(1) })
    expect(plan(almost, ours, undefined)).toMatchObject({ kind: 'enqueue', join: behind })
  })
})

describe('an acquire that cannot be', () => {
  test('by nobody, or before the first request, breaks a rule', () => {
    for (const me of [seat('', 1), seat(ANNA, 0)]) {
      expect(() => plan(lock({}), me, undefined)).toThrow(InternalError)
      expect(() => plan(undefined, me, undefined)).toThrow('an acquire comes from a process')
    }
    expect(plan(undefined, seat(ANNA, 1), undefined)).toMatchObject({ kind: 'grant' })
  })
})

describe('a cancel', () => {
  test('takes the request out of the queue, and says whether it was the last', () => {
    const waited = lock({ holder: bert, waiters: [cleo, anna] })
    expect(planCancel(waited, anna)).toEqual({ kind: 'dequeue', seen: anna, index: 1, isLast: false })
    const last = lock({ holder: bert, waiters: [anna] })
    expect(planCancel(last, anna)).toEqual({ kind: 'dequeue', seen: anna, index: 0, isLast: true })
  })

  test('takes out an older request of the process as well, and never a newer one', () => {
    const older = lock({ holder: bert, waiters: [seat(ANNA, 1)] })
    expect(planCancel(older, anna)).toMatchObject({ kind: 'dequeue', seen: seat(ANNA, 1) })
    expect(planCancel(lock({ holder: bert, waiters: [seat(ANNA, 3)] }), anna)).toEqual({ kind: 'nothing' })
  })

  test('▸ of one that is holder meanwhile releases', () => {
    expect(planCancel(lock({ holder: anna, waiters: [bert] }), anna)).toEqual({ kind: 'handOver', epoch: 7 })
    expect(planCancel(lock({ holder: seat(ANNA, 1) }), anna)).toEqual({ kind: 'handOver', epoch: 7 })
    expect(planCancel(lock({ holder: seat(ANNA, 3) }), anna)).toEqual({ kind: 'nothing' })
  })

  test('of what is not there does nothing', () => {
    expect(planCancel(undefined, anna)).toEqual({ kind: 'nothing' })
    expect(planCancel(lock({}), anna)).toEqual({ kind: 'nothing' })
    expect(planCancel(lock({ holder: bert, waiters: [cleo] }), anna)).toEqual({ kind: 'nothing' })
  })
})

describe('an answer', () => {
  test('to a grant says the epoch and whether others wait', () => {
    const message = { type: 'granted', session: SESSION, r: 2, epoch: 7, contended: false }
    expect(grantedMessage(SESSION, anna, lock({ holder: anna }))).toEqual(message)
    expect(grantedMessage(SESSION, anna, lock({ holder: anna, waiters: [bert] }))).toEqual({
      ...message,
      contended: true,
    })
  })

  test('to a place in the queue says the place, when to nudge, and who holds where that is known', () => {
    const isTold = { me: anna, askedForMs: undefined }
    const last = { ...isTold, position: 3, holder: undefined, nudged: false, since: undefined }
    expect(queuedMessage(SESSION, last, timing)).toEqual({
      type: 'queued',
      session: SESSION,
      r: 2,
      position: 3,
      nudgeAfterMs: nudgePeriodMs(timing, 3, false),
    })
    const place = { ...isTold, position: 0, holder: 'server 1', nudged: true, since: 9 }
    expect(queuedMessage(SESSION, place, timing)).toMatchObject({
      position: 0,
      since: 9,
      nudgeAfterMs: nudgePeriodMs(timing, 0, true),
      holder: 'server 1',
    })
    // Outside of the queue nobody ahead nudges for it.
    const outside = { ...isTold, position: 48, holder: undefined, nudged: false, since: 9 }
    expect(queuedMessage(SESSION, outside, timing)).toMatchObject({ nudgeAfterMs: timing.nudgeAfterMs })
  })
})
