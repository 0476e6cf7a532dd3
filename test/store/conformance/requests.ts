import type { AttributeValue, Item, Update } from '../../../protocol/dynamodb.js'
import { num, str } from '../../../protocol/dynamodb.js'
import { expectApplied, expectInvalid, expectRefused } from '../expectations.js'
import type { StoreUnderTest } from '../under-test.js'

/** The demands on every request for any item, and the values that belong to one request alone. */
export function describeRequests(subject: () => StoreUnderTest): void {
  const put = (item: Item) => subject().put('locks', 'k', item)
  const update = (condition: string, change: string, values: Update['values']): Update => ({
    table: 'locks',
    key: 'k',
    condition,
    update: change,
    values,
    returns: 'new',
  })

  test('placeholders are all defined and all used', async () => {
    await put({ a: num(1) })
    const good = update('a = :v', 'SET #b = :v', { ':v': num(1) })
    await expectApplied(subject(), { ...good, names: { '#b': 'b' } })
    await expectInvalid(subject(), good)
    await expectInvalid(subject(), { ...good, names: { '#b': 'b', '#c': 'c' } })
    await expectInvalid(subject(), { ...good, names: { '#b': 'b' }, values: { ':v': num(1), ':w': num(1) } })
    await expectInvalid(subject(), { ...good, names: { '#b': 'b' }, values: { ':w': num(1) } })
    await expectInvalid(subject(), { ...good, update: 'SET b = :v', names: {} })
    await expectInvalid(subject(), update('attribute_exists(a)', 'REMOVE a', {}))
  })

  test('what placeholders stand for is checked for every request, also where the expressions are the same', async () => {
    await put({ a: num(1), m: { M: {} } })
    const change = update('#a = :v', 'SET #m.#x = :v, m.y = :v', { ':v': num(1) })
    const names = { '#a': 'a', '#m': 'm', '#x': 'x' }
    expect((await expectApplied(subject(), { ...change, names })).m).toEqual({ M: { x: num(1), y: num(1) } })
    await expectInvalid(subject(), { ...change, names: { ...names, '#x': 'y' } })
    await expectRefused(subject(), { ...change, names: { ...names, '#a': 'm.x' } })
    const distinct = update('#a <> #b', 'SET a = :v', { ':v': num(1) })
    await expectApplied(subject(), { ...distinct, names: { '#a': 'a', '#b': 'b' } })
    await expectInvalid(subject(), { ...distinct, names: { '#a': 'a', '#b': 'a' } })
    const sized = (v: AttributeValue) => update('size(:v) = :n', 'SET a = :n', { ':v': v, ':n': num(1) })
    await expectApplied(subject(), sized(str('x')))
    await expectInvalid(subject(), sized(num(1)))
  })

  test('expressions have at most 4096 bytes and 300 operators', async () => {
    await put({ a: num(1) })
    const padded = (bytes: number) => 'a = :v'.padEnd(bytes, ' ')
    await expectApplied(subject(), update(padded(4096), 'SET b = :v', { ':v': num(1) }))
    await expectInvalid(subject(), update(padded(4097), 'SET b = :v', { ':v': num(1) }))
    await expectInvalid(subject(), update('a = :v', 'SET b = :v'.padEnd(4097, ' '), { ':v': num(1) }))
    const compared = (times: number) => Array.from({ length: times }, () => 'a=:v').join(' OR ')
    await expectApplied(subject(), update(compared(150), 'SET b = :v', { ':v': num(1) }))
    await expectInvalid(subject(), update(compared(151), 'SET b = :v', { ':v': num(1) }))
  })

  test('the key itself is never written', async () => {
    await put({ a: num(1) })
    await expectInvalid(subject(), update('a = :v', 'SET pk = :v', { ':v': num(1) }))
    await expectInvalid(subject(), { ...update('a = :v', 'SET #k = :v', { ':v': num(1) }), names: { '#k': 'pk' } })
  })

  test('reading and removing what is not there is no error', async () => {
    expect(await subject().store.get('locks', 'k')).toBeUndefined()
    await subject().store.remove('locks', 'k')
    await put({ a: num(1) })
    await subject().store.remove('locks', 'k')
    expect(await subject().store.get('locks', 'k')).toBeUndefined()
  })

  test('a key is neither empty nor longer than DynamoDB allows', async () => {
    const good = update('attribute_not_exists(pk)', 'SET a = :v', { ':v': num(1) })
    await expect(subject().store.update({ ...good, key: '' })).rejects.toThrow(/empty string/)
    await expect(subject().store.update({ ...good, key: 'é'.repeat(1025) })).rejects.toThrow(/2048/)
    await expectApplied(subject(), { ...good, key: 'é'.repeat(1024) })
  })

  test('the tables know nothing of one another', async () => {
    const good = update('attribute_not_exists(pk)', 'SET a = :v', { ':v': num(1) })
    await expectApplied(subject(), good)
    expect(await subject().store.get('sessions', 'k')).toBeUndefined()
    await expectApplied(subject(), { ...good, table: 'sessions' })
  })
}
