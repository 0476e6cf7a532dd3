import { AttributeLocks, LockOwner } from '../../../client/attribute-locks/attribute-locks.js'
import { compileLockRequest as request } from '../../../client/attribute-locks/lock-request.js'
import { InvalidArgumentError } from '../../../client/errors/index.js'
import { makeAccesses } from './accesses.js'

describe('an extension', () => {
  test('of an access that is alone is granted at once', () => {
    const locks = new AttributeLocks()
    const { hold, ticketOf, granted } = makeAccesses()
    const owner = hold(locks, 'owner', { read: ['a'] })

    expect(locks.tryExtend(owner, request({ write: ['a'] }))).toBe(true)
    locks.extend(ticketOf(owner, { read: ['b'] }))

    expect(granted).toEqual(['owner'])
    expect(locks.heldBy(owner)).toEqual(request({ write: ['a'], read: ['b'] }))
    locks.unlock(owner)
    expect(locks.running).toBe(0)
  })

  test('waits for those who hold what it wants, and keeps what its owner holds', () => {
    const locks = new AttributeLocks()
    const { hold, ticketOf, granted } = makeAccesses()
    const a = hold(locks, 'a', { write: ['a'] })
    const b = hold(locks, 'b', { write: ['b'] })

    expect(locks.tryExtend(b, request({ read: ['a'] }))).toBe(false)
    expect(locks.queued).toBe(0)
    locks.extend(ticketOf(b, { read: ['a'] }))
    expect(granted).toEqual([])
    expect(locks.heldBy(b)).toEqual(request({ write: ['b'] }))
    locks.unlock(a)
    expect(granted).toEqual(['b'])
    expect(locks.heldBy(b)).toEqual(request({ write: ['b'], read: ['a'] }))
  })

  test('goes ahead of tickets that may wait for its owner', () => {
    const locks = new AttributeLocks()
    const { hold, queue, ticketOf, granted } = makeAccesses()
    const a = hold(locks, 'a', { write: ['a'] })
    const b = hold(locks, 'b', { write: ['b'] })
    queue(locks, 'both', { write: ['a', 'b'] })
    locks.extend(ticketOf(b, { write: ['a'] }))

    locks.unlock(a)
    expect(granted).toEqual(['b'])
    locks.unlock(b)
    expect(granted).toEqual(['b', 'both'])
  })

  test('that overtakes at once blocks tickets that had their way free until then', () => {
    const locks = new AttributeLocks()
    const { hold, queue, granted } = makeAccesses()
    const a = hold(locks, 'a', { write: ['a'] })
    const b = hold(locks, 'b', { write: ['b'] })
    queue(locks, 'a and c', { write: ['a', 'c'] })

    expect(locks.tryExtend(b, request({ write: ['c'] }))).toBe(true)
    locks.unlock(a)
    expect(granted).toEqual([])
    locks.unlock(b)
    expect(granted).toEqual(['a and c'])
  })

  test('is not overtaken by an access that comes later', () => {
    const locks = new AttributeLocks()
    const { hold, ticketOf, queue, granted } = makeAccesses()
    const reader = hold(locks, 'reader', { read: ['a'] })
    const b = hold(locks, 'b', { write: ['b'] })
    locks.extend(ticketOf(b, { write: ['a'] }))

    expect(locks.tryLock(new LockOwner('late reader'), request({ read: ['a'] }))).toBe(false)
    queue(locks, 'late reader', { read: ['a'] })
    locks.unlock(reader)

    expect(granted).toEqual(['b'])
  })

  test('of what its owner holds already changes nothing, whoever waits for it', () => {
    const locks = new AttributeLocks()
    const { hold, ticketOf, granted } = makeAccesses()
    const a = hold(locks, 'a', { write: ['a'] })
    const b = hold(locks, 'b', { write: ['b'] })
    locks.extend(ticketOf(b, { write: ['a'] }))

    expect(locks.tryExtend(a, request({ read: ['a'] }))).toBe(true)
    locks.extend(ticketOf(a, { write: ['a'] }))

    expect(granted).toEqual(['a'])
    expect(locks.heldBy(a)).toEqual(request({ write: ['a'] }))
  })

  test('turns a shared lock into an exclusive one when the other readers have gone', () => {
    const locks = new AttributeLocks()
    const { hold, ticketOf, granted } = makeAccesses()
    const [one, two, three] = ['one', 'two', 'three'].map((label) => hold(locks, label, { read: ['a'] }))
    locks.extend(ticketOf(one as LockOwner, { write: ['a'] }))

    locks.unlock(two as LockOwner)
    expect(granted).toEqual([])
    locks.unlock(three as LockOwner)
    expect(granted).toEqual(['one'])
    expect(locks.tryLock(new LockOwner('reader'), request({ read: ['a'] }))).toBe(false)
  })

  test('takes its turn among extensions', () => {
    const locks = new AttributeLocks()
    const { hold, ticketOf, granted } = makeAccesses()
    const hot = hold(locks, 'hot', { write: ['hot'] })
    const owners = ['1', '2', '3'].map((label) => hold(locks, label, { write: [label] }))
    for (const owner of owners) locks.extend(ticketOf(owner, { write: ['hot'] }))

    locks.unlock(hot)
    for (const [i, owner] of owners.entries()) {
      expect(granted).toHaveLength(i + 1)
      expect(granted.at(-1)).toBe(owner.label)
      locks.unlock(owner)
    }
  })

  test('that is cancelled leaves its owner what it had, and grants those that it alone held up', () => {
    const locks = new AttributeLocks()
    const { hold, ticketOf, queue, granted } = makeAccesses()
    hold(locks, 'reader', { read: ['a'] })
    const b = hold(locks, 'b', { write: ['b'] })
    const c = hold(locks, 'c', { write: ['c'] })
    const extension = ticketOf(b, { write: ['a'] })
    locks.extend(extension)
    locks.extend(ticketOf(c, { read: ['a'] }))
    queue(locks, 'late reader', { read: ['a'] })

    expect(locks.cancel(extension)).toBe(true)

    expect(granted).toEqual(['c', 'late reader'])
    expect(locks.heldBy(b)).toEqual(request({ write: ['b'] }))
  })

  test('that waits when its owner ends leaves with it', () => {
    const locks = new AttributeLocks()
    const { hold, ticketOf, queue, granted } = makeAccesses()
    hold(locks, 'reader', { read: ['a'] })
    const b = hold(locks, 'b', { write: ['b'] })
    const extension = ticketOf(b, { write: ['a'] })
    locks.extend(extension)
    queue(locks, 'late reader', { read: ['a'] })

    expect(locks.unlock(b)).toEqual([extension])

    expect(granted).toEqual(['late reader'])
    expect([locks.running, locks.queued]).toEqual([2, 0])
  })

  test('is refused to one who holds nothing here', () => {
    const locks = new AttributeLocks()
    const { hold, queue, ticketOf } = makeAccesses()
    expect(() => locks.tryExtend(new LockOwner('nobody'), request('all'))).toThrow(InvalidArgumentError)
    hold(locks, 'holder', 'all')
    const waiter = queue(locks, 'waiter', 'all')

    expect(() => locks.extend(ticketOf(waiter.owner, 'all'))).toThrow(/can extend them, received one without/)
    expect([locks.running, locks.queued]).toEqual([1, 1])
  })

  test('is refused while the same ticket waits', () => {
    const locks = new AttributeLocks()
    const { hold, ticketOf } = makeAccesses()
    hold(locks, 'a', { write: ['a'] })
    const extension = ticketOf(hold(locks, 'b', { write: ['b'] }), { write: ['a'] })
    locks.extend(extension)

    expect(() => locks.extend(extension)).toThrow(InvalidArgumentError)
    expect(locks.queued).toBe(1)
  })
})
