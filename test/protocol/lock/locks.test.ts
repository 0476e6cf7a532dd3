import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import type { Store, TableName, Update, UpdateOutcome } from '../../../protocol/dynamodb.js'
import { lockKey } from '../../../protocol/keys.js'
import { type LockRecord, readLock, type Seat } from '../../../protocol/lock/record.js'
import { MemoryStore } from '../../../store/memory/memory-store.js'
import { NOW, SESSION, seat } from '../../store/fixtures.js'
import { LockDriver } from './lock-driver.js'

const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
console.info(`locks: SEED=${seed}`)

const PROCESSES = ['a', 'b', 'c', 'd']
/** Two of one principal, and two of others. */
const MARKS: { readonly [p: string]: string } = { a: 'one', b: 'one', c: 'two', d: 'three' }
const markIn = (lock: LockRecord, { m }: Seat) => m ?? lock.mark
const KEY = lockKey(SESSION)

/** The memory store, with every step of the one lock on record. */
class WatchedStore implements Store {
  readonly memory = new MemoryStore()
  readonly steps: { before: LockRecord | undefined; after: LockRecord }[] = []

  get lock(): LockRecord | undefined {
    return readLock(this.memory.items('locks').get(KEY))
  }

  async update(update: Update): Promise<UpdateOutcome> {
    const before = this.lock
    const outcome = this.memory.updateNow(update)
    if (outcome.applied) this.steps.push({ before, after: this.lock as LockRecord })
    return outcome
  }

  transact: Store['transact'] = async () => {
    throw new Error('no lock is ever changed by a transaction')
  }
  get: Store['get'] = (table, key) => this.memory.get(table, key)
  remove: Store['remove'] = (table, key) => this.memory.remove(table, key)
}

const action = fc.record({
  kind: fc.constantFrom('acquire', 'acquire', 'acquireAgain', 'acquireAbove', 'cancel', 'release', 'reclaim'),
  process: fc.constantFrom(...PROCESSES),
  /** How far the r or the epoch lags behind: a message may be old. */
  lag: fc.constantFrom(0, 0, 0, 1, 2),
})
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never

/** The processes, as far as they count their requests, and the functions that serve them. */
class Servers {
  private readonly requests = new Map(PROCESSES.map((name) => [name, 0]))
  private readonly driver: LockDriver
  private ms = NOW

  constructor(
    readonly watched: WatchedStore,
    store: Pick<Store, 'update' | 'get'>,
  ) {
    this.driver = new LockDriver(store, SESSION, () => {
      this.ms += 1
      return this.ms
    })
  }

  /** Resolves once the function has answered. Gives the seat that was asked for, if one was. */
  async act({ kind, process, lag }: Action): Promise<Seat | undefined> {
    const last = this.requests.get(process) ?? 0
    const old = Math.max(1, last - lag)
    const epoch = (this.watched.lock?.epoch ?? 1) - lag
    switch (kind) {
      case 'acquire':
      case 'acquireAbove':
        this.requests.set(process, last + 1)
        return this.acquire(seat(process, last + 1, MARKS[process]), kind === 'acquire' ? undefined : epoch + 2)
      case 'acquireAgain':
        return this.acquire(seat(process, old, MARKS[process]))
      case 'cancel':
        await this.driver.cancel(seat(process, old))
        return undefined
      case 'reclaim':
        await this.driver.reclaim()
        return undefined
      default:
        await this.driver.release(process, epoch)
        return undefined
    }
  }

  private async acquire(me: Seat, above?: number): Promise<Seat> {
    await this.driver.acquire(me, above)
    return me
  }
}

/** The rule that a single write has broken, or undefined for a sound one. The writer may have seen an older record. */
function problemOf({ before, after }: WatchedStore['steps'][number]): string | undefined {
  if (after.holder === undefined && after.waiters.length > 0) return 'nobody holds, but somebody waits'
  if (before === undefined) return undefined
  const isSameGrant = before.holder?.p === after.holder?.p && before.holder?.r === after.holder?.r
  if (isSameGrant ? after.epoch !== before.epoch : after.epoch <= before.epoch)
    return 'the epoch must rise with a grant'
  if (before.holder === undefined || before.holder.p === after.holder?.p) return undefined
  const mine = MARKS[after.holder?.p ?? '']
  const first = before.waiters.find((waiter) => MARKS[waiter.p] === mine)
  const handedOver: LockRecord = {
    ...before,
    epoch: before.epoch + 1,
    holder: first,
    waiters: before.waiters.filter((waiter) => waiter !== first),
    askedAt: undefined,
    wasAskedAt: before.askedAt ?? 0,
    busyUntil: undefined,
  }
  return isDeepStrictEqual(after, handedOver)
    ? undefined
    : 'a handoff must go to the first in line of a principal, and leave no ask'
}

