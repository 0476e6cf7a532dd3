import { Buffer } from 'node:buffer'
import { isDeepStrictEqual } from 'node:util'
import { type Place, refuse, refuseSymbols } from './refusal.js'

// A byte array's own property could shadow `length`; this asks the array itself.
// oxlint-disable-next-line typescript/unbound-method -- it is called with the array as its receiver
const lengthGetter = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), 'length')?.get

export const lengthOfBytes = (bytes: Uint8Array): number => lengthGetter?.call(bytes)

/** A copy of a Uint8Array's or Buffer's bytes. Refuses one that is more than its bytes, or less. */
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
    return isDeepStrictEqual(bytes, Object.getPrototypeOf(bytes) === Buffer.prototype ? Buffer.from(copy.buffer) : copy)
  } catch {
    // A further property shadows one that the comparison reads, and throws.
    return false
  }
}
