import type { AttributeValue } from '../../protocol/dynamodb.js'
import { encodeValue, equalEncoded } from '../codec/index.js'

/** One attribute of an access, as it was when a nested access first used it. */
export class Savepoint {
  /** Another than this nested access has written the attribute meanwhile, or may have. */
  isShared = false
  /** A nested access has committed the attribute since, perhaps to the value that was stored already. */
  isCommitted = false

  constructor(
    /** The value that the access had of its own; undefined where it had none. */
    readonly own: unknown,
    /** Its form at that time: it can be changed in place. Undefined where there was no value. */
    readonly encoded: AttributeValue | undefined,
    /** The last commit. Every later one is another object. */
    readonly cached: AttributeValue | undefined,
    readonly order: number,
  ) {}
}

/** A nested access that still runs, as the whole access sees it. */
export interface UnfinishedPart {
  readonly savepoints: ReadonlyMap<string, Savepoint>
  isWithin(other: UnfinishedPart): boolean
}

/** Whether a value has this form. Undefined means that there is no value. */
export function hasForm(value: unknown, form: () => AttributeValue | undefined): boolean {
  try {
    const expected = form()
    return expected !== undefined && equalEncoded(encodeValue(value, 'value'), expected)
  } catch {
    return false
  }
}

/**
 * An object that was a value of the access until a nested access failed. The program may still refer to it, and change
 * it in vain.
 */
export class Detached {
  private seen: AttributeValue | string

  constructor(
    readonly name: string,
    readonly value: object,
  ) {
    this.seen = this.look()
  }

  /** Whether it was changed since the last look. */
  isChanged(): boolean {
    const before = this.seen
    this.seen = this.look()
    if (typeof before === 'string' || typeof this.seen === 'string') return before !== this.seen
    return !equalEncoded(before, this.seen)
  }

  /** Its form, or why it has none. */
  private look(): AttributeValue | string {
    try {
      return encodeValue(this.value, this.name)
    } catch (error) {
      return String(error)
    }
  }
}
