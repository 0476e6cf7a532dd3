import type { AttributeValue } from '../../protocol/dynamodb.js'
import { equalEncoded } from '../codec/index.js'
import type { ObjectGraph } from './object-graph.js'

/** One attribute of an access, as it was when a nested access first used it. */
export class Savepoint {
  /** Another than this nested access has written the attribute meanwhile, or may have. */
  isShared = false
  /** Nested accesses have committed the attribute so often since, perhaps to the value that was stored already. */
  commits = 0

  constructor(
    /** The value that the access had of its own; undefined where it had none. */
    readonly own: unknown,
    /** Its form at that time: it can be changed in place. Undefined where there was no value. */
    readonly encoded: AttributeValue | undefined,
    /** Its objects at that time. */
    readonly graph: ObjectGraph | undefined,
    /** The last commit. Every later one is another object. */
    readonly cached: AttributeValue | undefined,
    readonly order: number,
  ) {}

  /** @returns whether it stands for the value that is cached now. */
  isStored(cachedNow: AttributeValue | undefined): boolean {
    return this.own === undefined || this.commits > 0 || cachedNow !== this.cached
  }
}

/** A nested access that still runs, as the whole access sees it. */
export interface UnfinishedPart {
  readonly savepoints: ReadonlyMap<string, Savepoint>
  isWithin(other: UnfinishedPart): boolean
}

/** Whether a value has this form. Undefined means that there is no value; what cannot be encoded has another form. */
export function isSameForm(form: () => AttributeValue, expected: () => AttributeValue | undefined): boolean {
  try {
    const other = expected()
    return other !== undefined && equalEncoded(form(), other)
  } catch {
    return false
  }
}
