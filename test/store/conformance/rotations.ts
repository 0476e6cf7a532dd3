import type { AttributeValue, Item } from '../../../protocol/dynamodb.js'
import { num, str } from '../../../protocol/dynamodb.js'
import { GRACE_MS } from '../../../protocol/limits.js'
import { haveLanded, readClaim } from '../../../protocol/state/results.js'
import * as writes from '../../../protocol/state/writes.js'
import {
  expectApplied,
  expectRefused,
  expectTransacted,
  expectTransactionRefused,
  withoutKey,
} from '../expectations.js'
import { NOW, OTHER_SESSION, SESSION, type SessionFields, sessionItem } from '../fixtures.js'
import type { StoreUnderTest } from '../under-test.js'

const TTL_MS = 3_600_000
const FROM: writes.ChainEnd = { session: SESSION, epoch: 7, lastCommitId: 'last', rev: 41 }
const TO: writes.ChainEnd = { session: OTHER_SESSION, epoch: 4, lastCommitId: 'first', rev: 0 }
const IDS: readonly writes.WriteId[] = [
  { epoch: 4, commitId: 'new' },
  { epoch: 7, commitId: 'new' },
]
const CART: AttributeValue = { M: { items: { L: [str('book'), num(2)] } } }
const LIFE: writes.Life = { createdAt: NOW - 9_000, aliveUntil: NOW + TTL_MS, ttlMs: 9_000, nowMs: NOW }
const MOVE = { from: FROM, to: TO, commitId: 'new', attrs: { cart: CART }, ...LIFE }
const ROTATION = writes.rotate(MOVE)

const OLD: SessionFields = {
  fence: 7,
  commitId: 'last',
  rev: 41,
  attrs: { cart: CART },
  createdAt: NOW - 9_000,
  ttlMs: 9_000,
}
const NEW: SessionFields = { fence: 4, commitId: 'first', rev: 0, createdAt: NOW - 10, aliveUntil: 0, unborn: true }
const TOMBSTONE: SessionFields = {
  ...OLD,
  commitId: 'new',
  rev: 42,
  aliveUntil: NOW,
  destroyedAt: NOW,
  rotated: true,
}

