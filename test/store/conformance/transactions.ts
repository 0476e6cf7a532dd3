import type { Item, TableName, Update } from '../../../protocol/dynamodb.js'
import { num, str } from '../../../protocol/dynamodb.js'
import { expectTransacted, expectTransactionInvalid, expectTransactionRefused } from '../expectations.js'
import type { StoreUnderTest } from '../under-test.js'

const ALL = 100

/** Updates that land together or not at all. */
export function describeTransactions(subject: () => StoreUnderTest): void {
  const put = (key: string, item: Item, table: TableName = 'sessions') => subject().put(table, key, item)
  const get = (key: string, table: TableName = 'sessions') => subject().store.get(table, key)
  const update = (key: string, condition: string, change: string, values: Update['values']): Update => ({
    table: 'sessions',
    key,
    condition,
    update: change,
    values,
    returns: 'none',
  })
  /** Raises `n` on condition that it is `was`. */
  const raise = (key: string, was: number): Update =>
    update(key, 'n = :was', 'SET n = n + :one', { ':was': num(was), ':one': num(1) })
  const make = (key: string): Update => update(key, 'attribute_not_exists(pk)', 'SET n = :one', { ':one': num(1) })

  test('land in all items and tables when every condition holds', async () => {
    await put('a', { n: num(1) })
    await put('b', { n: num(5), kept: str('kept') })
    await expectTransacted(subject(), [raise('a', 1), raise('b', 5), make('c'), { ...make('a'), table: 'locks' }])
    expect(await get('a')).toEqual({ pk: str('a'), n: num(2) })
    expect(await get('b')).toEqual({ pk: str('b'), n: num(6), kept: str('kept') })
    expect(await get('c')).toEqual({ pk: str('c'), n: num(1) })
    expect(await get('a', 'locks')).toEqual({ pk: str('a'), n: num(1) })
  })

  test('land in none when one condition fails, and only the item that refused is told', async () => {
    await put('a', { n: num(1) })
    await put('b', { n: num(5), more: { L: [str('x')] } })
    const b = { pk: str('b'), n: num(5), more: { L: [str('x')] } }
    await expectTransactionRefused(subject(), [raise('a', 1), raise('b', 4), make('c')], [undefined, b, undefined])
    await expectTransactionRefused(subject(), [raise('b', 4)], [b])
  })

  test('tell every item that refused, in the order of the updates, and nothing of one that there is not', async () => {
    await put('a', { n: num(1) })
    await put('b', { n: num(5) })
    const [a, b] = [await get('a'), await get('b')]
    await expectTransactionRefused(subject(), [raise('b', 1), raise('a', 2)], [b, a])
    await expectTransactionRefused(subject(), [raise('zz', 1), make('a'), make('c')], [undefined, a, undefined])
    await expectTransactionRefused(subject(), [raise('zz', 1), make('c')], [undefined, undefined])
  })

  test('are evaluated anew when they are sent again', async () => {
    const add = update('a', 'attribute_exists(n)', 'SET n = n + :one', { ':one': num(1) })
    await put('a', { n: num(1) })
    await expectTransacted(subject(), [add])
    await expectTransacted(subject(), [add])
    expect((await get('a'))?.n).toEqual(num(3))
    await expectTransacted(subject(), [raise('a', 3)])
    await expectTransactionRefused(subject(), [raise('a', 3)], [await get('a')])
  })

  test('give back no item on success, also to one who would have it from an update alone', async () => {
    await put('a', { n: num(1) })
    await expectTransacted(subject(), [{ ...raise('a', 1), returns: 'new' }, make('c')])
  })

  test('are refused when two are of one item, and not when only their keys are the same', async () => {
    await put('a', { n: num(1) })
    // DynamoDB Local lets the second see what the first has done, and notices last: so both conditions must hold.
    const add = update('a', 'attribute_exists(n)', 'SET n = n + :one', { ':one': num(1) })
    await expectTransactionInvalid(subject(), [add, add])
    await expectTransactionInvalid(subject(), [add, make('b'), { ...add, update: 'SET m = :one' }])
    await expectTransacted(subject(), [add, { ...make('a'), table: 'locks' }])
  })

  test('are refused when one is wrong in itself or for its item, whatever the conditions of the others', async () => {
    await put('a', { n: num(1), s: str('x') })
    await put('b', { n: num(5) })
    const one = { ':one': num(1) }
    const tooMuch = { ':one': num(1), ':much': str('x'.repeat(400 * 1024)) }
    for (const wrong of [
      update('a', 'n = :one', 'SET n = :none', one),
      update('a', 'n = :one', 'SET n = n', { ...one, ':unused': num(1) }),
      update('a', 'n = :one', 'SET pk = :one', one),
      update('a', 'n = :one', 'SET zz.x = :one', one),
      update('a', 'n = :one', 'SET n = s + :one', one),
      update('a', 'n = :one', 'SET n = zz', one),
      update('a', 'n = :one', 'SET big = :much', tooMuch),
      { ...make(''), key: '' },
      { ...make(''), key: 'k'.repeat(2049) },
    ]) {
      await expectTransactionInvalid(subject(), [wrong, raise('b', 5)])
      await expectTransactionInvalid(subject(), [raise('b', 5), wrong])
      await expectTransactionInvalid(subject(), [wrong, raise('b', 4)])
      await expectTransactionInvalid(subject(), [raise('b', 4), wrong])
    }
  })

  test('a failed condition comes before an update that does not fit the item', async () => {
    await put('a', { n: num(1) })
    const misfit = update('a', 'n = :two', 'SET zz.x = :two', { ':two': num(2) })
    await expectTransactionRefused(subject(), [misfit, make('c')], [await get('a'), undefined])
  })

  test(`are at least one and at most ${ALL}`, async () => {
    const makes = Array.from({ length: ALL + 1 }, (_, index) => make(`made ${index}`))
    await expectTransactionInvalid(subject(), [])
    await expectTransactionInvalid(subject(), makes)
    await expectTransacted(subject(), makes.slice(0, ALL))
    expect((await subject().items('sessions')).size).toBe(ALL)
  })
}
