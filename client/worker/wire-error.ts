import { become } from '../error-brand.js'
import * as errors from '../errors.js'

/** An error as it crosses a port: structured clone would keep neither its class nor its code. */
export interface WireError {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  /** The error's own data, such as `code` and `reason`. */
  readonly data: { readonly [name: string]: unknown }
  readonly issues: unknown
  readonly cause: { readonly name: string; readonly message: string } | undefined
}

const NOT_DATA = new Set(['name', 'message', 'stack', 'cause'])

export function toWire(error: unknown): WireError {
  const { name, message, stack, cause } = error instanceof Error ? error : new Error(String(error))
  const data = Object.entries(error ?? {}).filter(([key]) => !NOT_DATA.has(key))
  return {
    name,
    message,
    stack,
    data: Object.fromEntries(data),
    issues: (error as Partial<errors.SchemaError>)?.issues,
    cause: cause instanceof Error ? { name: cause.name, message: cause.message } : undefined,
  }
}

/** The error again, of its own class: `instanceof`, `code` and data hold. */
export function fromWire(wire: WireError): Error {
  const cause =
    wire.cause === undefined ? undefined : Object.assign(new Error(wire.cause.message), { name: wire.cause.name })
  const error = new Error(wire.message, cause === undefined ? undefined : { cause })
  if (wire.stack !== undefined) error.stack = wire.stack
  const type = (errors as { readonly [name: string]: unknown })[wire.name]
  if (typeof type === 'function') become(error, type)
  if (wire.issues !== undefined) Object.defineProperty(error, 'issues', { value: wire.issues })
  return Object.assign(error, wire.data)
}
