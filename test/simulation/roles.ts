import type { Shape } from './shape.js'

/** A role that few servers have, in a crowd. */
const FEW_OF = 25

/**
 * The roles of the servers of a run: one in most runs, as in most deployments. In others they take turns; and in a crowd of
 * two roles few have the second.
 */
export class Roles {
  private made = 0
  private readonly count: number

  constructor(
    private readonly shape: Shape,
    seed: number,
  ) {
    const isShared = shape === 'crowd' ? seed % 2 === 0 : seed % 3 === 0
    this.count = !isShared ? 1 : shape === 'crowd' ? 2 : 2 + (seed % 2)
  }

  /** The role of the next server. */
  next(): string {
    this.made += 1
    const index = this.shape === 'crowd' ? Number(this.made % FEW_OF === 0) : this.made
    const role = index % this.count
    return role === 0 ? 'app' : `app-${role}`
  }
}
