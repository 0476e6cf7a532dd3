import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { Round, SideRounds } from '../../bench/frame/rounds.js'
import { packageRoot } from '../../local/package-root.cjs'

interface Turns {
  readonly parent: number
  readonly order: readonly string[]
  readonly sides: readonly [two: SideRounds, big: SideRounds]
  readonly problems: readonly string[]
}

const counts = (rounds: readonly Round[], name: string) =>
  rounds.map(({ works }) => works.map((work) => work.counts[name]))

describe('sides that take turns in processes of their own', () => {
  let turns: Turns
  beforeAll(() => {
    const output = execFileSync(process.execPath, [join(packageRoot, 'test/bench/turns.mjs')], { encoding: 'utf8' })
    turns = JSON.parse(output) as Turns
  })

  test('another one begins in every round after the warm-up', () => {
    expect(turns.order.slice(0, 8)).toEqual(['two', 'big', 'two', 'big', 'big', 'two', 'two', 'big'])
  })

  test('each process keeps what it has from round to round, and knows its place', () => {
    const [two, big] = turns.sides
    expect(counts(two.rounds, 'rounds')).toEqual([
      [2, 2],
      [3, 3],
      [4, 4],
    ])
    expect(counts(two.rounds, 'index')).toEqual([
      [0, 1],
      [0, 1],
      [0, 1],
    ])
    expect(counts(two.rounds, 'isNamed')).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
    ])
    expect(counts(big.rounds, 'isNamed')).toEqual([[0], [0], [0]])
    const pids = new Set([turns.parent, ...counts([...two.rounds, ...big.rounds], 'pid').flat()])
    expect(pids.size).toBe(4)
  })

  test('the slowest process of a team ends its round', () => {
    const [two, big] = turns.sides
    // 2 × 10 operations in 20 ms, and 50 in 10 ms.
    expect(two.rounds.map((round) => round.operationsPerSecond)).toEqual([1_000, 1_000, 1_000])
    expect(big.rounds.map((round) => round.operationsPerSecond)).toEqual([5_000, 5_000, 5_000])
  })

  test('each process is asked for a last round of no operations', () => {
    const [two, big] = turns.sides
    expect([...two.last, ...big.last].map(({ operations, counts: { rounds } }) => ({ operations, rounds }))).toEqual(
      Array.from({ length: 3 }, () => ({ operations: 0, rounds: 5 })),
    )
  })

  test('a side that fails is named with its problem', () => {
    expect(turns.problems).toEqual([
      expect.stringMatching(/^failing: .*no start$/),
      expect.stringMatching(/^failing: .*no round$/),
      'failing: ended with 3',
    ])
  })
})
