import { AttributeLocks, LockOwner } from '../../../client/attribute-locks/attribute-locks.js'
import { compileLockRequest as request } from '../../../client/attribute-locks/lock-request.js'
import { DeadlockError } from '../../../client/errors/index.js'
import { makeAccesses } from './accesses.js'

const thrownBy = (act: () => void): unknown => {
  try {
    act()
  } catch (error) {
    return error
  }
  return undefined
}

describe('a deadlock', () => {
  test('of two readers that both want to write is refused to the second', () => {
    const locks = new AttributeLocks()
    const { hold, ticketOf, granted } = makeAccesses()
    const one = hold(locks, 'one', { read: ['a'] })
    const two = hold(locks, 'two', { read: ['a'] })
    locks.extend(ticketOf(one, { write: ['a'] }))

    const error = thrownBy(() => locks.extend(ticketOf(two, { write: ['a'] })))

    expect(error).toBeInstanceOf(DeadlockError)
    expect((error as DeadlockError).cycle).toEqual([
      { access: 'two', holds: ['a'], waitsFor: ['a'] },
      { access: 'one', holds: ['a'], waitsFor: ['a'] },
    ])
    expect(locks.heldBy(two)).toEqual(request({ read: ['a'] }))
    expect(locks.queued).toBe(1)
    locks.unlock(two)
    expect(granted).toEqual(['one'])
  })

  test('across attributes names only what the dispute is about', () => {
    const locks = new AttributeLocks()
    const { hold, ticketOf } = makeAccesses()
    const one = hold(locks, 'one', { write: ['a', 'own'] })
    const two = hold(locks, 'two', { write: ['b', 'other'] })
    locks.extend(ticketOf(one, { write: ['b', 'free'] }))

    expect(thrownBy(() => locks.extend(ticketOf(two, { read: ['a'] })))).toMatchObject({
      cycle: [
        { access: 'two', holds: ['b'], waitsFor: ['a'] },
        { access: 'one', holds: ['a'], waitsFor: ['b'] },
      ],
    })
  })

  test('over the whole session is shown with what the other has of it', () => {
    const locks = new AttributeLocks()
    const { hold, ticketOf } = makeAccesses()
    const one = hold(locks, 'one', { all: 'read' })
    const two = hold(locks, 'two', { all: 'read' })
    locks.extend(ticketOf(one, { write: ['a'] }))

    expect(thrownBy(() => locks.extend(ticketOf(two, 'all')))).toMatchObject({
      cycle: [
        { access: 'two', holds: ['a'], waitsFor: ['*'] },
        { access: 'one', holds: ['*'], waitsFor: ['a'] },
      ],
    })
  })

  test('across two sessions is refused to the one that would close it', () => {
    const [left, right] = [new AttributeLocks(), new AttributeLocks()]
    const { hold, ticketOf, granted } = makeAccesses()
    const one = hold(left, 'one', { write: ['a'] })
    const two = hold(right, 'two', { write: ['b'] })
    right.enqueue(ticketOf(one, { read: ['b'] }))

    expect(thrownBy(() => left.enqueue(ticketOf(two, 'all')))).toMatchObject({
      code: 'DEADLOCK',
      cycle: [
        { access: 'two', holds: ['b'], waitsFor: ['a'] },
        { access: 'one', holds: ['a'], waitsFor: ['b'] },
      ],
    })
    expect([left.running, left.queued]).toEqual([1, 0])
    right.unlock(two)
    expect(granted).toEqual(['one'])
  })

  test('of three in a ring of sessions is refused to the last', () => {
    const sessions = [new AttributeLocks(), new AttributeLocks(), new AttributeLocks()] as const
    const { hold, ticketOf } = makeAccesses()
    const [one, two, three] = [
      hold(sessions[0], '1', 'all'),
      hold(sessions[1], '2', 'all'),
      hold(sessions[2], '3', 'all'),
    ]
    sessions[1].enqueue(ticketOf(one, 'all'))
    sessions[2].enqueue(ticketOf(two, 'all'))

    const error = thrownBy(() => sessions[0].enqueue(ticketOf(three, 'all')))

    expect((error as DeadlockError).cycle.map(({ access }) => access)).toEqual(['3', '1', '2'])
  })

  test('with one who is merely ahead in a queue is refused', () => {
    const [left, right] = [new AttributeLocks(), new AttributeLocks()]
    const { hold, ticketOf } = makeAccesses()
    hold(left, 'holder', { read: ['a'] })
    const two = hold(right, 'two', 'all')
    const one = new LockOwner('one')
    left.enqueue(ticketOf(one, { write: ['a'] }))
    right.enqueue(ticketOf(one, { write: ['b'] }))

    expect(thrownBy(() => left.enqueue(ticketOf(two, { read: ['a'] })))).toMatchObject({
      cycle: [
        { access: 'two', holds: ['b'], waitsFor: ['a'] },
        { access: 'one', holds: [], waitsFor: ['b'] },
      ],
    })
  })

  test('with one whom an extension would overtake is refused', () => {
    const [left, right] = [new AttributeLocks(), new AttributeLocks()]
    const { hold, ticketOf } = makeAccesses()
    const one = hold(left, 'one', { write: ['a'] })
    hold(left, 'holder', { write: ['b'] })
    const two = hold(right, 'two', 'all')
    right.enqueue(ticketOf(one, { read: ['x'] }))
    left.enqueue(ticketOf(two, { write: ['b', 'c'] }))

    expect(left.tryExtend(one, request({ write: ['c'] }))).toBe(false)
    expect(thrownBy(() => left.extend(ticketOf(one, { write: ['c'] })))).toBeInstanceOf(DeadlockError)
    expect(left.tryExtend(one, request({ write: ['d'] }))).toBe(true)
  })

  test('is gone when the one that waited is cancelled', () => {
    const [left, right] = [new AttributeLocks(), new AttributeLocks()]
    const { hold, ticketOf, granted } = makeAccesses()
    const one = hold(left, 'one', 'all')
    const two = hold(right, 'two', 'all')
    const waiting = ticketOf(one, 'all')
    right.enqueue(waiting)
    right.cancel(waiting)

    left.enqueue(ticketOf(two, 'all'))
    left.unlock(one)

    expect(granted).toEqual(['two'])
  })

  test('is not seen where the owners wait for one another in turn only', () => {
    const [left, right] = [new AttributeLocks(), new AttributeLocks()]
    const { hold, ticketOf, queue } = makeAccesses()
    const one = hold(left, 'one', 'all')
    hold(right, 'two', { write: ['a'] })
    queue(left, 'three', 'all')

    expect(thrownBy(() => right.enqueue(ticketOf(one, { read: ['a', 'b'] })))).toBeUndefined()
  })

  test('is found through long queues, and shown at its shortest', () => {
    const [left, right] = [new AttributeLocks(), new AttributeLocks()]
    const { hold, queue, ticketOf } = makeAccesses()
    const one = hold(left, 'one', { write: ['a'] })
    const two = hold(right, 'two', 'all')
    for (let i = 0; i < 20_000; i++) queue(right, 'another', 'all')
    right.enqueue(ticketOf(one, 'all'))

    const error = thrownBy(() => left.enqueue(ticketOf(two, { write: ['a'] })))

    expect((error as DeadlockError).cycle.map(({ access }) => access)).toEqual(['two', 'one'])
  })
})
