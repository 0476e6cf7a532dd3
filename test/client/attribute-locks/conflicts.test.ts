import { AttributeLocks, LockOwner } from '../../../client/attribute-locks/attribute-locks.js'
import { type LockSpec, compileLockRequest as request } from '../../../client/attribute-locks/lock-request.js'
import { makeAccesses } from './accesses.js'

describe('two requests', () => {
  test.each<[string, LockSpec, LockSpec]>([
    ['readers of one attribute', { read: ['a'] }, { read: ['a'] }],
    ['writers of different attributes', { write: ['a'] }, { write: ['b'] }],
    ['the whole session, shared, twice', { all: 'read' }, { all: 'read' }],
    ['the whole session, shared, and a reader', { all: 'read' }, { read: ['a'] }],
    ['one that reads all and writes a, and a reader of b', { all: 'read', write: ['a'] }, { read: ['b'] }],
  ])('go together: %s', (_what, first, second) => {
    for (const [one, two] of [
      [first, second],
      [second, first],
    ] as const) {
      const locks = new AttributeLocks()
      const { hold, queue, granted } = makeAccesses()
      hold(locks, 'one', one)
      const other = hold(locks, 'other', two)
      locks.unlock(other)

      queue(locks, 'queued', two)

      expect(granted).toEqual(['queued'])
      expect(locks.running).toBe(2)
    }
  })

  test.each<[string, LockSpec, LockSpec]>([
    ['writers of one attribute', { write: ['a'] }, { write: ['a'] }],
    ['a writer and a reader of one attribute', { write: ['a'] }, { read: ['a'] }],
    ['requests that meet in their last attribute', { write: ['a', 'c'] }, { read: ['b', 'c'] }],
    ['the whole session, twice', 'all', 'all'],
    ['the whole session and a reader', 'all', { read: ['a'] }],
    ['the whole session, shared, and a writer', { all: 'read' }, { write: ['a'], read: ['b'] }],
    ['the whole session, shared and exclusive', { all: 'read' }, { all: 'write' }],
    ['one that reads all and writes a, and a reader of a', { all: 'read', write: ['a'] }, { read: ['a'] }],
    ['one that reads all and writes a, and a writer of b', { all: 'read', write: ['a'] }, { write: ['b'] }],
    ['one that reads all and writes a, and one that reads all', { all: 'read', write: ['a'] }, { all: 'read' }],
  ])('exclude each other: %s', (_what, first, second) => {
    for (const [one, other] of [
      [first, second],
      [second, first],
    ] as const) {
      const locks = new AttributeLocks()
      const { hold, queue, granted } = makeAccesses()
      const holder = hold(locks, 'one', one)

      expect(locks.tryLock(new LockOwner('other'), request(other))).toBe(false)
      const { owner } = queue(locks, 'other', other)
      expect(granted).toEqual([])
      expect(locks.heldBy(owner)).toBeUndefined()

      locks.unlock(holder)
      expect(granted).toEqual(['other'])
      expect(locks.heldBy(owner)).toEqual(request(other))
    }
  })
})
