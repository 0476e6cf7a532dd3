import { type Item, ttlSeconds } from '../../../protocol/dynamodb.js'
import { lockKey } from '../../../protocol/keys.js'
import { ABOVE_MAX, LOCK_TTL_MS } from '../../../protocol/limits.js'
import * as writes from '../../../protocol/lock/writes.js'
import { expectRefused, Trials } from '../expectations.js'
import { ANNA, BERT, CLEO, type LockFields, lockItem, MARK, NOW, SESSION, seat } from '../fixtures.js'
import type { StoreUnderTest } from '../under-test.js'

const FAR = { N: String((NOW + LOCK_TTL_MS) / 1000) }
const KEY = lockKey(SESSION)
const [anna, bert, cleo] = [seat(ANNA), seat(BERT), seat(CLEO)]
/** As the functions name a sender: with the mark of its principal, which a free lock takes over. */
const ours = seat(ANNA, 1, MARK)

/** Every write to a lock record: its change where its condition holds, and each way for the condition to fail. */
export function describeLockWrites(subject: () => StoreUnderTest): void {
  const on = new Trials(subject, 'locks', KEY, lockItem)
  const lockAfter = (fields: LockFields): Item => ({ ...lockItem(fields), expiresAt: FAR })

  test('grant makes a new lock, its epoch above the clock', async () => {
    const update = writes.grant(SESSION, ours, NOW)
    expect(await on.applied(undefined, update)).toEqual(lockAfter({ epoch: NOW + 1, holder: anna }))
  })

  test('grant takes a free lock under the next epoch and clears what was meant for earlier holders', async () => {
    const update = writes.grant(SESSION, ours, NOW)
    expect(await on.applied({ epoch: 9, askedAt: 1, busyUntil: 2 }, update)).toEqual(
      lockAfter({ epoch: 10, holder: anna }),
    )
  })

  test('grant is refused by a holder, also the same process, and by waiters', async () => {
    await on.refused(writes.grant(SESSION, ours, NOW), {
      held: { holder: bert },
      heldByItself: { holder: anna },
      heldAndWaited: { holder: bert, waiters: [cleo] },
      freeButWaited: { waiters: [cleo] },
    })
  })

  test('grantAbove starts a new lock above the fence, or above the clock where that is higher', async () => {
    const highFence = writes.grantAbove(SESSION, ours, { above: NOW + 500, nowMs: NOW })
    expect(await on.applied(undefined, highFence)).toEqual(lockAfter({ epoch: NOW + 501, holder: anna }))
    await subject().store.remove('locks', KEY)
    const lowFence = writes.grantAbove(SESSION, ours, { above: 12, nowMs: NOW })
    expect(await on.applied(undefined, lowFence)).toEqual(lockAfter({ epoch: NOW + 1, holder: anna }))
  })

  test('grantAbove lifts a free lock above the highest fence there may be, exactly', async () => {
    const update = writes.grantAbove(SESSION, ours, { above: ABOVE_MAX, nowMs: NOW })
    const after = await on.applied({ epoch: ABOVE_MAX, askedAt: 1, busyUntil: 2 }, update)
    expect(after).toEqual(lockAfter({ epoch: 4_503_599_627_370_497, holder: anna }))
  })

  test('grantAbove is refused by an epoch that is not below its own, by a holder and by waiters', async () => {
    await on.refused(writes.grantAbove(SESSION, ours, { above: 12, nowMs: NOW }), {
      sameEpoch: { epoch: NOW + 1 },
      higherEpoch: { epoch: NOW + 2 },
      held: { holder: bert },
      heldByItself: { holder: anna },
      freeButWaited: { waiters: [cleo] },
    })
  })

  test('regrant gives the holder that lost track a new epoch for its new request', async () => {
    const update = writes.regrant(SESSION, { me: seat(ANNA, 2), seen: anna, epoch: 7, nowMs: NOW })
    const after = await on.applied({ holder: anna, askedAt: 1, busyUntil: 2 }, update)
    expect(after).toEqual(lockAfter({ epoch: 8, holder: seat(ANNA, 2) }))
  })

  test('regrant is refused once anything has changed or somebody waits', async () => {
    await on.refused(writes.regrant(SESSION, { me: seat(ANNA, 3), seen: anna, epoch: 7, nowMs: NOW }), {
      missing: undefined,
      free: {},
      otherHolder: { holder: bert },
      otherRequest: { holder: seat(ANNA, 2) },
      otherEpoch: { holder: anna, epoch: 8 },
      waited: { holder: anna, waiters: [bert] },
    })
  })

  test('raise lifts the epoch in place: waiters and their ask stay, the time for being busy starts anew', async () => {
    const update = writes.raise(SESSION, { me: seat(ANNA, 2), seen: anna, epoch: 7, above: 40, nowMs: NOW })
    const after = await on.applied({ holder: anna, waiters: [bert, cleo], askedAt: 1, busyUntil: 2 }, update)
    expect(after).toEqual(lockAfter({ epoch: 41, holder: seat(ANNA, 2), waiters: [bert, cleo], askedAt: 1 }))
  })

  test('raise is refused once the holder, its request or its epoch has changed', async () => {
    await on.refused(writes.raise(SESSION, { me: seat(ANNA, 3), seen: anna, epoch: 7, above: 40, nowMs: NOW }), {
      missing: undefined,
      free: {},
      otherHolder: { holder: bert },
      otherRequest: { holder: seat(ANNA, 2) },
      otherEpoch: { holder: anna, epoch: 8 },
    })
  })

  test('handOver gives the lock to the first waiter under the next epoch', async () => {
    const update = writes.handOver(SESSION, { holder: ANNA, epoch: 7, nowMs: NOW })
    const after = await on.applied({ holder: anna, waiters: [bert, cleo], askedAt: 1, busyUntil: 2 }, update)
    expect(after).toEqual(lockAfter({ epoch: 8, holder: bert, waiters: [cleo], wasAskedAt: 1 }))
  })

  test('handOver frees a lock for which nobody waits', async () => {
    const after = await on.applied(
      { holder: anna, askedAt: 1, busyUntil: 2 },
      writes.handOver(SESSION, { holder: ANNA, epoch: 7, nowMs: NOW }),
    )
    expect(after).toEqual(lockAfter({ epoch: 8, wasAskedAt: 1 }))
    expect(after.holder).toEqual({ M: { p: { S: '' }, r: { N: '0' } } })
  })

  test('handOver is refused where several principals wait, and handOverTo serves the one whose turn it is', async () => {
    const guest = seat(CLEO, 1, 'other1')
    const mixed = { holder: anna, waiters: [bert, guest], askedAt: 1, isMixed: true }
    await on.refused(writes.handOver(SESSION, { holder: ANNA, epoch: 7, nowMs: NOW }), { mixed })
    const update = writes.handOverTo(SESSION, { holder: ANNA, epoch: 7, next: guest, index: 1, nowMs: NOW })
    const after = await on.applied(mixed, update)
    expect(after).toEqual(lockAfter({ epoch: 8, holder: guest, waiters: [bert], wasAskedAt: 1, isMixed: true }))
    await on.refused(update, {
      missing: undefined,
      otherHolder: { ...mixed, holder: seat('dora') },
      otherEpoch: { ...mixed, epoch: 8 },
      moved: { ...mixed, waiters: [guest, bert] },
      otherRequest: { ...mixed, waiters: [bert, seat(CLEO, 2, 'other1')] },
    })
    const last = { ...mixed, waiters: [bert] }
    const freed = await on.applied(last, writes.handOver(SESSION, { holder: ANNA, epoch: 7, nowMs: NOW }))
    expect(freed).toEqual(lockAfter({ epoch: 8, holder: bert, wasAskedAt: 1, isMixed: true }))
  })

  test('handOver is refused to everyone but the holder under its epoch', async () => {
    await on.refused(writes.handOver(SESSION, { holder: ANNA, epoch: 7, nowMs: NOW }), {
      missing: undefined,
      free: {},
      otherHolder: { holder: bert, waiters: [anna] },
      olderEpoch: { holder: anna, epoch: 8 },
      newerEpoch: { holder: anna, epoch: 6 },
    })
  })

  test('busy is granted once per epoch', async () => {
    const update = writes.busy(SESSION, { holder: ANNA, epoch: 7, untilMs: NOW + 30_000 })
    const after = await on.applied({ holder: anna, waiters: [bert], askedAt: 1 }, update)
    expect(after).toEqual(lockItem({ holder: anna, waiters: [bert], askedAt: 1, busyUntil: NOW + 30_000 }))
    await expectRefused(subject(), writes.busy(SESSION, { holder: ANNA, epoch: 7, untilMs: NOW + 60_000 }))
  })

  test('busy is refused to everyone but the holder under its epoch', async () => {
    await on.refused(writes.busy(SESSION, { holder: ANNA, epoch: 7, untilMs: NOW }), {
      missing: undefined,
      otherHolder: { holder: bert },
      otherEpoch: { holder: anna, epoch: 8 },
    })
  })

  test('keep moves the expiry of a held lock far ahead and changes nothing else', async () => {
    const before = { holder: anna, waiters: [bert], askedAt: 1, busyUntil: 2 }
    expect(await on.applied(before, writes.keep(SESSION, { holder: ANNA, epoch: 7, nowMs: NOW }))).toEqual(
      lockAfter(before),
    )
  })

  test('keep is refused to everyone but the holder under its epoch', async () => {
    await on.refused(writes.keep(SESSION, { holder: ANNA, epoch: 7, nowMs: NOW }), {
      missing: undefined,
      free: {},
      otherHolder: { holder: bert },
      otherEpoch: { holder: anna, epoch: 8 },
    })
  })

  test('a TTL is in whole seconds and never before the time it stands for', () => {
    expect(ttlSeconds(1_800_000_000_000)).toEqual({ N: '1800000000' })
    expect(ttlSeconds(1_800_000_000_001)).toEqual({ N: '1800000001' })
  })
}
