import { AttributeLocks, LockOwner, type LockTicket } from '../../../client/attribute-locks/attribute-locks.js'
import { compileLockRequest as request } from '../../../client/attribute-locks/lock-request.js'
import { InvalidArgumentError } from '../../../client/errors/index.js'
import { makeAccesses } from './accesses.js'

describe('the queue', () => {
  test('serves those that conflict in the order of their coming', () => {
    const locks = new AttributeLocks()
    const { hold, queue, granted } = makeAccesses()
    const first = hold(locks, '1', { write: ['a'] })
    const second = queue(locks, '2', { write: ['a'] })
    const third = queue(locks, '3', { write: ['a'] })

    locks.unlock(first)
    expect(granted).toEqual(['2'])
    locks.unlock(second.owner)
    expect(granted).toEqual(['2', '3'])
    locks.unlock(third.owner)
    expect([locks.running, locks.queued]).toEqual([0, 0])
  })

  test('lets no reader overtake a writer that waits', () => {
    const locks = new AttributeLocks()
    const { hold, queue, granted } = makeAccesses()
    const reader = hold(locks, 'reader', { read: ['a'] })
    const writer = queue(locks, 'writer', { write: ['a'] })
    queue(locks, 'late reader', { read: ['a'] })

    expect(locks.tryLock(new LockOwner('later reader'), request({ read: ['a'] }))).toBe(false)
    expect(granted).toEqual([])
    locks.unlock(reader)
    expect(granted).toEqual(['writer'])
    locks.unlock(writer.owner)
    expect(granted).toEqual(['writer', 'late reader'])
  })

  test('grants neighbours that go together at the same time, up to the first that does not', () => {
    const locks = new AttributeLocks()
    const { hold, queue, granted } = makeAccesses()
    const writer = hold(locks, 'writer', { write: ['a'] })
    for (const label of ['r1', 'r2', 'r3']) queue(locks, label, { read: ['a'] })
    queue(locks, 'w2', { write: ['a'] })
    queue(locks, 'r4', { read: ['a'] })

    locks.unlock(writer)

    expect(granted).toEqual(['r1', 'r2', 'r3'])
  })

  test('lets those pass that conflict with nobody before them', () => {
    const locks = new AttributeLocks()
    const { hold, queue, granted } = makeAccesses()
    hold(locks, '1', { write: ['a'] })
    queue(locks, '2', { write: ['a', 'b'] })
    queue(locks, '3', { write: ['c'] })
    queue(locks, '4', { write: ['b'] })

    expect(granted).toEqual(['3'])
    expect(locks.tryLock(new LockOwner('5'), request({ write: ['d'] }))).toBe(true)
    expect(locks.tryLock(new LockOwner('6'), request({ read: ['b'] }))).toBe(false)
  })

  test('lets a reader of one attribute pass one who waits to share the whole session', () => {
    const locks = new AttributeLocks()
    const { hold, queue, granted } = makeAccesses()
    const writer = hold(locks, 'writer', { write: ['a'] })
    queue(locks, 'reader of all', { all: 'read' })

    queue(locks, 'reader of b', { read: ['b'] })
    queue(locks, 'writer of b', { write: ['b'] })

    expect(granted).toEqual(['reader of b'])
    locks.unlock(writer)
    expect(granted).toEqual(['reader of b', 'reader of all'])
  })

  test('locks all of a request or nothing', () => {
    const locks = new AttributeLocks()
    const { hold, queue, granted } = makeAccesses()
    const a = hold(locks, 'a', { write: ['a'] })
    const b = hold(locks, 'b', { write: ['b'] })
    const both = queue(locks, 'both', { write: ['a', 'b'] })

    locks.unlock(a)
    expect(granted).toEqual([])
    expect(locks.heldBy(both.owner)).toBeUndefined()
    locks.unlock(b)
    expect(granted).toEqual(['both'])
  })

  test('includes attributes that nobody has named yet in the whole session', () => {
    const locks = new AttributeLocks()
    const { hold, queue, granted } = makeAccesses()
    const whole = hold(locks, 'whole', 'all')
    queue(locks, 'new', { write: ['never seen before'] })

    expect(granted).toEqual([])
    locks.unlock(whole)
    expect(granted).toEqual(['new'])
  })

  test('forgets a ticket that is cancelled, and grants those that it alone held up', () => {
    const locks = new AttributeLocks()
    const { hold, queue, granted } = makeAccesses()
    hold(locks, 'reader', { read: ['a'] })
    const writer = queue(locks, 'writer', { write: ['a'] })
    queue(locks, 'late reader', { read: ['a'] })

    expect(locks.cancel(writer)).toBe(true)
    expect(granted).toEqual(['late reader'])
    expect(locks.queued).toBe(0)
    expect(locks.cancel(writer)).toBe(false)
  })

  test('closes up wherever tickets are cancelled', () => {
    const locks = new AttributeLocks()
    const { hold, queue, granted } = makeAccesses()
    const first = hold(locks, 'first', 'all')
    const tickets = Array.from({ length: 8 }, (_, i): LockTicket => {
      const ticket: LockTicket = queue(locks, `${i}`, { write: ['a'] }, () => locks.unlock(ticket.owner))
      return ticket
    })

    for (const i of [3, 4, 2, 0, 7]) expect(locks.cancel(tickets[i] as LockTicket)).toBe(true)
    locks.unlock(first)

    expect(granted).toEqual(['1', '5', '6'])
    expect([locks.running, locks.queued]).toEqual([0, 0])
  })

  test('keeps what is locked apart however many attributes come and go', () => {
    const locks = new AttributeLocks()
    const { hold, queue, granted } = makeAccesses()
    const kept = hold(locks, 'kept', { write: ['kept'] })
    const waiting = queue(locks, 'waiting', { write: ['kept'] })
    for (let round = 0; round < 5; round += 1) {
      const passing = Array.from({ length: 100 }, (_, i) => hold(locks, 'passing', { write: [`${round}.${i}`] }))
      for (const owner of passing) locks.unlock(owner)
    }

    expect(locks.tryLock(new LockOwner('late'), request({ read: ['kept'] }))).toBe(false)
    expect([locks.running, locks.queued]).toEqual([1, 1])
    locks.unlock(kept)
    expect(granted).toEqual([waiting.owner.label])
  })

  test('does not cancel a ticket that has been granted', () => {
    const locks = new AttributeLocks()
    const { queue } = makeAccesses()
    const ticket = queue(locks, 'only', 'all')

    expect(locks.cancel(ticket)).toBe(false)
    expect(locks.heldBy(ticket.owner)).toEqual(request('all'))
  })

  test('takes an access that was cancelled again, at the end', () => {
    const locks = new AttributeLocks()
    const { hold, queue, granted } = makeAccesses()
    const first = hold(locks, '1', 'all')
    const second = queue(locks, '2', 'all')
    const third = queue(locks, '3', 'all')
    locks.cancel(second)
    locks.enqueue(second)

    locks.unlock(first)
    locks.unlock(third.owner)

    expect(granted).toEqual(['3', '2'])
  })

  test('stays as it is when locks are freed twice, or by one who has none', () => {
    const locks = new AttributeLocks()
    const { hold, queue, granted } = makeAccesses()
    const first = hold(locks, '1', 'all')
    queue(locks, '2', 'all')
    const third = queue(locks, '3', 'all')

    locks.unlock(first)
    locks.unlock(first)
    locks.unlock(third.owner)
    locks.unlock(new LockOwner('stranger'))

    expect(granted).toEqual(['2'])
    expect([locks.running, locks.queued]).toEqual([1, 1])
  })

  test('refuses an owner that holds locks here, or waits for some already', () => {
    const locks = new AttributeLocks()
    const { hold, queue, ticketOf } = makeAccesses()
    const holder = hold(locks, 'holder', 'all')

    expect(() => locks.tryLock(holder, request({ read: ['a'] }))).toThrow(InvalidArgumentError)
    const waiter = queue(locks, 'waiter', 'all')
    expect(() => locks.enqueue(ticketOf(holder, { read: ['a'] }))).toThrow(/received one that holds some/)
    expect(() => locks.enqueue(waiter)).toThrow(/received one that waits for some/)
    expect(() => locks.tryLock(waiter.owner, request({ read: ['a'] }))).toThrow(InvalidArgumentError)
    expect([locks.running, locks.queued]).toEqual([1, 1])
  })

  test('gives up its tickets in order, without those of accesses that run', () => {
    const locks = new AttributeLocks()
    const { hold, queue, ticketOf, granted } = makeAccesses()
    const a = hold(locks, 'a', { write: ['a'] })
    const b = hold(locks, 'b', { write: ['b'] })
    const tickets = ['1', '2', '3'].map((label) => queue(locks, label, 'all'))
    const extension = ticketOf(b, { write: ['a'] })
    locks.extend(extension)

    expect(locks.takeQueued()).toEqual(tickets)
    expect(locks.queued).toBe(1)
    expect(locks.takeQueued()).toEqual([])
    locks.unlock(a)
    expect(granted).toEqual(['b'])
  })

  test('is cleared with everything that is held', () => {
    const locks = new AttributeLocks()
    const elsewhere = new AttributeLocks()
    const { hold, queue, ticketOf, granted } = makeAccesses()
    hold(locks, 'a', { write: ['a'] })
    const b = hold(locks, 'b', { write: ['b'] })
    const waiting = queue(locks, '1', 'all')
    const extension = ticketOf(b, { write: ['a'] })
    locks.extend(extension)

    expect(locks.clear()).toEqual([extension, waiting])

    expect([locks.running, locks.queued]).toEqual([0, 0])
    expect(locks.heldBy(b)).toBeUndefined()
    expect(granted).toEqual([])
    expect(locks.unlock(b)).toEqual([])
    expect(locks.tryLock(b, request('all'))).toBe(true)
    elsewhere.enqueue(waiting)
    expect(granted).toEqual(['1'])
  })
})
