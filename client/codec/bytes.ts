import { Buffer } from 'node:buffer'
import { isDeepStrictEqual } from 'node:util'
import { type Place, refuse, refuseSymbols } from './refusal.js'

/**
 * A getter of a built-in prototype. It reads the value's internal data: an own property of the value, or the prototype
 * of its realm, could give a false answer.
 */
export function getterOf(prototype: object, name: string): (this: object) => number {
  // oxlint-disable-next-line typescript/unbound-method -- it is called with a value as its receiver
  const getter = Object.getOwnPropertyDescriptor(prototype, name)?.get
  if (getter === undefined) throw new Error(`this engine has no getter '${name}'`)
  return getter
}

const lengthGetter = getterOf(Object.getPrototypeOf(Uint8Array.prototype), 'length')

export const lengthOfBytes = (bytes: Uint8Array): number => lengthGetter.call(bytes)

/** A copy of a Uint8Array's or Buffer's bytes. Refuses one that has further properties or that is detached. */
export function copyBytes(bytes: Uint8Array, place: Place): Uint8Array {
  refuseSymbols(bytes, 'a Uint8Array', place)
  let copy: Uint8Array<ArrayBuffer>
  try {
    copy = new Uint8Array(bytes)
  } catch {
    return refuse(place, 'a detached Uint8Array')
  }
  if (!isNothingMore(bytes, copy)) refuse(place, 'a Uint8Array with further properties')
  return copy
}

/**
 * Whether `bytes` has no further enumerable properties than its copy. Listing them would list every index as well,
 * which takes milliseconds for a large array; Node's own comparison looks past the indices.
 */
function isNothingMore(bytes: Uint8Array, copy: Uint8Array<ArrayBuffer>): boolean {
  try {
    return isDeepStrictEqual(bytes, likeness(copy, Object.getPrototypeOf(bytes)))
  } catch {
    // A further property shadows one that the comparison reads, and throws.
    return false
  }
}

/**
 * The copy with the value's prototype (a Buffer's, or one of another realm): the comparison compares prototypes, too.
 */
function likeness(copy: Uint8Array<ArrayBuffer>, prototype: object): Uint8Array {
  if (prototype === Uint8Array.prototype) return copy
  return prototype === Buffer.prototype
    ? Buffer.from(copy.buffer)
    : Object.setPrototypeOf(new Uint8Array(copy.buffer), prototype)
}
