import type { AttributeValue, Item, Update } from '../../../protocol/dynamodb.js'
import { num, str } from '../../../protocol/dynamodb.js'
import { COMMIT_NAMES_MAX, GRACE_MS } from '../../../protocol/limits.js'
import { hasLanded, readClaim } from '../../../protocol/state/results.js'
import * as writes from '../../../protocol/state/writes.js'
import { expectApplied, expectInvalid, expectRefused, Trials } from '../expectations.js'
import { NOW, SESSION, type SessionFields, sessionItem } from '../fixtures.js'
import type { StoreUnderTest } from '../under-test.js'

const TTL_MS = 3_600_000
const ID: writes.WriteId = { epoch: 8, commitId: 'new' }
const HELD: writes.WriteId = { epoch: 7, commitId: 'new' }
const END: writes.ChainEnd = { session: SESSION, epoch: 7, lastCommitId: 'last', rev: 3 }
const CREATED = NOW - 9_000
const LIFE: writes.Life = { createdAt: CREATED, aliveUntil: NOW + TTL_MS, ttlMs: undefined, nowMs: NOW }
const CART: AttributeValue = { M: { items: { L: [str('book'), num(2)] } } }
const commit = (changes: writes.Changes, commitId = 'new', end: Partial<writes.ChainEnd> = {}) =>
  writes.commit({ ...END, ...end }, { commitId, changes, ...LIFE })
const expiry = (aliveUntil: number): AttributeValue => ({ N: String((aliveUntil + GRACE_MS) / 1000) })

