import type { Item, Store, TableName, TransactOutcome, Update, UpdateOutcome } from '../../protocol/dynamodb.js'
import { MemoryStore } from '../../store/memory/memory-store.js'
import type { Fault, Faults, RecordedRequest } from '../dynamodb/proxy.js'
import type { RequestCounts } from '../dynamodb/request-counts.js'

/** The outcome of a request, as DynamoDB would answer it and bill it. */
interface Performed<T> {
  readonly result: T
  readonly outcome: string
  readonly consumed: number
}

/** The names that the tables have in the stack's configuration, in counts and in faults. */
export const TABLE_NAMES: { readonly [T in TableName]: string } = { locks: 'Locks', sessions: 'Sessions' }

const READ_UNIT_BYTES = 4096
const WRITE_UNIT_BYTES = 1024

const units = (bytes: number, unitBytes: number): number => Math.max(1, Math.ceil(bytes / unitBytes))

/** The tables in memory, for their callers: every request is counted, and gets the faults of a test. */
export class Tables {
  readonly memory = new MemoryStore()
  private readonly faults = new Set<Faults>()
  private isDown = false

  /** @param arrive resolves when a request has arrived at the tables, or an answer at its caller. */
  constructor(
    private readonly counts: RequestCounts,
    private readonly arrive: () => Promise<void>,
  ) {}

  /**
   * Injects faults into requests. The returned function ends them. Of several, the first that names a fault decides.
   */
  inject(faults: Faults): () => void {
    this.faults.add(faults)
    return () => void this.faults.delete(faults)
  }

  stop(): void {
    this.isDown = true
  }

  start(): void {
    this.isDown = false
  }

  /** Ends every fault. */
  heal(): void {
    this.faults.clear()
    this.start()
  }

  /** The store for one caller. */
  as(caller: string): Store {
    return {
      update: (update) =>
        this.run(requestOf(caller, 'UpdateItem', [update.table], inputOf(update)), () => this.update(update)),
      transact: (updates) => {
        const tables = updates.map(({ table }) => table)
        const input = { TransactItems: updates.map((update) => ({ Update: inputOf(update) })) }
        return this.run(requestOf(caller, 'TransactWriteItems', tables, input), () => this.transact(updates))
      },
      get: (table, key) => {
        const input = { ...keyOf(table, key), ConsistentRead: true }
        return this.run(requestOf(caller, 'GetItem', [table], input), () => this.get(table, key))
      },
      remove: (table, key) =>
        this.run(requestOf(caller, 'DeleteItem', [table], keyOf(table, key)), () => this.remove(table, key)),
    }
  }

  private update(update: Update): Performed<UpdateOutcome> {
    const before = this.memory.bytesOf(update.table, update.key)
    const result = this.memory.updateNow(update)
    if (!result.applied) return { result, outcome: 'ConditionalCheckFailedException', consumed: 0 }
    return { result, outcome: 'ok', consumed: this.writeUnits(update.table, update.key, before) }
  }

  private transact(updates: readonly Update[]): Performed<TransactOutcome> {
    const before = updates.map(({ table, key }) => this.memory.bytesOf(table, key))
    const result = this.memory.transactNow(updates)
    if (!result.applied) return { result, outcome: 'TransactionCanceledException', consumed: 0 }
    // A write in a transaction costs twice as much as one outside.
    const each = updates.map(({ table, key }, index) => 2 * this.writeUnits(table, key, before[index] ?? 0))
    return { result, outcome: 'ok', consumed: each.reduce((sum, one) => sum + one, 0) }
  }

  private get(table: TableName, key: string): Performed<Item | undefined> {
    const consumed = units(this.memory.bytesOf(table, key), READ_UNIT_BYTES)
    return { result: this.memory.getNow(table, key), outcome: 'ok', consumed }
  }

  private remove(table: TableName, key: string): Performed<void> {
    const before = this.memory.bytesOf(table, key)
    const result = this.memory.removeNow(table, key)
    return { result, outcome: 'ok', consumed: units(before, WRITE_UNIT_BYTES) }
  }

  private async run<T>(request: RecordedRequest, perform: () => Performed<T>): Promise<T> {
    await this.arrive()
    if (this.isDown) throw brokenConnection('connect ECONNREFUSED')
    const before = await this.faultOf('beforeForward', request)
    if (before !== undefined) {
      this.count(request, before === 'drop' ? 'dropped' : before.refuse)
      throw errorOf(before)
    }
    const { result, outcome, consumed } = this.counted(request, perform)
    this.count(request, outcome, consumed)
    const after = await this.faultOf('afterForward', request)
    if (after !== undefined) throw errorOf(after)
    await this.arrive()
    return result
  }

  /** Performs a request, and counts it also where DynamoDB refuses it as invalid. */
  private counted<T>(request: RecordedRequest, perform: () => Performed<T>): Performed<T> {
    try {
      return perform()
    } catch (error) {
      this.count(request, (error as Error).name)
      throw error
    }
  }

  private async faultOf(when: keyof Faults, request: RecordedRequest): Promise<Fault> {
    for (const faults of this.faults) {
      const fault = await faults[when]?.(request)
      if (fault !== undefined) return fault
    }
    return undefined
  }

  private count({ caller, target, operation }: RecordedRequest, outcome: string, consumed = 0): void {
    this.counts.add({ caller, target, operation, outcome }, consumed)
  }

  /** DynamoDB bills the larger one of the item's sizes before and after the write. */
  private writeUnits(table: TableName, key: string, beforeBytes: number): number {
    return units(Math.max(beforeBytes, this.memory.bytesOf(table, key)), WRITE_UNIT_BYTES)
  }
}

const keyOf = (table: TableName, key: string) => ({ TableName: TABLE_NAMES[table], Key: { pk: { S: key } } })

/** The request as it is counted and shown to faults. `needs` is empty, because there is no IAM here. */
function requestOf(
  caller: string,
  operation: string,
  tables: readonly TableName[],
  input: RecordedRequest['input'],
): RecordedRequest {
  const target = [...new Set(tables)].map((table) => TABLE_NAMES[table]).join(',')
  return { caller, operation, target, needs: [], input }
}

const inputOf = ({ table, key, condition, update, names, values }: Update) => ({
  ...keyOf(table, key),
  ConditionExpression: condition,
  UpdateExpression: update,
  ExpressionAttributeNames: names,
  ExpressionAttributeValues: values,
})

/** The error that the AWS SDK throws for such a fault. */
function errorOf(fault: 'drop' | { readonly refuse: string }): Error {
  if (fault === 'drop') return brokenConnection('socket hang up')
  const isServers = fault.refuse.startsWith('InternalServer') || fault.refuse === 'ServiceUnavailable'
  return Object.assign(new Error('injected'), {
    name: fault.refuse,
    $fault: isServers ? 'server' : 'client',
    $metadata: { httpStatusCode: isServers ? 500 : 400 },
  })
}

const brokenConnection = (message: string): Error => Object.assign(new Error(message), { code: 'ECONNRESET' })
