import type { Holdfast } from '../../client/index.js'
import type { LocalStack } from '../../local/index.js'
import { LocalStackSuite, NO_RENEWALS } from './local-stack-suite.js'

interface Counter {
  count: number
}

/** What the requests since a snapshot come to, by target and operation, as in `Locks UpdateItem: 2`. */
function bill(stack: LocalStack, since: ReturnType<LocalStack['requests']['snapshot']>): Record<string, number> {
  const names = new Map([
    [stack.locksTable, 'Locks'],
    [stack.config.sessionsTable, 'Sessions'],
    ['@connections', 'push'],
  ])
  const total: Record<string, number> = {}
  for (const { target, operation, outcome, count } of stack.requests.since(since)) {
    const failed = outcome === 'ConditionalCheckFailedException' ? ' (condition failed)' : ''
    const name = `${names.get(target) ?? target} ${operation}${failed}`
    total[name] = (total[name] ?? 0) + count
  }
  return total
}

describe('what accesses cost', () => {
  const suite = new LocalStackSuite<Counter>({ environment: NO_RENEWALS }, 'suite')

  const increment = (holdfast: Holdfast<Counter>, id: string) =>
    holdfast.access(id, { write: ['count'] }, ({ state }) => {
      state.count = (state.count ?? 0) + 1
    })
  const read = (holdfast: Holdfast<Counter>, id: string) =>
    holdfast.access(id, { read: ['count'] }, ({ state }) => state.count)
  /** Both have spoken to every function before, so that each of those knows their connections. */
  const acquainted = async () => {
    const pair = [suite.client(), suite.client()] as const
    // Each environment of a function learns of a connection by one read; with this many handoffs each has.
    for (let round = 0; round < 30; round += 1) for (const one of pair) await increment(one, 'acquaintance')
    return pair
  }

  it('a read of a kept session costs no request, a write one', async () => {
    const [holder] = await acquainted()
    await increment(holder, 'kept')
    const before = suite.stack.requests.snapshot()
    for (let times = 0; times < 100; times += 1) await read(holder, 'kept')
    expect(bill(suite.stack, before)).toEqual({})
    await increment(holder, 'kept')
    expect(bill(suite.stack, before)).toEqual({ 'Sessions UpdateItem': 1 })
    // An access that changes nothing writes nothing, though it had locked for writing.
    await holder.access('kept', { write: ['count'] }, ({ state }) => {
      state.count = (state.count ?? 0) + 0
    })
    expect(bill(suite.stack, before)).toEqual({ 'Sessions UpdateItem': 1 })
  }, 60_000)

  it('a handoff between processes that have each other costs one enqueue, one release, one claim and two pushes', async () => {
    const [first, second] = await acquainted()
    // Each has released the session to the other.
    for (const one of [first, second, first]) await increment(one, 'handed over')
    const before = suite.stack.requests.snapshot()
    expect(await read(second, 'handed over')).toBe(3)
    // Once the first has the session again, nothing of the first handoff can be under way any more: twice the cost.
    expect(await read(first, 'handed over')).toBe(3)
    expect(bill(suite.stack, before)).toEqual({ 'Locks UpdateItem': 4, 'Sessions UpdateItem': 2, 'push POST': 4 })
  }, 60_000)

  it('a handoff to a process that has never had the session costs one failed try more', async () => {
    const [first, second] = await acquainted()
    await increment(first, 'met')
    const before = suite.stack.requests.snapshot()
    expect(await read(second, 'met')).toBe(1)
    expect(await read(first, 'met')).toBe(1)
    expect(bill(suite.stack, before)).toEqual({
      'Locks UpdateItem (condition failed)': 1,
      'Locks UpdateItem': 4,
      'Sessions UpdateItem': 2,
      'push POST': 4,
    })
  }, 60_000)

  it('a handoff between processes of which the functions know nothing costs two reads and a failed try more', async () => {
    const [first, second] = [suite.client(), suite.client()]
    await increment(first, 'unknown')
    const before = suite.stack.requests.snapshot()
    await increment(second, 'unknown')
    // The second also connects, which is a write, and says hello, which is two reads and two writes. And the connections
    // are read: its own with its acquire, the first's with the release.
    expect(bill(suite.stack, before)).toMatchObject({
      'Locks UpdateItem (condition failed)': 1,
      'Locks UpdateItem': 2 + 1 + 2,
      'Locks GetItem': 2 + 2 + 2,
    })
  }, 60_000)

  it('a session that nobody holds costs one grant and one claim', async () => {
    const [first, second] = await acquainted()
    await increment(first, 'free')
    await first.release('free')
    const before = suite.stack.requests.snapshot()
    await read(second, 'free')
    expect(bill(suite.stack, before)).toEqual({ 'Locks UpdateItem': 1, 'Sessions UpdateItem': 1 })
  }, 60_000)
})
