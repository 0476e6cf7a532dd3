import { type ErrorTraits, HoldfastError } from './base.js'
import { nameType } from './brand.js'
import { readsAsName } from './shown-key.js'

/** `INVALID_ARGUMENT`: an id, an attribute name, an option or a call is not acceptable. Nothing has happened. */
export class InvalidArgumentError extends HoldfastError {
  static {
    nameType(this, 'InvalidArgumentError')
  }

  declare readonly code: 'INVALID_ARGUMENT'

  constructor(message: string, traits: ErrorTraits = {}) {
    super('INVALID_ARGUMENT', message, traits)
  }
}

/**
 * `INVALID_VALUE`: a value cannot be stored exactly. `path` is its place, such as `cart.items[3].price`. It shows no
 * value. Of a Map and a Set it has positions, as in `cart.values()[0]`. A property's name is in it only where it reads
 * as a name in a program: words such as `lineItems`, with at most two digits at the end. Any other key is shown as
 * `[string]`: a plain object may be a dictionary, whose keys are data.
 */
export class InvalidValueError extends HoldfastError {
  static {
    nameType(this, 'InvalidValueError')
  }

  declare readonly code: 'INVALID_VALUE'
  readonly path: string

  constructor(path: string, problem: string) {
    super('INVALID_VALUE', `${path}: ${problem}`)
    this.path = path
  }
}

/** One problem that a schema found, and its place in the attribute. */
export interface SchemaIssue {
  readonly message: string
  readonly path: readonly string[]
}

const POSITION = /^\d{1,4}$/

const shownStep = (step: string): string => (readsAsName(step) || POSITION.test(step) ? step : '[string]')

/**
 * `SCHEMA_MISMATCH`: a stored attribute, or a changed one, does not match its schema. Nothing was written. The message
 * shows keys as an {@link InvalidValueError} does; `issues` has them in full.
 */
export class SchemaError extends HoldfastError {
  static {
    nameType(this, 'SchemaError')
  }

  declare readonly code: 'SCHEMA_MISMATCH'
  readonly attribute: string
  /** The schema's findings. They are not shown when the error is printed: their messages may contain values. */
  declare readonly issues: readonly SchemaIssue[]

  constructor(attribute: string, issues: readonly SchemaIssue[]) {
    const places = [...new Set(issues.map(({ path }) => [attribute, ...path.map(shownStep)].join('.')))]
    super('SCHEMA_MISMATCH', `attribute '${attribute}' does not match its schema at ${places.join(', ')}: see 'issues'`)
    this.attribute = attribute
    Object.defineProperty(this, 'issues', { value: issues })
  }
}

/** `TOO_LARGE`: an attribute or the whole session is over its size limit. Nothing was written. */
export class TooLargeError extends HoldfastError {
  static {
    nameType(this, 'TooLargeError')
  }

  declare readonly code: 'TOO_LARGE'
  /** The attribute that is too large, or undefined where the whole session is too large. */
  readonly attribute: string | undefined
  readonly sizeBytes: number
  readonly limitBytes: number

  constructor(attribute: string | undefined, sizeBytes: number, limitBytes: number) {
    const what = attribute === undefined ? 'the session' : `attribute '${attribute}'`
    super('TOO_LARGE', `${what} would be ${sizeBytes} bytes, at most ${limitBytes} are allowed: keep less in it`)
    this.attribute = attribute
    this.sizeBytes = sizeBytes
    this.limitBytes = limitBytes
  }
}

const NOT_LOCKED = {
  read: "is not locked for reading by this access: name it in 'read' or 'write', or call session.lock() first",
  write: "is not locked for writing by this access: name it in 'write', or call session.lock() first",
  end: "must be locked for writing to destroy or rotate a session: lock 'all', or call session.lock('all') first",
  peek: 'is read-only in a peek: change it in an access that locks it for writing',
  request: "was changed by a request that locks its session for reading only: use lock 'write' for it",
  change: 'was locked for reading, so this value of it is read-only: read it under a write lock, or change a copy',
} as const

/**
 * `NOT_LOCKED`: an access used an attribute that it did not lock, or wrote an attribute that it locked for reading, or
 * called a method that changes a Map, Set or Date in such an attribute. Where `attribute` is `*`, it is all of them.
 */
export class NotLockedError extends HoldfastError {
  static {
    nameType(this, 'NotLockedError')
  }

  declare readonly code: 'NOT_LOCKED'
  readonly attribute: string

  constructor(attribute: string, needed: keyof typeof NOT_LOCKED) {
    super('NOT_LOCKED', `attribute '${attribute}' ${NOT_LOCKED[needed]}`)
    this.attribute = attribute
  }
}

/** `ACCESS_ENDED`: a session object was used after its access had ended. */
export class AccessEndedError extends HoldfastError {
  static {
    nameType(this, 'AccessEndedError')
  }

  declare readonly code: 'ACCESS_ENDED'

  constructor(problem = 'this access has ended: use the session only inside it, and await what you start there') {
    super('ACCESS_ENDED', problem)
  }
}

/**
 * `NESTED_ACCESS`: an access began inside another access of the same task, which does not hold the locks that it needs.
 * Or changes of the outer access would be lost: a nested access failed, and an object that it had changed was changed
 * again, or another access wrote the same attribute at the same time.
 */
export class NestedAccessError extends HoldfastError {
  static {
    nameType(this, 'NestedAccessError')
  }

  declare readonly code: 'NESTED_ACCESS'

  constructor(message: string) {
    super('NESTED_ACCESS', message)
  }
}
