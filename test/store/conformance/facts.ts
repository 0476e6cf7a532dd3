import type { Item, Update } from '../../../protocol/dynamodb.js'
import { num, str } from '../../../protocol/dynamodb.js'
import { expectApplied, expectInvalid, expectRefused } from '../expectations.js'
import type { StoreUnderTest } from '../under-test.js'

const SEAT = { M: { p: str('anna'), r: num(1) } }
const SAME_SEAT = { M: { r: { N: '1.0' }, p: str('anna') } }
const OTHER_SEAT = { M: { p: str('anna'), r: num(2) } }

/** The promises of DynamoDB that the protocol relies on, as plain expressions. */
export function describeFacts(subject: () => StoreUnderTest): void {
  const put = (item: Item) => subject().put('locks', 'k', item)
  const update = (condition: string, change: string, values: Update['values']): Update => ({
    table: 'locks',
    key: 'k',
    condition,
    update: change,
    values,
    returns: 'new',
  })
  const holds = (condition: string, values: Update['values']) =>
    expectApplied(subject(), update(condition, 'REMOVE zz9', values))
  const fails = (condition: string, values: Update['values']) =>
    expectRefused(subject(), update(condition, 'REMOVE zz9', values))

  test('the first of an empty list may be removed, that of a missing list may not', async () => {
    const shift = update('epoch = :one', 'SET holder = if_not_exists(waiters[0], :free) REMOVE waiters[0]', {
      ':one': num(1),
      ':free': str('nobody'),
    })
    await put({ epoch: num(1), waiters: { L: [] } })
    expect(await expectApplied(subject(), shift)).toEqual({ epoch: num(1), waiters: { L: [] }, holder: str('nobody') })
    await put({ epoch: num(1) })
    await expectInvalid(subject(), shift)
  })

  test('every source is read before anything is written', async () => {
    await put({ a: num(1), l: { L: [num(10), num(20)] } })
    const swap = update('a = :one', 'REMOVE l[0] SET a = l[0], b = a + :one, l[1] = a', { ':one': num(1) })
    expect(await expectApplied(subject(), swap)).toEqual({ a: num(10), b: num(2), l: { L: [num(1)] } })
  })

  test('removed elements are those at the places before the update', async () => {
    await put({ l: { L: [0, 1, 2, 3, 4].map(num) } })
    const change = update('attribute_exists(l)', 'REMOVE l[3], l[0], l[9] SET l[7] = :b, l[6] = :a, l[4] = :x', {
      ':a': str('a'),
      ':b': str('b'),
      ':x': str('x'),
    })
    const l = { L: [num(1), num(2), str('x'), str('a'), str('b')] }
    expect(await expectApplied(subject(), change)).toEqual({ l })
  })

  test('a list may not be set and shortened at once, nor any path set twice', async () => {
    await put({ waiters: { L: [SEAT] }, m: { M: {} } })
    const list = { ':l': { L: [] } }
    for (const change of [
      'SET waiters = :l REMOVE waiters[0]',
      'SET m.x = :l, m = :l',
      'SET m.x = :l REMOVE m.x',
      'SET m.x = :l REMOVE m[0]',
    ]) {
      await expectInvalid(subject(), update('attribute_exists(waiters)', change, list))
      // That is wrong in itself, so it comes before the condition.
      await expectInvalid(subject(), update('attribute_exists(zz)', change, list))
    }
  })

  test('the size of what is missing, or has none, fulfils no comparison', async () => {
    await put({ n: num(1) })
    for (const name of ['zz', 'n']) {
      await fails(`size(${name}) < :max`, { ':max': num(9) })
      await fails(`size(${name}) >= :max`, { ':max': num(0) })
      await holds(`NOT size(${name}) < :max`, { ':max': num(9) })
    }
  })

  test('contains compares whole maps, whatever the order of their fields, and is false for what is missing', async () => {
    await put({ waiters: { L: [SEAT] } })
    await holds('contains(waiters, :seat)', { ':seat': SAME_SEAT })
    await fails('contains(waiters, :seat)', { ':seat': OTHER_SEAT })
    await fails('contains(waiters, :seat)', { ':seat': { M: { ...SEAT.M, more: num(1) } } })
    await fails('contains(waiters, :seat)', { ':seat': { M: { p: str('anna') } } })
    await holds('NOT contains(zz, :seat)', { ':seat': SEAT })
  })

  test('contains and begins_with look into strings and bytes, for parts of the same kind', async () => {
    const bytes = (...all: number[]) => ({ B: Uint8Array.from(all) })
    await put({ s: str('héllo'), b: bytes(1, 2, 3) })
    await holds('contains(s, :s) AND contains(b, :b)', { ':s': str('él'), ':b': bytes(2, 3) })
    await holds('begins_with(s, :s) AND begins_with(b, :b)', { ':s': str('hé'), ':b': bytes(1, 2) })
    await fails('contains(s, :v) OR contains(b, :v)', { ':v': bytes(3, 2) })
    await fails('begins_with(s, :s) OR begins_with(b, :b)', { ':s': str('él'), ':b': bytes(2) })
    await fails('contains(s, :v) OR contains(b, :v)', { ':v': num(1) })
  })

  test('only numbers are added and only lists are joined', async () => {
    await put({ n: num(1), s: str('x'), l: { L: [] } })
    const values = { ':one': num(1), ':l': { L: [num(1)] } }
    for (const source of ['n + s', 's - n', 'l + n', 'list_append(l, s)', 'list_append(s, l)', 'list_append(n, n)']) {
      const change = `SET q = ${source}, r = :one, t = :l`
      await expectInvalid(subject(), update('attribute_exists(n)', change, values))
      await expectRefused(subject(), update('attribute_exists(zz)', change, values))
    }
    const joined = update('attribute_exists(n)', 'SET q = list_append(:l, l), r = n - :one', values)
    expect(await expectApplied(subject(), joined)).toMatchObject({ q: { L: [num(1)] }, r: num(0) })
  })

  test('a missing attribute fulfils no comparison but "other than"', async () => {
    await put({ a: num(1) })
    for (const operator of ['=', '<', '<=', '>', '>=']) await fails(`zz ${operator} :v`, { ':v': num(1) })
    await holds('zz <> :v', { ':v': num(1) })
  })

  test('values of different kinds are other than one another and in no order', async () => {
    await put({ a: str('5') })
    for (const operator of ['=', '<', '<=', '>', '>=']) await fails(`a ${operator} :v`, { ':v': num(5) })
    await holds('a <> :v', { ':v': num(5) })
  })

  test('numbers are compared by value, with all of their digits', async () => {
    await put({ a: { N: '9007199254740992' } })
    await holds('a < :v', { ':v': { N: '9007199254740993' } })
    await put({ a: { N: '9007199254740993' } })
    await holds('a > :v', { ':v': { N: '9007199254740992' } })
    await holds('a = :v', { ':v': { N: '9007199254740993.00' } })
    await put({ a: num(9) })
    await holds('a < :v', { ':v': num(10) })
  })

  test('AND binds before OR, NOT before both', async () => {
    await put({ a: num(1) })
    await holds('a = :one OR a = :two AND a = :two', { ':one': num(1), ':two': num(2) })
    await holds('NOT a = :two AND a = :one', { ':one': num(1), ':two': num(2) })
    await fails('(a = :one OR a = :two) AND a = :two', { ':one': num(1), ':two': num(2) })
  })

  test('a failed condition comes before an update that does not fit the item', async () => {
    await put({ a: num(1) })
    const values = { ':v': num(2) }
    await expectRefused(subject(), update('a = :v', 'SET attrs.x = :v', values))
    await expectInvalid(subject(), update('a <> :v', 'SET attrs.x = :v', values))
    await expectInvalid(subject(), update('a <> :v', 'SET b = zz', values))
    await expectInvalid(subject(), update('a <> :v', 'SET b = pk + :v', values))
  })
}
