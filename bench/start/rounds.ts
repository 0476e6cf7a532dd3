import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Quartiles } from '../frame/results.js'
import { quartiles } from '../frame/rounds.js'

/** What one process of a side measured. */
type Sample = { readonly [figure: string]: number }

export interface Side {
  readonly name: string
  /** The module that the process runs, which prints its sample as JSON, and its arguments. */
  readonly module: URL
  readonly args: readonly string[]
  readonly environment?: { readonly [name: string]: string }
}

/** The figures of one side, and in each round their ratio to those of the first side. */
export interface SideFigures {
  readonly name: string
  readonly figures: { readonly [figure: string]: Quartiles }
  readonly ratios: { readonly [figure: string]: Quartiles }
}

/** Runs each side once a round, in a process of its own, in turns. */
export async function inTurns(node: string, sides: readonly Side[], rounds: number): Promise<readonly SideFigures[]> {
  const samples = new Map(sides.map(({ name }) => [name, [] as Sample[]]))
  // The first round brings the files into the system's cache, and does not count.
  for (let round = -1; round < rounds; round += 1) {
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      const sample = await run(node, side)
      if (round >= 0) samples.get(side.name)?.push(sample)
    }
  }
  const [first = []] = samples.values()
  return sides.map(({ name }) => {
    const own = samples.get(name) ?? []
    const spreads = (value: (figure: string, round: number) => number) =>
      Object.fromEntries(
        Object.keys(own[0] ?? {}).map((figure) => [figure, quartiles(own.map((_, round) => value(figure, round)))]),
      )
    const of = (all: readonly Sample[], figure: string, round: number) => all[round]?.[figure] ?? Number.NaN
    return {
      name,
      figures: spreads((figure, round) => of(own, figure, round)),
      ratios: spreads((figure, round) => of(own, figure, round) / of(first, figure, round)),
    }
  })
}

async function run(node: string, { module, args, environment }: Side): Promise<Sample> {
  const { stdout } = await promisify(execFile)(node, [module.pathname, ...args], {
    env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true', ...environment },
  })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Sample
}
