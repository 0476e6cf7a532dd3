import type { AttributeValue, Update } from '../../../protocol/dynamodb.js'
import { str } from '../../../protocol/dynamodb.js'
import { expectApplied, expectInvalid } from '../expectations.js'
import type { StoreUnderTest } from '../under-test.js'

const ITEM_BYTES_MAX = 400 * 1024

/** How a number may be written, and DynamoDB's own notation of it. */
export const NUMBERS: readonly (readonly [string, string])[] = [
  ['0', '0'],
  ['-0', '0'],
  ['0.000', '0'],
  ['007', '7'],
  ['+5', '5'],
  ['1.50', '1.5'],
  ['.5', '0.5'],
  ['5.', '5'],
  ['-12e-3', '-0.012'],
  ['1e3', '1000'],
  ['1E+21', '1000000000000000000000'],
  ['9007199254740993', '9007199254740993'],
  ['12345678901234567890123456789012345678', '12345678901234567890123456789012345678'],
  ['123456789012345678901234567890123456780', '123456789012345678901234567890123456780'],
  ['9.9e125', `99${'0'.repeat(124)}`],
  ['1e-130', `0.${'0'.repeat(129)}1`],
]

const NO_NUMBERS = ['', ' 5', 'abc', '1.5.5', '1e', '0x10', 'NaN', 'Infinity', '1_0', '1e126', '1e-131', '1'.repeat(39)]

/** Left, operator, right, and the result; undefined where DynamoDB cannot hold it. */
const SUMS: readonly (readonly [string, '+' | '-', string, string | undefined])[] = [
  ['1', '+', '2', '3'],
  ['1', '-', '1', '0'],
  ['-1', '-', '-1', '0'],
  ['0.1', '+', '0.2', '0.3'],
  ['-5', '-', '-7.5', '2.5'],
  ['999999999999999', '+', '999999999999999', '1999999999999998'],
  ['9007199254740991', '+', '2', '9007199254740993'],
  ['1', '-', '12345678901234567890123456789012345678', '-12345678901234567890123456789012345677'],
  ['99999999999999999999999999999999999999', '+', '1', `1${'0'.repeat(38)}`],
  ['99999999999999999999999999999999999999', '+', '2', undefined],
  ['0.1', '+', '12345678901234567890123456789012345678', undefined],
  ['9.9e125', '+', '9.9e125', undefined],
  ['1e-130', '-', '1.1e-130', undefined],
]

/** Values, and how many bytes DynamoDB counts for each. */
const SIZES: readonly (readonly [AttributeValue, number])[] = [
  [{ S: '' }, 0],
  [{ S: 'é😀' }, 6],
  [{ B: new Uint8Array(3) }, 3],
  [{ BOOL: true }, 1],
  [{ NULL: true }, 1],
  [{ N: '0' }, 1],
  [{ N: '12' }, 2],
  [{ N: '100' }, 2],
  [{ N: '123' }, 3],
  [{ N: '-1' }, 3],
  [{ N: '0.5' }, 2],
  [{ N: '1.5' }, 3],
  [{ N: '1800000000000' }, 3],
  [{ N: '12345678901234567890123456789012345678' }, 20],
  [{ L: [] }, 3],
  [{ L: [{ S: 'a' }, { S: 'b' }] }, 7],
  [{ M: { ab: { S: 'x' }, c: { S: '' } } }, 9],
  [{ M: { a: { L: [{ N: '1' }] } } }, 11],
]

const nested = (levels: number): AttributeValue => (levels === 1 ? { N: '1' } : { L: [nested(levels - 1)] })

