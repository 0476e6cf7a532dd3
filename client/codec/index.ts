import { Buffer } from 'node:buffer'
import type { AttributeValue } from '../../protocol/dynamodb.js'
import { equalN, sizeOfN } from './numbers.js'

/**
 * Converts values to the form that DynamoDB stores, and back. A value comes back exactly, or it is refused with the
 * place at fault. `format.ts` shows the stored form.
 */
export { decodeValue } from './decode.js'
export { encodeValue, type UndefinedValues } from './encode.js'
export { ReadOnlyGuard } from './read-only.js'

type List = readonly AttributeValue[]
type Fields = { readonly [name: string]: AttributeValue }

/** The type of an encoded value. It is the value's only own property, so a loop finds it first. */
function typeOf(encoded: AttributeValue): string {
  for (const type in encoded) return type
  return ''
}

/** The content of an encoded value. Its type depends on `type` in a way that TypeScript cannot express. */
const contentOf = (encoded: AttributeValue, type: string): never => (encoded as never)[type]

/**
 * Whether two encoded values are the same, to find out if an attribute changed. Two differences do not count: the order
 * of an M's names, because DynamoDB does not keep it, and the notation of an N, because DynamoDB changes it.
 */
export function equalEncoded(a: AttributeValue, b: AttributeValue): boolean {
  if (a === b) return true
  const type = typeOf(a)
  if (type !== typeOf(b)) return false
  const left = contentOf(a, type)
  const right = contentOf(b, type)
  switch (type) {
    case 'N':
      return equalN(left, right)
    case 'L':
      return equalLists(left, right)
    case 'M':
      return equalMaps(left, right)
    case 'B':
      return Buffer.compare(left, right) === 0
    default:
      return left === right
  }
}

function equalLists(a: List, b: List): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index += 1) {
    if (!equalEncoded(a[index] as AttributeValue, b[index] as AttributeValue)) return false
  }
  return true
}

function equalMaps(a: Fields, b: Fields): boolean {
  const names = Object.keys(a)
  if (names.length !== Object.keys(b).length) return false
  for (const name of names) {
    if (!Object.hasOwn(b, name) || !equalEncoded(a[name] as AttributeValue, b[name] as AttributeValue)) return false
  }
  return true
}

const CONTAINER_BYTES = 3
const PART_BYTES = 1

/**
 * The bytes that DynamoDB counts for an encoded value, without the attribute's name: the UTF-8 of a string, the bytes
 * of a binary, the pairs of digits of a number, and one byte for true, false and null. A list or map takes 3 bytes, one
 * more for each part, and the bytes of the names in a map.
 */
export function encodedSizeBytes(encoded: AttributeValue): number {
  const type = typeOf(encoded)
  const content = contentOf(encoded, type)
  switch (type) {
    case 'S':
      return Buffer.byteLength(content)
    case 'N':
      return sizeOfN(content)
    case 'B':
      return (content as Uint8Array).length
    case 'L': {
      let sizeBytes = CONTAINER_BYTES
      for (const part of content as List) sizeBytes += PART_BYTES + encodedSizeBytes(part)
      return sizeBytes
    }
    case 'M': {
      let sizeBytes = CONTAINER_BYTES
      for (const name of Object.keys(content)) {
        sizeBytes +=
          PART_BYTES + Buffer.byteLength(name) + encodedSizeBytes((content as Fields)[name] as AttributeValue)
      }
      return sizeBytes
    }
    default:
      return 1
  }
}
