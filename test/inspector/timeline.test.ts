import type { Fact } from '../../inspector/model/entry.js'
import { timelineOf } from '../../inspector/model/timeline.js'
import { entriesOf, HANDOFF, lock, pushed, refusal, released, sent, state } from './entries.js'

const timeline = (...facts: readonly Fact[]) => timelineOf(entriesOf(...facts))

test('a handoff ends one bar and begins another, and tells from the ask to the claim', () => {
  const { spans, handoffs, marks } = timeline(...HANDOFF)
  expect(spans.map(({ kind, process, end }) => [kind, process, end])).toEqual([
    ['hold', 'a', 'released'],
    ['wait', 'b', 'granted'],
    ['hold', 'b', undefined],
  ])
  expect(handoffs).toHaveLength(2)
  const [, handoff] = handoffs
  expect(handoff).toMatchObject({ from: 'a', to: 'b', kind: 'handedOver', epoch: 2 })
  expect((handoff?.at ?? 0) - (handoff?.askedAt ?? 0)).toBe(30)
  expect((handoff?.claimedAt ?? 0) - (handoff?.at ?? 0)).toBe(20)
  expect(marks.map(({ kind, process }) => [kind, process])).toEqual([
    ['claim', 'a'],
    ['commit', 'a'],
    ['commit', 'a'],
    ['revoke', 'a'],
    ['claim', 'b'],
    ['commit', 'b'],
  ])
})

test('the messages of a handoff begin with the acquire, and end with the claim', () => {
  const [, handoff] = timeline(...HANDOFF).handoffs
  const told = handoff?.entries.map((entry) => ('type' in entry ? entry.type : entry.kind))
  expect(told).toEqual(['acquire', 'lock', 'revoke', 'release', 'lock', 'granted', 'state'])
})

test('a lock that nobody gave back was taken, and its holder has lost it', () => {
  const { spans, handoffs, marks } = timeline(lock(1, 'a'), lock(1, 'a', 'b'), sent('b', 'acquire', true), lock(2, 'b'))
  expect(handoffs.at(-1)).toMatchObject({ kind: 'taken', from: 'a', to: 'b' })
  expect(spans[0]).toMatchObject({ kind: 'hold', process: 'a', end: 'reclaimed' })
  expect(marks.map(({ kind, process }) => [kind, process])).toEqual([
    ['nudge', 'b'],
    ['lost', 'a'],
  ])
})

test('a release of an older epoch is none: the lock that goes on afterwards was taken', () => {
  const { handoffs } = timeline(lock(2, 'a'), released('a', 1), lock(2, 'a', 'b'), lock(3, 'b'))
  expect(handoffs.at(-1)).toMatchObject({ kind: 'taken', from: 'a', to: 'b' })
})

test('a release to nobody is no handoff, and the next grant has no giver', () => {
  const { handoffs, spans } = timeline(
    lock(1, 'a'),
    released('a', 1),
    lock(2, undefined),
    sent('b', 'acquire'),
    lock(3, 'b'),
  )
  expect(handoffs.map(({ kind, from, to }) => [kind, from, to])).toEqual([
    ['granted', undefined, 'a'],
    ['granted', undefined, 'b'],
  ])
  expect(spans).toHaveLength(2)
})

test('a waiter that gives up leaves, without the lock', () => {
  const { spans } = timeline(lock(1, 'a'), lock(1, 'a', 'b', 'c'), lock(1, 'a', 'c'))
  expect(spans.find(({ process }) => process === 'b')).toMatchObject({ kind: 'wait', end: 'left' })
  expect(spans.find(({ process }) => process === 'c')).toMatchObject({ kind: 'wait', end: undefined })
})

test('writes that are told in the other order do not turn the lock back', () => {
  const { spans, handoffs } = timeline(lock(1, 'a'), released('a', 1), lock(2, 'b'), lock(1, 'a', 'b'))
  expect(spans.at(-1)).toMatchObject({ kind: 'hold', process: 'b', to: undefined })
  expect(handoffs).toHaveLength(2)
})

test('what the page begins with, and what is read from the table, is no handoff', () => {
  const [first, ...rest] = entriesOf(lock(1, 'a'), { ...lock(2, 'b'), isRead: true } as ReturnType<typeof lock>)
  const { handoffs } = timelineOf([{ ...first, n: 0 } as (typeof rest)[number], ...rest])
  expect(handoffs).toEqual([])
})

test('lost pushes and refused writes are marks of those whom they concern', () => {
  const { marks } = timeline(
    lock(1, 'a'),
    lock(1, 'a', 'b'),
    pushed('a', 'revoke', 'lost'),
    lock(2, 'b'),
    state('commit', 1, 'ConditionalCheckFailedException'),
  )
  expect(marks.map(({ kind, process }) => [kind, process])).toEqual([
    ['revoke', 'a'],
    ['lostPush', 'a'],
    ['lost', 'a'],
    ['refusedWrite', 'a'],
  ])
})

test('a message that is throttled is a mark of its sender, whose ask begins there, and releases nothing', () => {
  const throttled = (fact: Fact): Fact => ({ ...(fact as Fact & { kind: 'message' }), way: 'throttled' })
  const { marks, handoffs } = timeline(
    lock(1, 'a'),
    throttled(sent('b', 'acquire')),
    lock(1, 'a', 'b'),
    throttled(released('a', 1)),
    throttled(sent('b', 'acquire', true)),
    lock(2, 'b'),
  )
  expect(marks.map(({ kind, process }) => [kind, process])).toEqual([
    ['throttled', 'b'],
    ['throttled', 'a'],
    ['throttled', 'b'],
    ['lost', 'a'],
  ])
  const { kind, entries } = handoffs.at(-1) ?? {}
  expect([kind, entries?.length]).toEqual(['taken', 5])
})

test('a write to Locks that is refused is a mark of whom it is about, or of the holder', () => {
  const { marks } = timeline(lock(1, 'a'), sent('b', 'acquire'), refusal('b'), refusal(undefined))
  expect(marks.map(({ kind, process }) => [kind, process])).toEqual([
    ['refusedWrite', 'b'],
    ['refusedWrite', 'a'],
  ])
})

test('a claim that is refused is no refused write: the next one follows at once', () => {
  const { marks } = timeline(lock(1, 'a'), state('claim', 1, 'ConditionalCheckFailedException'), state('birth', 1))
  expect(marks.map(({ kind }) => kind)).toEqual(['claim'])
})

test('what two looks at the table find is told as seen: nobody was lost, and no time is known', () => {
  const read = (epoch: number, holder: string, ...waiters: readonly string[]): Fact => ({
    ...(lock(epoch, holder, ...waiters) as Extract<Fact, { kind: 'lock' }>),
    isRead: true,
  })
  const commits: Fact = { ...(state('commit', 2) as Extract<Fact, { kind: 'state' }>), operation: 'record', commits: 3 }
  const { spans, marks, handoffs } = timelineOf(entriesOf(read(1, 'a'), read(1, 'a', 'b'), read(2, 'b'), commits))
  expect(handoffs.map(({ kind, from, to }) => [kind, from, to])).toEqual([['seen', 'a', 'b']])
  expect(handoffs[0]?.entries.length).toBe(2)
  expect(spans.filter(({ kind }) => kind === 'hold').map(({ process, end }) => [process, end])).toEqual([
    ['a', 'released'],
    ['b', undefined],
  ])
  expect(marks.map(({ kind, process }) => [kind, process])).toEqual([['commit', 'b']])
})
