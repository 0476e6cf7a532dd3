import { KEPT_MS, SESSIONS_MAX } from '../../inspector/limits.js'
import type { Fact } from '../../inspector/model/entry.js'
import { Picture } from '../../inspector/model/picture.js'
import { entriesOf, HANDOFF, lock, process, SESSION, state, tally } from './entries.js'

function pictureOf(...facts: readonly Fact[]): Picture {
  const picture = new Picture()
  for (const entry of entriesOf(...facts)) picture.apply(entry)
  return picture
}

test('a session has its last lock, its size, its commits and its handoffs', () => {
  const session = pictureOf(...HANDOFF).sessions.get(SESSION)
  expect(session).toMatchObject({ commits: 3, handoffs: 1, kilobytes: 2, waitingSince: undefined })
  expect(session?.lock).toMatchObject({ epoch: 2, holder: 'b', waiters: [] })
})

test('processes have what they hold and what they wait for', () => {
  const picture = pictureOf(process('a', 'one'), process('b', 'two'), lock(1, 'a', 'b'))
  const counts = () => [...picture.processes.values()].map(({ held, waits }) => [held, waits])
  expect(counts()).toEqual([
    [1, 0],
    [0, 1],
  ])
  expect(picture.waiting).toBe(1)
  for (const entry of entriesOf(process('a', 'one'), lock(2, 'b'))) picture.apply(entry)
  expect(counts()).toEqual([
    [0, 0],
    [1, 0],
  ])
  expect(picture.waiting).toBe(0)
})

test('a connection that is cut shows until the process has another', () => {
  const closed: Fact = { kind: 'closed', connection: 'c-a', process: 'a', code: 1006 }
  const picture = pictureOf(process('a', 'one'), closed)
  expect(picture.processes.get('a')?.isCut).toBe(true)
  const [again] = entriesOf(process('a', 'one', 0, 'c-new'))
  if (again !== undefined) picture.apply(again)
  expect(picture.processes.get('a')?.isCut).toBe(false)
})

test('a process knows when the gateway throttled it last', () => {
  const throttled: Fact = { kind: 'message', way: 'throttled', type: 'renew', process: 'a' }
  const picture = pictureOf(process('a', 'one'), { ...throttled, way: 'sent' }, throttled, process('a', 'one'))
  const { throttledAt = 0, record } = picture.processes.get('a') ?? {}
  expect(throttledAt).toBe((record?.at ?? 0) - 10)
})

test('a claim does not tell how long a session lives: what a commit told stays, until the session is over', () => {
  const aliveUntil = 1_764_000_900_000
  const commit: Fact = { ...(state('commit', 1) as Fact & { kind: 'state' }), aliveUntil }
  const lives = (...facts: readonly Fact[]) => pictureOf(...facts).sessions.get(SESSION)?.aliveUntil
  expect(lives(commit, state('claim', 2), state('commit', 2, 'ThrottlingException'))).toBe(aliveUntil)
  expect(lives(commit, state('claim', 2), state('destroy', 2))).toBeUndefined()
  expect(lives(commit, state('birth', 2))).toBeUndefined()
  const again = new Picture()
  for (const entry of pictureOf(commit, state('claim', 2)).facts()) again.apply(entry)
  expect(again.sessions.get(SESSION)?.aliveUntil).toBe(aliveUntil)
})

test('a session knows when somebody stood in its queue last', () => {
  const session = pictureOf(lock(1, 'a', 'b'), lock(2, 'b'), lock(3, 'a')).sessions.get(SESSION)
  expect(session?.waitedAt).toBe((session?.lock?.at ?? 0) - 10)
  expect(pictureOf(lock(1, 'a')).sessions.get(SESSION)?.waitedAt).toBeUndefined()
})

test('its facts fold to the same picture', () => {
  const closed: Fact = { kind: 'closed', connection: 'c-a', process: 'a', code: 1006 }
  const picture = pictureOf(process('a', 'one'), process('b', 'two'), ...HANDOFF, lock(2, 'b', 'a'), closed)
  const again = new Picture()
  for (const entry of picture.facts()) again.apply(entry)
  const shown = ({ sessions, processes, waiting }: Picture) => ({
    sessions: [...sessions.values()].map(({ session, lock: held, kilobytes }) => [
      session,
      held?.epoch,
      held?.waiters,
      kilobytes,
    ]),
    processes: [...processes.values()].map(({ process: id, isCut, held, waits }) => [id, isCut, held, waits]),
    waiting,
  })
  expect(shown(again)).toEqual(shown(picture))
})

test('it knows what a record that is read again tells, and what is new in it', () => {
  const picture = pictureOf(process('a', 'one'), lock(2, 'a', 'b'), state('destroy', 2))
  const record = (epoch: number, aliveUntil: number): Fact => ({
    kind: 'state',
    session: SESSION,
    operation: 'record',
    epoch,
    outcome: 'ok',
    aliveUntil,
  })
  const read = (fact: Fact): Fact => ({ ...(fact as Fact & { kind: 'lock' }), isRead: true })
  const known = [process('a', 'one'), read(lock(2, 'a', 'b')), record(2, 0)]
  const others = [
    process('a', 'one', 9),
    process('c', 'one'),
    read(lock(2, 'a')),
    read(lock(3, undefined)),
    record(3, 0),
    record(2, 9),
    tally(1),
  ]
  expect([known, others].map((facts) => facts.map((fact) => picture.knows(fact)))).toEqual([
    known.map(() => true),
    others.map(() => false),
  ])
})

test('a copy goes its own way', () => {
  const picture = pictureOf(lock(1, 'a'))
  const copy = picture.copy()
  for (const entry of entriesOf(lock(2, 'b'), state('commit', 2))) picture.apply(entry)
  expect(copy.sessions.get(SESSION)).toMatchObject({ commits: 0, lock: { epoch: 1 } })
})

test('a process is forgotten when it has been over for as long as entries are kept', () => {
  const [known, early, late] = entriesOf(process('a', 'one', 1_764_000_000_000), tally(1), tally(1))
  const picture = new Picture()
  for (const entry of [known, early]) if (entry !== undefined) picture.apply(entry)
  expect(picture.processes.size).toBe(1)
  if (late !== undefined) picture.apply({ ...late, at: late.at + KEPT_MS })
  expect(picture.processes.size).toBe(0)
})

test('of too many sessions the one that changed least recently is forgotten', () => {
  const picture = new Picture()
  const touch = (index: number) => {
    picture.apply({ n: 1, at: index, kind: 'lock', session: `shop#${index}`, epoch: index, holder: 'a', waiters: [] })
  }
  for (let index = 0; index < SESSIONS_MAX; index += 1) touch(index)
  touch(0)
  touch(SESSIONS_MAX)
  expect(picture.sessions.size).toBe(SESSIONS_MAX)
  expect(picture.sessions.has('shop#0')).toBe(true)
  expect(picture.sessions.has('shop#1')).toBe(false)
})
