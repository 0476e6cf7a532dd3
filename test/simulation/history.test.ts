import type { AttributeValue, Item, Update } from '../../protocol/dynamodb.js'
import { type Attributes, type ChainEnd, claimAfresh, commit, rotate } from '../../protocol/state/writes.js'
import { MemoryStore } from '../../store/memory/memory-store.js'
import { Random } from '../support/random.js'
import { ExecutedCounts } from './executed.js'
import { FaultCounts } from './faults.js'
import { History } from './history.js'

const LIFETIME_MS = 60_000
const EPOCH = 1
const SESSION = 'sim#session'
const TARGET = 'sim#target'

let history: History
let memory: MemoryStore

beforeEach(() => {
  history = new History(() => 0, LIFETIME_MS, new ExecutedCounts(), new FaultCounts(() => 0))
  memory = new MemoryStore()
})

const problems = () => history.violations.map(({ message }) => message)
const now = (session: string) => memory.getNow('sessions', session) as Item
const life = (ttlMs?: number) => ({
  createdAt: history.wallMs(),
  aliveUntil: history.wallMs() + (ttlMs ?? LIFETIME_MS),
  ttlMs,
  nowMs: history.wallMs(),
})

function land(...updates: readonly Update[]): void {
  const before = updates.map(({ key }) => memory.getNow('sessions', key))
  expect(memory.transactNow(updates).applied).toBe(true)
  for (const [index, update] of updates.entries()) history.wrote(update, before[index], now(update.key))
}

function restore(session: string, former: Item): void {
  memory.put('sessions', session, former)
  history.restored(session, former)
}

/** A list A of these values, with the attributes beside it. */
function listA(tokens: readonly string[]): Attributes {
  const count: AttributeValue = { N: String(tokens.length) }
  return {
    listA: { L: tokens.map((token) => ({ S: token })) },
    countA: count,
    ...(tokens.length % 2 === 1 ? { lastA: { S: tokens.at(-1) as string } } : {}),
    formA: { M: { v: { N: '2' }, size: count } },
  }
}

/** A session that is claimed afresh, and not committed to. Returns the end of its chain. */
function claimed(session: string): ChainEnd {
  land(claimAfresh(session, { epoch: EPOCH, commitId: 'claim' }, { ttlMs: LIFETIME_MS, nowMs: history.wallMs() }))
  return { session, epoch: EPOCH, lastCommitId: 'claim', rev: 0 }
}

const first = (end: ChainEnd, tokens: readonly string[], ttlMs?: number): Update =>
  commit(end, { commitId: 'first', changes: new Map(Object.entries(listA(tokens))), ...life(ttlMs) })

describe('a restoration of the table', () => {
  it('does not take away what an access has committed: who holds the session sees it still', () => {
    const end = claimed(SESSION)
    const former = now(SESSION)
    history.begin('p1', 'landed', SESSION, 'A', 0)
    history.begin('p1', 'not landed', SESSION, 'A', 0)
    land(first(end, ['landed']))
    restore(SESSION, former)
    expect(history.sessions.landingOf('landed')).toBeUndefined()
    expect(history.isKept('landed')).toBe(true)
    expect(history.isKept('not landed')).toBe(false)
  })

  it('is forgiven to a creation whose caller does not know the id yet', () => {
    const end = claimed(SESSION)
    const former = now(SESSION)
    const entry = history.begin('p1', 'created', '', 'A', 0)
    land(first(end, ['created']))
    restore(SESSION, former)
    history.end(entry, 'acknowledged')
    expect(entry.outcome).toBe('forgiven')
    expect(problems()).toEqual([])
  })

  it.each(['moved', 'claimed'])('leaves what was seen before a rotation: the new session as it was %s', (restored) => {
    const end = claimed(SESSION)
    history.begin('p1', 'seen', SESSION, 'A', 0)
    land(first(end, ['seen']))
    const to = claimed(TARGET)
    const former = now(TARGET)
    const from = { ...end, lastCommitId: 'first', rev: 1 }
    land(...rotate({ from, to, commitId: 'rotation', attrs: listA(['seen']), ...life() }))
    restore(TARGET, restored === 'moved' ? now(TARGET) : former)
    history.read(SESSION, 'A', ['seen'], EPOCH, 0)
    expect(problems()).toEqual([])
    history.read(SESSION, 'A', ['never committed'], EPOCH, 0)
    expect(problems()).toEqual([expect.stringContaining("a reader saw 'never committed'")])
  })

  it('lets a late copy store once more the lifetime that it stored before, and no other access', () => {
    const ttlMs = history.sessions.ttls.announce(LIFETIME_MS, new Random(1))
    const end = claimed(SESSION)
    const former = now(SESSION)
    const update = first(end, ['first'], ttlMs)
    land(update)
    restore(SESSION, former)
    land(update)
    expect(problems()).toEqual([])
    land(first(claimed(TARGET), ['another'], ttlMs + 1))
    expect(problems()).toEqual([expect.stringContaining('nobody gave it that')])
  })
})
