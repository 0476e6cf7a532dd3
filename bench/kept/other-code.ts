import { type PartContext, roundsOf } from '../frame/part.js'
import type { Compared, Measured, Series } from '../frame/results.js'
import { compare, measure, takeTurns } from '../frame/rounds.js'
import type { SideSpec } from '../frame/side-process.js'

const CODES = ['ten awaits', 'async-mutex']
const NOT_LOADED = 'not loaded'

/** What Holdfast does to the speed of other asynchronous code of its process. */
export async function otherCode(context: PartContext): Promise<Series> {
  const measured: Measured[] = []
  const compared: Compared[] = []
  for (const code of context.isQuick ? CODES.slice(0, 1) : CODES) {
    context.say(`other code: ${code}`)
    const specs = [NOT_LOADED, 'loaded', 'after an access'].map((holdfast): SideSpec => {
      const module = new URL('other-code-side.js', import.meta.url)
      return { label: `Holdfast ${holdfast}`, module, setting: { code, holdfast } }
    })
    const sides = await takeTurns(specs, {
      node: context.node,
      rounds: roundsOf(context, 11),
      warmUpRounds: context.isQuick ? 1 : 3,
      length: { ms: context.isQuick ? 30 : 200 },
    })
    const [bare, ...others] = sides
    const named = <R extends { readonly setting: object }>(row: R) => ({ ...row, setting: { code } })
    measured.push(...sides.map(measure).map(named))
    if (bare !== undefined) compared.push(...compare(others, bare).map(named))
  }
  return { title: 'Other asynchronous code of the process', measured, compared }
}