/** How values are taken, kept, counted and refused. */
export function describeValues(subject: () => StoreUnderTest): void {
  const set = (change: string, values: Update['values']): Update => ({
    table: 'sessions',
    key: 'k',
    condition: 'attribute_not_exists(never)',
    update: `SET ${change}`,
    values,
    returns: 'none',
  })

  test('a number comes back by value', async () => {
    for (const [written, canonical] of NUMBERS) {
      await expectApplied(subject(), set('n = :n', { ':n': { N: written } }))
      const update = set('n = :n', { ':n': { N: canonical } })
      const { applied } = await subject().store.update({ ...update, condition: 'n = :n' })
      expect([written, applied]).toEqual([written, true])
    }
  })

  test('what is no number, or none that DynamoDB can hold, is refused at any depth', async () => {
    for (const N of NO_NUMBERS) {
      await expectInvalid(subject(), set('n = :n', { ':n': { N } }))
      await expectInvalid(subject(), set('n = :n', { ':n': { L: [{ M: { x: { N } } }] } }))
    }
  })

  test('sums are exact, or refused', async () => {
    for (const [left, operator, right, result] of SUMS) {
      await subject().put('sessions', 'k', { a: { N: left } })
      const update = set(`q = a ${operator} :n`, { ':n': { N: right } })
      if (result === undefined) await expectInvalid(subject(), update)
      else expect((await expectApplied(subject(), update)).q).toEqual({ N: result })
    }
  })

  test('an item is counted to the byte and never larger than its bound', async () => {
    for (const [value, bytes] of SIZES) {
      await subject().clear()
      const others = 'pk'.length + 'k'.length + 'v'.length + 'filler'.length
      const padding = ITEM_BYTES_MAX - others - bytes
      const sized = (length: number) => set('v = :v, filler = :f', { ':v': value, ':f': str('x'.repeat(length)) })
      await expect(subject().store.update(sized(padding + 1))).rejects.toThrow(/size/)
      expect(await subject().store.update(sized(padding))).toEqual({ applied: true, item: undefined })
    }
  }, 30_000)

  test('a value that alone is too large is refused before the condition', async () => {
    const update = { ...set('v = :v', { ':v': str('x'.repeat(ITEM_BYTES_MAX + 1)) }), condition: 'attribute_exists(a)' }
    await expectInvalid(subject(), update)
  })

  test('values lie at most 32 levels deep, from the attribute down', async () => {
    await subject().put('sessions', 'k', { m: { M: {} } })
    await expectApplied(subject(), set('v = :v', { ':v': nested(32) }))
    await expectInvalid(subject(), set('v = :v', { ':v': nested(33) }))
    await expectApplied(subject(), set('m.v = :v', { ':v': nested(31) }))
    await expectInvalid(subject(), set('m.v = :v', { ':v': nested(32) }))
  })

  test('an attribute has a name', async () => {
    await expectInvalid(subject(), { ...set('#n = :v', { ':v': str('') }), names: { '#n': '' } })
    await expectInvalid(subject(), set('v = :v', { ':v': { M: { '': str('') } } }))
    await expectInvalid(subject(), { ...set('#n = :v', { ':v': str('') }), names: { '#n': 'x'.repeat(65_536) } })
  })

  test('strings are ordered by their UTF-8 bytes, bytes by their value', async () => {
    const ordered: readonly AttributeValue[][] = [
      ['', 'a', 'ab', 'b', 'é', '\uffff', '\u{10000}', '😀'].map((S) => ({ S })),
      [[], [0], [0, 1], [1], [255]].map((bytes) => ({ B: Uint8Array.from(bytes) })),
      ['-1e100', '-10', '-9.5', '-1', '0', '1e-100', '0.5', '2', '10', '1e100'].map((N) => ({ N })),
    ]
    for (const values of ordered) {
      for (let index = 1; index < values.length; index += 1) {
        const [lower, higher] = [values[index - 1], values[index]] as [AttributeValue, AttributeValue]
        await subject().put('sessions', 'k', { a: lower, b: higher })
        const update = set('x = :x', { ':x': str('') })
        expect(await subject().store.update({ ...update, condition: 'a < b' })).toMatchObject({
          applied: true,
        })
        expect(await subject().store.update({ ...update, condition: 'a >= b' })).toMatchObject({
          applied: false,
        })
      }
    }
  })

  test('every kind of value comes back as it went in, and what comes back belongs to its receiver', async () => {
    const value: AttributeValue = {
      M: {
        s: str('é😀'),
        b: { B: Uint8Array.from([0, 255]) },
        yes: { BOOL: false },
        none: { NULL: true },
        l: { L: [{ N: '1' }, { M: {} }] },
      },
    }
    const given = structuredClone(value)
    await expectApplied(subject(), set('v = :v', { ':v': given }))
    spoil(given)
    const first = await subject().store.get('sessions', 'k')
    expect(first).toEqual({ pk: { S: 'k' }, v: value })
    spoil(first?.v as AttributeValue)
    expect(await subject().store.get('sessions', 'k')).toEqual({ pk: { S: 'k' }, v: value })
  })
}

/** Changes a value in place, at every depth, as a careless receiver might. */
function spoil(value: AttributeValue): void {
  const { l, b } = (value as { M: { l: { L: AttributeValue[] }; b: { B: Uint8Array } } }).M
  ;(l.L[1] as { M: Record<string, AttributeValue> }).M.spoilt = { BOOL: true }
  l.L.push({ N: '9' })
  b.B[0] = 9
}
