import { NestedAccessError } from '../errors/index.js'
import type { Savepoint, UnfinishedPart } from './savepoint.js'

/** Throws where the outcomes of nested accesses contradict each other on this attribute. */
export function refuseConflict(name: string | undefined): void {
  if (name === undefined) return
  throw new NestedAccessError(
    `nested accesses wrote attribute '${name}' at the same time, and one of them failed: await one before the next begins`,
  )
}

/** Throws where this attribute's changes are not those of the access that commits alone. */
export function refuseMixed(name: string): never {
  throw new NestedAccessError(
    `attribute '${name}' was also used by a nested access that still runs: await that before the commit`,
  )
}

/** The nested accesses of one access that still run, on every level. */
export class UnfinishedParts extends Set<UnfinishedPart> {
  /** What those within `part`, or all, have saved of an attribute, the oldest first. */
  savedIn(name: string, part: UnfinishedPart | undefined): readonly Savepoint[] {
    const saved: Savepoint[] = []
    for (const each of this) {
      const savepoint = part === undefined || each.isWithin(part) ? each.savepoints.get(name) : undefined
      if (savepoint !== undefined) saved.push(savepoint)
    }
    return saved.sort((a, b) => a.order - b.order)
  }

  /** Those that use this attribute, other than `by` and those around it, have not written it alone. */
  share(name: string, by: UnfinishedPart | undefined): void {
    for (const each of this) {
      const savepoint = each === by || by?.isWithin(each) === true ? undefined : each.savepoints.get(name)
      if (savepoint !== undefined) savepoint.isShared = true
    }
  }

  /**
   * A nested access commits what it used. To undo a change leads back to that, and no further. The returned function is
   * for a commit that is refused.
   */
  committed(part: UnfinishedPart): () => void {
    const names = [...part.savepoints.keys()]
    const saved = [...this].flatMap(({ savepoints }) => names.flatMap((name) => savepoints.get(name) ?? []))
    for (const savepoint of saved) savepoint.commits += 1
    return () => {
      for (const savepoint of saved) savepoint.commits -= 1
    }
  }

  /** Whether one uses the attribute that is neither within `part` nor around it. */
  isUsedBeside(name: string, part: UnfinishedPart): boolean {
    for (const each of this) {
      if (each === part || each.isWithin(part) || part.isWithin(each)) continue
      if (each.savepoints.has(name)) return true
    }
    return false
  }
}
