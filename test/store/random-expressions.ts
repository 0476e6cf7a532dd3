import * as fc from 'fast-check'
import type { AttributeValue, Item, Update } from '../../protocol/item.js'

/** Random expressions over a few attributes of random kinds: most of them valid, some wrong in every way there is. */

export type RawUpdate = Pick<Update, 'condition' | 'update' | 'names' | 'values'>

const NAMES = ['a', 'b', 'l', 'm', 's', 'zz']
const HOLDERS = { '#l': 'l', '#m': 'm', '#x': 'x', '#dot': 'm.x', '#schema': 'schema' }
const NUMBERS = [
  ...['0', '1', '-1', '2', '3', '10', '100', '1.5', '0.1', '-0.25', '1.50', '1e3', '12E-1', '-0', '007', '.5', '5.'],
  ...['9007199254740993', '4503599627370496', '999999999999999', '-999999999999999', '0.000000000000001'],
  ...['12345678901234567890123456789012345678', '99999999999999999999999999999999999999', '1e125', '9e125', '1e-130'],
]
const WRONG_NUMBERS = ['abc', '', '1e126', '1e-131', '123456789012345678901234567890123456789', '1..2', 'NaN', '1e']
const TEXTS = ['', 'h', 'hello', 'ell', 'é😀', '\uffff', '😀', 'ello', 'x#y']

const number = fc.constantFrom(...NUMBERS).map((N): AttributeValue => ({ N }))
const small = fc.constantFrom('0', '1', '2', '3').map((N): AttributeValue => ({ N }))
const text = fc.constantFrom(...TEXTS).map((S): AttributeValue => ({ S }))
const bytes = fc.uint8Array({ maxLength: 3, max: 3 }).map((B): AttributeValue => ({ B }))
const bool = fc.boolean().map((BOOL): AttributeValue => ({ BOOL }))
const scalar = fc.oneof(number, small, small, text, bytes, bool, fc.constant<AttributeValue>({ NULL: true }))
const { value } = fc.letrec<{ value: AttributeValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }).map((L): AttributeValue => ({ L })),
    fc
      .dictionary(fc.constantFrom('x', 'y', '__proto__'), tie('value'), { maxKeys: 2, noNullPrototype: true })
      .map((M): AttributeValue => ({ M })),
  ),
}))
const list = fc.array(fc.oneof(small, value), { maxLength: 4 }).map((L): AttributeValue => ({ L }))
const map = fc.record({ x: fc.oneof(small, value), y: value }, { requiredKeys: [] }).map((M): AttributeValue => ({ M }))
const wrongValue = fc.oneof(
  fc.constantFrom(...WRONG_NUMBERS).map((N): AttributeValue => ({ N })),
  fc.constant<AttributeValue>({ M: { '': { N: '1' } } }),
  fc.constant<AttributeValue>({ L: [{ N: 'abc' }] }),
)

export const item: fc.Arbitrary<Item | undefined> = fc.option(
  fc.record({ a: fc.oneof(number, value), b: value, l: list, m: map, s: text }, { requiredKeys: [] }),
  { nil: undefined, freq: 6 },
)

const join = (...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...parts).map((texts) => texts.join(''))
const c = fc.constantFrom<string[]>
const often = (usual: fc.Arbitrary<string>, rare: fc.Arbitrary<string>, weight = 30) =>
  fc.oneof({ arbitrary: usual, weight }, { arbitrary: rare, weight: 1 })

const step = fc.oneof(c('[0]', '[1]', '[2]', '[5]', '[ 1 ]'), c('.x', '.y', '.#x', ' . x'))
const wrongPath = c('l[00]', 'l[-1]', 'm.', '#none', 'l[2147483648]', 'm..x', '1a', 'l[x]', '_a', 'm.set', 'a b')
const path = often(
  fc.oneof(
    c(...NAMES, '#l', '#m', '#dot', '#schema'),
    c('l[0]', 'l[1]', '#l[2]', 'l[3]', 'l[4]', 'l[9]', 'm.x', 'm.#x', '#m.x', 'm.y', 'm.x.y', 'm.x[0]', 'l[0].x'),
    join(c(...NAMES), step),
    join(c('l', 'm', 'b'), step, step),
  ),
  wrongPath,
  200,
)
const holder = often(c(':n', ':n', ':o', ':s', ':l', ':v', ':w'), c(':none', ':', ': n', ':bad'), 300)
const HOLDER_VALUES: { readonly [holder: string]: fc.Arbitrary<AttributeValue> } = {
  ':n': number,
  ':o': small,
  ':s': text,
  ':l': list,
  ':v': value,
  ':w': fc.oneof(scalar, map),
  ':bad': wrongValue,
}

