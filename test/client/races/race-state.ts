import type { Holdfast } from '../../../client/holdfast.js'
import type { World } from '../../support/world.js'
import type { Plan } from './plan.js'
import type { Watch } from './watch.js'

export type RacedState = Record<string, string[]>

/** A race as its checks see it. */
export interface RaceState {
  readonly plan: Plan
  readonly world: World
  readonly watch: Watch
  readonly clients: readonly Holdfast<RacedState>[]
  readonly keys: readonly string[]
  /** The clients that are closed, by index. */
  readonly closed: ReadonlySet<number>
}
