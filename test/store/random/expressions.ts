import * as fc from 'fast-check'
import type { AttributeValue, Update } from '../../../protocol/dynamodb.js'
import { c, condition, grouped, holder, join, often, path } from './conditions.js'
import { list, map, number, scalar, small, text, value, wrongValue } from './items.js'

/** Random updates as text: most of them valid, some wrong in every way there is. */

export type RawUpdate = Pick<Update, 'condition' | 'update' | 'names' | 'values'>

const HOLDERS = { '#l': 'l', '#m': 'm', '#x': 'x', '#dot': 'm.x', '#schema': 'schema' }
const HOLDER_VALUES: { readonly [holder: string]: fc.Arbitrary<AttributeValue> } = {
  ':n': number,
  ':o': small,
  ':s': text,
  ':l': list,
  ':v': value,
  ':w': fc.oneof(scalar, map),
  ':size': small,
  ':bad': wrongValue,
}

/** The targets of an update: one path for each of these, so that few of them overlap. */
const TARGETS = [
  'a',
  'b',
  's',
  'm.x',
  'm.#x',
  '#m.y',
  'l[0]',
  '#l[1]',
  'l[2]',
  'l[ 7 ]',
  'l[9]',
  'zz',
  '#dot',
  '#schema',
]
const target = fc.oneof({ arbitrary: c(...TARGETS), weight: 20 }, path)
const callInUpdate = fc.oneof(
  join(c('if_not_exists('), path, c(', '), fc.oneof(path, holder), c(')')),
  join(c('if_not_exists('), path, c(', if_not_exists('), path, c(', '), holder, c('))')),
  join(c('list_append('), fc.oneof(path, c('l', ':l')), c(', '), fc.oneof(holder, c('l', ':l', '#l')), c(')')),
  join(c('list_append(if_not_exists('), path, c(', :l), :l)')),
)
const wrongSource = c(
  'size(l)',
  'a + a + a',
  'list_append(l, l) + :n',
  'if_not_exists(a, a)',
  'if_not_exists(:n, a)',
  '',
)
const wrongNesting = c(
  'if_not_exists(zz, a + :n)',
  'list_append(list_append(l, l), l)',
  'foo(a)',
  '- a',
  '((a))',
  'a :n',
)
const term = grouped(fc.oneof(path, holder, c('a', ':n', ':o'), callInUpdate))
const source = often(
  fc.oneof(
    { arbitrary: holder, weight: 4 },
    {
      arbitrary: join(c('a', ':n', '(a)', ':o', 'if_not_exists(m.x, :n)'), c(' + ', '-', ' - '), c('a', ':n', ':o')),
      weight: 2,
    },
    term,
    join(term, c(' + '), term),
  ),
  fc.oneof(wrongSource, wrongNesting),
  300,
)
const targets = often(
  fc.uniqueArray(target, {
    minLength: 1,
    maxLength: 4,
    selector: (one) => one.replace(/[# ]/g, ''),
  }),
  fc.array(target, { minLength: 1, maxLength: 4 }),
  8,
)
/** The first targets are set, the others removed. */
const validUpdate = fc
  .record({
    written: targets,
    sources: fc.tuple(source, source, source),
    setCount: fc.integer({ min: 0, max: 3 }),
    areSetsFirst: fc.boolean(),
  })
  .map(({ written, sources, setCount, areSetsFirst }) => {
    const assignments = written.slice(0, setCount).map((one, index) => `${one} = ${sources[index]}`)
    const removed = written.slice(setCount)
    const sets = assignments.length === 0 ? [] : [`SET ${assignments.join(', ')}`]
    const removes = removed.length === 0 ? [] : [`REMOVE ${removed.join(',')}`]
    return (areSetsFirst ? [...sets, ...removes] : [...removes, ...sets]).join(' ')
  })
const wrongUpdate = c('', 'SET', 'REMOVE a,', 'SET a = :n SET b = :n', 'SET a', 'SET pk = :s', 'REMOVE pk', 'a = :n')
const anyUpdate = often(validUpdate, wrongUpdate, 80)

const used = (texts: string, pattern: RegExp): readonly string[] => [...new Set(texts.match(pattern) ?? [])]

/** One update: its placeholders are the ones that its expressions use, but for a few mistakes. */
export const rawUpdate: fc.Arbitrary<RawUpdate> = fc
  .record({
    asked: often(condition, c('', '(', 'a = ', ')'), 300),
    update: anyUpdate,
    held: fc.record(HOLDER_VALUES),
    slip: fc.integer({ min: 0, max: 300 }),
  })
  .map(({ asked, update, held, slip }) => {
    // DynamoDB refuses a request without values, so one that would have none gets some.
    const met = asked === '' || /:/.test(asked + update) || slip === 6 ? asked : `${asked} AND :n = :n`
    const texts = `${met} ${update}`
    const names = used(texts, /#\w+/g)
      .filter((name) => Object.hasOwn(HOLDERS, name))
      .concat(slip === 1 ? ['#m'] : [])
    const values = used(texts, /:\w+/g)
      .filter((name) => Object.hasOwn(held, name))
      .concat(slip === 2 ? [':s'] : slip === 3 ? ['s'] : [])
      .filter((_, index) => slip !== 4 || index > 0)
    return {
      condition: met,
      update,
      ...(names.length === 0 && slip !== 5
        ? {}
        : { names: Object.fromEntries(names.map((name) => [name, HOLDERS[name as keyof typeof HOLDERS]])) }),
      values: Object.fromEntries(values.map((name) => [name, held[name] ?? { N: '1' }])),
    }
  })
