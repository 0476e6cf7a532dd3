import { brand, nameOf, nameType, typesOf } from './brand.js'

/** Whether a failed operation changed anything: `none` means certainly not, `unknown` means perhaps. */
export type Effect = 'none' | 'unknown'

export interface ErrorTraits {
  readonly effect?: Effect
  readonly retryable?: boolean
  readonly cause?: unknown
}

/**
 * The base of all errors of this package. {@link isHoldfastError} narrows an error by its `code`.
 *
 * @example
 * try {
 *   await holdfast.access(id, { write: ['cart'] }, work)
 * } catch (error) {
 *   if (error instanceof HoldfastError && error.retryable && error.effect === 'none') return retryLater()
 *   throw error
 * }
 */
export class HoldfastError extends Error {
  static {
    nameType(this, 'HoldfastError')
  }

  /** A stable code in upper case, such as `WAIT_TIMEOUT`. {@link HoldfastErrorCode} lists the codes of the client. */
  readonly code: string
  /** Whether the failed operation may have changed something. */
  readonly effect: Effect
  /** True when the same call may succeed later without a change to the program. */
  readonly retryable: boolean

  constructor(code: string, message: string, traits: ErrorTraits = {}) {
    super(message, traits.cause === undefined ? undefined : { cause: traits.cause })
    this.name = nameOf(new.target) ?? new.target.name
    this.code = code
    this.effect = traits.effect ?? 'none'
    this.retryable = traits.retryable ?? false
    brand(this, new.target)
  }

  /** Where the package's documents say what causes this error and what to do: a file, and the entry of its `code` there. */
  get help(): string {
    return `holdfast/docs/guide/troubleshooting.md#${this.code.toLowerCase()}`
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    const name = nameOf(this)
    // An application's own class of errors is known by its prototype only, as any other class is.
    return name === undefined ? Function.prototype[Symbol.hasInstance].call(this, value) : typesOf(value).includes(name)
  }
}
