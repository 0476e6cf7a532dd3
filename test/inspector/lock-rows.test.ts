import { LOCK_ROWS_MAX, LOCK_ROWS_WINDOW_MS } from '../../inspector/limits.js'
import type { Entry, LocksFact } from '../../inspector/model/entry.js'
import { WHOLE } from '../../inspector/model/hold-locks.js'
import { Picture } from '../../inspector/model/picture.js'
import { timelineOf } from '../../inspector/model/timeline.js'
import { noteOf } from '../../inspector/page/lock-rows.js'
import { saidOfLock } from '../../inspector/page/lock-sentence.js'
import { frameOf } from '../../inspector/page/timeline-frame.js'
import { isLock, itemsIn, pickAt, placeOf } from '../../inspector/page/timeline-items.js'
import { LANE_PX, sceneOf } from '../../inspector/page/timeline-scene.js'
import { entriesOf, lock, process, SESSION } from './entries.js'

const REACH_PX = 10

/** A session that `a` holds under epoch 1, and then `b` under epoch 2. Times count from the first entry. */
const [HELD, ...REST] = entriesOf(lock(1, 'a'), process('a', 'one'), process('b', 'two'))
const BEGAN = HELD?.at ?? 0
const handedOver = (atMs: number): Entry => ({
  ...(lock(2, 'b') as Extract<Entry, { kind: 'lock' }>),
  n: 900,
  at: BEGAN + atMs,
})

function locks(
  use: string,
  fields: Partial<LocksFact>,
  [since, from, to]: readonly (number | undefined)[],
  n = 100,
): Entry {
  return {
    n,
    at: BEGAN + 1_000,
    kind: 'locks',
    session: SESSION,
    epoch: 1,
    use,
    label: `access ${use}`,
    write: [],
    read: [],
    since: BEGAN + (since ?? 0),
    ...(from === undefined ? {} : { from: BEGAN + from }),
    ...(to === undefined ? {} : { to: BEGAN + to }),
    ...fields,
  }
}

function scene(entries: readonly Entry[], { windowMs = LOCK_ROWS_WINDOW_MS, nowMs = 4_000, width = 1_000 } = {}) {
  const all = [HELD as Entry, ...REST, ...entries]
  const picture = new Picture()
  for (const entry of all) picture.apply(entry)
  return sceneOf(timelineOf(all), picture, [], frameOf(BEGAN + nowMs, windowMs, width))
}

const rows = (of: ReturnType<typeof scene>, lane = 0) => of.lanes[lane]?.locks.rows.map(({ name }) => name)

test('a hold opens into a row for each attribute that is locked in sight, where little time is shown', () => {
  const entries = [
    locks('u1', { write: ['cart'], read: ['profile'] }, [900, 1_000, 2_000]),
    locks('u2', { write: ['cart'] }, [1_500, 2_000, 3_000]),
    locks('u3', { all: 'write' }, [3_000, 3_000, undefined]),
  ]
  const open = scene(entries)
  expect(rows(open)).toEqual([WHOLE, 'cart', 'profile'])
  const [whole, cart] = open.lanes[0]?.locks.rows ?? []
  expect(whole?.bars.map(({ mode, from, to }) => [mode, (from ?? 0) - BEGAN, to])).toEqual([
    ['write', 3_000, undefined],
  ])
  expect(cart?.bars.map(({ since, from, to }) => [since, from, to].map((at) => (at ?? 0) - BEGAN))).toEqual([
    [900, 1_000, 2_000],
    [1_500, 2_000, 3_000],
  ])
  expect(open.lanes[0]?.height).toBeGreaterThan(LANE_PX)
  const closed = scene(entries, { windowMs: LOCK_ROWS_WINDOW_MS + 1 })
  expect([rows(closed), closed.lanes[0]?.height]).toEqual([[], LANE_PX])
  // Only what is in sight has a row.
  expect(rows(scene(entries, { nowMs: 3_600, windowMs: 1_000 }))).toEqual([WHOLE, 'cart'])
})

test('where nothing is told the lanes are as they are without rows', () => {
  const near = scene([handedOver(2_000)])
  expect(near.lanes.map(({ height, locks: { rows: none } }) => [height, none])).toEqual([
    [LANE_PX, []],
    [LANE_PX, []],
  ])
})

test('the last fact about a lock counts, and no lock outlives its hold', () => {
  const entries = [
    locks('u1', { write: ['cart'] }, [500, undefined, undefined], 100),
    locks('u1', { write: ['cart'] }, [500, 700, undefined], 101),
    handedOver(2_000),
    locks('u2', { epoch: 2, read: ['cart'] }, [1_500, 2_100, undefined], 102),
  ]
  const { lanes } = scene(entries)
  const told = lanes.map(({ process: of, locks: { rows: all } }) => [
    of,
    all.map(({ bars }) => bars.map(({ from, to }) => [(from ?? 0) - BEGAN, to === undefined ? undefined : to - BEGAN])),
  ])
  expect(told).toEqual([
    ['a', [[[700, 2_000]]]],
    ['b', [[[2_100, undefined]]]],
  ])
})

