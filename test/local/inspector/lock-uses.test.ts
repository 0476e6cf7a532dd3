import type { LockedNames, LocksMessage } from '../../../client/index.js'
import { sessionKey } from '../../../client/session/session-key.js'
import {
  LOCK_ACCESSES_OPEN_MAX,
  LOCK_ACCESSES_PER_SECOND_MAX,
  LOCK_NAME_CHARS_MAX,
  LOCK_NAMES_MAX,
  LOCK_PARTS_MAX,
  LOCKS_BATCH_MAX,
  LOCKS_PENDING_MAX,
} from '../../../inspector/limits.js'
import { LockUses } from '../../../local/inspector/locks/lock-uses.js'
import { readLocks } from '../../../local/inspector/locks/read-locks.js'

const SESSION = sessionKey('shop', 'a-session-id-that-is-a-secret')
const SHOWN = SESSION.slice(0, 'shop#'.length + 10)
const ORIGIN = performance.timeOrigin
const SECOND_MS = 1_000

const names = (write: readonly string[], read: readonly string[] = [], all?: 'write' | 'read'): LockedNames => ({
  all,
  write,
  read,
})

function telling(nowMs = performance.now()) {
  const uses = new LockUses()
  const say = (access: number, atMs: number, fields: Partial<LocksMessage>): void =>
    uses.hear({
      namespace: 'shop',
      session: SESSION,
      epoch: 7,
      access,
      label: `access ${access}`,
      has: undefined,
      waitsFor: undefined,
      sinceMs: nowMs + atMs,
      atMs: nowMs + atMs,
      ...fields,
    })
  const base = ORIGIN + nowMs
  const taken = (max = LOCKS_BATCH_MAX) =>
    uses.take(max).map(({ label, write, read, all, since, from, to, untold }) => ({
      label,
      locks: [all ?? '', ...write, ...read.map((name) => `${name}?`)].join(' ').trim(),
      since: since - base,
      from: from === undefined ? undefined : from - base,
      to: to === undefined ? undefined : to - base,
      untold,
    }))
  return { uses, say, taken, nowMs }
}

test('an access that begins and ends between two looks is one fact, with its wait', () => {
  const { uses, say, taken, nowMs } = telling(0)
  say(1, 5, { waitsFor: names(['cart']), sinceMs: nowMs + 2 })
  say(1, 9, { has: names(['cart']), sinceMs: nowMs + 2 })
  say(1, 20, {})
  expect(taken()).toEqual([{ label: 'access 1', locks: 'cart', since: 2, from: 9, to: 20, untold: undefined }])
  expect(uses.isEmpty).toBe(true)
})

test('an access that goes on is told as it is, and again when it ends: each time by the same name', () => {
  const { uses, say } = telling(0)
  say(1, 1, { has: names(['cart'], ['viewed']) })
  const [first] = uses.take(9)
  say(1, 4, {})
  const [second] = uses.take(9)
  expect(first).toMatchObject({ session: SHOWN, epoch: 7, write: ['cart'], read: ['viewed'], from: ORIGIN + 1 })
  expect(first).not.toHaveProperty('to')
  expect(second).toEqual({ ...first, to: ORIGIN + 4 })
})

test('locks that are added, or awaited in vain, are told apart from the first ones', () => {
  const { say, taken } = telling(0)
  const cart = { has: names(['cart']) }
  say(1, 1, cart)
  say(1, 2, { has: names(['cart'], ['viewed']) })
  say(1, 3, { has: names(['cart'], ['viewed']), waitsFor: names(['profile']) })
  say(1, 5, { has: names(['cart'], ['viewed']) })
  say(1, 6, { has: names(['cart'], ['viewed']), waitsFor: names(['viewed']) })
  say(1, 8, { has: names(['cart', 'viewed']) })
  say(1, 9, { has: names([], [], 'write') })
  say(1, 10, {})
  expect(taken().map(({ locks, since, from, to }) => [locks, since, from, to])).toEqual([
    ['cart', 1, 1, 10],
    ['viewed?', 2, 2, 10],
    ['profile', 3, undefined, 5],
    ['viewed', 6, 8, 10],
    ['write', 9, 9, 10],
  ])
})

test('what could not be told is told later, unless more is known meanwhile', () => {
  const { uses, say, taken } = telling(0)
  say(1, 1, { has: names(['cart']) })
  say(2, 1, { has: names(['profile']) })
  const facts = uses.take(9)
  say(1, 5, {})
  uses.putBack(facts)
  expect(taken().map(({ label, to }) => [label, to])).toEqual([
    ['access 1', 5],
    ['access 2', undefined],
  ])
})

