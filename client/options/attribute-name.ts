import { InvalidArgumentError } from '../errors/index.js'
import { ATTRIBUTE_NAME_BYTES_MAX } from '../limits.js'
import { kindOf } from './check.js'

/**
 * Names that no attribute can have: if an application copied such an attribute into a plain object, the key would hide
 * a member of Object.prototype or change the prototype. The names are written out, so that every process refuses the
 * same names, even if its libraries add members to Object.prototype.
 */
const RESERVED = [
  '__defineGetter__',
  '__defineSetter__',
  '__lookupGetter__',
  '__lookupSetter__',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'isPrototypeOf',
  'propertyIsEnumerable',
  'prototype',
  'toLocaleString',
  'toString',
  'valueOf',
] as const
export type ReservedName = (typeof RESERVED)[number]
export const RESERVED_NAMES: ReadonlySet<string> = new Set(RESERVED)
const LONE_SURROGATE = /\p{Surrogate}/u

/** Throws unless the value can name an attribute. A refused name is not shown: it may be an id given by mistake. */
export function checkAttributeName(name: unknown): asserts name is string {
  if (typeof name !== 'string' || name === '') {
    throw new InvalidArgumentError(
      `an attribute name must be a string of at least one character, received ${kindOf(name)}`,
    )
  }
  // No UTF-16 code unit takes more than three bytes of UTF-8. So the bytes of short names need not be counted.
  if (name.length * 3 > ATTRIBUTE_NAME_BYTES_MAX) {
    const sizeBytes = Buffer.byteLength(name)
    if (sizeBytes > ATTRIBUTE_NAME_BYTES_MAX) {
      throw new InvalidArgumentError(
        `an attribute name may take ${ATTRIBUTE_NAME_BYTES_MAX} bytes of UTF-8, received one of ${sizeBytes}`,
      )
    }
  }
  if (LONE_SURROGATE.test(name)) {
    throw new InvalidArgumentError('an attribute name must be well-formed Unicode, received one with a lone surrogate')
  }
  if (RESERVED_NAMES.has(name)) {
    throw new InvalidArgumentError(`an attribute name must not be one of Object.prototype's, received '${name}'`)
  }
}
