import type { Holdfast } from '../../../client/holdfast.js'
import { LOCAL_WAITERS_MAX } from '../../../client/limits.js'
import type { Item, Update } from '../../../protocol/dynamodb.js'
import { num } from '../../../protocol/dynamodb.js'
import { FRESH_WAITERS_MAX } from '../../../protocol/limits.js'
import { type Counter, Gate, ID, increment } from '../../support/counting.js'
import { settle, World } from '../../support/world.js'

function buried(item: Item): Item {
  const { attrs: _, ...rest } = item
  return { ...rest, destroyedAt: num(1) }
}

describe('a commit whose record is not as its holder left it', () => {
  let world: World
  let client: Holdfast<Counter>
  beforeEach(async () => {
    world = new World()
    client = world.client<Counter>()
    await world.finish(add())
  })
  afterEach(() => world.close())

  const add = () => increment(client)

  /** Changes the record under the next write, as if another had been there before it. */
  function meddle(change: (item: Item, update: Update) => Item | undefined): void {
    world.onStateWrite = async (update, write) => {
      world.onStateWrite = (_update, next) => next()
      const item = world.memory.items(update.table).get(update.key) ?? {}
      const changed = change(item, update)
      if (changed === undefined) await world.memory.remove(update.table, update.key)
      else world.memory.put(update.table, update.key, changed)
      return write()
    }
  }

  test.each([
    ['expired', 'is gone', () => undefined],
    ['destroyed', 'was destroyed', buried],
    ['fenced', 'has a newer holder', (item: Item) => ({ ...item, fence: num(99) })],
  ] as const)('is told %s where it %s', async (reason, _, change) => {
    meddle(change)
    await expect(world.finish(add(), 10_000)).rejects.toMatchObject({ code: 'SESSION_LOST', reason, effect: 'none' })
  })

  it('is told that its outcome is unknown where an earlier try of it may have landed before that', async () => {
    world.onStateWrite = async () => {
      meddle((item) => ({ ...item, fence: num(99) }))
      throw Object.assign(new Error('reset'), { name: 'TimeoutError' })
    }
    await expect(world.finish(add(), 10_000)).rejects.toMatchObject({ code: 'COMMIT_UNKNOWN', effect: 'unknown' })
  })

  it('is told to be impossible, without effect, where DynamoDB refuses it', async () => {
    world.onStateWrite = async () => {
      throw Object.assign(new Error('denied'), { name: 'AccessDeniedException', $metadata: { httpStatusCode: 400 } })
    }
    await expect(world.finish(add(), 10_000)).rejects.toMatchObject({ reason: 'FORBIDDEN', effect: 'none' })
    world.onStateWrite = (_update, write) => write()
    expect(await world.finish(add(), 10_000)).toBe(2)
  })

  it('does not join two states where an older one was put back, and a late copy of the claim has landed on it', async () => {
    const older = new Map(world.memory.items('sessions'))
    await add()
    const next = world.client<Counter>()
    let late = (): Promise<unknown> => Promise.resolve()
    world.onStateWrite = (_update, write) => {
      late = write
      world.onStateWrite = (_next, once) => once()
      return write()
    }
    const seen = next.access(ID, { read: ['count'] }, ({ state }) => state.count)
    expect(await world.finish(seen, 10_000)).toBe(2)
    for (const [key, item] of older) world.memory.put('sessions', key, item)
    await late()
    const mixed = next.access(ID, { write: ['count'] }, ({ state }) => void (state.count = 9))
    await expect(world.finish(mixed, 10_000)).rejects.toMatchObject({ code: 'SESSION_LOST', effect: 'none' })
    expect((await world.finish(next.peek(ID)))?.state.count).toBe(1)
  })

  it('is told destroyed where a rotation finds it so', async () => {
    world.onStateTransact = async (updates, write) => {
      world.onStateTransact = (_updates, next) => next()
      for (const { table, key } of updates) {
        const item = world.memory.items(table).get(key) ?? {}
        world.memory.put(table, key, buried(item))
      }
      return write()
    }
    const rotating = world.finish(client.rotate(ID), 10_000)
    await expect(rotating).rejects.toMatchObject({ code: 'SESSION_LOST', reason: 'destroyed' })
  })
})

describe('a queue that is full', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  it('in one process refuses one access more, at once and without a word to the store', async () => {
    const client = world.client<Counter>()
    const { passed, open } = new Gate()
    const holding = client.access(ID, 'all', () => passed)
    await settle()
    const waiting = Array.from({ length: LOCAL_WAITERS_MAX }, () => client.access(ID, 'all', () => {}))
    const sentBefore = world.traffic.sent.length
    await expect(client.access(ID, 'all', () => {})).rejects.toMatchObject({ reason: 'LOCAL_QUEUE_FULL' })
    expect(world.traffic.sent.length).toBe(sentBefore)
    open()
    await world.finish(Promise.all([holding, ...waiting]), 5_000)
  })

  it('of processes is waited for outside, and is joined by whoever waits until there is room', async () => {
    const [holder, patient, hasty] = [world.client<Counter>(), world.client<Counter>(), world.client<Counter>()]
    const { passed, open } = new Gate()
    const holding = holder.access(ID, 'all', () => passed)
    await world.clock.advance(200)
    const queued = Array.from({ length: FRESH_WAITERS_MAX }, () => world.client<Counter>().access(ID, 'all', () => {}))
    await world.clock.advance(200)
    const hurried = hasty.access(ID, 'all', () => {}, { timeoutMs: 1_000 })
    hurried.catch(() => {})
    const late = patient.access(ID, 'all', () => 'served')
    await world.clock.advance(1_100)
    await expect(hurried).rejects.toMatchObject({ code: 'WAIT_TIMEOUT', behind: FRESH_WAITERS_MAX })
    open()
    expect(await world.finish(late, 60_000)).toBe('served')
    await world.finish(Promise.all([holding, ...queued]), 60_000)
  })

  it('is told no more once a wait has another cause: a place in the queue, or a store out of reach', async () => {
    const [holder, waiting, cutOff] = [world.client<Counter>(), world.client<Counter>(), world.client<Counter>()]
    const { passed, open } = new Gate()
    const holding = holder.access(ID, 'all', () => passed)
    await world.clock.advance(200)
    world.refusalOf = (text) => (text.includes('"acquire"') ? 'INTERNAL' : undefined)
    const timedOut = waiting.access(ID, 'all', () => {}, { timeoutMs: 9_000 })
    const unreachable = cutOff.access(ID, 'all', () => {}, { timeoutMs: 9_000 })
    for (const access of [timedOut, unreachable]) access.catch(() => {})
    await world.clock.advance(200)
    world.partition(cutOff)
    world.refusalOf = () => undefined
    await world.clock.advance(9_000)
    await expect(timedOut).rejects.toMatchObject({ code: 'WAIT_TIMEOUT', behind: 0 })
    await expect(unreachable).rejects.toMatchObject({ code: 'UNREACHABLE' })
    open()
    await world.finish(holding)
  })
})