const grouped = (inner: fc.Arbitrary<string>): fc.Arbitrary<string> => often(inner, join(c('(', '( '), inner, c(')')), 12)
const simpleOperand = grouped(fc.oneof(path, path, holder))
const operand = often(
  fc.oneof({ arbitrary: simpleOperand, weight: 4 }, join(c('size(', 'size ('), simpleOperand, c(')'))),
  c('size(size(s))', 'attribute_exists(a)', 'list_append(l, l)', 'foo(a)', 'size(a, b)', '(a + :n)'),
  80,
)
const comparator = often(c('=', '<>', '<', '<=', '>', '>=', ' = ', ' <> '), c('==', '!=', '< >', '=<'), 100)
const predicate = fc.oneof(
  join(operand, comparator, operand),
  join(operand, comparator, operand),
  join(c('attribute_exists(', 'attribute_not_exists('), often(path, operand), c(')')),
  join(c('contains(', 'begins_with('), operand, c(', ', ','), operand, c(')')),
  often(c('attribute_exists(pk)'), c('Attribute_exists(a)', 'contains(a)', 'a', ':n', 'size(s)', '', 'contains()')),
)
const { condition } = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    predicate,
    join(c('(', '('), tie('condition'), c(' AND ', ' OR ', ' and ', '\nOR\t'), tie('condition'), c(')')),
    join(tie('condition'), c(' AND ', ' OR '), tie('condition')),
    join(c('NOT '), tie('condition')),
    join(c('NOT ('), tie('condition'), c(')')),
  ),
}))

const callInUpdate = fc.oneof(
  join(c('if_not_exists('), path, c(', '), fc.oneof(path, holder), c(')')),
  join(c('if_not_exists('), path, c(', if_not_exists('), path, c(', '), holder, c('))')),
  join(c('list_append('), fc.oneof(path, c('l', ':l')), c(', '), fc.oneof(holder, c('l', ':l', '#l')), c(')')),
  join(c('list_append(if_not_exists('), path, c(', :l), :l)')),
)
const wrongSource = c('size(l)', 'a + a + a', 'list_append(l, l) + :n', 'if_not_exists(a, a)', 'if_not_exists(:n, a)', '')
const wrongNesting = c('if_not_exists(zz, a + :n)', 'list_append(list_append(l, l), l)', 'foo(a)', '- a', '((a))', 'a :n')
const term = grouped(fc.oneof(path, holder, c('a', ':n', ':o'), callInUpdate))
const source = often(
  fc.oneof(term, holder, join(fc.oneof(term, c('a')), c(' + ', '-', ' - '), fc.oneof(term, c(':n')))),
  fc.oneof(wrongSource, wrongNesting),
  60,
)
const set = join(path, c(' = ', '='), source)
const listOf = (one: fc.Arbitrary<string>, maxLength: number) =>
  fc.array(one, { minLength: 1, maxLength }).map((all) => all.join(', '))
const sets = listOf(set, 3).map((all) => `SET ${all}`)
const removes = listOf(path, 3).map((all) => `REMOVE ${all}`)
const wrongUpdate = c('', 'SET', 'REMOVE a,', 'SET a = :n SET b = :n', 'SET a', 'SET pk = :s', 'REMOVE pk', 'a = :n')
const update = often(
  fc.oneof(
    sets,
    removes,
    fc.tuple(sets, removes).map((both) => both.join(' ')),
    fc.tuple(removes, sets).map((both) => both.join(' ')),
  ),
  wrongUpdate,
)

const used = (texts: string, pattern: RegExp): readonly string[] => [...new Set(texts.match(pattern) ?? [])]

/** One update: its placeholders are those that its expressions use, save now and then. */
export const rawUpdate: fc.Arbitrary<RawUpdate> = fc
  .record({
    condition: often(condition, c('', '(', 'a = ', ')'), 100),
    update,
    held: fc.record(HOLDER_VALUES),
    slip: fc.integer({ min: 0, max: 60 }),
  })
  .map(({ condition, update, held, slip }) => {
    const texts = `${condition} ${update}`
    const names = used(texts, /#\w+/g)
      .filter((name) => Object.hasOwn(HOLDERS, name))
      .concat(slip === 1 ? ['#m'] : [])
    const values = used(texts, /:\w+/g)
      .filter((name) => Object.hasOwn(held, name))
      .concat(slip === 2 ? [':s'] : slip === 3 ? ['s'] : [])
      .filter((_, index) => slip !== 4 || index > 0)
    return {
      condition,
      update,
      ...(names.length === 0 && slip !== 5
        ? {}
        : { names: Object.fromEntries(names.map((name) => [name, HOLDERS[name as keyof typeof HOLDERS]])) }),
      values: Object.fromEntries(values.map((name) => [name, held[name] ?? { N: '1' }])),
    }
  })
