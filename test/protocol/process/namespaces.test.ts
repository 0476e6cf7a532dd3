import { isWithin, readNamespaces } from '../../../protocol/process/namespaces.js'
import { SESSION } from '../../store/fixtures.js'

test('a session is within its own namespace, and within all where nothing confines', () => {
  expect(isWithin(undefined, SESSION)).toBe(true)
  expect(isWithin(new Set(['blog', 'shop']), SESSION)).toBe(true)
  expect(isWithin(new Set(['blog']), SESSION)).toBe(false)
  expect(isWithin(new Set(['sho', 'shopp', 'shop#']), SESSION)).toBe(false)
  expect(isWithin(new Set(), SESSION)).toBe(false)
})

test('the namespaces of principals are read', () => {
  expect(readNamespaces('[]')).toEqual(new Map())
  const read = readNamespaces('[["role",["shop","blog"]],["user",["shop"]]]')
  expect(read).toEqual(
    new Map([
      ['role', new Set(['shop', 'blog'])],
      ['user', new Set(['shop'])],
    ]),
  )
})

test.each([
  '',
  '{}',
  'null',
  '"role"',
  '[["role"]]',
  '[["role","shop"]]',
  '[["role",[1]]]',
  '[["role",["sh*p"]]]',
  '[["",["shop"]]]',
  '[[1,["shop"]]]',
  '[["role",["shop"],1]]',
  '["role"]',
])('what is malformed is no confinement that is left out: %p', (text) => {
  expect(() => readNamespaces(text)).toThrow(/malformed|JSON/)
})
