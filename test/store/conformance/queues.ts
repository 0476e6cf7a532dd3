import { lockKey } from '../../../protocol/keys.js'
import { WAITERS_MAX } from '../../../protocol/limits.js'
import { displace, enqueueBehind, enqueueFirst } from '../../../protocol/lock/join-writes.js'
import * as writes from '../../../protocol/lock/writes.js'
import { Trials } from '../expectations.js'
import { ANNA, BERT, CLEO, DORA, lockItem, MARK, NOW, SESSION, seat } from '../fixtures.js'
import type { StoreUnderTest } from '../under-test.js'

const KEY = lockKey(SESSION)
const [anna, bert, cleo, dora] = [seat(ANNA), seat(BERT), seat(CLEO), seat(DORA)]
const OTHER = 'other1'
const first = { isGuest: false, nowMs: NOW }
const behind = { isGuest: false, isMixed: false, waitersMax: WAITERS_MAX, nowMs: NOW }
/** As the functions name a sender: with the mark of its principal. */
const of = (p: string, mark = MARK) => seat(p, 1, mark)

/** Every write to the queue of a lock. */
export function describeQueueWrites(subject: () => StoreUnderTest): void {
  const on = new Trials(subject, 'locks', KEY, lockItem)

  test('enqueueFirst dates the ask afresh, whatever an earlier wait left behind', async () => {
    const after = await on.applied({ holder: anna, askedAt: 1, busyUntil: 2 }, enqueueFirst(SESSION, of(BERT), first))
    expect(after).toEqual(lockItem({ holder: anna, waiters: [bert], askedAt: NOW, busyUntil: 2 }))
  })

  test('enqueueFirst is refused by a free lock, by its own process as holder and by waiters', async () => {
    await on.refused(enqueueFirst(SESSION, of(BERT), first), {
      missing: undefined,
      free: {},
      heldByItself: { holder: seat(BERT, 9) },
      waited: { holder: anna, waiters: [cleo] },
    })
  })

  test('enqueueBehind takes the last place and keeps the ask, or dates one where there is none', async () => {
    const update = enqueueBehind(SESSION, of(CLEO), behind)
    const asked = await on.applied({ holder: anna, waiters: [bert], askedAt: 1 }, update)
    expect(asked).toEqual(lockItem({ holder: anna, waiters: [bert, cleo], askedAt: 1 }))
    const unasked = await on.applied({ holder: anna, waiters: [bert] }, update)
    expect(unasked).toEqual(lockItem({ holder: anna, waiters: [bert, cleo], askedAt: NOW }))
  })

  test('enqueueBehind fills the queue up to its bound', async () => {
    const almostFull = Array.from({ length: WAITERS_MAX - 1 }, (_, index) => seat(BERT, index + 1))
    const after = await on.applied({ holder: anna, waiters: almostFull }, enqueueBehind(SESSION, of(CLEO), behind))
    expect(after).toEqual(lockItem({ holder: anna, waiters: [...almostFull, cleo], askedAt: NOW }))
  })

  test('enqueueBehind is refused where it would be first, where it stands already and where the queue is full', async () => {
    await on.refused(enqueueBehind(SESSION, of(CLEO), behind), {
      missing: undefined,
      freeButWaited: { waiters: [bert] },
      heldByItself: { holder: seat(CLEO, 9), waiters: [bert] },
      nobodyWaits: { holder: anna },
      queuedAlready: { holder: anna, waiters: [bert, cleo] },
      full: { holder: anna, waiters: Array.from({ length: WAITERS_MAX }, (_, index) => seat(BERT, index + 1)) },
    })
  })

  test('a guest names its mark, and is queued by no other write than that of a guest', async () => {
    const guest = of(BERT, OTHER)
    const queued = lockItem({ holder: anna, waiters: [guest], askedAt: NOW })
    const asFirst = enqueueFirst(SESSION, guest, { ...first, isGuest: true })
    expect(await on.applied({ holder: anna, isMixed: true }, asFirst)).toEqual(queued)
    await on.refused(enqueueFirst(SESSION, guest, first), { ofAnother: { holder: anna } })
    await on.refused(asFirst, { ofItsOwn: { holder: anna, mark: OTHER } })
    const second = enqueueBehind(SESSION, of(CLEO, OTHER), { ...behind, isGuest: true })
    const after = await on.applied({ holder: anna, waiters: [guest], askedAt: NOW }, second)
    expect(after).toEqual(lockItem({ holder: anna, waiters: [guest, of(CLEO, OTHER)], askedAt: NOW }))
    await on.refused(second, { behindAnother: { holder: anna, waiters: [bert] } })
    await on.refused(enqueueBehind(SESSION, of(CLEO), behind), { behindAGuest: { holder: anna, waiters: [guest] } })
  })

  test('enqueueBehind of another principal makes the queue one of several', async () => {
    const mixing = { ...behind, isMixed: true }
    const guest = enqueueBehind(SESSION, of(CLEO, OTHER), { ...mixing, isGuest: true })
    const mixed = { holder: anna, waiters: [bert, of(CLEO, OTHER)], askedAt: 1, isMixed: true }
    expect(await on.applied({ holder: anna, waiters: [bert], askedAt: 1 }, guest)).toEqual(lockItem(mixed))
    const own = enqueueBehind(SESSION, of(DORA), mixing)
    expect(await on.applied(mixed, own)).toEqual(lockItem({ ...mixed, waiters: [...mixed.waiters, dora] }))
  })

  test('displace takes a place, and moves its own principal up, if all of them are as they were seen', async () => {
    const waiters = [bert, cleo, of(DORA, OTHER)]
    const me = seat('eva', 1, OTHER)
    const moves = [
      { index: 1, from: cleo, to: of(DORA, OTHER) },
      { index: 2, from: of(DORA, OTHER), to: me },
    ]
    const last = { index: 2, p: DORA }
    const update = displace(SESSION, me, { isGuest: true, moves, last, nowMs: NOW })
    const after = await on.applied({ holder: anna, waiters, askedAt: 1 }, update)
    const moved = [bert, of(DORA, OTHER), me]
    expect(after).toEqual(lockItem({ holder: anna, waiters: moved, askedAt: 1, isMixed: true }))
    await on.refused(update, {
      missing: undefined,
      free: {},
      heldByItself: { holder: me, waiters },
      queuedAlready: { holder: anna, waiters: [...waiters, me] },
      moved: { holder: anna, waiters: waiters.slice(1) },
      joined: { holder: anna, waiters: [...waiters, seat('fred')] },
      otherRequest: { holder: anna, waiters: [bert, cleo, seat(DORA, 2, OTHER)] },
      ofItsOwn: { holder: anna, waiters, mark: OTHER },
    })
    const askedAnew = [bert, seat(CLEO, 2), of(DORA, OTHER)]
    expect(await on.applied({ holder: anna, waiters: askedAnew, askedAt: 1 }, update)).toEqual(
      lockItem({ holder: anna, waiters: moved, askedAt: 1, isMixed: true }),
    )
  })

  test('displace of all places that one principal may lose fits into one write', async () => {
    const half = WAITERS_MAX / 2
    const waiters = [
      ...Array.from({ length: half + 2 }, (_, index) => seat(`a${index}`)),
      ...Array.from({ length: half - 2 }, (_, index) => seat(`b${index}`, 1, OTHER)),
    ]
    const me = seat('eva', 1, OTHER)
    const after = [...waiters.slice(0, half + 1), ...waiters.slice(half + 2), me]
    const moves = after.flatMap((to, index) => {
      const from = waiters[index]
      return from === undefined || from === to ? [] : [{ index, from, to }]
    })
    const last = { index: WAITERS_MAX - 1, p: waiters.at(-1)?.p ?? '' }
    const update = displace(SESSION, me, { isGuest: true, moves, last, nowMs: NOW })
    expect(await on.applied({ holder: anna, waiters, askedAt: 1 }, update)).toEqual(
      lockItem({ holder: anna, waiters: after, askedAt: 1, isMixed: true }),
    )
  })

  test('replaceWaiter gives the place to the newer request, under the mark that it has', async () => {
    const guests = { holder: anna, waiters: [bert, of(CLEO, OTHER)], askedAt: 1 }
    const renewed = writes.replaceWaiter(SESSION, { me: seat(CLEO, 5, OTHER), seen: of(CLEO, OTHER), index: 1 })
    expect(await on.applied(guests, renewed)).toEqual(lockItem({ ...guests, waiters: [bert, seat(CLEO, 5, OTHER)] }))
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
