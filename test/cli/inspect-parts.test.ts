import { ReadBudget } from '../../cli/inspect/read-budget.js'
import { StateWatcher } from '../../cli/inspect/state-watcher.js'
import { TableWatcher } from '../../cli/inspect/table-watcher.js'
import type { Scanned } from '../../cli/inspect/tables.js'
import type { Fact } from '../../inspector/model/entry.js'
import type { Item } from '../../protocol/dynamodb.js'
import { lockKey, processKey } from '../../protocol/keys.js'

const KEY = `shop#${'a'.repeat(43)}`
const SHOWN = 'shop#aaaaaaaaaa'
const P = 'p'.repeat(16)
const n = (value: number) => ({ N: String(value) })

const lockItem = (epoch: number, holder: string, key = KEY): Item => ({
  pk: { S: lockKey(key) },
  schema: n(1),
  epoch: n(epoch),
  holder: { M: { p: { S: holder }, r: n(1) } },
  waiters: { L: [] },
})
const processItem = (label: string): Item => ({
  pk: { S: processKey(P) },
  schema: n(1),
  label: { S: label },
  secretHash: { S: 's' },
  principal: { S: 'role' },
  asks: { M: {} },
  connectionId: { S: 'c' },
  endpoint: { S: 'e' },
  gen: n(1),
  leaseUntil: n(2_000),
  renewedAt: n(1_000),
})
const stateItem = (rev: number, more: Item = {}, key = KEY): Item => ({
  pk: { S: key },
  schema: n(1),
  fence: n(7),
  commitId: { S: '' },
  rev: n(rev),
  createdAt: n(1),
  aliveUntil: n(9_000),
  ...more,
})

/** A watcher of tables that hold what the test puts into them. */
function watched() {
  const facts: Fact[] = []
  const tables = { items: [] as Item[], states: [] as Item[], isPartial: false, denied: false }
  const watcher = new TableWatcher({
    tables: {
      scanLocks: async (): Promise<Scanned> => ({ items: tables.items, isPartial: tables.isPartial, units: 0.5 }),
      states: async () => {
        if (tables.denied) throw Object.assign(new Error('no'), { name: 'AccessDeniedException' })
        return { items: tables.states, units: 1 }
      },
    },
    tell: (fact) => facts.push(fact),
    intervalMs: 1_000,
    unitsPerSecond: 25,
    mayEvict: false,
  })
  const look = async () => {
    facts.length = 0
    await watcher.look()
    return facts.filter(({ kind }) => kind !== 'looked')
  }
  return { watcher, tables, facts, look }
}

test('a look tells what has changed since the last one, processes first, and nothing twice', async () => {
  const { tables, look, watcher, facts } = watched()
  tables.items = [lockItem(7, P), processItem('web-1')]
  expect(await look()).toMatchObject([
    { kind: 'process', label: 'web-1' },
    { kind: 'lock', session: SHOWN, epoch: 7, isRead: true },
  ])
  expect(watcher.idOf('pppppppp')).toBe(P)
  expect(await look()).toEqual([])
  expect(facts).toMatchObject([{ kind: 'looked', records: 2, units: 1.5 }])
  tables.items = [lockItem(8, ''), processItem('web-1')]
  const [freed, ...others] = await look()
  expect([freed, others]).toEqual([expect.objectContaining({ kind: 'lock', epoch: 8, waiters: [] }), []])
  expect(freed).not.toHaveProperty('holder')
})

test('records that are gone mean a free session and a process that is over, unless a part was read', async () => {
  const { tables, look } = watched()
  tables.items = [lockItem(7, P), processItem('web-1')]
  await look()
  tables.items = []
  tables.isPartial = true
  expect(await look()).toEqual([])
  tables.items = [lockItem(7, P), processItem('web-1')]
  await look()
  tables.items = []
  tables.isPartial = false
  expect(await look()).toEqual([
    expect.objectContaining({ kind: 'process', leaseUntil: 0 }),
    { kind: 'lock', session: SHOWN, epoch: 7, waiters: [], isRead: true },
  ])
})

test('records of another version are passed over', async () => {
  const { tables, look } = watched()
  tables.items = [{ ...lockItem(7, P), schema: n(99) }, { pk: { S: lockKey('no key') } }, processItem('web-1')]
  tables.states = [{ ...stateItem(1), schema: n(99) }]
  expect(await look()).toEqual([expect.objectContaining({ kind: 'process' })])
})

test('where the Sessions table may not be read, the page says so, and goes on', async () => {
  const { tables, look, facts } = watched()
  tables.items = [lockItem(7, P)]
  tables.denied = true
  await look()
  expect(facts.at(-1)).toMatchObject({ kind: 'looked', hasStates: false })
})

test('commits and the end of a session are told from one look to the next', () => {
  const states = new StateWatcher()
  states.next([KEY], 100)
  const first = { kind: 'state', session: SHOWN, operation: 'record', epoch: 7, outcome: 'ok', aliveUntil: 9_000 }
  expect(states.changes([stateItem(1)])).toEqual([first])
  expect(states.changes([stateItem(1)])).toEqual([])
  expect(states.changes([stateItem(4)])).toEqual([{ ...first, commits: 3 }])
  const ended = states.changes([stateItem(5, { destroyedAt: n(5) })])
  expect(ended).toEqual([{ ...first, operation: 'destroy', aliveUntil: 0 }])
  // One that was destroyed before the first look was not seen to end.
  states.next([], 100)
  expect(states.changes([stateItem(5, { destroyedAt: n(5) })])).toEqual([{ ...first, aliveUntil: 0 }])
})

test('the sessions take turns', () => {
  const states = new StateWatcher()
  const held = Array.from({ length: 25 }, (_, index) => `shop#${index}`)
  const read = [1, 2, 3].flatMap(() => states.next(held, 10))
  expect(read.length).toBe(30)
  expect(new Set(read)).toEqual(new Set(held))
})

test('a request waits until those before it are paid for, and not after the end', async () => {
  const end = new AbortController()
  const budget = new ReadBudget(100, end.signal)
  const startMs = performance.now()
  expect(await budget.wait()).toBe(true)
  budget.spend(10)
  expect(await budget.wait()).toBe(true)
  expect(performance.now() - startMs).toBeGreaterThan(95)
  budget.spend(1_000)
  const waiting = budget.wait()
  end.abort()
  expect(await waiting).toBe(false)
})