/** While a principal waits, each other one is served once at most. */
function turnProblemOf(steps: WatchedStore['steps']): string | undefined {
  const served = new Map<string, string[]>()
  for (const { before, after } of steps) {
    const seats = [...after.waiters, ...(after.holder === undefined ? [] : [after.holder])]
    if (seats.some((at) => markIn(after, at) !== MARKS[at.p])) return 'a seat must be of its principal'
    const waiting = (lock: LockRecord) => new Set(lock.waiters.map(({ p }) => MARKS[p] as string))
    const still = waiting(after)
    for (const mark of served.keys()) if (!still.has(mark)) served.delete(mark)
    const mine = MARKS[after.holder?.p ?? '']
    if (mine === undefined || before?.holder === undefined || before.holder.p === after.holder?.p) continue
    served.delete(mine)
    for (const mark of waiting(before)) {
      if (mark === mine || !still.has(mark)) continue
      const others: readonly string[] = served.get(mark) ?? []
      if (others.includes(mine)) return `${mine} is served twice while ${mark} waits`
      served.set(mark, [...others, mine])
    }
  }
  return undefined
}

const problemsOf = (steps: WatchedStore['steps']): string[] =>
  steps.flatMap((step) => {
    const problem = problemOf(step)
    return problem === undefined ? [] : [`${problem}: ${JSON.stringify(step)}`]
  })

const seatsAt = (lock: LockRecord | undefined): readonly (Seat | undefined)[] => [
  lock?.holder,
  ...(lock?.waiters ?? []),
]

describe('a lock under random acquires, cancels, releases and reclaims of several processes', () => {
  test('is sound after every message: nobody is queued twice or behind itself, and each asker has a place', async () => {
    let [handoffs, raises, turns] = [0, 0, 0]
    const actions = fc.array(action, { minLength: 1, maxLength: 60 })
    const property = fc.asyncProperty(actions, async (all) => {
      const watched = new WatchedStore()
      const servers = new Servers(watched, watched)
      for (const one of all) {
        const asked = await servers.act(one)
        const seats = seatsAt(watched.lock)
        const names = seats.map((at) => at?.p)
        expect(names).toEqual([...new Set(names)])
        expect(asked === undefined || seats.some((at) => at?.p === asked.p && at.r >= asked.r)).toBe(true)
      }
      expect(problemsOf(watched.steps)).toEqual([])
      expect(turnProblemOf(watched.steps)).toBeUndefined()
      turns += watched.steps.filter(({ before }) => before?.isMixed).length
      for (const { before, after } of watched.steps) {
        if (before?.holder !== undefined && before.waiters.some(({ p }) => p === after.holder?.p)) handoffs += 1
        if (before !== undefined && after.epoch > before.epoch + 1) raises += 1
      }
    })
    await fc.assert(property, { seed, numRuns: 300 })
    // Otherwise the sequences would show nothing.
    expect(handoffs).toBeGreaterThan(100)
    expect(raises).toBeGreaterThan(20)
    expect(turns).toBeGreaterThan(100)
  })

  test('is sound after every write, in any order of the writes of messages at work at once', async () => {
    const actions = fc.array(action, { minLength: 2, maxLength: 24 })
    const property = fc.asyncProperty(actions, fc.scheduler(), async (all, scheduler) => {
      const watched = new WatchedStore()
      const servers = new Servers(watched, {
        update: scheduler.scheduleFunction((update: Update) => watched.update(update)),
        get: scheduler.scheduleFunction((table: TableName, key: string) => watched.get(table, key)),
      })
      await scheduler.waitFor(Promise.all(all.map((one) => servers.act(one))))
      expect(problemsOf(watched.steps)).toEqual([])
      expect(turnProblemOf(watched.steps)).toBeUndefined()
    })
    await fc.assert(property, { seed, numRuns: 400 })
  })
})
