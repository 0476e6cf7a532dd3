import { Buffer } from 'node:buffer'
import type { Item, Store, TableName, TransactOutcome, Update, UpdateOutcome } from '../../protocol/dynamodb.js'
import { Request } from './expressions.js'
import { invalid } from './validation.js'
import { bytesOfItem, handOutItem, ITEM_BYTES_MAX, takeIn } from './values.js'

const KEY_BYTES_MAX = 2048
const TRANSACTION_UPDATES_MAX = 100
const NO_ITEM: Item = Object.freeze({})

/** The content of all tables at one moment. */
export type Snapshot = { readonly [T in TableName]: ReadonlyMap<string, Item> }

/**
 * The store in memory. It evaluates the very expressions that DynamoDB would, so that a test on it is a test of
 * the real writes. It knows no TTL: a test removes the items that TTL would remove.
 */
export class MemoryStore implements Store {
  /** Items are never changed, only replaced, so that a snapshot costs next to nothing. */
  private tables: { readonly [T in TableName]: Map<string, Item> }

  /**
   * @param handOut gives callers copies of their own. A caller that never changes an item, and makes millions of requests,
   * may have the items themselves.
   */
  constructor(
    content?: Snapshot,
    private readonly handOut: (item: Item) => Item = handOutItem,
  ) {
    this.tables = copyTables(content ?? { locks: new Map(), sessions: new Map() })
  }

  async update(update: Update): Promise<UpdateOutcome> {
    return this.updateNow(update)
  }

  async transact(updates: readonly Update[]): Promise<TransactOutcome> {
    return this.transactNow(updates)
  }

  async get(table: TableName, key: string): Promise<Item | undefined> {
    return this.getNow(table, key)
  }

  async remove(table: TableName, key: string): Promise<void> {
    this.removeNow(table, key)
  }

  /** Writes a whole item past every condition, as the restoration of a backup would. */
  put(table: TableName, key: string, item: Item): void {
    checkKey(key)
    const taken = Object.entries(item).map(([name, value]) => [name, takeIn(value)] as const)
    const complete: Item = { ...Object.fromEntries(taken), pk: { S: key } }
    checkSize(complete)
    this.tables[table].set(key, complete)
  }

  /** All that a table holds, by key: copies. */
  items(table: TableName): ReadonlyMap<string, Item> {
    return new Map([...this.tables[table]].map(([key, item]) => [key, this.handOut(item)]))
  }

  /** To be read, or given to another store. */
  snapshot(): Snapshot {
    return copyTables(this.tables)
  }

  /** The size of an item as DynamoDB counts, 0 where there is none. */
  bytesOf(table: TableName, key: string): number {
    const item = this.tables[table].get(key)
    return item === undefined ? 0 : bytesOfItem(item)
  }

  // The same without promises, for tests that make millions of requests.
  getNow(table: TableName, key: string): Item | undefined {
    checkKey(key)
    const item = this.tables[table].get(key)
    return item === undefined ? undefined : this.handOut(item)
  }

  removeNow(table: TableName, key: string): void {
    checkKey(key)
    this.tables[table].delete(key)
  }

  updateNow(update: Update): UpdateOutcome {
    const { before, after } = this.evaluate(update)
    if (after === undefined) return { applied: false, item: before === undefined ? undefined : this.handOut(before) }
    this.tables[update.table].set(update.key, after)
    return { applied: true, item: update.returns === 'new' ? this.handOut(after) : undefined }
  }

  transactNow(updates: readonly Update[]): TransactOutcome {
    checkTransaction(updates)
    // All are evaluated before any is written. One that is wrong for its item counts for more than a failed condition.
    const all = updates.map((update) => ({ update, ...this.evaluate(update) }))
    if (all.some(({ after }) => after === undefined)) {
      const refusing = ({ before, after }: Evaluated) => (after === undefined ? before : undefined)
      return { applied: false, items: all.map(refusing).map((item) => item && this.handOut(item)) }
    }
    for (const { update, after } of all) this.tables[update.table].set(update.key, after as Item)
    return { applied: true }
  }

  private evaluate(update: Update): Evaluated {
    checkKey(update.key)
    const request = new Request(update)
    const before = this.tables[update.table].get(update.key)
    if (!request.isMetBy(before ?? NO_ITEM)) return { before, after: undefined }
    const after = request.appliedTo(before ?? NO_ITEM, update.key)
    checkSize(after)
    return { before, after }
  }
}

/** An item, and the item after the update where its condition holds. */
interface Evaluated {
  readonly before: Item | undefined
  readonly after: Item | undefined
}

const copyTables = ({ locks, sessions }: Snapshot) => ({ locks: new Map(locks), sessions: new Map(sessions) })

function checkKey(key: string): void {
  if (key === '') invalid('The AttributeValue for a key attribute cannot contain an empty string value')
  if (key.length * 3 > KEY_BYTES_MAX && Buffer.byteLength(key) > KEY_BYTES_MAX) {
    invalid(`Hash primary key values must be under ${KEY_BYTES_MAX} bytes`)
  }
}

function checkTransaction(updates: readonly Update[]): void {
  if (updates.length === 0) invalid('Member must have length greater than or equal to 1')
  if (updates.length > TRANSACTION_UPDATES_MAX) {
    invalid(`Member must have length less than or equal to ${TRANSACTION_UPDATES_MAX}`)
  }
  const items = new Set(updates.map(({ table, key }) => `${table} ${key}`))
  if (items.size < updates.length) invalid('Transaction request cannot include multiple operations on one item')
}

function checkSize(item: Item): void {
  if (bytesOfItem(item) > ITEM_BYTES_MAX) invalid('Item size to update has exceeded the maximum allowed size')
}
