import type { Item, Store, TableName, TransactOutcome, Update, UpdateOutcome } from '../../protocol/dynamodb.js'
import { MemoryStore } from '../../store/memory/memory-store.js'
import type { Random } from '../support/random.js'
import type { SuspensionPoints } from './crashes.js'
import type { FaultCounts, Faults } from './faults.js'
import type { Machine } from './machine.js'
import type { Timeline } from './timeline.js'

/** Told of every write as it lands, in the order in which they land. */
export interface WriteWatcher {
  wrote(update: Update, before: Item | undefined, after: Item | undefined): void
}

const REQUEST_TIMEOUT_MS = 2_000
const FUNCTION_TIMEOUT_MS = 1_000
const SLOW_MAX_MS = 4_000
const LATE_COPY_MAX_MS = 30_000
/** No write is under way for longer, the usual few milliseconds included. */
export const WRITE_LATE_MAX_MS = SLOW_MAX_MS + LATE_COPY_MAX_MS + 1_000

class DynamoDbFailure extends Error {
  readonly $metadata: { readonly httpStatusCode?: number }

  constructor(name: string, httpStatusCode: number | undefined) {
    super(name)
    this.name = name
    this.$metadata = httpStatusCode === undefined ? {} : { httpStatusCode }
  }
}

/** DynamoDB as both tables, with the faults between it and its callers. */
export class Database {
  readonly memory = new MemoryStore(undefined, (item) => item)
  isDown = false
  /** Told of a record of the Locks table that a function removes, before it is gone. */
  onRemoved: (key: string) => void = () => {}

  constructor(
    private readonly timeline: Timeline,
    private readonly random: Random,
    private readonly faults: () => Faults,
    private readonly counts: FaultCounts,
    private readonly watcher: WriteWatcher,
    readonly points: SuspensionPoints,
  ) {}

  /** The database as one machine reaches it. Functions let the SDK try three times, clients once. */
  storeFor(machine: Machine, kind: 'client' | 'function'): Store {
    const timeoutMs = kind === 'client' ? REQUEST_TIMEOUT_MS : FUNCTION_TIMEOUT_MS
    const request = <T>(apply: () => T, writes: boolean): Promise<T> => {
      const send = () => this.request(machine, kind, timeoutMs, apply, writes)
      if (kind === 'function') return send()
      return this.points.pass(machine, writes ? 'client writes' : 'client reads', send) ?? new Promise<T>(() => {})
    }
    return {
      update: (update: Update) => request(() => this.write(update), true),
      transact: (updates: readonly Update[]) => request(() => this.writeAll(updates), true),
      get: (table: TableName, key: string) => request(() => this.memory.getNow(table, key), false),
      remove: (table: TableName, key: string) => request(() => this.remove(table, key), true),
    }
  }

  private request<T>(
    machine: Machine,
    kind: 'client' | 'function',
    timeoutMs: number,
    apply: () => T,
    writes: boolean,
  ): Promise<T> {
    const { random, counts, timeline } = this
    const faults = this.faults()
    return new Promise<T>((resolve, reject) => {
      let isSettled = false
      const settle = (end: () => void) => {
        if (isSettled) return
        isSettled = true
        timeout.cancel()
        machine.run(end)
      }
      const backMs = random.between(1, 8)
      const fail = (error: Error) => timeline.after(backMs, () => settle(() => reject(error)))
      const succeed = (result: T) => timeline.after(backMs, () => settle(() => resolve(result)))
      const timeout = timeline.after(timeoutMs, () =>
        settle(() => reject(new DynamoDbFailure('TimeoutError', undefined))),
      )
      const arrive = () => {
        if (this.isDown) return fail(new DynamoDbFailure('InternalServerError', 500))
        if (random.chance(faults.dbThrottled) && counts.hit('dbThrottled')) {
          return fail(new DynamoDbFailure('ThrottlingException', 400))
        }
        // The request is under way for long: its sender has given up, and has perhaps sent it again.
        if (writes && random.chance(faults.dbLateCopy) && counts.hit('dbLateCopy')) {
          return timeline.after(random.between(100, LATE_COPY_MAX_MS), () => void tried(apply))
        }
        const first = tried(apply)
        if (first instanceof Error) return fail(first)
        if (kind === 'function' && writes && random.chance(faults.dbSdkRetry) && counts.hit('dbSdkRetry')) {
          // The SDK's own second try finds the write of the first.
          return timeline.after(random.between(10, 200), () => {
            const second = tried(apply)
            if (second instanceof Error) fail(second)
            else succeed(second)
          })
        }
        if (random.chance(faults.dbAnswerLost) && counts.hit('dbAnswerLost')) {
          return fail(new DynamoDbFailure(random.chance(0.5) ? 'InternalServerError' : 'ECONNRESET', undefined))
        }
        return succeed(first)
      }
      const isSlow = random.chance(faults.dbSlow) && counts.hit('dbSlow')
      timeline.after(isSlow ? random.between(50, SLOW_MAX_MS) : random.between(1, 8), arrive)
    })
  }

  private write(update: Update): UpdateOutcome {
    const before = this.memory.getNow(update.table, update.key)
    const outcome = this.memory.updateNow(update)
    if (outcome.applied) this.watcher.wrote(update, before, this.memory.getNow(update.table, update.key))
    return outcome
  }

  private remove(table: TableName, key: string): void {
    if (table === 'locks') this.onRemoved(key)
    this.memory.removeNow(table, key)
  }

  private writeAll(updates: readonly Update[]): TransactOutcome {
    const before = updates.map(({ table, key }) => this.memory.getNow(table, key))
    const outcome = this.memory.transactNow(updates)
    if (!outcome.applied) return outcome
    for (const [index, update] of updates.entries()) {
      this.watcher.wrote(update, before[index], this.memory.getNow(update.table, update.key))
    }
    return outcome
  }
}

/** The outcome of a request. An invalid one is refused, as DynamoDB refuses it. */
function tried<T>(apply: () => T): T | Error {
  try {
    return apply()
  } catch (error) {
    return error as Error
  }
}
