import * as fc from 'fast-check'

/** Random conditions as text: most of them valid, some wrong in every way there is. */

const NAMES = ['a', 'b', 'l', 'm', 's', 'zz']

export const join = (...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...parts).map((texts) => texts.join(''))
export const c = fc.constantFrom<string[]>
export const often = <T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>, weight = 30): fc.Arbitrary<T> =>
  fc.oneof({ arbitrary: usual, weight }, { arbitrary: rare, weight: 1 })

const step = fc.oneof(c('[0]', '[1]', '[2]', '[5]', '[ 1 ]'), c('.x', '.y', '.#x', ' . x'))
const wrongPath = c('l[00]', 'l[-1]', 'm.', '#none', 'l[2147483648]', 'm..x', '1a', 'l[x]', '_a', 'm.set', 'a b')
export const path = often(
  fc.oneof(
    { arbitrary: c(...NAMES, '#l', '#m', '#dot', '#schema'), weight: 3 },
    { arbitrary: c('l[0]', 'l[1]', '#l[2]', 'l[3]', 'l[9]', 'm.x', 'm.#x', '#m.x', 'm.y'), weight: 4 },
    join(c('l', 'm', 'b'), step),
    join(c('l[0]', 'l[1]', 'm.x', 'm.y', 'b'), step, step),
  ),
  wrongPath,
  600,
)
export const holder = often(c(':n', ':n', ':o', ':s', ':l', ':v', ':w'), c(':none', ':', ': n', ':bad'), 600)
export const grouped = (inner: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  often(inner, join(c('(', '( '), inner, c(')')), 25)
const simpleOperand = grouped(fc.oneof(path, path, holder))
const sized = often(grouped(fc.oneof(path, c(':s', ':l'))), holder)
const operand = often(
  fc.oneof({ arbitrary: simpleOperand, weight: 4 }, join(c('size(', 'size ('), sized, c(')'))),
  c('size(size(s))', 'attribute_exists(a)', 'list_append(l, l)', 'foo(a)', 'size(a, b)', '(a + :n)'),
  400,
)
const comparator = often(c('=', '<>', '<', '<=', '>', '>=', ' = ', ' <> '), c('==', '!=', '< >', '=<'), 400)
const predicate = fc.oneof(
  join(operand, comparator, operand),
  join(operand, comparator, operand),
  join(c('attribute_exists(', 'attribute_not_exists('), often(path, operand), c(')')),
  join(c('contains('), operand, c(', ', ','), operand, c(')')),
  join(
    c('begins_with('),
    often(fc.oneof(path, c(':s', 's')), operand),
    c(','),
    often(fc.oneof(path, c(':s')), operand),
    c(')'),
  ),
  often(
    c(
      'attribute_exists(pk)',
      'NOT contains(zz, a)',
      'a <> s',
      'attribute_exists(a)',
      'size(l) < :size',
      'contains(l, :o)',
    ),
    c('Attribute_exists(a)', 'contains(a)', 'a', ':n', 'size(s)', '', 'contains()'),
    100,
  ),
)
export const { condition } = fc.letrec<{ condition: string; simple: string }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    predicate,
    join(tie('simple'), c(' AND ', ' OR ', ' and ', '\nOR\t'), tie('simple')),
    join(tie('simple'), c(' AND ', ' OR '), tie('simple'), c(' AND ', ' OR '), tie('simple')),
    tie('simple'),
  ),
  simple: fc.oneof(
    predicate,
    join(c('(', 'NOT (', 'NOT NOT ( '), tie('condition'), c(')')),
    join(c('NOT ', 'not '), predicate),
  ),
}))
