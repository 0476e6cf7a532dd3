import { ENTRIES_MAX, KEPT_MS } from '../../../inspector/limits.js'
import type { Entry, Fact } from '../../../inspector/model/entry.js'
import { History } from '../../../local/inspector/history.js'

const lock = (epoch: number, session = 'shop#abcdefghij'): Fact => ({
  kind: 'lock',
  session,
  epoch,
  holder: 'a',
  waiters: [],
})
const numbersIn = (lines: readonly string[] | undefined) => lines?.map((line) => (JSON.parse(line) as Entry).n)

test('it has the entries of the last ten minutes, and before them the picture that they left', () => {
  const history = new History()
  history.add(lock(1), 1_000)
  history.add(lock(2), 2_000)
  history.add(lock(3), 1_500 + KEPT_MS)
  expect(numbersIn(history.all())).toEqual([2, 3])
  expect(history.baseFacts()).toMatchObject([{ n: 0, kind: 'lock', epoch: 1 }])
})

test('it gives what came after an entry, or nothing where that is not all there', () => {
  const history = new History()
  for (let epoch = 1; epoch <= 4; epoch += 1) history.add(lock(epoch), epoch === 4 ? 10 + KEPT_MS : epoch)
  expect(numbersIn(history.since(3))).toEqual([4])
  expect(history.since(4)).toEqual([])
  expect(history.since(2)).toBeUndefined()
  expect(history.since(5)).toBeUndefined()
  expect(history.since(Number.NaN)).toBeUndefined()
})

test('it is bounded, however many entries come', () => {
  const history = new History()
  for (let epoch = 1; epoch <= ENTRIES_MAX + 500; epoch += 1) history.add(lock(epoch), 1_000)
  expect(history.size).toBe(ENTRIES_MAX)
  expect(numbersIn(history.since(ENTRIES_MAX + 498))).toEqual([ENTRIES_MAX + 499, ENTRIES_MAX + 500])
  expect(history.baseFacts()).toMatchObject([{ epoch: 500 }])
})
