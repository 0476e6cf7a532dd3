import { inspect } from 'node:util'
import { SESSION_ID_BYTES_MAX } from '../../protocol/limits.js'
import { InvalidArgumentError } from '../errors/index.js'
import { readsAsName, shownKey } from '../errors/shown-key.js'
import { isPlainObject } from '../realms.js'

/** Checks of options and arguments, made before anything happens. */

/** All keys of a type. The compiler checks that none is missing. */
export type Keys<T> = { readonly [K in keyof Required<T>]: true }

export function checkKeys(value: unknown, known: { readonly [key: string]: true }, where: string): void {
  if (typeof value !== 'object' || value === null) {
    throw new InvalidArgumentError(`the options of ${where} must be an object, received ${kindOf(value)}`)
  }
  for (const key of Object.keys(value)) {
    if (Object.hasOwn(known, key)) continue
    throw new InvalidArgumentError(
      `${where} has no option ${shownKey(key)}: known are ${Object.keys(known).join(', ')}`,
    )
  }
}

export function integer(name: string, value: unknown, least: number, most: number, refuse = invalid): number {
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return value as number
  throw refuse(name, `an integer from ${least} to ${most}`, value)
}

/** Refuses everything but an object that has this method. */
export function checkMethod(name: string, value: unknown, method: string, expected: string): void {
  const has = typeof value === 'object' && value !== null && typeof Reflect.get(value, method) === 'function'
  if (!has) throw invalid(name, expected, value)
}

/** The kind of a received value, for an error that must not show the value. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  return `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`
}

export const invalid = (name: string, expected: string, received: unknown): InvalidArgumentError =>
  new InvalidArgumentError(`'${name}' must be ${expected}, received ${shown(received)}`)

const SHOWN_CHARS_MAX = 64

/** The same, where a caller of an access may have given a session's id by mistake. */
export const refused = (name: string, expected: string, received: unknown): InvalidArgumentError =>
  new InvalidArgumentError(`'${name}' must be ${expected}, received ${shownUnlessId(received)}`)

/** A wrong value as an error may show it where it may be a session's id. */
export const shownUnlessId = (value: unknown): string =>
  typeof value === 'string' && !readsAsName(value) ? kindOf(value) : shown(value)

/** A wrong setting as an error may show it. Strings and numbers are no secrets; an object may hold some. */
export function shown(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value !== 'string') return kindOf(value)
  return inspect(value.length <= SHOWN_CHARS_MAX ? value : `${value.slice(0, SHOWN_CHARS_MAX)}…`)
}

/** Throws unless the value can be a session id. The id itself appears in no message: it is a credential. */
export function checkSessionId(id: unknown): asserts id is string {
  if (typeof id !== 'string') throw new InvalidArgumentError(`a session id must be a string, received ${kindOf(id)}`)
  // UTF-8 encodes all lone surrogates alike: two such ids could be the same session.
  if (/\p{Surrogate}/u.test(id)) throw new InvalidArgumentError('a session id must be well-formed Unicode')
  // No UTF-16 code unit takes more than three bytes of UTF-8. So the bytes of short ids need not be counted.
  if (id !== '' && id.length * 3 <= SESSION_ID_BYTES_MAX) return
  const bytes = Buffer.byteLength(id)
  if (bytes === 0 || bytes > SESSION_ID_BYTES_MAX) {
    throw new InvalidArgumentError(`a session id must have 1 to ${SESSION_ID_BYTES_MAX} bytes, received ${bytes}`)
  }
}

/**
 * Refuses every value but a plain object as the attributes of a new session. An array or a Map, for example, would make
 * a session with unexpected attributes, or with none.
 */
export function checkInit(init: unknown): void {
  const isObject = typeof init === 'object' && init !== null
  if (isObject && isPlainObject(init)) return
  const received = !isObject || Array.isArray(init) ? kindOf(init) : 'another kind of object'
  throw new InvalidArgumentError(`a session is made of a plain object such as { cart: … }, received ${received}`)
}

/** Refuses work that is no function. */
export function checkWork(work: unknown): asserts work is (...args: never[]) => unknown {
  if (typeof work !== 'function')
    throw new InvalidArgumentError(`the work must be a function, received ${kindOf(work)}`)
}
