import { parseArgs } from 'node:util'
import { table } from '../../bench/figures.js'
import { JUDGED_FROM_MS } from './memory.js'
import { COMPLETE_FROM_MINUTES, MORE_MAX_MS } from './timing.js'
import { Torture } from './torture.js'

/**
 * `npm run torture -- --minutes 2 --seed 7 --processes 8`: the local stack and real processes while everything goes
 * wrong. It fails when anything that was acknowledged is lost, when anyone waits beyond the bound, or memory grows.
 */

/** The time that a run may take beyond its minutes: the last round, and an end in which everything is settled. */
const END_MAX_MS = MORE_MAX_MS + 6 * 60_000
const PROCESSES_MAX = 64

const USAGE = 'usage: npm run torture -- [--minutes 2] [--seed 7] [--processes 8]'

function options() {
  try {
    const { values } = parseArgs({
      options: {
        minutes: { type: 'string', default: '2' },
        seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
        processes: { type: 'string', default: '8' },
      },
    })
    const number = (name: keyof typeof values, least: number, most: number, isWhole: boolean): number => {
      const value = Number(values[name])
      if (value >= least && value <= most && (!isWhole || Number.isInteger(value))) return value
      const kind = isWhole ? 'whole number' : 'number'
      throw new RangeError(`--${name} must be a ${kind} from ${least} to ${most}, received '${values[name]}'`)
    }
    return {
      minutes: number('minutes', 0.1, 24 * 60, false),
      seed: number('seed', 0, 1_000_000_000, true),
      processes: number('processes', 4, PROCESSES_MAX, true),
    }
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`)
    process.exit(2)
  }
}

async function main({ minutes, seed, processes }: ReturnType<typeof options>): Promise<void> {
  const interrupt = new AbortController()
  process.on('SIGINT', () => interrupt.abort())
  process.on('SIGTERM', () => interrupt.abort())
  // The reader of the output is gone: the run ends, too.
  process.stdout.on('error', () => interrupt.abort())
  let isOverdue = false
  const watchdog = setTimeout(
    () => {
      isOverdue = true
      interrupt.abort()
    },
    minutes * 60_000 + END_MAX_MS,
  )
  const say = (line: string) => console.log(line)
  say(`torture: ${minutes} minutes, seed ${seed}, ${processes} processes`)
  const { signal } = interrupt
  const torture = new Torture({ minutes, seed, processes, signal, onProgress: say })
  await torture.run()
  clearTimeout(watchdog)

  const { tally, storm, bounds, memory } = torture
  if (isOverdue) tally.violate('the run did not come to an end')
  const faults = [...(storm?.counts ?? [])]
  if (minutes >= COMPLETE_FROM_MINUTES && !signal.aborted) {
    for (const name of storm?.missing ?? []) tally.violate(`it never happened: ${name}`)
    for (const name of tally.missing()) tally.violate(`none was acknowledged: ${name}`)
    for (const name of bounds?.missing() ?? []) tally.violate(`never measured: ${name}`)
  }
  if (minutes * 60_000 >= JUDGED_FROM_MS) for (const problem of memory.growing()) tally.violate(problem)
  const faultLines = [
    ['faults', 'times', 'struck'],
    ...faults.map(([name, { times, strikes }]) => [name, String(times), strikes > 0 ? String(strikes) : '-']),
  ]
  for (const lines of [faultLines, tally.lines(), bounds?.lines() ?? [], memory.lines()]) say(`\n${table(lines)}`)
  const isBrokenOff = signal.aborted && !isOverdue
  const brokenOff = isBrokenOff ? ', broken off' : ''
  const struck = (part: string) =>
    faults.reduce((sum, [name, { strikes }]) => sum + (name.includes(part) ? strikes : 0), 0)
  const strikes = `${struck(' stalls ')} bodies stalled, credentials hung ${struck(' hangs')} and failed ${struck(' fails')} times`
  say(`\ntorture: ${minutes} minutes, seed ${seed}: ${tally.violations} violations${brokenOff}; ${strikes}`)
  process.exitCode = isBrokenOff ? 130 : Math.min(1, tally.violations)
}

try {
  await main(options())
} catch (error) {
  console.error(`torture: ${(error as Error).stack}`)
  process.exitCode = 1
}
