import { types } from 'node:util'
import { become, nameOf, typesOf } from '../errors/brand.js'
import { HoldfastError, type SchemaError } from '../errors/index.js'
import { KNOWN_TYPES } from '../errors/known.js'
import { WORKER_ERROR_CAUSES_MAX } from '../limits.js'

/** The form in which an error crosses a port. The structured clone of an error would lose its class and its code. */
export interface WireError {
  /** The fixed names of its types, its own first, where it is an error of this package. */
  readonly types: readonly string[]
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  /** The error's own data, such as `code` and `reason`. */
  readonly data: { readonly [name: string]: unknown }
  readonly issues: unknown
  readonly cause: WireError | undefined
}

/** The types of errors that can cross, by their fixed names. */
const TYPES = new Map([HoldfastError, ...KNOWN_TYPES].map((type) => [nameOf(type), type] as const))

const NOT_DATA = new Set(['name', 'message', 'stack', 'cause'])

/**
 * Converts any thrown value to a form that can be sent. It never throws, although an application may throw anything.
 */
export function toWire(thrown: unknown, causesMax = WORKER_ERROR_CAUSES_MAX): WireError {
  try {
    const wire = describe(thrown, causesMax)
    if (canCross(wire)) return wire
  } catch {
    // A getter or the conversion to a string threw an error itself.
  }
  return describe(new Error('something was thrown that cannot be sent to the worker thread'), 0)
}

function describe(thrown: unknown, causesMax: number): WireError {
  const { name, message, stack, cause } = isError(thrown) ? thrown : new Error(String(thrown))
  const issues = (thrown as Partial<SchemaError> | null | undefined)?.issues
  const data = Object.entries(thrown ?? {}).filter(([key, value]) => !NOT_DATA.has(key) && canCross(value))
  return {
    types: typesOf(thrown),
    name,
    message,
    stack,
    data: Object.fromEntries(data),
    issues: canCross(issues) ? issues : undefined,
    cause: isError(cause) && causesMax > 0 ? toWire(cause, causesMax - 1) : undefined,
  }
}

/**
 * Whether it is an error of any realm: under Jest, errors that Node.js makes are of another realm than the
 * application's.
 */
const isError = (value: unknown): value is Error => types.isNativeError(value) || value instanceof Error

function canCross(value: unknown): boolean {
  try {
    structuredClone(value)
    return true
  } catch {
    return false
  }
}

/** Makes the error again, with its class: `instanceof`, `code` and the error's data are as before. */
export function fromWire(wire: WireError): Error {
  const error = new Error(wire.message, wire.cause === undefined ? undefined : { cause: fromWire(wire.cause) })
  if (wire.stack !== undefined) error.stack = wire.stack
  const type = wire.types.map((name) => TYPES.get(name)).find((known) => known !== undefined)
  if (type !== undefined) become(error, type)
  // As an error of this package has it, and otherwise as an error of the language.
  const enumerable = type !== undefined
  Object.defineProperty(error, 'name', { value: wire.name, enumerable, writable: true, configurable: true })
  if (wire.issues !== undefined) Object.defineProperty(error, 'issues', { value: wire.issues })
  return Object.assign(error, wire.data)
}