/** Every write to the primary state of a session. */
export function describeStateWrites(subject: () => StoreUnderTest): void {
  const on = new Trials(subject, 'sessions', SESSION, sessionItem)
  const claimAfresh = writes.claimAfresh(SESSION, ID, { ttlMs: TTL_MS, nowMs: NOW })
  const unborn = (before: SessionFields): Item => ({
    ...sessionItem({ ...before, fence: 8, commitId: 'new', createdAt: NOW, accessedAt: NOW, attrs: {}, unborn: true }),
    expiresAt: expiry(NOW + TTL_MS),
  })

  test('claim raises the fence of a live session, changes nothing else and reads it', async () => {
    const before = { attrs: { cart: CART }, aliveUntil: NOW + 1 }
    const after = await on.applied(before, writes.claim(SESSION, ID, NOW))
    expect(after).toEqual(sessionItem({ ...before, fence: 8, commitId: 'new' }))
  })

  test('claim is refused by a fence that is not below the epoch, by expiry and by any tombstone', async () => {
    await on.refused(writes.claim(SESSION, ID, NOW), {
      missing: undefined,
      sameFence: { fence: 8 },
      higherFence: { fence: 9 },
      expired: { aliveUntil: NOW },
      destroyed: { destroyedAt: 1 },
      rotated: { destroyedAt: 1, rotated: true },
      unborn: { unborn: true },
    })
  })

  test('a claim afresh of a session that nobody knew leaves it unborn: it has no life yet', async () => {
    expect(await on.applied(undefined, claimAfresh)).toEqual(unborn({ rev: 0, aliveUntil: 0 }))
  })

  test('a claim afresh of an expired session drops its attributes and lifetime, and keeps its end and its rev', async () => {
    const after = await on.applied({ attrs: { cart: CART }, rev: 41, aliveUntil: NOW, ttlMs: 9_000 }, claimAfresh)
    expect(after).toEqual(unborn({ rev: 41, aliveUntil: NOW }))
  })

  test('a claim afresh of a destroyed session keeps its end and its rev', async () => {
    const tombstone = { rev: 41, destroyedAt: NOW - 1, aliveUntil: NOW - 1 }
    expect(await on.applied(tombstone, claimAfresh)).toEqual(unborn(tombstone))
  })

  test('a claim afresh takes an unborn session, by whatever clock its end is still to come', async () => {
    const before: SessionFields = { rev: 41, aliveUntil: NOW + 5_000, unborn: true }
    expect(await on.applied(before, claimAfresh)).toEqual(unborn(before))
  })

  test.each<[string, (end: writes.ChainEnd) => Update]>([
    ['commit', (end) => writes.commit(end, { commitId: 'birth', changes: new Map(), ...LIFE })],
    ['commitWhole', (end) => writes.commitWhole(end, { commitId: 'birth', attrs: {}, ...LIFE })],
  ])('the first %s gives birth to a session, and nothing tells of the life before', async (_name, write) => {
    for (const before of [undefined, { rev: 41, destroyedAt: 1 }, { rev: 41, aliveUntil: NOW, ttlMs: 9_000 }]) {
      await on.applied(before, claimAfresh)
      const rev = before?.rev ?? 0
      const update = write({ session: SESSION, epoch: 8, lastCommitId: 'new', rev })
      expect(await expectApplied(subject(), update)).toEqual({
        ...sessionItem({
          fence: 8,
          commitId: 'birth',
          rev: rev + 1,
          createdAt: CREATED,
          accessedAt: NOW,
          aliveUntil: NOW + TTL_MS,
        }),
        expiresAt: expiry(NOW + TTL_MS),
      })
    }
  })

  test('a commit stores the lifetime of the session, where it has one of its own', async () => {
    const own = { commitId: 'new', ...LIFE, ttlMs: 9_000 }
    for (const update of [
      writes.commit(END, { ...own, changes: new Map() }),
      writes.commitWhole(END, { ...own, attrs: {} }),
    ]) {
      expect((await on.applied({ ttlMs: 5_000 }, update)).ttlMs).toEqual(num(9_000))
    }
    expect((await on.applied({ ttlMs: 5_000 }, commit(new Map()))).ttlMs).toEqual(num(5_000))
  })

  test('a claim afresh is refused by a live session, a fence that is not below the epoch and a rotated id', async () => {
    await on.refused(claimAfresh, {
      alive: {},
      aliveForAnotherMillisecond: { aliveUntil: NOW + 1 },
      expiredButFenced: { aliveUntil: NOW, fence: 8 },
      destroyedButFenced: { destroyedAt: 1, fence: 9 },
      unbornButFenced: { unborn: true, fence: 8 },
      rotated: { destroyedAt: 1, rotated: true },
      rotatedAndExpired: { destroyedAt: 1, aliveUntil: 1, rotated: true },
    })
  })

  test('a claim that landed before its answer was lost is recognised by its commitId', async () => {
    await on.put({})
    const update = writes.claim(SESSION, ID, NOW)
    await subject().store.update(update)
    const again = await subject().store.update(update)
    expect(again.applied).toBe(false)
    expect(readClaim(again, ID, NOW)).toMatchObject({ kind: 'claimed', record: { fence: 8, commitId: 'new' } })
  })

  test('commit sets and deletes exactly what changed, and extends the life', async () => {
    const changes = new Map([
      ['cart', CART],
      ['seen', undefined],
      ['never there', undefined],
      ['a.b #:[0]', str('odd name')],
    ])
    const before = { attrs: { seen: num(1), profile: str('kept') }, rev: 3 }
    const after = await on.applied(before, commit(changes))
    expect(after).toEqual({
      ...sessionItem({
        attrs: { profile: str('kept'), cart: CART, 'a.b #:[0]': str('odd name') },
        commitId: 'new',
        rev: 4,
        createdAt: CREATED,
        accessedAt: NOW,
        aliveUntil: NOW + TTL_MS,
      }),
      expiresAt: expiry(NOW + TTL_MS),
    })
  })

  test('commit of nothing, of deletions only and of names that are reserved words elsewhere', async () => {
    const commits: [string, writes.Changes][] = [
      ['one', new Map()],
      ['two', new Map([['seen', undefined]])],
      ['three', new Map([['select', num(1)]])],
    ]
    let end = END
    await on.put({ attrs: { seen: num(1) } })
    for (const [commitId, changes] of commits) {
      await expectApplied(subject(), commit(changes, commitId, end))
      end = { ...end, lastCommitId: commitId, rev: end.rev + 1 }
    }
    expect((await subject().store.get('sessions', SESSION))?.attrs).toEqual({ M: { select: num(1) } })
  })

  test('commit names as many attributes one by one as its bound allows', async () => {
    const names = Array.from({ length: COMMIT_NAMES_MAX }, (_, index) => `attribute ${index}`)
    const set = new Map(names.map((name) => [name, num(1)]))
    await on.put({})
    await expectApplied(subject(), commit(set, 'one'))
    const removed = new Map(names.map((name) => [name, undefined]))
    const update = commit(removed, 'two', { lastCommitId: 'one', rev: 4 })
    expect((await expectApplied(subject(), update)).attrs).toEqual({ M: {} })
  })

  test('commitWhole writes all attributes, and none that are not among them', async () => {
    const attrs = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`attribute ${index}`, num(index)]))
    const update = writes.commitWhole(END, { commitId: 'new', attrs, ...LIFE })
    const after = await on.applied({ attrs: { seen: num(1) }, rev: 3 }, update)
    expect(after).toEqual({
      ...sessionItem({ attrs, commitId: 'new', rev: 4, createdAt: CREATED, accessedAt: NOW, aliveUntil: NOW + TTL_MS }),
      expiresAt: expiry(NOW + TTL_MS),
    })
  })

  test('commit is refused under another fence, after another commit, on an older copy, and by a tombstone', async () => {
    for (const update of [
      commit(new Map([['cart', CART]])),
      writes.commitWhole(END, { commitId: 'new', attrs: { cart: CART }, ...LIFE }),
    ]) {
      await on.refused(update, {
        missing: undefined,
        newerFence: { fence: 8 },
        olderFence: { fence: 6 },
        otherCommit: { commitId: 'another' },
        olderCopy: { rev: 2 },
        itselfBefore: { commitId: 'new' },
        destroyed: { destroyedAt: 1 },
      })
    }
  })

  test('a commit that landed before its answer was lost is recognised, another one’s is not', async () => {
    await on.put({})
    const update = commit(new Map())
    expect(hasLanded(await subject().store.update(update), HELD)).toBe(true)
    const again = await subject().store.update(update)
    expect(again.applied).toBe(false)
    expect(hasLanded(again, HELD)).toBe(true)
    await on.put({ fence: 7, commitId: 'another' })
    expect(hasLanded(await subject().store.update(update), HELD)).toBe(false)
    await on.put({ fence: 8, commitId: 'new' })
    expect(hasLanded(await subject().store.update(update), HELD)).toBe(false)
  })

  test('destroy leaves a tombstone with its fence for a day and no attributes', async () => {
    const after = await on.applied(
      { attrs: { cart: CART }, rev: 3 },
      writes.destroy(END, { commitId: 'new', nowMs: NOW }),
    )
    expect(after).toEqual({
      ...sessionItem({ commitId: 'new', rev: 4, aliveUntil: NOW, destroyedAt: NOW }),
      expiresAt: expiry(NOW),
    })
  })

  test('destroy is refused under another fence, after another commit, on an older copy, and by a tombstone', async () => {
    await on.refused(writes.destroy(END, { commitId: 'new', nowMs: NOW }), {
      missing: undefined,
      newerFence: { fence: 8 },
      olderFence: { fence: 6 },
      otherCommit: { commitId: 'another' },
      olderCopy: { rev: 2 },
      destroyed: { destroyedAt: 1 },
    })
  })

  test('a commit on a tombstone would be wrong in itself without the condition on the tombstone', async () => {
    await on.put({ destroyedAt: 1 })
    const update = commit(new Map([['cart', CART]]))
    await expectInvalid(subject(), { ...update, condition: 'fence = :epoch AND commitId = :last AND rev = :rev' })
  })

  test('a commit that would make the session larger than an item may be changes nothing', async () => {
    await on.put({ attrs: { half: str('x'.repeat(250_000)) } })
    const update = commit(new Map([['more', str('x'.repeat(160_000))]]))
    await expectInvalid(subject(), update)
  })

  test('fences as high as epochs can be are compared exactly', async () => {
    const epoch = 2 ** 53 - 1
    await on.put({ fence: epoch - 1 })
    await expectRefused(subject(), writes.claim(SESSION, { epoch: epoch - 1, commitId: 'new' }, NOW))
    const after = await expectApplied(subject(), writes.claim(SESSION, { epoch, commitId: 'new' }, NOW))
    expect(after.fence).toEqual({ N: '9007199254740991' })
  })
}
