import { lockKey } from '../../../protocol/keys.js'
import { WAITERS_MAX } from '../../../protocol/limits.js'
import * as writes from '../../../protocol/lock/writes.js'
import { Trials } from '../expectations.js'
import { ANNA, BERT, CLEO, DORA, lockItem, NOW, SESSION, seat } from '../fixtures.js'
import type { StoreUnderTest } from '../under-test.js'

const KEY = lockKey(SESSION)
const [anna, bert, cleo, dora] = [seat(ANNA), seat(BERT), seat(CLEO), seat(DORA)]

/** Every write to the queue of a lock. */
export function describeQueueWrites(subject: () => StoreUnderTest): void {
  const on = new Trials(subject, 'locks', KEY, lockItem)

  test('enqueueFirst dates the ask afresh, whatever an earlier wait left behind', async () => {
    const after = await on.applied({ holder: anna, askedAt: 1, busyUntil: 2 }, writes.enqueueFirst(SESSION, bert, NOW))
    expect(after).toEqual(lockItem({ holder: anna, waiters: [bert], askedAt: NOW, busyUntil: 2 }))
  })

  test('enqueueFirst is refused by a free lock, by its own process as holder and by waiters', async () => {
    await on.refused(writes.enqueueFirst(SESSION, bert, NOW), {
      missing: undefined,
      free: {},
      heldByItself: { holder: seat(BERT, 9) },
      waited: { holder: anna, waiters: [cleo] },
    })
  })

  test('enqueueBehind takes the last place and keeps the ask, or dates one where there is none', async () => {
    const update = writes.enqueueBehind(SESSION, cleo, NOW)
    const asked = await on.applied({ holder: anna, waiters: [bert], askedAt: 1 }, update)
    expect(asked).toEqual(lockItem({ holder: anna, waiters: [bert, cleo], askedAt: 1 }))
    const unasked = await on.applied({ holder: anna, waiters: [bert] }, update)
    expect(unasked).toEqual(lockItem({ holder: anna, waiters: [bert, cleo], askedAt: NOW }))
  })

  test('enqueueBehind fills the queue up to its bound', async () => {
    const almostFull = Array.from({ length: WAITERS_MAX - 1 }, (_, index) => seat(BERT, index + 1))
    const after = await on.applied({ holder: anna, waiters: almostFull }, writes.enqueueBehind(SESSION, cleo, NOW))
    expect(after).toEqual(lockItem({ holder: anna, waiters: [...almostFull, cleo], askedAt: NOW }))
  })

  test('enqueueBehind is refused where it would be first, where it stands already and where the queue is full', async () => {
    await on.refused(writes.enqueueBehind(SESSION, cleo, NOW), {
      missing: undefined,
      freeButWaited: { waiters: [bert] },
      heldByItself: { holder: seat(CLEO, 9), waiters: [bert] },
      nobodyWaits: { holder: anna },
      queuedAlready: { holder: anna, waiters: [bert, cleo] },
      full: { holder: anna, waiters: Array.from({ length: WAITERS_MAX }, (_, index) => seat(BERT, index + 1)) },
    })
  })

  test('replaceWaiter gives the place to the newer request', async () => {
    const update = writes.replaceWaiter(SESSION, { me: seat(CLEO, 5), seen: cleo, index: 1 })
    const after = await on.applied({ holder: anna, waiters: [bert, cleo, dora], askedAt: 1 }, update)
    expect(after).toEqual(lockItem({ holder: anna, waiters: [bert, seat(CLEO, 5), dora], askedAt: 1 }))
  })

  test('replaceWaiter is refused once the older request no longer stands there', async () => {
    await on.refused(writes.replaceWaiter(SESSION, { me: seat(CLEO, 5), seen: cleo, index: 1 }), {
      missing: undefined,
      moved: { holder: anna, waiters: [cleo] },
      other: { holder: anna, waiters: [bert, dora] },
      otherRequest: { holder: anna, waiters: [bert, seat(CLEO, 2)] },
    })
  })

  test('dequeue takes a waiter from the middle and leaves the others in their order', async () => {
    const update = writes.dequeue(SESSION, { seen: cleo, index: 1, isLast: false })
    const after = await on.applied({ holder: anna, waiters: [bert, cleo, dora], askedAt: 1, busyUntil: 2 }, update)
    expect(after).toEqual(lockItem({ holder: anna, waiters: [bert, dora], askedAt: 1, busyUntil: 2 }))
  })

  test('dequeue of the last waiter takes the ask along', async () => {
    const after = await on.applied(
      { holder: anna, waiters: [bert], askedAt: 1 },
      writes.dequeue(SESSION, { seen: bert, index: 0, isLast: true }),
    )
    expect(after).toEqual(lockItem({ holder: anna }))
  })

  test('dequeue is refused once the waiter stands elsewhere, is gone, or is the last where it was not', async () => {
    await on.refused(writes.dequeue(SESSION, { seen: cleo, index: 1, isLast: false }), {
      missing: undefined,
      moved: { holder: anna, waiters: [cleo, bert] },
      gone: { holder: anna, waiters: [bert] },
      otherRequest: { holder: anna, waiters: [bert, seat(CLEO, 2)] },
    })
    await on.refused(writes.dequeue(SESSION, { seen: cleo, index: 0, isLast: false }), {
      last: { holder: anna, waiters: [cleo], askedAt: 1 },
    })
    await on.refused(writes.dequeue(SESSION, { seen: cleo, index: 0, isLast: true }), {
      notLast: { holder: anna, waiters: [cleo, bert] },
    })
  })

  test('ask dates the ask of a holder for whom somebody waits', async () => {
    const after = await on.applied({ holder: anna, waiters: [bert] }, writes.ask(SESSION, { epoch: 7, nowMs: NOW }))
    expect(after).toEqual(lockItem({ holder: anna, waiters: [bert], askedAt: NOW }))
  })

  test('ask is refused where it is dated, where the holder changed and where nobody waits', async () => {
    await on.refused(writes.ask(SESSION, { epoch: 7, nowMs: NOW }), {
      missing: undefined,
      dated: { holder: anna, waiters: [bert], askedAt: 1 },
      otherEpoch: { holder: anna, waiters: [bert], epoch: 8 },
      nobodyWaits: { holder: anna },
      freeButWaited: { waiters: [bert] },
    })
  })
}
