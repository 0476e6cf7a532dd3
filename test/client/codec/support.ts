import { decodeValue, encodeValue } from '../../../client/codec/index.js'
import { InvalidValueError } from '../../../client/errors/index.js'

export const roundTrip = (value: unknown): unknown => decodeValue(encodeValue(value, 'cart'))

/** The message by which the value is refused as `cart`. Anything else than a refusal with its path is an error. */
export function refusal(value: unknown): string {
  try {
    encodeValue(value, 'cart')
  } catch (error) {
    if (error instanceof InvalidValueError && error.message.startsWith(`${error.path}: `)) return error.message
    throw error
  }
  return 'accepted'
}

export const withPrototype = <T extends object>(prototype: object | null, properties: T): T =>
  Object.setPrototypeOf(properties, prototype)

/** `innermost` inside so many containers. */
export function nested(levels: number, wrap: (inner: unknown) => unknown, innermost: unknown = 'x'): unknown {
  let value = innermost
  for (let level = 0; level < levels; level += 1) value = wrap(value)
  return value
}

/**
 * Whether two values are equal in type and content, all the way down, and share no part: what "comes back exactly"
 * means. Written apart from the codec, on what the language says about values, so that it can judge it.
 */
export function isSameValue(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || a === null) return Object.is(a, b)
  if (typeof b !== 'object' || b === null || a === b) return false
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  if (ArrayBuffer.isView(a)) return isSameBytes(a as Uint8Array, b as Uint8Array)
  return isSameContent(a, b) && haveSameProperties(a, b)
}

function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}

function isSameContent(a: object, b: object): boolean {
  if (a instanceof Date) return a.getTime() === (b as Date).getTime()
  if (a instanceof Map) return areSameLists([...a].flat(1), [...(b as Map<unknown, unknown>)].flat(1))
  if (a instanceof Set) return areSameLists([...a], [...(b as Set<unknown>)])
  return true
}

const areSameLists = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((value, index) => isSameValue(value, b[index]))

/** Every own property: of arrays their elements and length, too. The order of an object's properties may differ. */
function haveSameProperties(a: object, b: object): boolean {
  const keys = Reflect.ownKeys(a)
  return (
    keys.length === Reflect.ownKeys(b).length &&
    keys.every((key) => {
      const left = Object.getOwnPropertyDescriptor(a, key)
      const right = Object.getOwnPropertyDescriptor(b, key)
      if (left === undefined || right === undefined || !('value' in left) || !('value' in right)) return false
      return left.enumerable === right.enumerable && isSameValue(left.value, right.value)
    })
  )
}