/** A session's change of its id. */
export function describeRotations(subject: () => StoreUnderTest): void {
  const put = async (session: string, fields: SessionFields | undefined) => {
    if (fields === undefined) await subject().store.remove('sessions', session)
    else await subject().put('sessions', session, sessionItem(fields))
  }
  const get = async (session: string): Promise<Item | undefined> =>
    withoutKey(await subject().store.get('sessions', session))
  const rotate = () => subject().store.transact(ROTATION)
  const landed = async () => haveLanded(await rotate(), IDS)

  beforeEach(async () => {
    await put(SESSION, OLD)
    await put(OTHER_SESSION, NEW)
  })

  test('moves everything to the new id, with its age and lifetime, and leaves a tombstone that says so', async () => {
    await expectTransacted(subject(), ROTATION)
    expect(await get(OTHER_SESSION)).toEqual({
      ...sessionItem({
        ...OLD,
        fence: 4,
        commitId: 'new',
        rev: 42,
        accessedAt: NOW,
        aliveUntil: NOW + TTL_MS,
      }),
      expiresAt: { N: String((NOW + TTL_MS + GRACE_MS) / 1000) },
    })
    expect(await get(SESSION)).toEqual({
      ...sessionItem(TOMBSTONE),
      expiresAt: { N: String((NOW + GRACE_MS) / 1000) },
    })
  })

  test('of the new session drops what was written to it before', async () => {
    await put(OTHER_SESSION, { ...NEW, attrs: { cart: num(1), stray: num(2) } })
    await expectTransacted(subject(), ROTATION)
    expect((await get(OTHER_SESSION))?.attrs).toEqual({ M: { cart: CART } })
  })

  test('is refused, and changes neither, once either has a newer holder, another write or no life', async () => {
    const broken = (held: SessionFields): { readonly [why: string]: SessionFields | undefined } => ({
      missing: undefined,
      newerFence: { ...held, fence: (held.fence ?? 0) + 1 },
      olderFence: { ...held, fence: (held.fence ?? 0) - 1 },
      otherCommit: { ...held, commitId: 'another' },
      otherRev: { ...held, rev: (held.rev ?? 0) + 1 },
      tombstone: { ...TOMBSTONE, fence: held.fence ?? 0, commitId: held.commitId ?? '', rev: held.rev ?? 0 },
    })
    for (const fields of Object.values(broken(OLD))) {
      await put(SESSION, fields)
      await expectTransactionRefused(subject(), ROTATION, [undefined, await subject().store.get('sessions', SESSION)])
      expect(await landed()).toBe(false)
    }
    await put(SESSION, OLD)
    for (const fields of Object.values(broken(NEW))) {
      await put(OTHER_SESSION, fields)
      const item = await subject().store.get('sessions', OTHER_SESSION)
      await expectTransactionRefused(subject(), ROTATION, [item, undefined])
      expect(await landed()).toBe(false)
    }
  })

  test('lands once: a copy changes nothing and is told by the commitId, also after the next write or holder', async () => {
    await expectTransacted(subject(), ROTATION)
    const repeat = async () => {
      const items = [OTHER_SESSION, SESSION].map((session) => subject().store.get('sessions', session))
      await expectTransactionRefused(subject(), ROTATION, await Promise.all(items))
      expect(await landed()).toBe(true)
    }
    await repeat()
    const next = writes.commit(
      { ...TO, lastCommitId: 'new', rev: 42 },
      { commitId: 'next', changes: new Map(), ...LIFE },
    )
    await expectApplied(subject(), next)
    await repeat()
    await subject().store.update(writes.claim(OTHER_SESSION, { epoch: 9, commitId: 'theirs' }, NOW))
    await repeat()
    const theirs = { session: OTHER_SESSION, epoch: 9, lastCommitId: 'theirs', rev: 43 }
    await expectApplied(subject(), writes.destroy(theirs, { commitId: 'end', nowMs: NOW }))
    await repeat()
    await subject().store.remove('sessions', OTHER_SESSION)
    await repeat()
  })

  test('is told by the new id alone where the tombstone is gone', async () => {
    await expectTransacted(subject(), ROTATION)
    await subject().store.remove('sessions', SESSION)
    expect(await landed()).toBe(true)
  })

  test('is not taken for another one that landed on the same two', async () => {
    const other = writes.rotate({ ...MOVE, commitId: 'another' })
    await expectTransacted(subject(), other)
    expect(await landed()).toBe(false)
  })

  test('leaves a tombstone that no write revives, under whatever epoch, and a claim is told so', async () => {
    await expectTransacted(subject(), ROTATION)
    for (const epoch of [6, 7, 8, 2 ** 52]) {
      const id = { epoch, commitId: 'theirs' }
      const end = { session: SESSION, epoch, lastCommitId: 'new', rev: 42 }
      for (const nowMs of [NOW, NOW + GRACE_MS]) {
        const commit = { commitId: 'theirs', ...LIFE, aliveUntil: nowMs + TTL_MS, nowMs }
        for (const update of [
          writes.claim(SESSION, id, nowMs),
          writes.claimAfresh(SESSION, id, { ttlMs: TTL_MS, nowMs }),
          writes.commit(end, { ...commit, changes: new Map([['cart', CART]]) }),
          writes.commitWhole(end, { ...commit, attrs: {} }),
          writes.destroy(end, commit),
        ]) {
          await expectRefused(subject(), update)
        }
        const refused = await subject().store.update(writes.claimAfresh(SESSION, id, { ttlMs: TTL_MS, nowMs }))
        expect(readClaim(refused, id, nowMs)).toMatchObject({ kind: 'rotated' })
      }
    }
  })

  test('is refused a tombstone as its new id, so that no id is used twice', async () => {
    await put(OTHER_SESSION, { ...TOMBSTONE, fence: 4, commitId: 'first', rev: 0 })
    await expectTransactionRefused(subject(), ROTATION, [
      await subject().store.get('sessions', OTHER_SESSION),
      undefined,
    ])
  })
}
