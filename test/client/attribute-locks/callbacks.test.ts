import { AttributeLocks, LockOwner, type LockTicket } from '../../../client/attribute-locks/attribute-locks.js'
import { compileLockRequest as request } from '../../../client/attribute-locks/lock-request.js'
import { makeAccesses } from './accesses.js'

describe('a callback', () => {
  test('may free its locks at once, however many follow', () => {
    const locks = new AttributeLocks()
    const { hold, queue, granted } = makeAccesses()
    const first = hold(locks, 'first', 'all')
    for (let i = 0; i < 100_000; i++) {
      const ticket: LockTicket = queue(locks, `${i}`, { write: ['a'] }, () => locks.unlock(ticket.owner))
    }

    locks.unlock(first)

    expect(granted).toHaveLength(100_000)
    expect([locks.running, locks.queued]).toEqual([0, 0])
  })

  test('may queue the next, again and again', () => {
    const locks = new AttributeLocks()
    const { ticketOf, granted } = makeAccesses()
    const next = (left: number): void => {
      const owner = new LockOwner(`${left}`)
      const then = () => {
        locks.unlock(owner)
        if (left > 0) next(left - 1)
      }
      locks.enqueue(ticketOf(owner, 'all', then))
    }

    next(100_000)

    expect(granted).toHaveLength(100_001)
    expect([locks.running, locks.queued]).toEqual([0, 0])
  })

  test('sees its own locks held', () => {
    const locks = new AttributeLocks()
    const { hold, queue } = makeAccesses()
    const first = hold(locks, 'first', 'all')
    let seen: unknown
    const ticket = queue(locks, 'second', { write: ['a'] }, () => {
      seen = locks.heldBy(ticket.owner)
    })

    locks.unlock(first)

    expect(seen).toEqual(request({ write: ['a'] }))
  })

  test('may cancel one that was to be granted next to it', () => {
    const locks = new AttributeLocks()
    const { hold, queue, granted } = makeAccesses()
    const writer = hold(locks, 'writer', { write: ['a'] })
    queue(locks, '1', { read: ['a'] }, () => expect(locks.cancel(second)).toBe(true))
    const second = queue(locks, '2', { read: ['a'] })
    queue(locks, '3', { read: ['a'] })

    locks.unlock(writer)

    expect(granted).toEqual(['1', '3'])
    expect([locks.running, locks.queued]).toEqual([2, 0])
  })

  test('may take the locks of one that was to be granted next to it', () => {
    const locks = new AttributeLocks()
    const { hold, queue, granted } = makeAccesses()
    const whole = hold(locks, 'whole', 'all')
    const first: LockTicket = queue(locks, '1', { write: ['a'] }, () => {
      expect(locks.tryExtend(first.owner, request({ write: ['b'] }))).toBe(true)
    })
    queue(locks, '2', { write: ['b'] })

    locks.unlock(whole)
    expect(granted).toEqual(['1'])
    locks.unlock(first.owner)
    expect(granted).toEqual(['1', '2'])
  })

  test('may clear everything', () => {
    const locks = new AttributeLocks()
    const { hold, queue, granted } = makeAccesses()
    const writer = hold(locks, 'writer', { write: ['a'] })
    let cleared: LockTicket[] = []
    queue(locks, '1', { read: ['a'] }, () => {
      cleared = locks.clear()
    })
    const second = queue(locks, '2', { read: ['a'] })

    locks.unlock(writer)

    expect(granted).toEqual(['1'])
    expect(cleared).toEqual([second])
    expect([locks.running, locks.queued]).toEqual([0, 0])
    queue(locks, '3', 'all')
    expect(granted).toEqual(['1', '3'])
  })

  test('that throws holds up nobody, and its error reaches the caller that freed the locks', () => {
    const locks = new AttributeLocks()
    const { hold, queue, granted } = makeAccesses()
    const writer = hold(locks, 'writer', { write: ['a'] })
    queue(locks, '1', { read: ['a'] }, () => {
      throw new RangeError('broken')
    })
    queue(locks, '2', { read: ['a'] })

    expect(() => locks.unlock(writer)).toThrow(RangeError)
    expect(granted).toEqual(['1', '2'])
    expect([locks.running, locks.queued]).toEqual([2, 0])
  })
})