test('a process that was frozen tells of its locks late: they end with its hold', () => {
  const entries = [
    handedOver(2_000),
    locks('u1', { write: ['cart'] }, [500, 700, 3_800], 101),
    locks('u2', { write: ['cart'] }, [800, 3_800, 3_900], 102),
    locks('u3', { write: ['late'] }, [3_850, 3_850, 3_900], 103),
  ]
  const told = itemsIn(scene(entries)).filter(isLock)
  expect(
    told.map(({ use, from, to }) => [use, from, to].map((at) => (typeof at === 'number' ? at - BEGAN : at))),
  ).toEqual([
    ['u1', 700, 2_000],
    ['u2', undefined, 2_000],
  ])
})

test('a lock that somebody looks at ends with its hold, too', () => {
  const held = [HELD as Entry, ...REST, locks('u1', { write: ['cart'] }, [500, 700])]
  const holdsOf = (entries: readonly Entry[]) => timelineOf(entries).spans.filter(({ kind }) => kind === 'hold')
  const [bar] = itemsIn(scene(held.slice(3))).filter(isLock)
  if (bar === undefined) throw new Error('there is no lock')
  expect(timelineOf(held).locks.present(bar, holdsOf(held))?.to).toBeUndefined()
  const over = [...held, handedOver(2_000)]
  expect((timelineOf(over).locks.present(bar, holdsOf(over))?.to ?? 0) - BEGAN).toBe(2_000)
  expect(timelineOf(over).locks.present(bar, [])).toBeUndefined()
})

test('so many rows, those first that somebody waits for; the others are counted', () => {
  const names = Array.from({ length: LOCK_ROWS_MAX + 3 }, (_, n) => `a${String(n).padStart(2, '0')}`)
  const entries = [
    locks('u1', { write: names }, [1_000, 1_000, 2_000]),
    locks('u2', { write: ['zz'], untold: 4 }, [1_000, 1_500, 2_000]),
  ]
  const open = scene(entries)
  expect(rows(open)).toEqual([...names.slice(0, LOCK_ROWS_MAX - 1), 'zz'])
  expect(open.lanes.map(({ locks: told }) => noteOf(told))).toEqual(['and 4 more, 4 accesses not told'])
})

test.each([1_000, 360])('what is under the pointer is what stands there, at %i px', (width) => {
  const entries = [
    locks('u1', { write: ['cart'] }, [1_000, 1_000, 2_000]),
    locks('u2', { read: ['profile'] }, [1_200, 1_900, 2_600]),
    locks('u3', { write: ['cart'] }, [1_300, 2_000, 3_000]),
    handedOver(3_500),
    locks('u4', { epoch: 2, write: ['cart'] }, [3_000, 3_600, undefined]),
  ]
  const open = scene(entries, { width })
  const bars = itemsIn(open).filter(isLock)
  expect(bars.map(({ use }) => use)).toEqual(['u1', 'u2', 'u3', 'u4'])
  for (const bar of bars) {
    const place = placeOf(bar, open)
    expect(pickAt(open, place?.x ?? 0, place?.y ?? 0, REACH_PX)).toEqual(bar)
  }
})

test('a lock is told in words: what, by whom, how long, after which wait', () => {
  const said = (times: readonly (number | undefined)[], fields: Partial<LocksFact> = { write: ['cart'] }) =>
    scene([locks('u1', fields, times)], { nowMs: 1_100 }).lanes.flatMap(({ locks: { rows: all } }) =>
      all.flatMap(({ bars }) => bars.map((bar) => saidOfLock(bar, BEGAN + 1_100))),
    )
  expect(said([1_000, 1_000, 1_040])).toEqual(['‘access u1’ locked ‘cart’ to write it, for 40 ms.'])
  expect(said([980, 1_000, 1_040])).toEqual([
    '‘access u1’ locked ‘cart’ to write it, for 40 ms, after a wait of 20 ms.',
  ])
  expect(said([1_000, 1_000], { read: ['cart'] })).toEqual(['‘access u1’ has locked ‘cart’ to read it, for 100 ms.'])
  expect(said([1_000, 1_000, 1_040], { all: 'write' })).toEqual([
    '‘access u1’ locked the whole session to write it, for 40 ms.',
  ])
  expect(said([1_050])).toEqual(['‘access u1’ has waited 50 ms for ‘cart’, to write it.'])
  expect(said([1_000, undefined, 1_030])).toEqual(['‘access u1’ waited 30 ms for ‘cart’, and did not get it.'])
})
