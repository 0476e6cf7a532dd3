import type { AttributeValue, Item, Update } from '../../protocol/dynamodb.js'
import { num, str } from '../../protocol/dynamodb.js'
import { MemoryStore } from '../../store/memory/memory-store.js'
import { describeStore } from './conformance/index.js'
import { NUMBERS } from './conformance/values.js'
import { makeMemoryStore } from './under-test.js'

describeStore('MemoryStore', makeMemoryStore)

describe('what only the memory store does', () => {
  const update = (condition: string, change: string, values: Update['values'] = { ':v': num(1) }): Update => ({
    table: 'locks',
    key: 'k',
    condition,
    update: change,
    values,
    returns: 'new',
  })
  let store: MemoryStore

  beforeEach(() => {
    store = new MemoryStore()
    store.put('locks', 'k', { a: num(1), l: { L: [num(1)] } })
  })

  test('expressions that DynamoDB knows and it does not are never taken for refusals', async () => {
    for (const [condition, change] of [
      ['a BETWEEN :v AND :v', 'SET b = :v'],
      ['a in (:v)', 'SET b = :v'],
      ['attribute_type(a, :v)', 'SET b = :v'],
      ['a = :v', 'ADD a :v'],
      ['a = :v', 'SET b = :v DELETE s :v'],
    ] as const) {
      await expect(store.update(update(condition, change))).rejects.toThrow('the memory store does not support')
      await expect(store.update(update(condition, change))).rejects.toMatchObject({
        name: 'UnsupportedExpressionError',
      })
    }
  })

  test('a failed condition hands out a copy of the item', async () => {
    const { item } = await store.update(update('a <> :v', 'SET b = :v'))
    spoil(item)
    expect(store.items('locks').get('k')).toEqual({ pk: str('k'), a: num(1), l: { L: [num(1)] } })
  })

  test('a transaction that is refused hands out copies of the items', async () => {
    const outcome = await store.transact([update('a <> :v', 'SET b = :v')])
    for (const item of outcome.applied ? [] : outcome.items) spoil(item)
    expect(outcome.applied).toBe(false)
    expect(store.items('locks').get('k')).toEqual({ pk: str('k'), a: num(1), l: { L: [num(1)] } })
  })

  test('a snapshot stays as it was taken, and a store made from it goes its own way', async () => {
    const before = store.snapshot()
    await store.update(update('a = :v', 'SET l[0] = :w', { ':v': num(1), ':w': num(9) }))
    const other = new MemoryStore(before)
    await other.update(update('a = :v', 'REMOVE l[0]'))

    expect(before.locks.get('k')?.l).toEqual({ L: [num(1)] })
    expect(store.items('locks').get('k')?.l).toEqual({ L: [num(9)] })
    expect(other.items('locks').get('k')?.l).toEqual({ L: [] })
    expect(other.items('sessions').size).toBe(0)
  })

  test('what it hands out for looking does not change it', async () => {
    const items = store.items('locks') as Map<string, Item>
    spoil(items.get('k'))
    items.clear()
    expect(await store.get('locks', 'k')).toEqual({ pk: str('k'), a: num(1), l: { L: [num(1)] } })
  })

  test('an attribute named __proto__ is an attribute like any other', async () => {
    const item: Item = JSON.parse('{"m": {"M": {"__proto__": {"S": "x"}}}}')
    store.put('locks', 'k', item)
    const names = { '#p': '__proto__' }
    const read = update('m.#p = :v AND attribute_not_exists(#p)', 'SET #p = m.#p', { ':v': str('x') })
    const { item: after } = await store.update({ ...read, names })
    expect(Object.getOwnPropertyDescriptor(after ?? {}, '__proto__')?.value).toEqual(str('x'))
    expect(Object.getPrototypeOf(after)).toBe(Object.prototype)
    const missing = update('attribute_exists(constructor) OR attribute_exists(m.toString)', 'SET b = :v')
    expect(await store.update(missing)).toMatchObject({ applied: false })
  })

  test('it goes on after more different expressions than it remembers', async () => {
    for (let index = 0; index < 2_500; index += 1) {
      const { applied } = await store.update(
        update(`a = :v AND attribute_not_exists(x${index})`, `SET y = :v REMOVE x${index}`),
      )
      expect(applied).toBe(true)
    }
    expect(await store.update(update('attribute_not_exists(x0) AND y = :v', 'SET a = :v'))).toMatchObject({
      applied: true,
    })
  })

  test('numbers are kept in one notation, whatever they were written in', async () => {
    for (const [written, canonical] of NUMBERS) {
      const { item } = await store.update(update('a = :one', 'SET n = :v', { ':one': num(1), ':v': { N: written } }))
      expect(item?.n).toEqual({ N: canonical })
    }
  })

  test('a put item is checked like any other', () => {
    expect(() => store.put('locks', 'k', { n: { N: 'abc' } })).toThrow('cannot be converted into a number')
    expect(() => store.put('locks', 'k', { s: str('x'.repeat(400 * 1024)) })).toThrow('size')
    expect(() => store.put('locks', '', {})).toThrow('empty string')
  })
})

/** Changes an item in place, as a careless receiver might. */
function spoil(item: Item | undefined): void {
  const fields = item as Record<string, AttributeValue>
  ;(fields.l as { L: AttributeValue[] }).L.push(num(2))
  delete fields.a
}