test('no more is told than the bounds allow, and it is said how much is left out', () => {
  const { uses, say, taken } = telling(0)
  for (let access = 0; access < LOCK_ACCESSES_PER_SECOND_MAX + 7; access += 1) say(access, 1, { has: names(['cart']) })
  const first = taken()
  expect(first).toHaveLength(LOCKS_BATCH_MAX)
  expect(first.at(-1)?.untold).toBe(7)
  for (let second = 1; second < 20; second += 1) {
    for (let n = 0; n < LOCK_ACCESSES_PER_SECOND_MAX; n += 1) {
      say(1_000 * second + n, second * SECOND_MS + 1, { has: names(['cart']) })
    }
  }
  let count = first.length
  for (let part = taken(); part.length > 0; part = taken()) count += part.length
  expect(count).toBe(LOCK_ACCESSES_OPEN_MAX)
  say(3, 20_001, {
    label: 'x'.repeat(500),
    has: names(Array.from({ length: 100 }, (_, n) => `${'y'.repeat(100)}${n}`)),
  })
  const [cut] = uses.take(1)
  expect(cut?.write).toHaveLength(LOCK_NAMES_MAX)
  expect(cut?.more).toBe(100 - LOCK_NAMES_MAX)
  for (const text of cut?.write ?? []) expect(text.length).toBeLessThanOrEqual(LOCK_NAME_CHARS_MAX)
})

test('one access adds so many locks, and so many facts wait where nobody takes them', () => {
  const { uses, say } = telling(0)
  for (let n = 1; n < 100; n += 1) say(1, n, { has: names(Array.from({ length: n }, (_, index) => `a${index}`)) })
  expect(uses.take(1_000)).toHaveLength(LOCK_PARTS_MAX)
  for (let second = 1; second < 30; second += 1) {
    for (let n = 0; n < LOCK_ACCESSES_PER_SECOND_MAX; n += 1) {
      say(1_000 * second + n, second * SECOND_MS + 1, { has: names(['cart']) })
      say(1_000 * second + n, second * SECOND_MS + 2, {})
    }
  }
  expect(uses.take(100_000)).toHaveLength(LOCKS_PENDING_MAX)
})

describe('what an application posts', () => {
  const NOW = ORIGIN + performance.now()
  const fact = {
    kind: 'locks',
    session: SHOWN,
    epoch: 7,
    use: 'abcdefgh1',
    label: 'access',
    write: ['cart'],
    read: [],
    since: NOW - 30,
    from: NOW - 20,
    to: NOW - 10,
  }
  const read = (...facts: readonly object[]) => readLocks(JSON.stringify({ facts }), NOW)

  test('is taken field by field, and no time is ahead of the stack', () => {
    expect(read(fact, { ...fact, all: 'read', more: 3, untold: 2 })).toEqual([
      fact,
      { ...fact, all: 'read', more: 3, untold: 2 },
    ])
    expect(read({ ...fact, value: 'private', id: 'secret' })).toEqual([fact])
    expect(read({ ...fact, to: NOW + 5 })).toEqual([{ ...fact, to: NOW }])
  })

  test.each([
    ['a session by its whole hash', { session: SESSION }],
    ['a session by its id', { session: 'a-session-id-that-is-a-secret' }],
    ['no session', { session: undefined }],
    ['an epoch that is none', { epoch: -1 }],
    ['a name that is too long', { write: ['x'.repeat(LOCK_NAME_CHARS_MAX + 1)] }],
    ['too many names', { read: Array.from({ length: LOCK_NAMES_MAX }, (_, n) => `a${n}`) }],
    ['names that are none', { write: [{ cart: 'a value' }] }],
    ['a label that is too long', { label: 'x'.repeat(LOCK_NAME_CHARS_MAX + 1) }],
    ['a mode that is none', { all: 'some' }],
    ['a use that is none', { use: '<b>' }],
    ['times in disorder', { from: NOW - 40 }],
    ['a time that is long ago', { since: NOW - 3_600_000 }],
    ['a time ahead', { to: NOW + 60_000 }],
    ['no time', { since: 'now' }],
  ])('is refused with %s', (_, wrong) => {
    expect(read({ ...fact, ...wrong })).toBeUndefined()
  })

  test('is refused where it is no list, or a long one', () => {
    expect(readLocks('[]', NOW)).toBeUndefined()
    expect(readLocks('no JSON', NOW)).toBeUndefined()
    expect(read('text' as unknown as object)).toBeUndefined()
    expect(read(...Array.from({ length: LOCKS_BATCH_MAX + 1 }, () => fact))).toBeUndefined()
  })
})
