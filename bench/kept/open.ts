import { type PartContext, roundsOf } from '../frame/part.js'
import type { Goal, Series } from '../frame/results.js'
import { compare, lostUpdates, measure, takeTurns } from '../frame/rounds.js'

const RATIO_MIN = 0.83

/** Overlapping uses of one session by `open` and `close`, against those by `access`. */
export async function openAndClose(context: PartContext): Promise<{ readonly series: Series; readonly goal: Goal }> {
  context.say('open and close')
  const module = new URL('open-side.js', import.meta.url)
  const sides = await takeTurns(
    [
      { label: 'open and close', module, setting: { by: 'open' } },
      { label: 'access', module, setting: { by: 'access' } },
    ],
    {
      node: context.node,
      rounds: roundsOf(context, 15),
      warmUpRounds: context.isQuick ? 1 : 3,
      length: { operations: context.isQuick ? 2 : 10 },
    },
  )
  for (const side of sides) context.expectCount(`${side.spec.label}: lost updates`, lostUpdates(side), 0)
  const [ours, access] = sides
  const compared = ours === undefined || access === undefined ? [] : compare([ours], access)
  const ratio = compared[0]?.ratio.median ?? Number.NaN
  return {
    series: {
      title: '200 uses of one session that begin at once; a request to the store takes 5 ms',
      measured: sides.map((side) => ({ ...measure(side), setting: {}, counts: { lostUpdates: lostUpdates(side) } })),
      compared: compared.map((row) => ({ ...row, setting: {} })),
    },
    goal: {
      goal: `open and close are at least ${RATIO_MIN} times as fast as access`,
      figure: ratio.toFixed(2),
      isMet: ratio >= RATIO_MIN,
    },
  }
}
