import { RecentMap } from '../../protocol/recent-map.js'

describe('a map of what is recent', () => {
  const held = (map: RecentMap<string, number>, keys: string) =>
    keys.split('').filter((key) => map.get(key) !== undefined)

  test('holds no more than its bound, and forgets what was set longest ago', () => {
    const map = new RecentMap<string, number>(2)
    for (const key of 'abc') map.set(key, 1)
    expect(held(map, 'abc')).toEqual(['b', 'c'])
  })

  test('takes what is set again for the newest, and what is read for as old as it was', () => {
    const map = new RecentMap<string, number>(2)
    for (const key of 'aba') map.set(key, 1)
    expect(map.get('b')).toBe(1)
    map.set('c', 2)
    expect(held(map, 'abc')).toEqual(['a', 'c'])
  })

  test('has room again for what was deleted', () => {
    const map = new RecentMap<string, number>(2)
    for (const key of 'ab') map.set(key, 1)
    map.delete('a')
    map.set('c', 1)
    expect(held(map, 'abc')).toEqual(['b', 'c'])
  })
})
