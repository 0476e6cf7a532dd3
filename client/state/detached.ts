import { NestedAccessError } from '../errors/index.js'
import { ObjectGraph } from './object-graph.js'
import type { UnfinishedPart } from './savepoint.js'

/**
 * Objects that were in values of an access until a nested access failed. The program may still refer to them, and change
 * them in vain.
 */
export class DetachedObjects {
  private readonly all: { readonly name: string; graph: ObjectGraph }[] = []

  /** @param kept objects that are still in the value. */
  add(name: string, values: readonly unknown[], kept: ObjectGraph | undefined): void {
    this.all.push({ name, graph: new ObjectGraph(values, kept) })
  }

  /** Throws where the program has changed one of them that is in none of these values. It tells this once. */
  check(part: UnfinishedPart | undefined, values: readonly unknown[]): void {
    const kept = new ObjectGraph(values)
    for (const each of this.all) {
      if (part?.savepoints.has(each.name) === false || !each.graph.isChanged(kept)) continue
      each.graph = each.graph.again()
      throw new NestedAccessError(
        `an object was changed that attribute '${each.name}' had before a nested access failed: read session.state again after that`,
      )
    }
  }
}
