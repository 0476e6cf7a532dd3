import type { Item, TableName, Update } from '../../protocol/dynamodb.js'
import { contentOf, transactResultOf } from './side-by-side.js'
import type { StoreUnderTest } from './under-test.js'

/** The item without its key, as the builders write it. */
export const withoutKey = (item: Item | undefined): Item | undefined => {
  if (item === undefined) return undefined
  const { pk: _, ...rest } = item
  return rest
}

/** Expects the write to land, and to answer with the new item if and only if it was asked to. Returns the item. */
export async function expectApplied({ store }: StoreUnderTest, update: Update): Promise<Item> {
  const outcome = await store.update(update)
  const item = await store.get(update.table, update.key)
  expect(outcome).toEqual({ applied: true, item: update.returns === 'new' ? item : undefined })
  expect(item?.pk).toEqual({ S: update.key })
  return withoutKey(item) as Item
}

/** Expects the condition to fail, to answer with the item as it stands, and to change nothing at all. */
export async function expectRefused(subject: StoreUnderTest, update: Update, why = 'refused'): Promise<void> {
  const before = await contentOf(subject, update.table)
  const item = await subject.store.get(update.table, update.key)
  expect({ why, ...(await subject.store.update(update)) }).toEqual({ why, applied: false, item })
  expect(await contentOf(subject, update.table)).toBe(before)
}

/** Expects DynamoDB to call the request itself wrong, and to change nothing at all. */
export async function expectInvalid(subject: StoreUnderTest, update: Update): Promise<void> {
  const before = await contentOf(subject, update.table)
  await expect(subject.store.update(update)).rejects.toMatchObject({
    name: 'ValidationException',
    $fault: 'client',
    $metadata: { httpStatusCode: 400 },
  })
  expect(await contentOf(subject, update.table)).toBe(before)
}

const TABLES: readonly TableName[] = ['locks', 'sessions']
const contentOfAll = (subject: StoreUnderTest): Promise<string[]> =>
  Promise.all(TABLES.map((table) => contentOf(subject, table)))

/** Expects the updates to land together. */
export async function expectTransacted({ store }: StoreUnderTest, updates: readonly Update[]): Promise<void> {
  expect(await store.transact(updates)).toEqual({ applied: true })
}

/** Expects a condition to fail, to answer with these items, and to change nothing at all. */
export async function expectTransactionRefused(
  subject: StoreUnderTest,
  updates: readonly Update[],
  items: readonly (Item | undefined)[],
): Promise<void> {
  const before = await contentOfAll(subject)
  expect(await subject.store.transact(updates)).toEqual({ applied: false, items })
  expect(await contentOfAll(subject)).toEqual(before)
}

/** Expects the transaction itself to be wrong, and to change nothing at all. */
export async function expectTransactionInvalid(subject: StoreUnderTest, updates: readonly Update[]): Promise<void> {
  const before = await contentOfAll(subject)
  expect(await transactResultOf(subject.store, updates)).toEqual({ kind: 'refused' })
  expect(await contentOfAll(subject)).toEqual(before)
}

/** Trials of writes on one record, which `build` makes of the fields that matter. */
export class Trials<F> {
  constructor(
    private readonly subject: () => StoreUnderTest,
    private readonly table: TableName,
    private readonly key: string,
    private readonly build: (fields: F) => Item,
  ) {}

  /** Replaces the record, or removes it. */
  async put(fields: F | undefined): Promise<void> {
    if (fields === undefined) await this.subject().store.remove(this.table, this.key)
    else await this.subject().put(this.table, this.key, this.build(fields))
  }

  /** The record after the write. */
  async applied(before: F | undefined, update: Update): Promise<Item> {
    await this.put(before)
    return expectApplied(this.subject(), update)
  }

  /** Expects the write to be refused by every one of these records. */
  async refused(update: Update, befores: { readonly [why: string]: F | undefined }): Promise<void> {
    for (const [why, before] of Object.entries(befores)) {
      await this.put(before)
      await expectRefused(this.subject(), update, why)
    }
  }
}
