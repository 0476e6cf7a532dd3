import type { Random } from '../support/random.js'

/**
 * A few servers for a short time; a crowd of them; two for longer than a gateway keeps a connection; one for longer than
 * a lock may be held without `keep`; or two that ask each other for more sessions than a renewal names, while every push
 * is lost.
 */
export type Shape = 'usual' | 'crowd' | 'long' | 'days' | 'contended'

/** Far more processes than may stand in one queue. */
const CROWD = 200
/** Servers of a shape whose number is not drawn, and the tasks of each. */
export const SERVERS: { readonly [S in Shape]?: number } = { crowd: CROWD, long: 2, days: 1, contended: 2 }
export const TASKS: { readonly [S in Shape]?: number } = { crowd: 1, contended: 100 }
/** Runs of hours get no more mischief than one of minutes: a new server every few seconds is another test. */
export const SLOWER: { readonly [S in Shape]?: number } = { long: 60, days: 60_000 }

export function chooseShape(seed: number, random: Random): Shape {
  if (random.chance(0.002)) return 'days'
  if (random.chance(0.004)) return 'crowd'
  if (random.chance(0.004)) return 'long'
  return seed % 250 === 100 ? 'contended' : 'usual'
}
