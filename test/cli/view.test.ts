import type { Lock, Records } from '../../cli/stack/records.js'
import { type Change, changesBetween, type Seen } from '../../cli/view/changes.js'
import { frameOf } from '../../cli/view/frame.js'
import { lockView } from '../../cli/view/overview.js'
import { table } from '../../cli/view/table.js'
import { bytes, duration, held, lease, processName, shortKey } from '../../cli/view/words.js'
import type { SessionRecord } from '../../protocol/state/record.js'

const NOW = 1_000_000
const seat = (p: string) => ({ p, r: 1 })
const lock = (changes: Partial<Lock> = {}): Lock => ({
  epoch: 5,
  holder: seat('A'),
  waiters: [],
  mark: undefined,
  isMixed: false,
  askedAt: undefined,
  busyUntil: undefined,
  since: NOW - 60_000,
  ...changes,
})
const record = (changes: Partial<SessionRecord> = {}): SessionRecord => ({
  fence: 5,
  commitId: 'c',
  rev: 3,
  attrs: { cart: { N: '1' } },
  createdAt: 1,
  accessedAt: 1,
  aliveUntil: NOW * 2,
  ttlMs: undefined,
  destroyedAt: undefined,
  isUnborn: false,
  isRotated: false,
  ...changes,
})
const seen = (changes: Partial<Seen>): Seen => ({ atMs: NOW, lock: lock(), record: record(), ...changes })

test.each<[string, Partial<Seen>, Partial<Seen>, readonly Change[]]>([
  ['nothing', {}, {}, []],
  [
    'a waiter and the ask',
    {},
    { lock: lock({ waiters: [seat('B')], askedAt: NOW }) },
    [
      { event: 'queued', process: 'B', position: 0 },
      { event: 'asked', process: 'A' },
    ],
  ],
  [
    'a handoff to the first waiter',
    { lock: lock({ waiters: [seat('B'), seat('C')], askedAt: 1 }) },
    { lock: lock({ epoch: 6, holder: seat('B'), waiters: [seat('C')] }) },
    [
      { event: 'released', process: 'A', epoch: 5 },
      { event: 'granted', process: 'B', epoch: 6 },
    ],
  ],
  ['a release', {}, { lock: lock({ epoch: 6, holder: undefined }) }, [{ event: 'released', process: 'A', epoch: 5 }]],
  [
    'many handoffs between two looks',
    {},
    { lock: lock({ epoch: 9 }) },
    [
      { event: 'released', process: 'A', epoch: 5 },
      { event: 'passed', changes: 3 },
      { event: 'granted', process: 'A', epoch: 9 },
    ],
  ],
  ['a waiter that gives up', { lock: lock({ waiters: [seat('B')] }) }, {}, [{ event: 'left', process: 'B' }]],
  ['a busy holder', {}, { lock: lock({ busyUntil: 7 }) }, [{ event: 'busy', process: 'A', until: 7 }]],
  ['the first lock', { lock: undefined }, {}, [{ event: 'granted', process: 'A', epoch: 5 }]],
  ['a lock record that TTL has removed', {}, { lock: undefined }, [{ event: 'removed', record: 'lock' }]],
  ['a commit', {}, { record: record({ rev: 4 }) }, [{ event: 'committed', rev: 4, revisions: 1, attributes: 1 }]],
  ['commits', {}, { record: record({ rev: 9 }) }, [{ event: 'committed', rev: 9, revisions: 6, attributes: 1 }]],
  ['a claim', {}, { record: record({ fence: 6 }) }, [{ event: 'claimed', fence: 6 }]],
  ['a birth', { record: undefined }, {}, [{ event: 'born', rev: 3 }]],
  ['an end', {}, { record: record({ destroyedAt: 4 }) }, [{ event: 'ended', reason: 'destroyed' }]],
  ['an expiry', {}, { atMs: NOW * 3 }, [{ event: 'ended', reason: 'expired' }]],
  ['a record that TTL has removed', {}, { record: undefined }, [{ event: 'removed', record: 'session' }]],
])('%s between two looks', (_, before, after, changes) => {
  expect(changesBetween(seen(before), seen(after))).toEqual(changes)
})

const records = (locks: Record<string, Lock>): Records => ({
  locks: new Map(Object.entries(locks)),
  processes: new Map(),
  connections: 0,
  unreadable: 0,
  isPartial: false,
})

test('a lock is held at least since somebody has asked for it: its record tells a grant to a second', () => {
  const heldMs = (changes: Partial<Lock>) => lockView('a#1', lock(changes), new Map(), NOW).heldMs
  expect(heldMs({ since: NOW + 700, askedAt: NOW - 42 })).toBe(42)
  expect(heldMs({ since: NOW - 3_000, askedAt: NOW - 42 })).toBe(3_000)
  expect(heldMs({ since: NOW + 700 })).toBe(0)
  expect([held(0), held(999), held(1_000)]).toEqual(['< 1 s', '< 1 s', '1 s'])
})

test('a frame ranks what is contended, hot and old', () => {
  const before = { atMs: NOW - 2_000, records: records({ 'a#1': lock(), 'a#2': lock(), 'b#3': lock() }) }
  const now = {
    atMs: NOW,
    records: records({
      'a#1': lock({ epoch: 25, since: NOW }),
      'a#2': lock({ waiters: [seat('B')] }),
      'b#3': lock({ epoch: 7 }),
      'a#4': lock({ epoch: 99, holder: undefined }),
    }),
  }
  const frame = frameOf(now, before, 2, 'a')
  expect(frame).toMatchObject({ held: 2, contended: 1, waiting: 1, grantsPerSecond: 10.5 })
  expect(frame.hot.map(({ session, grantsPerSecond }) => [session, grantsPerSecond])).toEqual([
    ['a#1', 10],
    ['a#4', 0.5],
  ])
  expect(frame.queues.map(({ session }) => session)).toEqual(['a#2'])
  expect(frame.oldest.map(({ session, heldMs }) => [session, heldMs])).toEqual([
    ['a#2', 60_000],
    ['a#1', 0],
  ])
  expect(frameOf(now, undefined, 2)).toMatchObject({ grantsPerSecond: null, hot: [] })
})

test('a table aligns its columns, and lets no text command the terminal', () => {
  const plain = (_: string, text: string) => text
  const shown = table(
    ['name', 'n'],
    [
      ['a\x1b[2J', 1],
      ['bb', 20],
    ],
    plain,
  )
  expect(shown).toBe('name    n\na·[2J   1\nbb     20')
})

test('words are short', () => {
  expect([0, 999, 1_500, 61_000, 7_200_000, 200_000_000].map(duration)).toEqual([
    '0 ms',
    '999 ms',
    '1 s',
    '1 min',
    '2 h',
    '2 d',
  ])
  expect([lease(2_000), lease(-61_000)]).toEqual(['2 s left', 'over for 1 min'])
  expect([bytes(12), bytes(2_048)]).toEqual(['12 B', '2.0 KB'])
  expect(shortKey(`shop#${'x'.repeat(43)}`)).toBe(`shop#${'x'.repeat(10)}`)
  expect([processName('0123456789abcdef', ''), processName('0123456789abcdef', 'web')]).toEqual([
    '01234567',
    'web (01234567)',
  ])
})
