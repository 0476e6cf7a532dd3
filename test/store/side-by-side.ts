import type { TransactionCanceledException } from '@aws-sdk/client-dynamodb'
import type { AttributeValue, Item, Store, Update } from '../../protocol/dynamodb.js'
import { handOutItem, takeIn } from '../../store/memory/values.js'
import type { StoreUnderTest } from './under-test.js'

/** The outcome of an update or a transaction, in a form that can be compared between stores. */
export type Result =
  | { readonly kind: 'applied' | 'conditionFailed'; readonly item: Item | undefined }
  | { readonly kind: 'transacted' }
  | { readonly kind: 'cancelled'; readonly items: readonly (Item | undefined)[] }
  | { readonly kind: 'refused' }

export async function resultOf(store: Store, update: Update): Promise<Result> {
  try {
    const { applied, item } = await store.update(update)
    return { kind: applied ? 'applied' : 'conditionFailed', item: item === undefined ? undefined : normal(item) }
  } catch (error) {
    if ((error as Error).name !== 'ValidationException') throw error
    return { kind: 'refused' }
  }
}

export async function transactResultOf(store: Store, updates: readonly Update[]): Promise<Result> {
  try {
    const outcome = await store.transact(updates)
    if (outcome.applied) return { kind: 'transacted' }
    return { kind: 'cancelled', items: outcome.items.map((item) => (item === undefined ? undefined : normal(item))) }
  } catch (error) {
    if (!isInvalid(error)) throw error
    return { kind: 'refused' }
  }
}

/** DynamoDB refuses an update that is wrong for its item in one of two ways, and DynamoDB Local may choose the other. */
function isInvalid(error: unknown): boolean {
  const { name, CancellationReasons = [] } = error as Partial<TransactionCanceledException>
  if (name !== 'TransactionCanceledException') return name === 'ValidationException'
  return CancellationReasons.some(({ Code }) => Code === 'ValidationError')
}

/** DynamoDB Local leaves numbers inside lists and maps as they were written, where DynamoDB has one notation. */
const normal = (item: Item): Item =>
  handOutItem(Object.fromEntries(Object.entries(item).map(([name, value]) => [name, takeIn(value)])))

/** The content of a table, as text that is equal if and only if the content is. */
export async function contentOf(subject: StoreUnderTest, table: 'locks' | 'sessions'): Promise<string> {
  const all = [...(await subject.items(table))].sort(([a], [b]) => (a < b ? -1 : 1))
  return all.map(([key, item]) => `${key}: ${describeValue({ M: normal(item) })}`).join('\n')
}

/** A value as text: fields in one order, bytes in hexadecimal. */
function describeValue(value: AttributeValue): string {
  if ('L' in value) return `[${value.L.map(describeValue).join(', ')}]`
  if ('B' in value) return `0x${Buffer.from(value.B).toString('hex')}`
  if (!('M' in value)) return JSON.stringify(value)
  const fields = Object.entries(value.M).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}: ${describeValue(field)}`).join(', ')}}`
}

/** A result as text, which must be equal for two stores. */
export function describeResult(result: Result): string {
  const items = 'items' in result ? result.items : 'item' in result ? [result.item] : []
  return `${result.kind} ${items.map((item) => (item === undefined ? '-' : describeValue({ M: item }))).join(' ')}`
}
