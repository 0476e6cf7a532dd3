import { type Book, Ledger } from './ledger.js'
import type { ListName, Outcome, State } from './messages.js'
import { verdictOf } from './verdict.js'

/** The book of one session, with these reports. Times are as given. */
class Told {
  readonly violations: string[] = []
  readonly book: Book
  private readonly ledger = new Ledger('test', (problem) => this.violations.push(problem))

  constructor() {
    this.book = this.ledger.open('session')
  }

  append(by: string, token: string, index: number, outcome: Outcome, calledAtMs: number, endedAtMs: number, epoch = 1) {
    this.begin(by, token, calledAtMs)
    this.ledger.note(by, { type: 'ended', outcome, appended: [{ token, index, epoch }], endedAtMs })
    return this
  }

  begin(by: string, token: string, calledAtMs: number, list: ListName = 'A') {
    this.ledger.note(by, { type: 'begun', session: 'session', list, token, calledAtMs })
    return this
  }

  read(tokens: readonly string[], calledAtMs: number) {
    this.ledger.note('reader', { type: 'read', session: 'session', list: 'A', tokens, calledAtMs })
    return this
  }

  granted(by: string, epoch: number) {
    this.ledger.note(by, { type: 'granted', sessionKey: this.book.key, epoch })
    return this
  }

  died(by: string) {
    this.ledger.died(by)
    return this
  }

  lost(by: string, atMs: number) {
    this.ledger.note(by, { type: 'lost', sessionKey: this.book.key, atMs })
    return this
  }

  verdict(...listA: string[]): string[] {
    return [...this.violations, ...verdictOf(this.book, stateOf(listA))]
  }
}

const stateOf = (listA: string[]): Partial<State> => ({ listA, countA: listA.length })
const two = () => new Told().append('p', 'a', 0, 'acknowledged', 1, 2).append('q', 'b', 1, 'acknowledged', 3, 4, 2)

describe('the verdict on a session', () => {
  test('is none where everything acknowledged is there, in order', () => {
    expect(two().read(['a'], 3).read(['a', 'b'], 5).verdict('a', 'b')).toEqual([])
  })

  test('leaves open whether an unknown one is there', () => {
    const told = () => two().append('p', 'c', 2, 'unknown', 5, 6, 3).begin('q', 'd', 7).died('q')
    expect(told().verdict('a', 'b')).toEqual([])
    expect(told().verdict('a', 'b', 'c', 'd')).toEqual([])
  })

  test('leaves open whether one is there that was to be written behind by a process that died or lost it', () => {
    const told = () => two().append('p', 'c', 2, 'weak', 5, 6, 3)
    expect(told().died('p').verdict('a', 'b')).toEqual([])
    expect(told().lost('p', 7).verdict('a', 'b')).toEqual([])
    expect(told().lost('p', 7).verdict('a', 'b', 'c')).toEqual([])
  })

  test.each<[string, string[], RegExp]>([
    ['an acknowledged one is lost', two().verdict('a'), /'b' was acknowledged at 1 of 1/],
    ['all are, without an error', two().verdict(), /'a' was acknowledged at 0 of 0/],
    [
      'one is lost that was to be written behind',
      two().append('p', 'c', 2, 'weak', 5, 6, 3).verdict('a', 'b'),
      /'c' was to be written behind at 2 of 2/,
    ],
    [
      'one is lost that was to be written behind after a loss',
      two().lost('p', 4).append('p', 'c', 2, 'weak', 5, 6, 3).verdict('a', 'b'),
      /'c' was to be written behind/,
    ],
    ['one is there twice', two().verdict('a', 'b', 'b'), /'b' is there twice/],
    [
      'an unknown one is there twice',
      two().begin('p', 'c', 5).died('p').verdict('a', 'b', 'c', 'c'),
      /'c' is there twice/,
    ],
    ['one had failed', two().append('p', 'c', 2, 'failed', 5, 6).verdict('a', 'b', 'c'), /'c' is at 2, and had failed/],
    ['one was tried by nobody', two().verdict('a', 'b', 'z'), /'z' is at 2, and nobody put it there/],
    ['two have changed places', two().verdict('b', 'a'), /'b' came before 'a'/],
    ['an epoch falls', two().append('p', 'c', 2, 'acknowledged', 5, 6, 1).verdict('a', 'b', 'c'), /epoch 1 came after/],
    [
      'two share an epoch',
      two().append('p', 'c', 2, 'acknowledged', 5, 6, 2).verdict('a', 'b', 'c'),
      /under one epoch/,
    ],
    [
      'an epoch is given twice',
      two().granted('p', 9).granted('q', 9).verdict('a', 'b'),
      /epoch 9 was given to p and to q/,
    ],
    ['a reader misses one', two().read(['a'], 5).verdict('a', 'b'), /saw 1 values, without 'b'/],
    ['a reader is given an empty session', two().read([], 3).verdict('a', 'b'), /saw an empty list, without 'a'/],
    ['a reader saw what is gone', two().read(['a', 'b', 'x'], 5).verdict('a', 'b'), /saw 'x' at 2/],
    [
      'readers disagree',
      two().read(['a', 'b'], 5).read(['b'], 6).verdict('a', 'b'),
      /two readers saw 'b' and 'a' at 0/,
    ],
    [
      'a counter is not its list',
      verdictOf(two().book, { listA: ['a', 'b'], countA: 3 }),
      /a list of 2 has the count 3/,
    ],
  ])('is against it where %s', (_, problems, expected) => {
    expect(problems).toContainEqual(expect.stringMatching(expected))
  })
})
