import { readsAsName, shownKey } from '../../../client/errors/shown-key.js'
import { Random } from '../../support/random.js'

const NAMES = [
  'a',
  'price',
  'lineItems',
  'line_items',
  'LINE_ITEMS',
  'userID',
  '_private',
  '$date',
  '__proto__',
  'größe',
]
const MORE_NAMES = ['名前', 'address2', 'line_12', 'ID', 'x1', 'itemCount', 'n'.repeat(15)]
const OTHERS = [
  '',
  '0',
  '4711',
  'two words',
  'a-b',
  'ada@example.com',
  'user:17',
  'user4711',
  'a1b2',
  'sessIon_9f',
  'n'.repeat(16),
  'lineItems'.repeat(4),
  '0f8fad5b-d9cb-469f-a165-70867728950e',
  'd41d8cd98f00b204e9800998ecf8427e',
  '\ud800',
]

test.each([...NAMES, ...MORE_NAMES])('%s is shown', (name) => {
  expect(shownKey(name)).toBe(`'${name}'`)
})

test.each(OTHERS)('%j is not shown', (text) => {
  expect(shownKey(text)).toBe('[string]')
})

test('hardly any random id reads as a name, however short', () => {
  const random = new Random(1)
  const base64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const idOf = (length: number) => Array.from({ length }, () => base64[random.integer(0, base64.length - 1)]).join('')
  const shownOf = (length: number) => Array.from({ length: 5_000 }, () => idOf(length)).filter(readsAsName).length
  expect(shownOf(22)).toBe(0)
  expect(shownOf(16)).toBeLessThan(10)
})
