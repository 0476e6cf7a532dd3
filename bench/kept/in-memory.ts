import { type PartContext, roundsOf } from '../frame/part.js'
import type { Compared, Goal, Measured, Series } from '../frame/results.js'
import { compare, measure, takeTurns } from '../frame/rounds.js'

const HELD_SESSIONS = [1, 1_000, 10_000, 100_000]
const HELD_SESSIONS_QUICK = [1_000]
const ACCESSES = ['read', 'write']
const RATIO_MIN = 0.65
const HANDLE_RATIO_MIN = 0.9
const HOLDFAST = 'Holdfast'
const HANDLE = 'Holdfast, by handle'

/** Accesses to held sessions against async-mutex, each in a process of its own. */
export async function inMemory(
  context: PartContext,
): Promise<{ readonly series: Series; readonly goals: readonly Goal[] }> {
  const measured: Measured[] = []
  const compared: Compared[] = []
  for (const sessions of context.isQuick ? HELD_SESSIONS_QUICK : HELD_SESSIONS) {
    for (const access of ACCESSES) {
      context.say(`${access}, ${sessions} held`)
      const setting = { sessions, access }
      const sides = await takeTurns(
        [
          { label: HOLDFAST, module: new URL('memory-side.js', import.meta.url), setting },
          { label: HANDLE, module: new URL('handle-side.js', import.meta.url), setting },
          { label: 'async-mutex', module: new URL('mutex-side.js', import.meta.url), setting },
        ],
        {
          node: context.node,
          rounds: roundsOf(context, 15),
          warmUpRounds: context.isQuick ? 1 : 3,
          length: { ms: context.isQuick ? 50 : 300 },
        },
      )
      measured.push(...sides.map(measure))
      const theirs = sides.at(-1)
      if (theirs !== undefined) compared.push(...compare(sides.slice(0, -1), theirs))
    }
  }
  const title = 'In one process: a kept access, and async-mutex in a process that never loaded Holdfast'
  return {
    series: { title, measured, compared },
    goals: [goalOf(compared, HOLDFAST, RATIO_MIN), goalOf(compared, HANDLE, HANDLE_RATIO_MIN)],
  }
}

function goalOf(all: readonly Compared[], side: string, ratioMin: number): Goal {
  const compared = all.filter((one) => one.side === side)
  const least = Math.min(...compared.map(({ ratio }) => ratio.median))
  const ratios = compared.map(({ setting, ratio }) => {
    return `${String(setting.access)} of ${String(setting.sessions)}: ${ratio.median.toFixed(2)}`
  })
  return {
    goal: `a kept access, ${side}, is at least ${ratioMin} times as fast as async-mutex, however many sessions are held`,
    figure: ratios.join(', '),
    isMet: least >= ratioMin,
  }
}
